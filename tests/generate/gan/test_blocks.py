"""What the residual blocks do beside their convolutions: these are set to nothing, so that the shortcut is seen."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from fauxto.generate.gan.deep_blocks import DeepDownBlock, DeepUpBlock
from fauxto.generate.gan.residual_blocks import DownBlock, UpBlock

relu = functional.relu
X = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))


def silent(block: nn.Module) -> nn.Module:
    """The branch gives nothing; a learned shortcut passes on what it can."""
    for name, module in block.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.zeros_(module.bias)
            if name == "shortcut":
                nn.init.dirac_(module.weight)
            else:
                nn.init.zeros_(module.weight)
    return block.eval()


@torch.no_grad()
def test_with_spectral_norm_the_shortcut_sees_the_activated_map():
    for halve in (False, True):
        pooled = functional.avg_pool2d if halve else lambda x, _: x
        spectral = silent(DownBlock(4, 4, halve=halve, norm=False, activation=relu))
        assert torch.allclose(spectral(X), pooled(relu(X), 2), atol=1e-6)
    plain = silent(DownBlock(4, 4, halve=False, norm=True, activation=relu))
    assert torch.equal(plain(X), X)


@torch.no_grad()
def test_the_deep_blocks_pass_on_drop_or_add_channels():
    down = {"channels_in": 4, "halve": True, "first": False, "activation": relu}
    added = silent(DeepDownBlock(channels_out=6, variant="compare_gan", **down))(X)
    pooled = functional.avg_pool2d(relu(X), 2)
    assert torch.allclose(added, torch.cat([pooled, pooled[:, :2]], 1), atol=1e-6)
    learned = silent(DeepDownBlock(channels_out=4, variant="studiogan", **down))(X)
    assert torch.allclose(learned, pooled, atol=1e-6)
    up = {"condition": 0, "grow": True, "activation": relu}
    doubled = X.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(silent(DeepUpBlock(4, 2, variant="compare_gan", **up))(X, None), doubled[:, :2])
    assert torch.allclose(silent(DeepUpBlock(4, 4, variant="studiogan", **up))(X, None), doubled, atol=1e-6)
    assert torch.allclose(silent(UpBlock(4, 4, 0, relu))(X, None), doubled, atol=1e-6)


@torch.no_grad()
def test_the_deep_variants_average_on_different_sides_of_the_last_activation():
    torch.manual_seed(0)
    found = {}
    for variant in ("compare_gan", "studiogan"):
        block = DeepDownBlock(4, 4, halve=True, first=False, variant=variant, activation=relu)
        if block.shortcut is not None:
            nn.init.zeros_(block.shortcut.weight)
            nn.init.zeros_(block.shortcut.bias)
        y = relu(X)
        for convolution in block.convolutions[:2]:
            y = relu(convolution(y))
        y = block.convolutions[2](y)
        y = functional.avg_pool2d(relu(y), 2) if variant == "compare_gan" else relu(functional.avg_pool2d(y, 2))
        shortcut = functional.avg_pool2d(relu(X), 2) if variant == "compare_gan" else 0
        found[variant] = (block(X), block.convolutions[3](y) + shortcut)
    for block, expected in found.values():
        torch.testing.assert_close(block, expected)
