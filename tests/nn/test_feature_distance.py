"""LPIPS' formula on other networks: as squared lengths, with slopes everywhere, and on AlexNet as published."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fauxto.errors import WeightError
from fauxto.nn.feature_distance import FeatureDistance, directions
from fauxto.nn.lpips_alexnet import LpipsAlexNet, lpips_alexnet


class Two(FeatureDistance):
    """The picture itself and its means over cells."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ParameterList(
            torch.rand(1, 3, 1, 1, generator=torch.Generator().manual_seed(k)) for k in (0, 1)
        )

    def maps(self, pixels):
        return [pixels, nn.functional.avg_pool2d(pixels, 2) - 0.3]


def test_descriptions_are_as_far_apart_as_pictures_look():
    network, (a, b) = Two(), torch.rand(2, 5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    apart = (network.describe(a) - network.describe(b)).square().sum(1)
    torch.testing.assert_close(apart, network(a, b))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a.numpy(), b.numpy())]
    first = (network.heads[0].detach().numpy() * (unit[0] - unit[1]) ** 2).sum(1).mean((1, 2))
    cells = [x.numpy().reshape(5, 3, 4, 2, 4, 2).mean((3, 5)) - 0.3 for x in (a, b)]
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in cells]
    second = (network.heads[1].detach().numpy() * (unit[0] - unit[1]) ** 2).sum(1).mean((1, 2))
    np.testing.assert_allclose(network.distance(a.numpy(), b.numpy()), first + second, rtol=1e-5)


def test_a_vector_of_zeros_has_a_direction_and_a_slope():
    x = torch.zeros(1, 3, 2, 2, requires_grad=True)
    found = directions(x)
    found.sum().backward()
    assert torch.equal(found, torch.zeros_like(x)) and bool(x.grad.isfinite().all())


def published() -> tuple[nn.Sequential, dict[str, torch.Tensor]]:
    """AlexNet's feature layers as torchvision stacks them, and heads as the authors name them."""
    layers = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU()),
        *(nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1)),
        *(nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
    )
    widths = (64, 192, 384, 256, 256)
    return layers, {f"lin{k}.model.1.weight": torch.rand(1, width, 1, 1) for k, width in enumerate(widths)}


def test_alexnets_maps_are_those_of_torchvisions_layers(tmp_path):
    torch.manual_seed(0)
    layers, heads = published()
    own = {f"features.{name}": value for name, value in layers.state_dict().items()}
    torch.save(own | {"classifier.1.weight": torch.zeros(2)}, tmp_path / "alexnet.pth")
    torch.save(heads, tmp_path / "heads.pth")
    network = lpips_alexnet(tmp_path / "alexnet.pth", tmp_path / "heads.pth")
    a, b = torch.rand(2, 2, 3, 40, 48)
    expected = torch.zeros(2)
    with torch.no_grad():
        x = [(2 * picture - 1 - network.shift) / network.scale for picture in (a, b)]
        places = {1: 0, 4: 1, 7: 2, 9: 3, 11: 4}
        for number, layer in enumerate(layers[:12]):
            x = [layer(value) for value in x]
            if number in places:
                unit = [value / value.norm(dim=1, keepdim=True).clamp(min=1e-10) for value in x]
                weight = heads[f"lin{places[number]}.model.1.weight"]
                expected += (weight * (unit[0] - unit[1]) ** 2).sum(1).mean((1, 2))
    torch.testing.assert_close(network(a, b), expected, rtol=1e-4, atol=1e-6)
    assert network(a, a).abs().max() == 0
    assert [tuple(found.shape[1:]) for found in network.maps(torch.rand(1, 3, 31, 31))][-1] == (256, 1, 1)
    torch.save(heads | {"lin5.model.1.weight": torch.zeros(1)}, tmp_path / "more.pth")
    with pytest.raises(WeightError, match=r"lin5\.model\.1\.weight"):
        lpips_alexnet(tmp_path / "alexnet.pth", tmp_path / "more.pth")
    assert not any(parameter.requires_grad for parameter in LpipsAlexNet().parameters())
