"""The colours of maps: nothing where nothing is, darker where it is hotter."""

import numpy as np

from fauxto.media.heat_colours import OPACITY, blend, colours, palette


def test_no_heat_leaves_the_grey_and_full_heat_lets_a_little_through():
    grey = np.array([[[40.0], [200.0]]])
    assert np.array_equal(blend(grey, np.zeros((1, 2))), grey.repeat(3, -1))
    hot = blend(grey, np.ones((1, 2)))
    np.testing.assert_allclose(hot, (1 - OPACITY) * grey + OPACITY * colours(np.ones((1, 2))))


def test_the_colours_get_darker_all_the_way():
    lightness = colours(np.linspace(0, 1, 50)) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) < 0).all()


def test_a_palette_lies_over_a_picture_as_a_blend_does():
    entries = palette().astype(float)
    assert entries[0, 3] == 0 and entries[255, 3] == round(255 * OPACITY)
    alpha = entries[:, 3:] / 255
    laid = 40 * (1 - alpha) + entries[:, :3] * alpha
    assert np.abs(laid - blend(np.full((256, 1), 40.0), np.linspace(0, 1, 256))).max() < 1.5
