"""The shapes world: the same for a seed, classes by hue and texture, anti-aliased, another picture every time."""

import colorsys

import numpy as np
import pytest

from fauxto.data.worlds.shapes import CLASSES, draw, pictures, strangers


def test_a_seed_gives_the_same_pictures_and_another_one_others():
    first, labels = pictures(20, seed=3)
    again, _ = pictures(20, seed=3)
    np.testing.assert_array_equal(first, again)
    assert first.shape == (20, 32, 32, 3) and first.dtype == np.uint8
    assert labels.tolist() == [*range(10), *range(10)]
    assert (first != pictures(20, seed=4)[0]).any((1, 2, 3)).all()
    np.testing.assert_array_equal(first[:10], pictures(10, seed=3)[0])


@pytest.mark.parametrize("label", range(len(CLASSES)))
def test_the_hue_is_the_class(label):
    picture = draw(label, np.random.default_rng(label), side=48).reshape(-1, 3) / 255
    brightest = picture[np.ptp(picture, axis=1).argmax()]
    hue = colorsys.rgb_to_hsv(*brightest)[0]
    assert min(abs(hue - label / 10), 1 - abs(hue - label / 10)) < 0.03


def inside(picture):
    """Brightness where a pixel and its four neighbours are all coloured: edges, which are mixed, are left out."""
    coloured = np.ptp(picture, axis=2) > 8
    whole = np.logical_and.reduce([np.roll(coloured, shift, axis) for axis in (0, 1) for shift in (-1, 0, 1)])
    return picture.max(2)[whole]


def test_striped_shapes_hold_darker_lines_and_edges_are_smooth():
    plain, striped = (draw(label, np.random.default_rng(0), side=64) for label in (1, 6))
    assert inside(plain).std() == 0
    assert 0.3 < float((inside(striped) < 0.75 * inside(striped).max()).mean()) < 0.6
    assert len(np.unique(plain.reshape(-1, 3), axis=0)) > 4


def hue_of(picture):
    """The hue of the most coloured pixel."""
    pixels = picture.reshape(-1, 3) / 255
    return colorsys.rgb_to_hsv(*pixels[np.ptp(pixels, axis=1).argmax()])[0]


def test_without_hue_the_colour_says_nothing_of_the_class():
    hued, plain = (pictures(100, 5, hued=flag)[0] for flag in (True, False))
    assert (hued != plain).any((1, 2, 3)).mean() > 0.95
    hues = np.array([hue_of(picture) for picture in plain[::10]])  # ten of one class
    assert len(np.unique(np.floor(hues * 5))) >= 4
    same = [np.array_equal(np.ptp(a, axis=2) > 8, np.ptp(b, axis=2) > 8) for a, b in zip(hued, plain, strict=True)]
    assert np.mean(same) > 0.95  # the shapes stay where they are


def test_strangers_are_crescents_in_both_textures():
    found, again = strangers(20, seed=1, side=64), strangers(3, seed=1, side=64)
    np.testing.assert_array_equal(found[:3], again)
    assert found.shape == (20, 64, 64, 3) and found.dtype == np.uint8
    coloured = np.ptp(found, axis=3) > 8
    known = np.ptp(pictures(20, 1, side=64)[0], axis=3) > 8
    assert coloured.mean() < 0.8 * known.mean()
    for mask in coloured:  # a crescent opens to the right: its bulk is left of the middle of its box
        columns = np.flatnonzero(mask.any(0))
        assert np.average(np.arange(64), weights=mask.sum(0)) < (columns[0] + columns[-1]) / 2
    darker = np.array([(inside(picture) < 0.75 * inside(picture).max()).mean() for picture in found])
    assert darker[::2].max() < 0.05 and darker[1::2].min() > 0.3
