"""Pyramids, random projections and patch heads: shapes of the published table, closed forms, and who may learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.errors import InputError
from fauxto.nn.efficientnet_lite import EfficientNetLite0, EfficientNetTower
from fauxto.nn.pyramid import EfficientNetPyramid, PatchHead, Projection, Pyramid, TokenPyramid


def efficientnet(size: int = 64) -> EfficientNetPyramid:
    return EfficientNetPyramid(EfficientNetTower(EfficientNetLite0(), "random", size))


def test_the_four_maps_of_efficientnet():
    assert efficientnet().shapes() == [(24, 16), (40, 8), (112, 4), (320, 2)]


class Tower(torch.nn.Module):
    """What a vision tower says, without its work: a class token and a grid of 8 x 8, four blocks deep."""

    size, width, depth, leading = 32, 6, 4, 1

    def tokens(self, pixels):
        random = torch.Generator().manual_seed(0)
        return [torch.randn(len(pixels), 65, 6, generator=random) for _ in range(4)]


@pytest.mark.parametrize(("scales", "expected"), [(4, [(2, 32), (3, 16), (4, 8), (5, 4)]), (2, [(4, 8), (5, 4)])])
def test_the_tokens_of_a_transformer_become_maps(scales, expected):
    pyramid = TokenPyramid(Tower(), (2, 3, 4, 5), scales=scales)
    assert pyramid.shapes() == expected
    assert pyramid.depths == [0, 1, 2, 3][-scales:]
    pixels = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        tokens = Tower().tokens(pixels)[2][:, 1:]  # the third of four blocks, without the class token
        weight, bias = pyramid.reassemble[-2][0].weight[:, :, 0, 0], pyramid.reassemble[-2][0].bias
        expected_map = (tokens @ weight.T + bias).transpose(1, 2).reshape(2, 4, 8, 8)
        torch.testing.assert_close(pyramid(pixels)[-2], expected_map, atol=1e-5, rtol=1e-4)


def test_only_what_must_is_resized():
    class Sides(Pyramid):
        def maps(self, pixels):
            return [pixels]

    for exact, sides in ((False, [8, 8, 16]), (True, [8, 8, 8])):
        pyramid = Sides(8, exact=exact)
        assert [pyramid(torch.zeros(1, 3, side, side))[0].shape[-1] for side in (4, 8, 16)] == sides


def test_gradients_pass_and_nothing_learns_or_changes_its_mode():
    pyramid = efficientnet(32).train()
    assert not any(module.training for module in pyramid.modules())
    assert not any(p.requires_grad for p in pyramid.parameters())
    projection = Projection([c for c, _ in pyramid.shapes()], 4)
    assert not any(p.requires_grad for p in projection.parameters())
    pixels = torch.rand(1, 3, 32, 32, requires_grad=True)
    sum(m.sum() for m in projection(pyramid(pixels))).backward()
    assert pixels.grad is not None and float(pixels.grad.abs().sum()) > 0


def test_constant_maps_mix_by_matrices_and_ramps_stay_ramps():
    torch.manual_seed(0)
    projection = Projection([2, 3, 5], 4)
    assert projection.channels == [4, 4, 8]
    values = [torch.randn(c) for c in (2, 3, 5)]
    maps = [v[None, :, None, None].expand(1, -1, s, s) for v, s in zip(values, (8, 4, 2), strict=True)]
    found = projection(maps)
    x = np.zeros(16)
    for k in (2, 1, 0):
        across, up = (
            [p.double().numpy().squeeze() for p in (layer.weight, layer.bias)]
            for layer in (projection.across_channels[k], projection.across_scales[k])
        )
        x = x + across[0] @ values[k].double().numpy() + across[1]
        x = up[0] @ x + up[1]
        assert found[k].shape == (1, len(x), 16 >> k, 16 >> k)
        np.testing.assert_allclose(found[k][0, :, 1, 2], x, rtol=1e-4, atol=1e-5)
    ramp = torch.linspace(0, 1, 4).expand(1, 1, 4, 4)
    single = Projection([1], 1)
    slope = float(single.across_scales[0].weight * single.across_channels[0].weight)
    line = single([ramp])[0][0, 0, 0]
    torch.testing.assert_close(line - line[0], slope * torch.linspace(0, 1, 8))  # corners stay corners


@pytest.mark.parametrize(
    ("side", "widths", "patches"),
    [
        (128, [64, 128, 256, 512], 25),
        (112, [64, 128, 256, 512], 16),
        (28, [256, 512], 16),
        (16, [512], 25),
        (8, [], 25),
    ],
)
def test_a_head_halves_to_about_eight(side, widths, patches):
    head = PatchHead(64, side).eval()
    assert [layer.out_channels for layer in head.layers if isinstance(layer, torch.nn.Conv2d)] == [*widths, 1]
    with torch.no_grad():
        assert head(torch.zeros(2, 64, side, side)).shape == (2, patches)


def test_with_vectors_a_head_asks_for_the_class():
    torch.manual_seed(0)
    vectors, x, labels = torch.randn(3, 5), torch.randn(4, 6, 8, 8), torch.tensor([2, 0, 0, 1])
    head = PatchHead(6, 8, vectors=vectors).eval()
    with torch.no_grad():
        said = torch.nn.functional.conv2d(x, head.layers[-1].weight)
        assert said.shape == (4, 64, 5, 5)
        asked = head.asks(labels)
        expected = torch.einsum("ncyx,nc->nyx", said, asked).flatten(1) / 8
        torch.testing.assert_close(head(x, labels), expected, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(asked[1], asked[2])
    with pytest.raises(InputError, match="got no labels"):
        head(x)
