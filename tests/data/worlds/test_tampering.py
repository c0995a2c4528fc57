"""Altered pictures: exact masks, twins that went the same way, and outlines that know nothing of what is done."""

import sys

import numpy as np
import pytest

from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.tampering import KINDS, compose, journey, past, ship
from fauxto.data.worlds.tampering.fill import exemplar, inpaint
from fauxto.data.worlds.tampering.paste import copy_move, harmonised
from fauxto.data.worlds.tampering.shapes import ellipse, feather, outline
from fauxto.errors import InputError, ResourceError

SIDE = 96
FACES = ((20, 20, 40, 50), (10, 10, 60, 70))


def made(kind: str, seed: int):
    pytest.importorskip("cv2")
    original, donor = photograph(seed, SIDE), photograph(1000 + seed, SIDE)
    return compose(original, kind, seed, donor=donor, redraw=lambda p: 255 - p, faces=FACES)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_masked_region_is_new_and_a_seed_repeats(kind):
    one, again = made(kind, 3), made(kind, 3)
    assert np.array_equal(one.altered, again.altered) and np.array_equal(one.mask, again.mask)
    assert one.mask.dtype == np.bool_ and 0 < one.mask.mean() < 0.9
    changed = (one.altered != one.original).any(2)
    assert changed[one.mask].mean() > 0.3
    reach = feather(one.mask, 0) > 0
    for _ in range(14):  # the soft edge reaches no further than four times its sigma of at most 3 pixels
        reach = np.pad(reach, 1)[2:, 1:-1] | np.pad(reach, 1)[:-2, 1:-1] | np.pad(reach, 1)[1:-1, 2:] | reach
        reach |= np.pad(reach, 1)[1:-1, :-2]
    assert not changed[~reach].any()


def test_the_change_map_is_the_luminance_of_the_difference():
    composite = made("decoder", 5)
    apart = np.abs(composite.altered.astype(float) - composite.original)
    expected = (0.299 * apart[..., 0] + 0.587 * apart[..., 1] + 0.114 * apart[..., 2]) / 255
    np.testing.assert_allclose(composite.change, expected, atol=1e-6)


def test_the_twin_goes_the_same_way_and_the_mask_moves_with_the_picture():
    composite = made("splice", 7)
    shipped = ship(composite, "resize:0.75|jpeg:80", 7)
    assert shipped.pixels.shape == shipped.untouched.shape == (72, 72, 3) and shipped.mask.shape == (72, 72)
    assert abs(shipped.mask.mean() - composite.mask.mean()) < 0.03
    untouched = ship(
        type(composite)(composite.original, composite.original, composite.mask, "splice"), shipped.chain, 7
    )
    assert np.array_equal(untouched.pixels, shipped.untouched)
    assert np.array_equal(ship(composite, "").pixels, composite.altered)


def test_outline_and_journey_know_nothing_of_the_kind_or_of_each_other():
    masks = {kind: made(kind, 11).mask for kind in ("telea", "navier-stokes", "exemplar")}
    assert all(np.array_equal(mask, masks["telea"]) for mask in masks.values())
    areas, qualities = [], []
    for seed in range(300):
        region = outline(64, 64, np.random.default_rng((0x7A3, seed, 0)))
        assert 0 < region.mean() < 1
        areas.append(region.mean())
        chain = journey(seed)
        qualities.append(float(chain.rsplit(":", 1)[-1]) if chain else 100.0)
    assert abs(np.corrcoef(areas, qualities)[0, 1]) < 4 / np.sqrt(len(areas))  # four deviations of pure chance
    assert 0.15 < np.mean([not journey(seed) for seed in range(300)]) < 0.35
    assert past(1, 3) != past(1, 4) or past(2, 3) != past(2, 4)


def test_a_copied_part_is_found_elsewhere_in_the_same_picture():
    rng = np.random.default_rng(2)
    pixels = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    region = ellipse(80, 80, (10, 10, 24, 24))
    shifted = 0
    for _ in range(12):
        altered, weight = copy_move(pixels, region, rng)
        inside = weight > 0.998
        if not inside.any():
            continue
        ys, xs = np.nonzero(inside)
        for dy in range(-ys.min(), 80 - ys.max()):
            for dx in range(-xs.min(), 80 - xs.max()):
                if (dy or dx) and np.array_equal(pixels[ys + dy, xs + dx], altered[ys, xs]):
                    shifted += 1
    assert shifted >= 3  # half of all copies are neither turned nor scaled


def test_harmonising_moves_the_mean_to_that_of_the_surroundings():
    original, new = np.full((64, 64, 3), 60, np.uint8), np.full((64, 64, 3), 200, np.uint8)
    region = ellipse(64, 64, (20, 20, 24, 24))
    full = harmonised(new, original, region, 1.0)
    assert (full[region] == 60).all() and (full[~region] == 200).all()
    assert (harmonised(new, original, region, 0.5)[region] == 130).all()


def test_a_fill_of_a_periodic_picture_goes_on_with_the_period():
    tile = np.random.default_rng(1).integers(0, 256, (6, 6, 3), np.uint8)
    pixels = np.tile(tile, (16, 16, 1))
    region = ellipse(96, 96, (40, 40, 14, 14))
    filled = exemplar(pixels, region, np.random.default_rng(0))
    assert np.array_equal(filled[~region], pixels[~region])
    assert (filled == pixels).all(2)[region].mean() > 0.95  # pixels of the tile at random would be right in 1 of 36


def test_inpainting_is_opencv_on_the_whole_picture(monkeypatch):
    cv2 = pytest.importorskip("cv2")
    pixels, region = photograph(9, SIDE), ellipse(SIDE, SIDE, (30, 30, 20, 16))
    whole = cv2.inpaint(pixels, region.astype(np.uint8), 4.0, cv2.INPAINT_NS)
    mine = inpaint(pixels, region, "navier-stokes")
    assert np.array_equal(mine[~region], pixels[~region])
    assert np.abs(mine[region].astype(int) - whole[region]).mean() < 1
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ResourceError, match="opencv"):
        inpaint(pixels, region, "telea")


def test_missing_parts_are_asked_for_by_name():
    pixels = photograph(1, SIDE)
    for kind, name in (("splice", "donor"), ("decoder", "redraw"), ("face-swap", "faces")):
        with pytest.raises(InputError, match=name):
            compose(pixels, kind, 0)
    with pytest.raises(InputError, match="alteration"):
        compose(pixels, "sticker", 0)
    with pytest.raises(InputError, match="32"):
        compose(pixels[:20], "telea", 0)
