"""The last up-sampling of a generator, by the set-up codes of Chandrasegaran et al., CVPR 2021."""

from __future__ import annotations

import itertools
import re

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError

BASELINE = "BASELINE"
SETUPS = (BASELINE, *(f"{up}.{code}" for up in "NZB" for code in ("1.3", "1.5", "1.7", "3.5")))
"""BASELINE is a 4x4 transposed convolution of stride 2. U.n.k: U = N nearest, Z zero insertion, B bilinear
interpolation, then n convolutions of k x k with nothing between them.
"""

_CODE = re.compile(r"([NZB])\.([13])\.([357])")


class ZeroInsertion(nn.Module):
    """Doubles the sides of `(n, c, h, w)`: each value at the top left of a 2x2 cell, zeros elsewhere.

    Followed by a k x k convolution it is a transposed convolution with a k x k kernel. The buffer `w` bears the name
    that it has in the released checkpoints.
    """

    def __init__(self) -> None:
        super().__init__()
        self.w: Tensor
        self.register_buffer("w", torch.tensor([[1.0, 0.0], [0.0, 0.0]]))

    def forward(self, x: Tensor) -> Tensor:
        """`(n, c, h, w)` to `(n, c, 2 h, 2 w)`."""
        channels = x.shape[1]
        return functional.conv_transpose2d(x, self.w.expand(channels, 1, 2, 2), stride=2, groups=channels)


def last_upsampling(setup: str, channels_in: int, channels_out: int) -> list[nn.Module]:
    """The layers that double the side and end on `channels_out`, in the released order.

    Bilinear interpolation aligns the corners, as released. Errors: InputError for another code.
    """
    if setup == BASELINE:
        return [nn.ConvTranspose2d(channels_in, channels_out, 4, 2, 1)]
    code = _CODE.fullmatch(setup)
    if code is None:
        raise InputError(f"There is no set-up {setup!r}.", fix=f"Use one of {', '.join(SETUPS)}.")
    kernel = int(code[3])
    widths = [channels_in] * int(code[2]) + [channels_out]
    convolutions = [nn.Conv2d(a, b, kernel, 1, kernel // 2) for a, b in itertools.pairwise(widths)]
    up: dict[str, nn.Module] = {
        "N": nn.Upsample(scale_factor=2, mode="nearest"),
        "Z": ZeroInsertion(),
        "B": nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    }
    return [up[code[1]], *convolutions]
