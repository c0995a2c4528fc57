"""LPIPS: the published layout, the definition written out, and the strict loader."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate

from fauxto.errors import WeightError
from fauxto.nn import lpips as room
from fauxto.nn.lpips import Lpips, lpips

SMALL = ((4, 4), (6,))


def test_the_names_are_torchvisions():
    with torch.device("meta"):
        names = {name for name in Lpips().state_dict() if name.startswith("features")}
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    assert names == {f"features.{i}.{kind}" for i in places for kind in ("weight", "bias")}


def by_hand(network, picture):
    """Feature maps of unit vectors by scipy's correlation."""
    x = (2 * picture - 1 - np.array(room.SHIFT)[:, None, None]) / np.array(room.SCALE)[:, None, None]
    found = []
    for name, layer in network.features.items():
        weight, bias = layer.weight.numpy(), layer.bias.numpy()
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        x = np.stack([correlate(padded, w, "valid")[0] + b for w, b in zip(weight, bias, strict=True)])
        x = np.maximum(x, 0)
        if name in network.taps:
            found.append(x / (np.sqrt((x**2).sum(0)) + 1e-10))
            x = x[:, : x.shape[1] // 2 * 2].reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max((2, 4))
    return found


def test_the_distance_equals_the_definition():
    torch.manual_seed(0)
    network = Lpips(SMALL)
    for head in network.heads:
        head.copy_(torch.rand_like(head))
    a, b = np.random.default_rng(0).random((2, 3, 3, 16, 16))
    expected = [
        sum(
            (head.numpy()[0] * (x - y) ** 2).sum(0).mean()
            for x, y, head in zip(by_hand(network, one), by_hand(network, other), network.heads, strict=True)
        )
        for one, other in zip(a, b, strict=True)
    ]
    np.testing.assert_allclose(network.distance(a, b), expected, rtol=1e-4)
    np.testing.assert_array_equal(network.distance(a, a), 0)


def test_both_files_load_strictly(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "Lpips", lambda: Lpips(SMALL))
    source = Lpips(SMALL)
    vgg = {name: tensor for name, tensor in source.state_dict().items() if name.startswith("features")}
    heads = {f"lin{i}.model.1.weight": torch.rand_like(head) for i, head in enumerate(source.heads)}
    torch.save(vgg | {"classifier.0.weight": torch.zeros(2)}, tmp_path / "vgg.pth")
    torch.save(heads, tmp_path / "heads.pth")
    loaded = lpips(tmp_path / "vgg.pth", tmp_path / "heads.pth")
    assert torch.equal(loaded.heads[1], heads["lin1.model.1.weight"])
    torch.save(heads | {"lin9.model.1.weight": torch.zeros(1)}, tmp_path / "more.pth")
    with pytest.raises(WeightError, match=r"lin9\.model\.1\.weight"):
        lpips(tmp_path / "vgg.pth", tmp_path / "more.pth")
    del vgg["features.2.bias"]
    torch.save(vgg, tmp_path / "short.pth")
    with pytest.raises(WeightError, match=r"missing: features\.2\.bias"):
        lpips(tmp_path / "short.pth", tmp_path / "heads.pth")
