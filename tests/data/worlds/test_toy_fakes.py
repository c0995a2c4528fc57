"""The toy fakes differ in the last up-sampler and in nothing else, and look like what they re-draw."""

import numpy as np
import pytest
import torch

from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.toy_fakes import UPSAMPLERS, ToyAutoencoder, Up, redraw, train_toy
from fauxto.errors import InputError


def test_only_the_last_up_sampler_differs():
    shapes = [
        {name: tuple(p.shape) for name, p in ToyAutoencoder(u).named_parameters() if not name.startswith("decoder.2")}
        for u in UPSAMPLERS
    ]
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.parametrize("upsampler", UPSAMPLERS)
def test_every_up_sampler_doubles(upsampler):
    assert Up(upsampler, 5, 3)(torch.zeros(2, 5, 7, 6)).shape == (2, 3, 14, 12)


def test_nearest_doubles_before_it_convolves():
    up = Up("nearest", 1, 1)
    torch.nn.init.dirac_(up.convolution.weight)
    torch.nn.init.zeros_(up.convolution.bias)
    x = torch.arange(6.0).view(1, 1, 2, 3)
    torch.testing.assert_close(up(x), x.repeat_interleave(2, -1).repeat_interleave(2, -2))


def test_training_repeats_learns_and_leaves_the_global_seed():
    photographs = [photograph(seed, 32) for seed in range(20)]
    before = torch.get_rng_state()
    long, again, short = (train_toy(photographs, "nearest", 3, steps=n, crop=32, batch=8) for n in (80, 80, 1))
    assert torch.equal(before, torch.get_rng_state())
    fakes = redraw(long, photographs)
    assert all(np.array_equal(a, b) for a, b in zip(fakes, redraw(again, photographs), strict=True))
    assert {(f.shape, f.dtype.name) for f in fakes} == {((32, 32, 3), "uint8")}

    def error(pictures):
        return np.abs(np.stack(pictures).astype(float) - np.stack(photographs)).mean()

    assert error(fakes) < error(redraw(short, photographs)) / 3


def test_an_unknown_up_sampler_is_refused():
    with pytest.raises(InputError, match="bicubic"):
        Up("bicubic", 3, 3)
