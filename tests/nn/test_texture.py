"""Texture diversity and the poor and rich pictures against loops over pixels and patches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.nn.texture import TextureContrast, _places, diversity


def looped_diversity(pixels: np.ndarray) -> int:
    """uint8 `(h, w, c)`; every pair of neighbours once, in four directions."""
    height, width, channels = pixels.shape
    total = 0
    for y in range(height):
        for x in range(width):
            for down, right in ((1, 0), (0, 1), (1, 1), (1, -1)):
                if y + down < height and 0 <= x + right < width:
                    for c in range(channels):
                        total += abs(int(pixels[y, x, c]) - int(pixels[y + down, x + right, c]))
    return total


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(2, 9))
def test_diversity_is_the_loop_to_the_last_bit(seed, height, width):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    assert diversity(to_tensor(pixels))[0] == looped_diversity(pixels)


def test_diversity_of_a_flat_patch_is_zero_and_grows_with_noise():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((1, 3, 32, 32))
    found = [float(diversity(torch.from_numpy(0.5 + sigma * noise))) for sigma in (0, 0.01, 0.05, 0.1)]
    assert found[0] == 0
    assert found == sorted(found) and len(set(found)) == 4


def test_a_whole_patch_of_extremes_is_summed_exactly():
    checks = (np.indices((32, 32)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
    assert diversity(to_tensor(checks))[0] == looped_diversity(checks) == 2 * 3 * 32 * 31 * 255


@pytest.mark.parametrize("draw", [0, 5])
def test_poor_and_rich_are_the_loop_over_sorted_patches(draw):
    rng = np.random.default_rng(1)
    pixels = (rng.integers(0, 256, (40, 36, 3)) * np.linspace(0, 1, 36)[None, :, None]).astype(np.uint8)
    contrast = TextureContrast(patch=6, cells=3)
    poor, rich = contrast(to_tensor(pixels), draw)
    corners = _places(40, 36, 6, 27, draw)[:, 0]
    patches = [pixels[c // 36 : c // 36 + 6, c % 36 : c % 36 + 6] for c in corners]
    ascending = sorted(range(27), key=lambda i: (looped_diversity(patches[i]), i))
    for found, order in ((poor, ascending[:9]), (rich, ascending[::-1][:9])):
        rows = [np.hstack([patches[i] for i in order[3 * row : 3 * row + 3]]) for row in range(3)]
        np.testing.assert_array_equal((found[0] * 255).round().permute(1, 2, 0), np.vstack(rows))


def test_a_constant_picture_is_as_poor_as_rich():
    poor, rich = TextureContrast(8, 4)(torch.full((2, 3, 64, 64), 0.3))
    assert torch.equal(poor, rich)


def test_places_are_fixed_by_draw_lie_inside_and_are_fresh_without():
    contrast = TextureContrast(8, 2)
    picture = torch.rand(1, 3, 24, 40)
    assert torch.equal(contrast(picture, 3)[0], contrast(picture, 3)[0])
    assert not torch.equal(contrast(picture, 3)[0], contrast(picture, 4)[0])
    torch.manual_seed(0)
    assert not torch.equal(contrast(picture, None)[0], contrast(picture, None)[0])
    places = _places(24, 40, 8, 20_000, 0)
    assert places.min() == 0 and places.max() == 24 * 40 - 1
    assert {tuple(np.diff(p)[:7]) for p in places} == {(1,) * 7}


def test_neighbours_in_the_batch_do_not_matter():
    pictures = torch.rand(3, 3, 32, 32)
    together = TextureContrast(8, 2)(pictures)
    alone = TextureContrast(8, 2)(pictures[1:2])
    assert all(torch.equal(a[1:2], b) for a, b in zip(together, alone, strict=True))


def test_a_picture_smaller_than_a_patch_is_refused():
    with pytest.raises(InputError, match="32 pixels"):
        TextureContrast(32)(torch.zeros(1, 3, 40, 31))
