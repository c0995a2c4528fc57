"""A small plain residual network that sees full resolution: 2x2 cells as channels, no early pooling."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.resnet import initialise


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around an identity shortcut; `dilation` spreads their pixels for a wider view."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, c, h, w)` to the same shape."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + x)


class ResidualNet(nn.Module):
    """Maps `(n, 3, h, w)` to `(n, 1)`: `cells` makes 2x2 cells into `channels`, then stages that halve the sides.

    Space to depth keeps every pixel where a strided stem or a pool would drop three of four. The first stage is one
    convolution at half resolution, the others a strided convolution and a residual block. Sides must be even and at
    least 16.
    """

    def __init__(
        self, cells: nn.Module, channels: int, widths: tuple[int, ...] = (64, 64, 128), dropout: float = 0.2
    ) -> None:
        super().__init__()
        stem, *stages = widths
        layers: list[nn.Module] = [cells, *_unit(channels, stem, stride=1)]
        for before, width in zip(widths, stages, strict=False):
            layers += [*_unit(before, width, stride=2), ResidualBlock(width)]
        self.stages = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], 1)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, 3, h, w)` to `(n, 1)`."""
        return self.head(self.dropout(self.stages(x).mean((2, 3))))


def narrowed(net: ResidualNet, widths: tuple[int, ...], importance: Mapping[str, Tensor]) -> ResidualNet:
    """A copy of `net` that keeps the most important channels of every stage, `widths[i]` of them, with their weights.

    `importance` maps the name of each batch norm to `(channels,)`, as `channel_importance` gives it; the channels of a
    stage are shared by its shortcut, so their importances add up. Train the result on: it starts below `net`, but far
    above random weights. Structured pruning by a Taylor criterion: Molchanov et al., ICLR 2017.
    """
    old = net.state_dict()
    cells, channels = net.stages[0], int(old["stages.1.weight"].shape[1])
    new = ResidualNet(cells, channels, widths, dropout=net.dropout.p)
    state = new.state_dict()
    kept = torch.arange(channels)
    position, units = 1, iter(widths)
    while position < len(net.stages):
        block = isinstance(net.stages[min(position + 3, len(net.stages) - 1)], ResidualBlock)
        stage = importance[f"stages.{position + 1}"] + (importance[f"stages.{position + 3}.bn2"] if block else 0)
        own = _best(stage, next(units))
        _copy(state, old, f"stages.{position}", f"stages.{position + 1}", out=own, into=kept)
        if block:
            name = f"stages.{position + 3}"
            inner = _best(importance[f"{name}.bn1"], len(own))
            _copy(state, old, f"{name}.conv1", f"{name}.bn1", out=inner, into=own)
            _copy(state, old, f"{name}.conv2", f"{name}.bn2", out=own, into=inner)
        kept, position = own, position + (4 if block else 3)
    state["head.weight"].copy_(old["head.weight"][:, kept])
    state["head.bias"].copy_(old["head.bias"])
    new.load_state_dict(state)
    return new


def channel_importance(net: ResidualNet, loss: Callable[[], Tensor]) -> dict[str, Tensor]:
    """|activation x gradient| of every channel after each batch norm, summed over the pictures of one `loss()`.

    `loss` runs a batch through `net` and gives a scalar; the sign of a channel's places may cancel within a picture,
    as in the first-order Taylor expansion of what removing the channel would do.
    """
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            output.retain_grad()
            outputs[name] = output

        return hook

    norms = [(name, module) for name, module in net.named_modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [module.register_forward_hook(keep(name)) for name, module in norms]
    net.zero_grad()
    loss().backward()
    for hook in hooks:
        hook.remove()
    return {name: (y.detach() * y.grad).sum((2, 3)).abs().sum(0) for name, y in outputs.items() if y.grad is not None}


def _best(importance: Tensor, count: int) -> Tensor:
    """The places of the `count` largest, ascending."""
    return importance.topk(count).indices.sort().values


def _copy(state: dict[str, Tensor], old: dict[str, Tensor], conv: str, norm: str, *, out: Tensor, into: Tensor) -> None:
    """The weights of a convolution and its batch norm, output channels `out` and input channels `into` of the old."""
    state[f"{conv}.weight"].copy_(old[f"{conv}.weight"][out][:, into])
    for part in ("weight", "bias", "running_mean", "running_var"):
        state[f"{norm}.{part}"].copy_(old[f"{norm}.{part}"][out])


def _unit(channels_in: int, channels_out: int, stride: int) -> tuple[nn.Module, ...]:
    """3x3 convolution, batch norm, ReLU."""
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
    return convolution, nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True)
