"""ResNet-50 against transformers' own, layer by layer names against torchvision's, and the no-down variant."""

from __future__ import annotations

import pytest
import torch
from transformers import ResNetConfig, ResNetModel

from fauxto.errors import WeightError
from fauxto.nn.resnet import ImageNetNormalised, ResNet, ResNetTrunk, start_from


def unsettled(network: torch.nn.Module) -> torch.nn.Module:
    """Move the batch norms away from their trivial initial values."""
    generator = torch.Generator().manual_seed(5)
    for name, value in network.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            value.copy_(0.1 * torch.randn(value.shape, generator=generator))
        elif name.endswith("running_var"):
            value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return network.eval()


def test_the_published_network_has_the_published_number_of_parameters():
    with torch.device("meta"):
        assert sum(p.numel() for p in ResNet(1000).parameters()) == 25_557_032
        assert sum(p.numel() for p in ResNet(1).parameters()) == 23_510_081


def test_the_names_are_those_of_torchvision():
    with torch.device("meta"):
        names = {name.rsplit(".", 1)[0] for name in ResNet(1000).state_dict()}
    blocks = [f"layer{layer}.{i}" for layer, count in enumerate((3, 4, 6, 3), 1) for i in range(count)]
    expected = {f"{block}.{kind}{i}" for block in blocks for kind in ("conv", "bn") for i in (1, 2, 3)}
    expected |= {f"layer{layer}.0.downsample.{i}" for layer in (1, 2, 3, 4) for i in (0, 1)}
    assert names == expected | {"conv1", "bn1", "fc"}


def as_transformers(name: str) -> str:
    """The name in transformers' ResNetModel of a tensor of ours."""
    parts = name.split(".")
    if parts[0] in ("conv1", "bn1"):
        kind = "convolution" if parts[0] == "conv1" else "normalization"
        return f"embedder.embedder.{kind}.{parts[1]}"
    stage, block = int(parts[0][-1]) - 1, parts[1]
    if parts[2] == "downsample":
        kind = "convolution" if parts[3] == "0" else "normalization"
        return f"encoder.stages.{stage}.layers.{block}.shortcut.{kind}.{parts[4]}"
    kind = "convolution" if parts[2].startswith("conv") else "normalization"
    return f"encoder.stages.{stage}.layers.{block}.layer.{int(parts[2][-1]) - 1}.{kind}.{parts[3]}"


@pytest.mark.parametrize(
    ("blocks", "width"), [((3, 4, 6, 3), 16), ((1, 2, 1), 8)], ids=["depth of ResNet-50", "a small sibling"]
)
def test_forward_equals_transformers(blocks, width):
    network = unsettled(ResNetTrunk(blocks, width))
    widths = [4 * width * 2**i for i in range(len(blocks))]
    oracle = ResNetModel(ResNetConfig(embedding_size=width, hidden_sizes=widths, depths=list(blocks))).eval()
    tensors = {as_transformers(name): value for name, value in network.state_dict().items()}
    oracle.load_state_dict(tensors, strict=True)
    pixels = torch.rand(2, 3, 96, 80, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = oracle(pixels).pooler_output.flatten(1)
        found = network(pixels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_without_the_early_strides_every_map_has_four_times_the_side():
    down, flat = ResNetTrunk((1, 1), 4), ResNetTrunk((1, 1), 4, early_stride=1)
    assert [tuple(m.shape) for m in down.stages(torch.rand(1, 3, 64, 32))] == [(1, 16, 16, 8), (1, 32, 8, 4)]
    assert [tuple(m.shape) for m in flat.stages(torch.rand(1, 3, 64, 32))] == [(1, 16, 64, 32), (1, 32, 32, 16)]


def test_a_mean_of_logits_over_the_last_map_is_the_logit_of_its_mean():
    """So a network with one linear layer is also the logit map of Corvi et al., averaged."""
    network = unsettled(ResNet(1, (1, 1), 4, early_stride=1))
    pixels = torch.rand(2, 3, 24, 24)
    last = network.stages(pixels)[-1]
    mapped = torch.einsum("nchw,oc->nohw", last, network.fc.weight) + network.fc.bias.view(1, -1, 1, 1)
    torch.testing.assert_close(network(pixels), mapped.mean((2, 3)))


def test_a_trunk_starts_from_another_classifier_but_not_from_another_network():
    source, target = ResNet(10, (1, 1), 4), ResNet(1, (1, 1), 4)
    before = target.fc.weight.clone()
    start_from(target, source.state_dict(), "imagenet.pth")
    assert torch.equal(target.layer2[0].conv2.weight, source.layer2[0].conv2.weight)
    assert torch.equal(target.fc.weight, before)
    with pytest.raises(WeightError, match=r"layer2\.1\.conv1\.weight"):
        start_from(ResNet(1, (1, 2), 4), source.state_dict(), "imagenet.pth")


def test_the_normalisation_is_that_of_imagenet():
    pixels = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) + torch.tensor([0.0, 0.224, -0.225]).view(1, 3, 1, 1)
    torch.testing.assert_close(ImageNetNormalised()(pixels).flatten(), torch.tensor([0.0, 1.0, -1.0]))
