"""Tiny, flat, odd, huge and damaged pictures: an answer or one of our errors, never anything else."""

import io
import random
import time

import numpy as np
import pytest
from PIL import Image

from fauxto import forensics
from fauxto.errors import FauxtoError, InputError
from fauxto.forensics.parts import MOST_PIXELS, central, coherent, departures, luma, window_sums
from fauxto.forensics.tools import TOOLS, tool
from fauxto.media.encode import encode
from tests.forensics.pictures import mosaicked, scene
from tests.media.fuzz import mutate
from tests.media.pictures import file_of, noise

PIXELS = [name for name in TOOLS if tool(name)[1].reads == "pixels"]


def sound(item):
    """What every answer keeps, whatever the picture."""
    number, found = item.trace.number, item.trace.map
    assert number is None or np.isfinite(number)
    assert item.trace.statement.endswith(".")
    if found is not None:
        assert found.dtype == np.float32 and np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1


@pytest.mark.filterwarnings("error:::fauxto")
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 9), (63, 65), (100, 40)])
def test_small_pictures(shape):
    for pixels in (np.zeros((*shape, 3), np.uint8), scene(*shape)):
        for item in forensics.examine(pixels):
            sound(item)
            assert item.trace.map is None or item.trace.map.shape == shape


@pytest.mark.filterwarnings("error:::fauxto")
@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_are_unremarkable(level):
    pixels = np.full((280, 290, 3), level, np.uint8)
    for item in [*forensics.examine(pixels), *forensics.examine(encode(pixels))]:
        sound(item)
        assert item.trace.number in (None, 0.0) or item.about.name in {"quantization", "upsampling"}
        assert not item.judgement.flagged


@pytest.mark.parametrize(
    "data",
    [
        file_of(noise(90, 80, "L"), "JPEG"),
        file_of(noise(90, 80, "CMYK"), "JPEG"),
        file_of(noise(90, 80, "I;16"), "PNG"),
        file_of(noise(90, 80, "RGBA"), "PNG"),
        file_of(noise(90, 80), "JPEG", progressive=True, subsampling="4:2:0"),
        file_of(noise(90, 80), "WEBP"),
        file_of(noise(90, 80), "TIFF"),
    ],
    ids=["gray", "cmyk", "16-bit", "alpha", "progressive", "webp", "tiff"],
)
def test_every_kind_of_file_gets_an_answer(data):
    found = forensics.examine(data)
    assert len(found) == len(TOOLS)
    for item in found:
        sound(item)


def test_a_truncated_file_is_refused_once():
    data = encode(scene(96, 96))
    with pytest.raises(InputError) as caught:
        forensics.examine(data[: len(data) // 2])
    assert caught.value.code == "truncated"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_mutated_files_give_an_answer_or_one_of_our_errors():
    rng = random.Random(3)
    seeds = [file_of(noise(100, 80, seed=1), "JPEG", quality=q, progressive=p) for q, p in ((60, False), (93, True))]
    seeds += [file_of(noise(90, 80, "CMYK"), "JPEG"), file_of(noise(90, 70, "L"), "JPEG"), encode(scene(80, 72), "png")]
    outcomes = set()
    for _ in range(150):
        try:
            for item in forensics.examine(mutate(rng.choice(seeds), rng)):
                sound(item)
            outcomes.add("ok")
        except FauxtoError as error:
            outcomes.add(error.code)
    assert {"ok", "corrupt"} <= outcomes and "internal" not in outcomes


def test_of_a_huge_picture_the_middle_is_read_and_that_is_said():
    pixels = np.tile(mosaicked(scene(256, 256, grain=5)), (9, 10, 1))
    item = forensics.examine(pixels, ["demosaicing"])[0]
    part, x, y = central(pixels)
    assert part.shape[0] * part.shape[1] <= MOST_PIXELS and x % 16 == y % 16 == 0
    assert f"Only the central {part.shape[1]} x {part.shape[0]} pixels" in item.trace.statement
    assert item.trace.map is not None and item.trace.map.shape == pixels.shape[:2]
    assert item.trace.map.any() and not item.trace.map[:y].any() and not item.trace.map[:, :x].any()


@pytest.mark.parametrize(("shape", "dtype"), [((4, 4), "float32"), ((4, 4, 4), "uint8"), ((0, 4, 3), "uint8")])
def test_other_arrays_are_refused(shape, dtype):
    pixels = np.zeros(shape, dtype)
    with pytest.raises(InputError):
        forensics.examine(pixels)


def test_windows_sum_what_a_loop_sums():
    values = np.random.default_rng(0).normal(size=(9, 13))
    summed = window_sums(values, 5)
    for y, x in ((0, 0), (4, 6), (8, 12), (2, 11)):
        assert np.isclose(summed[y, x], values[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].sum())


def test_departures_are_robust_and_blind_to_the_covariate():
    rng = np.random.default_rng(0)
    given = rng.uniform(0, 10, (60, 60))
    values = 3 * given + rng.normal(0, 1, given.shape)
    values[20:26, 20:26] += 5
    valid = np.ones(given.shape, bool)
    found = departures(values, given, valid, bins=60)
    assert abs(np.median(found)) < 0.1 and found[20:26, 20:26].mean() > 2
    peak = np.unravel_index(coherent(found, valid, 5).argmax(), given.shape)
    assert 20 <= peak[0] <= 26 and 20 <= peak[1] <= 26
    assert not departures(values, given, np.zeros(given.shape, bool)).any()


def test_luma_is_that_of_pillow():
    pixels = scene(32, 32)
    assert np.abs(luma(pixels) - np.asarray(Image.open(io.BytesIO(encode(pixels, "png"))).convert("L"))).max() <= 1


def test_large_noise_costs_bounded_time():
    pixels = np.random.default_rng(0).integers(0, 256, (420, 420, 3), dtype=np.uint8)
    for name in ("copy-move", "jpeg-grid"):
        start = time.process_time()
        sound(forensics.examine(pixels, [name])[0])
        assert time.process_time() - start < 8
