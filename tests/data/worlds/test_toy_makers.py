"""The small GAN and diffusion makers: they repeat, learn, and follow their equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.data.worlds.camera import crops, photograph
from fauxto.data.worlds.toy_diffusion import (
    LAST,
    ToyDiffusion,
    denoise,
    noised,
    redraw_diffusion,
    sample_diffusion,
    signal,
    train_diffusion,
)
from fauxto.data.worlds.toy_gan import sample_gan, train_gan


@pytest.fixture(scope="module")
def photographs():
    return crops(1, 32, 3)


def test_crops_tile_their_photograph():
    whole = photograph(5, 96)
    tiles = crops(5, 32, 3)
    np.testing.assert_array_equal(np.vstack([np.hstack(tiles[3 * row : 3 * row + 3]) for row in range(3)]), whole)
    assert all(tile.flags.c_contiguous for tile in tiles)


def test_the_gan_repeats_differs_by_set_up_and_leaves_the_global_seed(photographs):
    before = torch.get_rng_state()
    first, again, other = (
        sample_gan(train_gan(photographs, setup, 3, steps=2, doublings=3, dim=4, batch=4), 3, seed=0)
        for setup in ("BASELINE", "BASELINE", "N.1.5")
    )
    assert torch.equal(before, torch.get_rng_state())
    assert [(p.shape, p.dtype) for p in first] == [((32, 32, 3), np.uint8)] * 3
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_gan_picture_does_not_depend_on_how_many_are_drawn(photographs):
    generator = train_gan(photographs, steps=1, doublings=3, dim=4, batch=4)
    five, two = sample_gan(generator, 5, seed=7, batch=2), sample_gan(generator, 2, seed=7)
    assert np.abs(np.stack(five[:2]).astype(int) - two).max() <= 1  # float sums of another batch size may round over


def test_the_gan_moves_towards_the_brightness_of_its_photographs():
    dark = [np.full((32, 32, 3), 20, np.uint8)]
    before, after = (
        np.mean(sample_gan(train_gan(dark, steps=steps, doublings=3, dim=4, batch=8), 8, seed=0)) for steps in (0, 60)
    )
    assert abs(before - 127) < 10
    assert after < before - 10


def test_the_forward_process_keeps_unit_variance_and_ends_in_noise():
    x, noise = torch.randn(2, 50, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for time in (0.0, 0.3, 0.7, 1.0):
        mixed = noised(x, noise, torch.full((50,), time))
        assert float(mixed.var()) == pytest.approx(1, rel=0.02)
        assert float((mixed * x).mean()) == pytest.approx(float(signal(torch.tensor(time))), abs=0.02)
    assert torch.equal(noised(x, noise, torch.zeros(50)), x)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_ddim_with_the_true_noise_gives_the_picture_back(steps):
    picture = 2 * torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) - 1

    def oracle(x, time):
        amplitude = signal(time)[:, None, None, None]
        return (x - amplitude * picture) / (1 - amplitude.square()).sqrt()

    start = noised(picture, torch.randn(2, 3, 8, 8), torch.full((2,), LAST))
    torch.testing.assert_close(denoise(oracle, start, LAST, steps), picture, atol=1e-4, rtol=0)


def test_diffusion_repeats_learns_and_leaves_the_global_seed(photographs):
    before = torch.get_rng_state()
    long, again, short = (train_diffusion(photographs, 2, steps=n, batch=8) for n in (120, 120, 1))
    assert torch.equal(before, torch.get_rng_state())
    fakes = redraw_diffusion(long, photographs, 0)
    np.testing.assert_array_equal(fakes, redraw_diffusion(again, photographs, 0))
    assert [(f.shape, f.dtype) for f in fakes] == [((32, 32, 3), np.uint8)] * 9

    pixels = torch.from_numpy(np.stack(photographs)).permute(0, 3, 1, 2).float() / 127.5 - 1
    noise, time = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(0)), torch.full((9,), 0.3)
    with torch.inference_mode():
        errors = [float((m(noised(pixels, noise, time), time) - noise).square().mean()) for m in (long, short)]
    assert errors[0] < 0.75 * errors[1]


def test_diffusion_draws_from_noise():
    drawn = sample_diffusion(ToyDiffusion().eval(), 2, 16, seed=1, steps=3)
    assert [(d.shape, d.dtype) for d in drawn] == [((16, 16, 3), np.uint8)] * 2
    assert not np.array_equal(drawn[0], drawn[1])
