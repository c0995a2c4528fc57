"""Wide residual networks: the published names and counts, and a pass written out."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import batch_norm, conv2d, relu

from fauxto.errors import InputError
from fauxto.nn.wide_resnet import WideBlock, WideResNet


def parameters(blocks: int, width: int) -> int:
    """Convolutions with offsets, two numbers a channel of batch norm, and a shortcut where a layer begins."""
    count, before = 3 * 16 * 9 + 16, 16
    for channels in (16 * width, 32 * width, 64 * width):
        for _ in range(blocks):
            count += 2 * before + before * channels * 9 + channels  # bn1 and conv1
            count += 2 * channels + channels**2 * 9 + channels  # bn2 and conv2
            count += before * channels + channels if before != channels else 0
            before = channels
    return count + 2 * before


@pytest.mark.parametrize(("depth", "width"), [(10, 2), (16, 3)])
def test_the_parameters_are_counted_and_named(depth, width):
    network = WideResNet(depth, width)
    assert sum(p.numel() for p in network.parameters()) == parameters((depth - 4) // 6, width)
    names = {name.rsplit(".", 1)[0] for name in network.state_dict()}
    blocks = {f"layer{k}.{i}." for k in (1, 2, 3) for i in range((depth - 4) // 6)}
    inner = {f"{block}{part}" for block in blocks for part in ("bn1", "conv1", "bn2", "conv2")}
    assert names == {"conv1", "bn1", *inner, *(f"layer{k}.0.shortcut.0" for k in (1, 2, 3))}
    assert network.bn1.momentum == 0.9


def test_a_block_is_two_activated_convolutions_beside_a_shortcut_of_the_map_itself():
    torch.manual_seed(0)
    block, x = WideBlock(4, 6, stride=2).train(), torch.randn(3, 4, 8, 8)
    with torch.no_grad():
        y = conv2d(relu(batch_norm(x, None, None, training=True)), block.conv1.weight, block.conv1.bias, padding=1)
        y = relu(batch_norm(y, None, None, training=True))
        y = conv2d(y, block.conv2.weight, block.conv2.bias, stride=2, padding=1)
        expected = y + conv2d(x, block.shortcut[0].weight, block.shortcut[0].bias, stride=2)
        torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-4)
    same = WideBlock(4, 4)
    for convolution in (same.conv1, same.conv2):
        torch.nn.init.zeros_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    torch.testing.assert_close(same(x), x)


def test_closing_is_the_last_norm_and_its_rectifier():
    network, x = WideResNet(10, 1).eval(), torch.randn(2, 3, 16, 16)
    maps = []
    network.layer3.register_forward_hook(lambda *told: maps.append(told[2]))
    with torch.no_grad():
        closed = network(x)
        network.closing = False
        opened = network(x)
    assert maps[0].shape == (2, 64, 4, 4)
    torch.testing.assert_close(opened, maps[0].mean((2, 3)))
    torch.testing.assert_close(
        closed, relu(maps[0] / (1 + 1e-5) ** 0.5).mean((2, 3))
    )  # statistics of an untrained norm
    assert float(opened.min()) < 0 <= float(closed.min())


@pytest.mark.parametrize("depth", [4, 12, 0])
def test_other_depths_are_refused(depth):
    with pytest.raises(InputError, match=f"no depth of {depth}"):
        WideResNet(depth, 1)
