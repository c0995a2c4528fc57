"""Patches with masks: cut at one place, kept in 16 bits, trained on alike."""

import pickle

import numpy as np
import pytest
from PIL import Image

from fauxto.data.manifest import Sample
from fauxto.data.masks import FULL, build_masked, read_mask
from fauxto.data.worlds.camera import photograph
from fauxto.errors import InputError
from fauxto.learn.augment import Laundering
from fauxto.learn.batches import TrainingMasks
from fauxto.learn.fit import Plan, fit
from fauxto.localize.forgerynet_spatial import ForgeryNetSpatial


def pictures(folder, count: int = 6, side: int = 80) -> list[Sample]:
    """The mask of a pixel is its own red value, so that what is cut apart shows."""
    samples = []
    for index in range(count):
        pixels = photograph(index, side)
        Image.fromarray(pixels).save(folder / f"{index}.png")
        Image.fromarray(pixels[..., 0]).save(folder / f"{index}-mask.png")
        fake = index % 2
        samples.append(
            Sample(str(folder / f"{index}.png"), fake, mask=str(folder / f"{index}-mask.png") if fake else "")
        )
    return samples


def test_window_and_mask_are_of_one_place_and_read_back(tmp_path):
    samples = pictures(tmp_path)
    store = build_masked(samples, tmp_path / "store", size=32, per_picture=3)
    assert store.pixels.shape == (18, 32, 32, 3) and store.masks.dtype == np.uint16
    for pixels, mask, label in zip(store.pixels, store.masks, store.labels, strict=True):
        assert np.array_equal(mask, pixels[..., 0].astype(np.uint16) * 257 * label)
    again = build_masked(samples, tmp_path / "store", size=32, per_picture=3)
    assert np.array_equal(again.pixels, store.pixels)
    assert np.array_equal(pickle.loads(pickle.dumps(store)).masks, store.masks)  # noqa: S301  our own bytes
    small = build_masked(samples, tmp_path / "mirrored", size=96)
    assert np.array_equal(small.masks[1][:80, :80] // 257, small.pixels[1][:80, :80, 0])
    whole = build_masked(samples, tmp_path / "whole", size=40, whole=True)
    assert np.abs(whole.masks[1] / 257 - whole.pixels[1][..., 0]).max() <= 1


def test_laundering_moves_the_mask_with_the_picture(tmp_path):
    store = build_masked(pictures(tmp_path), tmp_path / "store", size=64, per_picture=1)
    hard = type(store)(store.pixels, store.picture, store.samples, (store.masks > FULL // 2).astype(np.uint16) * FULL)
    bright = np.repeat(hard.masks[..., None] // 257, 3, -1).astype(np.uint8)
    hard = type(store)(bright, store.picture, store.samples, hard.masks)
    locator = ForgeryNetSpatial(**ForgeryNetSpatial.small)
    crops = TrainingMasks(hard, locator, 32, Laundering(history=0, resize=1, filters=0, final=0), 0)
    for draw in range(6):
        pixels, mask, _, _ = crops[(1, draw)]
        assert ((pixels[..., 0].numpy() > 127) == (mask.numpy() > 0.5)).mean() > 0.93


def test_the_common_loop_trains_a_localizer_and_resumes(tmp_path):
    store = build_masked(pictures(tmp_path), tmp_path / "store", size=64, per_picture=1)
    plan = Plan(steps=2, crop=64, batch_size=4, workers=0, laundering=None)
    first, second = (ForgeryNetSpatial(share=1 / 16, side=64) for _ in range(2))
    second.network().load_state_dict(first.network().state_dict())
    assert len(fit(first, store, plan, tmp_path / "run").losses) == 2
    assert len(fit(second, store, plan, tmp_path / "run").losses) == 2  # read from the checkpoint
    image = photograph(9, 64)
    assert np.array_equal(first.mask(image), second.mask(image))


def test_a_missing_or_unfit_mask_is_refused(tmp_path):
    samples = pictures(tmp_path)
    with pytest.raises(InputError, match="no mask"):
        build_masked([Sample(samples[1].path, 1)], tmp_path / "a")
    with pytest.raises(InputError, match="90 x 70"):
        Image.fromarray(np.zeros((70, 90), np.uint8)).save(tmp_path / "wide.png")
        read_mask(tmp_path / "wide.png", 90, 70)
    with pytest.raises(InputError, match="cannot be read"):
        read_mask(tmp_path / "nothing.png", 8, 8)


def test_masks_of_every_depth_are_read(tmp_path):
    for mode, values in (
        ("1", np.array([[False, True]])),
        ("L", np.array([[0, 255]], np.uint8)),
        ("I;16", np.array([[0, FULL]], np.uint16)),
        ("RGB", np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)),
    ):
        Image.fromarray(values).save(tmp_path / "mask.png")
        assert read_mask(tmp_path / "mask.png", 1, 2).tolist() == [[0, FULL]], mode
    Image.fromarray(np.array([[3, 70]], np.uint16)).save(tmp_path / "fine.png")
    assert read_mask(tmp_path / "fine.png", 1, 2).tolist() == [[3, 70]]
