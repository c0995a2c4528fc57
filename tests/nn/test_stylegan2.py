"""StyleGAN2: its entries at W, W+, noise and feature maps, truncation, and the two published layouts of tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fauxto.errors import InputError, WeightError
from fauxto.nn.equalized import binomial
from fauxto.nn.mapping import Mapping
from fauxto.nn.style_network import StyleNetwork
from fauxto.nn.stylegan2 import Synthesis
from fauxto.nn.stylegan2_layouts import load_nvidia, load_rosinality

SIDES = (4, 8, 16)


def network(seed: int = 0) -> StyleNetwork:
    torch.manual_seed(seed)
    made = StyleNetwork(Mapping(6, 0, 5, 2), Synthesis(16, 5, channel_base=64, channel_max=4)).eval()
    for name, parameter in made.named_parameters():
        if name.endswith(("noise_strength", "bias")):
            parameter.data.add_(0.3 * torch.randn_like(parameter))
    made.mapping.mean.normal_()
    return made


@pytest.fixture(scope="module")
def styled() -> StyleNetwork:
    return network()


@torch.no_grad()
def test_w_is_w_plus_with_one_style(styled):
    w = torch.randn(2, 5)
    assert styled.style_count == styled.synthesis.style_count == 6
    several = styled.synthesis(w[:, None].expand(-1, 6, -1), "fixed")
    assert torch.equal(styled.synthesis(w, "fixed"), several)
    assert several.shape == (2, 3, 16, 16)


@torch.no_grad()
def test_a_layer_sees_its_own_style_alone(styled):
    """Style k of 2k - 1, 2k for the layers of stage k: the last one is of the last colours and changes no map."""
    styles = torch.randn(1, 6, 5)
    before = styled.synthesis.feature(styles, 16, "none")
    styles[:, 5] += 1
    after = styled.synthesis.feature(styles, 16, "none")
    assert torch.equal(before.map, after.map) and not torch.allclose(before.image, after.image)
    early = styled.synthesis.feature(styles, 8, "none")
    styles[:, 3] += 1  # of the colours at 8 pixels and of the first layer at 16
    changed = styled.synthesis.feature(styles, 8, "none")
    assert torch.equal(early.map, changed.map) and not torch.allclose(early.image, changed.image)
    assert not torch.allclose(after.map, styled.synthesis.feature(styles, 16, "none").map)


@torch.no_grad()
def test_a_picture_can_be_entered_in_the_middle(styled):
    styles = torch.randn(2, 6, 5)
    whole = styled.synthesis(styles, "fixed")
    for side in SIDES:
        feature = styled.synthesis.feature(styles, side, "fixed")
        assert feature.map.shape[2:] == feature.image.shape[2:] == (side, side)
        assert torch.equal(styled.synthesis.onward(feature, styles, "fixed"), whole)
    changed = styled.synthesis.feature(styles, 8, "fixed")
    moved = changed._replace(map=changed.map + 1)
    assert not torch.allclose(styled.synthesis.onward(moved, styles, "fixed"), whole)
    with pytest.raises(InputError, match="stages"):
        styled.synthesis.feature(styles, 5)


@torch.no_grad()
def test_noise_is_random_fixed_none_or_given(styled):
    w = torch.randn(1, 5)
    assert not torch.equal(styled.synthesis(w), styled.synthesis(w))
    own = [layer.noise for stage in styled.synthesis.stages for layer in stage.layers]
    assert [tuple(noise.shape) for noise in own] == styled.synthesis.noise_shapes
    assert torch.equal(styled.synthesis(w, own), styled.synthesis(w, "fixed"))
    zero = [torch.zeros_like(noise) for noise in own]
    assert torch.equal(styled.synthesis(w, zero), styled.synthesis(w, "none"))


@torch.no_grad()
def test_truncation_pulls_to_the_mean(styled):
    z = torch.randn(3, 6)
    full, mean = styled.styles(z), styled.mapping.mean
    torch.testing.assert_close(styled.styles(z, truncation=0.3), mean + 0.3 * (full - mean))
    part = styled.styles(z, truncation=0.3, cutoff=2)
    assert torch.equal(part[:, 2:], full[:, 2:]) and not torch.allclose(part[:, :2], full[:, :2])
    torch.testing.assert_close(styled.styles(z, truncation=0.0), mean.expand(3, 6, 5))


def test_the_gathered_mean_is_the_mean_of_styles():
    made = network(1).train()
    made.gather_mean(3000, torch.Generator().manual_seed(0))
    made.eval()
    styles = made.mapping(torch.randn(3000, 6, generator=torch.Generator().manual_seed(1))).detach()
    error = (made.mapping.mean - styles.mean(0)).abs() / (styles.std(0) * (2 / 3000) ** 0.5)
    assert error.max() < 4  # standard errors


def nvidia(made: StyleNetwork) -> dict[str, torch.Tensor]:
    """The tensors as the official program names them, written out by hand."""
    own, names = made.state_dict(), {}
    names["mapping.w_avg"] = own["mapping.mean"]
    for index in range(2):
        for leaf in ("weight", "bias"):
            names[f"mapping.fc{index}.{leaf}"] = own[f"mapping.layers.{index}.{leaf}"]
    names["synthesis.b4.const"] = own["synthesis.start"]
    filter2 = torch.outer(binomial(), binomial())
    for stage, side in enumerate(SIDES):
        for layer, place in (("conv1", 0),) if side == 4 else (("conv0", 0), ("conv1", 1)):
            for leaf in ("weight", "bias", "affine.weight", "affine.bias", "noise_strength"):
                names[f"synthesis.b{side}.{layer}.{leaf}"] = own[f"synthesis.stages.{stage}.layers.{place}.{leaf}"]
            names[f"synthesis.b{side}.{layer}.noise_const"] = own[f"synthesis.stages.{stage}.layers.{place}.noise"]
            names[f"synthesis.b{side}.{layer}.resample_filter"] = filter2
        for leaf in ("weight", "bias", "affine.weight", "affine.bias"):
            names[f"synthesis.b{side}.torgb.{leaf}"] = own[f"synthesis.stages.{stage}.to_colours.{leaf}"]
        names[f"synthesis.b{side}.resample_filter"] = filter2
    return names


def rosinality(made: StyleNetwork) -> dict[str, torch.Tensor]:
    """The tensors as that program names and shapes them, written out by hand."""
    own, names = made.state_dict(), {"input.input": made.synthesis.start.data[None]}
    for index in range(2):
        for leaf in ("weight", "bias"):
            names[f"style.{index + 1}.{leaf}"] = own[f"mapping.layers.{index}.{leaf}"]
    places = ["stages.0.layers.0"] + [f"stages.{stage}.layers.{k}" for stage in (1, 2) for k in (0, 1)]
    for number, place in enumerate(places):
        head, ours = "conv1" if number == 0 else f"convs.{number - 1}", f"synthesis.{place}"
        names[f"{head}.conv.weight"] = own[f"{ours}.weight"][None]
        names[f"{head}.conv.modulation.weight"] = own[f"{ours}.affine.weight"]
        names[f"{head}.conv.modulation.bias"] = own[f"{ours}.affine.bias"]
        names[f"{head}.noise.weight"] = own[f"{ours}.noise_strength"].view(1)
        names[f"{head}.activate.bias"] = own[f"{ours}.bias"]
        names[f"noises.noise_{number}"] = own[f"{ours}.noise"][None, None]
    names["convs.0.conv.blur.kernel"] = 4 * torch.outer(binomial(), binomial())
    for stage in range(3):
        head, ours = "to_rgb1" if stage == 0 else f"to_rgbs.{stage - 1}", f"synthesis.stages.{stage}.to_colours"
        names[f"{head}.bias"] = own[f"{ours}.bias"].view(1, 3, 1, 1)
        names[f"{head}.conv.weight"] = own[f"{ours}.weight"][None]
        names[f"{head}.conv.modulation.weight"] = own[f"{ours}.affine.weight"]
        names[f"{head}.conv.modulation.bias"] = own[f"{ours}.affine.bias"]
    return names


def test_nvidias_layout_loads_strictly(styled, tmp_path):
    target, path = network(7), tmp_path / "g.safetensors"
    save_file({name: tensor.contiguous().clone() for name, tensor in nvidia(styled).items()}, path)
    load_nvidia(target, path)
    z = torch.randn(2, 6)
    assert torch.equal(target(z, noise="fixed"), styled(z, noise="fixed"))
    for spoil, match in (
        ({"synthesis.b4.const": None}, "missing"),
        ({"synthesis.b32.const": torch.zeros(1)}, "unexpected"),
        ({"synthesis.b4.const": torch.zeros(4, 4, 5)}, "wrong shape"),
        ({"synthesis.b8.resample_filter": torch.ones(4, 4)}, "filter"),
    ):
        tensors = {name: value for name, value in (nvidia(styled) | spoil).items() if value is not None}
        save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, path)
        with pytest.raises(WeightError, match=match):
            load_nvidia(target, path)


def test_rosinalitys_layout_loads_strictly(styled, tmp_path):
    target, path = network(8), tmp_path / "checkpoint.pt"
    torch.save({"g_ema": rosinality(styled), "latent_avg": styled.mapping.mean, "g_optim": {"state": {}}}, path)
    load_rosinality(target, path)
    z = torch.randn(2, 6)
    found = target(z, truncation=0.5, noise="fixed")
    np.testing.assert_allclose(found.detach(), styled(z, truncation=0.5, noise="fixed").detach(), atol=1e-6)
    torch.save({"g_ema": rosinality(styled)}, path)
    load_rosinality(target, path)
    assert not torch.equal(target.mapping.mean, styled.mapping.mean)  # gathered, where the file has none
    assert torch.equal(target(z, noise="fixed"), styled(z, noise="fixed"))
    torch.save({"g_ema": rosinality(styled) | {"final_linear.weight": torch.zeros(2)}}, path)
    with pytest.raises(WeightError, match="final_linear"):
        load_rosinality(target, path)
