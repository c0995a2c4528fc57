"""The last up-samplings against numpy, and the DCGAN pair against the published shapes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.nn.dcgan import ConvDiscriminator, ConvGenerator
from fauxto.nn.last_upsampler import SETUPS, ZeroInsertion, last_upsampling


def test_zero_insertion_is_a_bed_of_nails():
    x = torch.arange(1.0, 13).view(1, 2, 2, 3)
    expected = np.zeros((1, 2, 4, 6))
    expected[..., ::2, ::2] = x
    np.testing.assert_array_equal(ZeroInsertion()(x), expected)


def test_zero_insertion_and_a_convolution_are_a_transposed_convolution():
    up, convolution = last_upsampling("Z.1.5", 4, 3)
    x = torch.randn(2, 4, 6, 5)
    flipped = convolution.weight.flip(2, 3).transpose(0, 1)
    expected = functional.conv_transpose2d(x, flipped, convolution.bias, stride=2, padding=2, output_padding=1)
    torch.testing.assert_close(convolution(up(x)), expected)


@pytest.mark.parametrize("setup", SETUPS)
def test_every_set_up_doubles_and_has_its_convolutions(setup):
    layers = last_upsampling(setup, 6, 3)
    assert torch.nn.Sequential(*layers)(torch.zeros(1, 6, 4, 5)).shape == (1, 3, 8, 10)
    kernels = [layer.kernel_size[0] for layer in layers if hasattr(layer, "kernel_size")]
    assert kernels == ([4] if setup == "BASELINE" else [int(setup[4])] * int(setup[2]))


def test_an_unknown_set_up_is_refused():
    for setup in ("Q.1.5", "N.2.5", "nearest", ""):
        with pytest.raises(InputError, match="no set-up"):
            last_upsampling(setup, 3, 3)


def test_bilinear_aligns_the_corners():
    x = torch.rand(1, 1, 4, 4)
    doubled = last_upsampling("B.1.3", 1, 1)[0](x)
    assert torch.equal(doubled[..., [0, 0, -1, -1], [0, -1, 0, -1]], x[..., [0, 0, -1, -1], [0, -1, 0, -1]])


def test_the_published_shapes_and_sizes():
    generator, discriminator = ConvGenerator(), ConvDiscriminator()
    shapes = {name: tuple(value.shape) for name, value in generator.state_dict().items()}
    assert shapes["net.0.0.weight"] == (128, 512, 4, 4)
    assert shapes["net.4.0.weight"] == (64, 32, 4, 4)
    assert shapes["net.5.weight"] == (32, 3, 4, 4)
    assert sum(p.numel() for p in generator.parameters()) == pytest.approx(3.84e6, rel=0.01)
    pictures = generator.eval()(torch.randn(2, 128))
    assert pictures.shape == (2, 3, 128, 128) and pictures.abs().max() <= 1
    assert discriminator(pictures).shape == (2,)
    assert ConvGenerator("N.3.5").state_dict()["net.8.weight"].shape == (3, 32, 5, 5)
    assert ConvGenerator("Z.1.5").state_dict()["net.5.w"].shape == (2, 2)
