"""The colours of maps: nothing where nothing is, darker where it is hotter."""

import numpy as np

from fauxto.media.heat_colours import OPACITY, blend, colours


def test_no_heat_leaves_the_grey_and_full_heat_lets_a_little_through():
    grey = np.array([[[40.0], [200.0]]])
    assert np.array_equal(blend(grey, np.zeros((1, 2))), grey.repeat(3, -1))
    hot = blend(grey, np.ones((1, 2)))
    np.testing.assert_allclose(hot, (1 - OPACITY) * grey + OPACITY * colours(np.ones((1, 2))))


def test_the_colours_get_darker_all_the_way():
    lightness = colours(np.linspace(0, 1, 50)) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) < 0).all()
