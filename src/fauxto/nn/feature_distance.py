"""The formula of LPIPS (Zhang et al., CVPR 2018, equation 1) on the maps of any network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

EPSILON = 1e-10
"""Added to each length, as the authors do."""

TINY = 1e-20
"""Added under the root: the slope at a vector of zeros is then 0 instead of no number, and no length changes."""


class FeatureDistance(nn.Module):
    """Two `(n, 3, h, w)` in [0, 1] to `(n,)`: 0 for equal pictures, larger the less alike they look.

    At every place of some maps vectors of unit length are compared, each channel weighted by a number that is not
    negative; means over places are summed over maps. A network for it defines `maps` and has as many `heads`, each
    `(1, channels, 1, 1)`.
    """

    heads: nn.ParameterList

    def maps(self, pixels: Tensor) -> Sequence[Tensor]:
        """The maps `(n, c, h', w')` of pictures in [0, 1], vectors not yet of unit length."""
        raise NotImplementedError

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """See the class; both of one shape."""
        total = torch.zeros(len(first), device=first.device)
        for a, b, head in zip(self.maps(first), self.maps(second), self.heads, strict=True):
            total = total + (head * (directions(a) - directions(b)).square()).sum(1).mean((1, 2))
        return total

    def describe(self, pixels: Tensor) -> Tensor:
        """Vectors `(n, d)` whose squared Euclidean distance is this one: to compare pictures with many."""
        parts = []
        for found, head in zip(self.maps(pixels), self.heads, strict=True):
            places = found.shape[2] * found.shape[3]
            parts.append((directions(found) * (head / places).sqrt()).flatten(1))
        return torch.cat(parts, 1)

    def distance(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The same on arrays, as `score.generative.path_length` takes it."""
        with torch.inference_mode():
            return self(torch.from_numpy(first).float(), torch.from_numpy(second).float()).numpy()


def directions(found: Tensor) -> Tensor:
    """Each vector along dimension 1 at unit length; zeros stay."""
    return found / ((found.square().sum(1, keepdim=True) + TINY).sqrt() + EPSILON)
