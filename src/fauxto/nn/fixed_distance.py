"""A perceptual distance without weights: the formula of LPIPS on fixed filters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.srm import srm_bank


class FixedDistance(nn.Module):
    """How unlike two pictures are in the direction of their local detail; two `(n, 3, h, w)` to `(n,)`, from 0 to 4.

    LPIPS (Zhang et al., CVPR 2018) compares, at each pixel, feature vectors of unit length; here the features are the
    30 filters of the spatial rich model on luma, at full, half and quarter size, and no layer is weighted. `floor` is
    added under the root of each length: detail below it (noise of 8-bit rounding) counts for little.
    """

    def __init__(self, scales: int = 3, floor: float = 4 / 255) -> None:
        super().__init__()
        self.scales, self.floor = scales, floor
        self.bank: Tensor
        self.luma: Tensor
        self.register_buffer("bank", srm_bank()[:, None], persistent=False)
        self.register_buffer("luma", torch.tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1), persistent=False)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The mean over pixels and scales; sides at least `4 * 2 ** (scales - 1)`."""
        pair = [(picture * self.luma).sum(1, keepdim=True) for picture in (first, second)]
        total = []
        for scale in range(self.scales):
            if scale:
                pair = [functional.avg_pool2d(picture, 2) for picture in pair]
            a, b = (self._directions(picture) for picture in pair)
            total.append((a - b).square().sum(1).mean((1, 2)))
        return torch.stack(total).mean(0)

    def _directions(self, luma: Tensor) -> Tensor:
        """The filters at every pixel, `(n, 30, h, w)`, shortened to at most unit length."""
        detail = functional.conv2d(functional.pad(luma, (2, 2, 2, 2), mode="reflect"), self.bank)
        return detail / (detail.square().sum(1, keepdim=True) + self.floor**2).sqrt()
