"""Xception (Chollet, CVPR 2017) with the names of the PyTorch checkpoints that deepfake benchmarks publish."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from fauxto.errors import InputError

SMALLEST_SHARE = 1 / 32
"""Of the published channels: at 1/64 the backward pass of torch 2.13 in channels_last writes past its buffers on a CPU
(glibc's heap checks end the process; 1/32 and 1/16 pass them).
"""


class SeparableConv2d(nn.Module):
    """A depthwise 3x3 convolution (`conv1`) and a 1x1 convolution (`pointwise`), no bias."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_in, 3, 1, 1, groups=channels_in, bias=False)
        self.pointwise = nn.Conv2d(channels_in, channels_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, channels_out, h, w)`."""
        return self.pointwise(self.conv1(x))


class Block(nn.Module):
    """`repetitions` separable convolutions around a shortcut; channels grow in the first of them, or in the last."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        repetitions: int,
        stride: int,
        *,
        begins_with_relu: bool = True,
        grows_first: bool = True,
    ) -> None:
        super().__init__()
        self.skip: nn.Module | None = None
        if channels_in != channels_out or stride != 1:
            self.skip = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            self.skipbn = nn.BatchNorm2d(channels_out)
        layers: list[nn.Module] = []
        before = channels_in
        for index in range(repetitions):
            grown = grows_first or index == repetitions - 1
            after = channels_out if grown else before
            layers += [nn.ReLU(), SeparableConv2d(before, after), nn.BatchNorm2d(after)]
            before = after
        if not begins_with_relu:
            layers = layers[1:]
        if stride != 1:
            layers.append(nn.MaxPool2d(3, stride, 1))
        self.rep = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, channels_out, h / stride, w / stride)`."""
        return self.rep(x) + (x if self.skip is None else self.skipbn(self.skip(x)))


class Xception(nn.Module):
    """`(n, 3, h, w)` to the last map, `(n, 2048, h / 32, w / 32)`, by `features`; `(n, classes)` by `forward`.

    20,806,952 parameters of features, and a linear layer `fc`; 299 x 299 as published gives a map of 10 x 10. `share`
    scales all channels, to no less than `SMALLEST_SHARE`: a small sibling. State dicts of the published files fit by
    name and shape. Errors: InputError for a smaller share.
    """

    def __init__(self, classes: int = 2, share: float = 1.0) -> None:
        super().__init__()
        if share < SMALLEST_SHARE:
            raise InputError(
                f"An Xception with {share:.4g} of its channels corrupts memory in training.",
                fix=f"Use a share of {SMALLEST_SHARE:.4g} or more.",
            )

        def width(channels: int) -> int:
            return max(4, round(channels * share))

        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(3, width(32), 3, 2, 0, bias=False)
        self.bn1 = nn.BatchNorm2d(width(32))
        self.conv2 = nn.Conv2d(width(32), width(64), 3, bias=False)
        self.bn2 = nn.BatchNorm2d(width(64))
        self.block1 = Block(width(64), width(128), 2, 2, begins_with_relu=False)
        self.block2 = Block(width(128), width(256), 2, 2)
        self.block3 = Block(width(256), width(728), 2, 2)
        for number in range(4, 12):
            setattr(self, f"block{number}", Block(width(728), width(728), 3, 1))
        self.block12 = Block(width(728), width(1024), 2, 2, grows_first=False)
        self.conv3 = SeparableConv2d(width(1024), width(1536))
        self.bn3 = nn.BatchNorm2d(width(1536))
        self.conv4 = SeparableConv2d(width(1536), width(2048))
        self.bn4 = nn.BatchNorm2d(width(2048))
        self.channels = width(2048)
        self.fc = nn.Linear(self.channels, classes)

    def features(self, pixels: Tensor) -> Tensor:
        """The last map, after its ReLU."""
        x = self.relu(self.bn1(self.conv1(pixels)))
        x = self.relu(self.bn2(self.conv2(x)))
        for number in range(1, 13):
            x = getattr(self, f"block{number}")(x)
        x = self.relu(self.bn3(self.conv3(x)))
        return self.relu(self.bn4(self.conv4(x)))

    def forward(self, pixels: Tensor) -> Tensor:
        """Class logits."""
        return self.fc(self.features(pixels).mean((2, 3)))


def published(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a published file as this network has them: files for ImageNet store `pointwise` as a matrix."""
    return {
        name: tensor[..., None, None] if name.endswith("pointwise.weight") and tensor.ndim == 2 else tensor
        for name, tensor in tensors.items()
    }
