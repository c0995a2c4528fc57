"""StyleGAN3: the published plan of layers, equivariance, and NVIDIA's layout of tensors."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from fauxto.errors import WeightError
from fauxto.nn.mapping import Mapping
from fauxto.nn.style_network import StyleNetwork
from fauxto.nn.stylegan3 import AliasFreeSynthesis, plan
from fauxto.nn.stylegan3_layout import load_nvidia

SIDES = {
    32: [36] * 5 + [52] * 8 + [32] * 2,
    64: [36] * 4 + [52] * 4 + [84] * 5 + [64] * 2,
    128: [36] * 3 + [52] * 3 + [84] * 3 + [148] * 4 + [128] * 2,
    256: [36] * 3 + [52] * 2 + [84] * 2 + [148] * 3 + [276] * 3 + [256] * 2,
}
CHANNELS = {
    32: [512] * 14 + [3],
    64: [512] * 14 + [3],
    128: [512] * 10 + [456, 342, 256, 256, 3],
    256: [512] * 9 + [362, 256, 181, 128, 128, 3],
}


@pytest.mark.parametrize("resolution", SIDES)
def test_the_plan_is_the_published_one(resolution):
    """Sides and channels as in the published names L0_36_512, ..."""
    signals = plan(resolution)
    assert [signal.side for signal in signals] == SIDES[resolution]
    assert [signal.channels for signal in signals] == CHANNELS[resolution]
    assert signals[0].cutoff == 2 and signals[-1].cutoff == resolution / 2
    for signal in signals:
        assert signal.rate >= min(2 * (signal.cutoff + signal.half_width), resolution) - 1e-9


def network(rotation: bool = False, seed: int = 0) -> StyleNetwork:
    torch.manual_seed(seed)
    synthesis = AliasFreeSynthesis(32, 5, rotation=rotation, layers=5, channel_base=128, channel_max=4)
    return StyleNetwork(Mapping(6, 0, 5, 1), synthesis).eval()


@torch.no_grad()
def test_a_shifted_grid_gives_a_shifted_picture():
    """By four pixels, a whole number of samples at every rate of these layers: then exactly but for the borders."""
    made, w = network(), torch.randn(2, 5)
    plain = made.synthesis(w)
    made.synthesis.input.transform[0, 2] = 4 / 32
    shifted = made.synthesis(w)
    scale = plain.std()
    inner = (shifted[..., 8:-8, 8:-12] - plain[..., 8:-8, 12:-8]).abs().max() / scale
    other = (shifted[..., 8:-8, 8:-12] - plain[..., 8:-8, 8:-12]).abs().max() / scale
    assert inner < 0.02 and other > 0.5


@torch.no_grad()
def test_a_quarter_turn_of_the_grid_turns_the_picture():
    """Configuration r; a 3x3 convolution (t) would not."""
    errors = {}
    for rotation in (True, False):
        made, w = network(rotation), torch.randn(2, 5, generator=torch.Generator().manual_seed(3))
        plain = made.synthesis(w)
        made.synthesis.input.transform.copy_(torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]))
        turned = made.synthesis(w)
        candidates = [(torch.rot90(plain, k, (2, 3)) - turned).abs().max() / plain.std() for k in (1, 3)]
        errors[rotation] = float(min(candidates))
    assert errors[True] < 1e-3 and errors[False] > 0.1


def test_magnitudes_are_followed_in_training_alone():
    made, w = network(), torch.randn(3, 5)
    made.synthesis(w)
    assert made.synthesis.layers[0].magnitude == 1
    made.train()
    x = made.synthesis.input(w)
    made.synthesis.layers[0](x, w)
    expected = 0.999 + 0.001 * x.square().mean()
    torch.testing.assert_close(made.synthesis.layers[0].magnitude, expected)


def nvidia(made: StyleNetwork) -> dict[str, torch.Tensor]:
    """The tensors under the official names, written out by hand."""
    own = made.state_dict()
    names = {"mapping.w_avg": own["mapping.mean"]}
    for leaf in ("weight", "bias"):
        names[f"mapping.fc0.{leaf}"] = own[f"mapping.layers.0.{leaf}"]
    for leaf in ("weight", "affine.weight", "affine.bias", "transform", "phases"):
        names[f"synthesis.input.{leaf}"] = own[f"synthesis.input.{leaf}"]
    names["synthesis.input.freqs"] = own["synthesis.input.frequencies"]
    for number, (layer, signal) in enumerate(zip(made.synthesis.layers, made.synthesis.signals, strict=True)):
        head = f"synthesis.L{number}_{signal.side}_{signal.channels}"
        for leaf in ("weight", "bias", "affine.weight", "affine.bias"):
            names[f"{head}.{leaf}"] = own[f"synthesis.layers.{number}.{leaf}"]
        names[f"{head}.magnitude_ema"] = own[f"synthesis.layers.{number}.magnitude"]
        if layer.up_taps is not None:
            names[f"{head}.up_filter"] = layer.up_taps
        if layer.down_taps is not None:
            names[f"{head}.down_filter"] = layer.down_taps
    return names


@pytest.mark.parametrize("rotation", [False, True])
def test_nvidias_layout_loads_strictly(rotation, tmp_path):
    source, target, path = network(rotation), network(rotation, seed=5), tmp_path / "g.safetensors"
    save_file({name: tensor.contiguous().clone() for name, tensor in nvidia(source).items()}, path)
    load_nvidia(target, path)
    z = torch.randn(1, 6)
    assert torch.equal(target(z), source(z))
    with pytest.raises(WeightError):
        load_nvidia(network(not rotation), path)
