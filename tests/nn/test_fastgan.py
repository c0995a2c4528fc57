"""FastGAN's generator against its table: parameters counted by hand, a forward pass written out, its invariances."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.nn.fastgan import MULTIPLES, FastGAN


def parameters(side: int, latent: int, width: int, *, lite: bool) -> int:
    """By the table: convolutions without offsets, two numbers a channel of batch norm, twice the channels to a gate."""
    c = {s: int(width * m) for s, m in MULTIPLES.items()}
    count, before = latent * 2 * c[4] * 16 + 4 * c[4], 4
    for s in (s for s in c if 4 < s <= side):
        inputs = (c[before],) if lite else (c[before], c[s])
        count += sum(i * 2 * c[s] * 9 + 4 * c[s] + (0 if lite else 1) for i in inputs)
        if 64 <= s <= 512:
            count += c[s // 16] * c[s] * 16 + c[s] ** 2
        before = s
    return count + c[side] * 3 * 9 + 3


@pytest.mark.parametrize("lite", [True, False])
@pytest.mark.parametrize(("side", "width"), [(32, 4), (128, 2), (1024, 8)])
def test_the_parameters_are_those_of_the_table(side, width, lite):
    made = FastGAN(side, 16, width=width, lite=lite)
    assert sum(p.numel() for p in made.parameters()) == parameters(side, 16, width, lite=lite)


def test_a_pass_is_what_the_table_says():
    torch.manual_seed(0)
    network = FastGAN(64, 8, width=2).eval()
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)

    def gated(x, norm):
        x = (x - norm.running_mean[:, None, None]) / (norm.running_var + norm.eps).sqrt()[:, None, None]
        x = x * norm.weight[:, None, None] + norm.bias[:, None, None]
        half = x.shape[1] // 2
        return x[:, :half] * x[:, half:].sigmoid()

    latents = torch.randn(3, 8)
    with torch.no_grad():
        unit = latents / (latents.square().sum(1, keepdim=True) / 8).sqrt()
        x = first = gated(
            functional.conv_transpose2d(unit[:, :, None, None], network.first[0].weight), network.first[1]
        )
        for side in (8, 16, 32, 64):
            up = network.ups[str(side)]
            x = gated(
                functional.conv2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3), up[1].weight, padding=1), up[2]
            )
        weigh = network.weigh["64"]
        low = functional.conv2d(first, weigh.squeeze.weight)
        x = x * functional.conv2d(low * low.sigmoid(), weigh.excite.weight).sigmoid()
        expected = functional.conv2d(x, network.to_rgb.weight, network.to_rgb.bias, padding=1)
        found = network(latents)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(network(5 * latents), found, atol=1e-5, rtol=1e-4)  # the length says nothing


def test_noise_begins_silent():
    network = FastGAN(8, 4, width=2, lite=False).eval()
    latents = torch.randn(2, 4)
    with torch.no_grad():
        assert torch.equal(network(latents), network(latents))
        network.ups["8"][2].weight.fill_(1)
        assert not torch.equal(network(latents), network(latents))


@pytest.mark.parametrize("side", [4, 48, 2048])
def test_other_sides_are_refused(side):
    with pytest.raises(InputError, match=f"no {side} pixels"):
        FastGAN(side)


def test_with_vectors_a_style_stands_for_the_latent_and_sets_every_norm():
    torch.manual_seed(0)
    vectors = torch.randn(3, 5)
    network = FastGAN(16, 4, width=2, vectors=vectors, style_size=6).eval()
    plain = FastGAN(16, 6, width=2)
    assert network.classes == 3 and plain.classes == 0 and plain.mapping is None
    assert torch.equal(network.mapping.labels.vectors, vectors)  # a table without spectral norm, as released
    latents, labels = torch.randn(4, 4), torch.tensor([0, 2, 1, 2])

    def gated(x):
        half = x.shape[1] // 2
        return x[:, :half] * x[:, half:].sigmoid()

    with torch.no_grad():
        style = network.mapping(latents, labels)
        x = network.first(style[:, :, None, None])
        for side in (8, 16):
            up = network.ups[str(side)]
            norm = up[2]
            assert norm.norm.eps == 1e-5 and not norm.norm.affine and norm.gain.bias is not None
            x = functional.conv2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3), up[1].weight, padding=1)
            x = x / (1 + 1e-5) ** 0.5  # statistics of an untrained norm
            gain, offset = (functional.linear(style, part.weight, part.bias) for part in (norm.gain, norm.offset))
            x = gated(x * (1 + gain)[:, :, None, None] + offset[:, :, None, None])
        expected = functional.conv2d(x, network.to_rgb.weight, network.to_rgb.bias, padding=1)
        torch.testing.assert_close(network(latents, labels), expected, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(network(latents, labels), network(latents, labels.flip(0)))
    with pytest.raises(InputError, match="got no labels"):
        network(latents)
