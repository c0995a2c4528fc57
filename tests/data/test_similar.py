"""Near-duplicates: found after re-encoding, shrinking and brightening; never between different or flat pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fauxto import launder
from fauxto.data.similar import DISTANCE, Look, look, near_duplicates
from tests.data.miniatures import scene


def pictures(count: int, side: int = 96) -> list[np.ndarray]:
    """Pictures with the spectrum of photographs: each octave has half the contrast of the one below."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        total = np.full((side, side, 3), 128.0)
        for octave in range(5):
            coarse = Image.fromarray(rng.integers(0, 256, (3 * 2**octave, 3 * 2**octave, 3), dtype=np.uint8))
            layer = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=float)
            total += 0.6 * (layer - 128) / 2**octave
        found.append(np.clip(total, 0, 255).astype(np.uint8))
    return found


def test_a_picture_is_found_again_after_what_sharing_does():
    originals = pictures(30)
    for chain in ("jpeg:40", "resize:0.5", "brightness:1.15", "webp:30|resize:1.4", "blur:1"):
        copies = [launder.apply(pixels, chain) for pixels in originals]
        found = near_duplicates([look(pixels) for pixels in [*originals, *copies]])
        assert set(found) <= {(i, i + 30) for i in range(30)}, chain
        assert len(found) >= 27, chain


def test_different_and_flat_pictures_are_nobodys_duplicates():
    assert near_duplicates([look(pixels) for pixels in pictures(200, 48)]) == []
    flat = np.full((40, 40, 3), 200, np.uint8)
    assert look(flat) is None
    assert near_duplicates([look(flat), look(flat), None]) == []


def test_the_bands_find_what_comparing_all_pairs_finds():
    rng = np.random.default_rng(1)
    small = np.ones(256, np.float32) / 16
    base = rng.random((40, 64)) > 0.5
    bits = [row ^ (np.arange(64) < rng.integers(0, 8)) for row in base for _ in range(2)]
    order = rng.permutation(64)
    bits = [row[order] for row in bits]
    expected = [(i, j) for i in range(80) for j in range(i + 1, 80) if (bits[i] != bits[j]).sum() <= DISTANCE]
    assert expected and near_duplicates([Look(row, small) for row in bits]) == expected


def test_a_mirrored_picture_is_another_one():
    image = scene(np.random.default_rng(5), 96, 96)
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert near_duplicates([look(np.asarray(image)), look(np.asarray(mirrored))]) == []
