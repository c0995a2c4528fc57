"""Each tool on pictures whose history is known, beside a control that lacks it."""

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from fauxto.forensics.copy_move import copy_move
from fauxto.forensics.demosaicing import demosaicing
from fauxto.forensics.double_compression import double_compression
from fauxto.forensics.error_level import error_level
from fauxto.forensics.jpeg_ghosts import jpeg_ghosts
from fauxto.forensics.jpeg_grid import count_zeros, jpeg_grid
from fauxto.forensics.noise import noise
from fauxto.forensics.quantization import digest, quantization, seen_in, standard
from fauxto.forensics.upsampling import upsampling
from fauxto.media.encode import encode
from fauxto.media.quantization import STANDARD_CHROMA, STANDARD_LUMA, scaled
from fauxto.score.roc import auc
from tests.forensics.pictures import disc, mosaicked, pasted, saved, scene

MASK = disc()


def finds(trace, mask=MASK):
    """The AUC of the map's pixels against the mask."""
    assert trace.map is not None and trace.map.dtype == np.float32 and trace.map.shape == mask.shape
    assert trace.map.min() >= 0 and trace.map.max() <= 1
    return auc(trace.map[~mask], trace.map[mask])


def test_a_ghost_names_the_quality_of_the_earlier_save():
    base = saved(scene(), 70)
    again = saved(base, 92)
    found = jpeg_ghosts(again)
    assert found.details["history"] == 70
    edited = jpeg_ghosts(saved(pasted(base, scene(seed=1), MASK), 92))
    assert edited.details["quality"] == 70
    assert edited.number > 2 * found.number and edited.number > 0.7
    assert finds(edited) > 0.9


def test_a_picture_without_history_has_no_ghost():
    found = jpeg_ghosts(scene())
    assert found.details["history"] is None and found.number < 0.4


@pytest.mark.parametrize(("first", "last"), [(70, 92), (85, 95)])
def test_two_saves_leave_gaps_that_name_the_first_quality(first, last):
    base = saved(scene(), first)
    twice = double_compression(encode(base, quality=last, subsampling="4:4:4"))
    assert twice.details["saved_twice"] is True and twice.details["first_quality"] == first
    once = double_compression(encode(scene(), quality=last, subsampling="4:4:4"))
    assert once.details["saved_twice"] is False and once.number == 0.0
    edited = double_compression(encode(pasted(base, scene(seed=1), MASK), quality=last, subsampling="4:4:4"))
    assert edited.details["first_quality"] == first
    assert edited.number > twice.number + 0.2 and finds(edited) > 0.9


def test_a_shifted_grid_is_found_with_its_offset():
    base = saved(scene(), 80)
    whole = jpeg_grid(base)
    assert whole.details == {"origin": (0, 0), "foreign": None} and whole.number == 0.0
    assert jpeg_grid(base[3:, 5:]).details["origin"] == (3, 5)
    patch = np.roll(saved(scene(seed=1), 65), (2, 6), axis=(0, 1))
    found = jpeg_grid(pasted(base, patch, MASK))
    assert found.details == {"origin": (0, 0), "foreign": (6, 2)}
    assert found.number > 10 and finds(found) > 0.8


def test_a_picture_that_was_never_a_jpeg_has_no_grid():
    assert jpeg_grid(scene()).details["origin"] is None


def test_zeros_are_counted_as_a_direct_transform_counts_them():
    plane = scene(24, 40)[..., 0].astype(np.float32)
    counted = count_zeros(plane)
    for y, x in ((0, 0), (5, 3), (16, 32)):
        direct = np.abs(dctn(plane[y : y + 8, x : x + 8] - 128, norm="ortho"))
        assert counted[y, x] == (direct < 0.5).sum() - (direct[0, 0] < 0.5)


def test_the_checkerboard_of_demosaicing_is_found_and_so_is_its_absence():
    base = mosaicked(scene(grain=5))
    found = demosaicing(base)
    assert found.details["present"] is True and found.number < 0.5
    # On this lattice (row + column even) is filled in, so the even half has the smaller error.
    assert found.details["strength"] < -0.5
    edited = demosaicing(pasted(base, scene(seed=1, grain=5), MASK))
    assert edited.number > found.number + 0.4 and finds(edited) > 0.9
    assert demosaicing(scene(grain=5)).details["present"] is False


def test_enlarging_leaves_a_peak_at_the_known_frequency():
    pixels, factor = scene(240, 240), 1.3
    large = np.asarray(Image.fromarray(pixels).resize((312, 312), Image.Resampling.BILINEAR))
    found, control = upsampling(large), upsampling(scene(312, 312))
    assert found.number > 1.5 * control.number
    # The pattern repeats `1 / factor` times a pixel; above one half that folds back.
    period = 1 - 1 / factor
    across, down = (abs(value) for value in found.details["frequency"])
    near = [min(abs(value - k * period) for k in (0, 1, 2)) for value in (across, down)]
    assert max(near) < 0.01 and max(across, down) > 0.1


def test_a_copied_patch_is_found_with_its_displacement():
    pixels = scene(360, 360)
    source = disc(360, 360, x=110, y=120, radius=55)
    moved = np.roll(pixels, (130, 140), axis=(0, 1))
    mask = np.roll(source, (130, 140), axis=(0, 1))
    found = copy_move(pasted(pixels, moved, mask))
    assert found.number > 10
    shift = np.array(found.details["shift"]) * np.sign(found.details["shift"][0])
    assert np.abs(shift - (140, 130)).max() < 1.5
    assert abs(found.details["angle"]) < 1 and abs(found.details["scale"] - 1) < 0.02
    assert finds(found, source | mask) > 0.7
    assert copy_move(pixels).number == 0.0


def test_noise_and_error_level_see_a_patch_of_other_grain_and_history():
    rng = np.random.default_rng(0)
    grain = np.clip(scene().astype(int) + rng.normal(0, 6, (320, 320, 3)), 0, 255).astype(np.uint8)
    edited = noise(pasted(grain, scene(seed=1), MASK))
    assert edited.number > 1.5 * noise(grain).number and finds(edited) > 0.7
    base = saved(scene(), 60)
    level = error_level(pasted(base, scene(seed=1), MASK))
    assert level.number > 1.5 * error_level(base).number and finds(level) > 0.7


def test_tables_are_named_no_more_exactly_than_they_allow():
    found = quantization(encode(scene(64, 64), quality=83))
    assert found.number == 83 and found.details["kind"] == "standard" and "every program" in found.statement
    assert found.details["subsampling"] == "4:2:0" and found.map is None
    assert quantization(encode(scene(64, 64), "png")).number is None
    luma, chroma = scaled(STANDARD_LUMA, 60), scaled(STANDARD_CHROMA, 61)
    assert standard([luma, chroma]) == "standard-luma" and standard([luma]) == "standard"
    assert standard([[7] * 64]) is None and seen_in([[7] * 64]) == {}
    assert len(digest([luma])) == 16 and digest([luma]) != digest([luma, chroma])
