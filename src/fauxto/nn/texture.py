"""Texture: how diverse a patch is, and pictures put together from their flattest and their busiest patches."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from fauxto.errors import InputError

LEVELS = 255
"""Diversities are counted in steps of 8-bit pixels: whole numbers below 2^24, so every runtime sums them exactly."""


def diversity(patches: Tensor) -> Tensor:
    """Sum of |difference| of neighbours along both axes and both diagonals, over all colours and pixels.

    `(..., c, h, w)` in [0, 1] to `(...)` in steps of 1/255; 0 for a flat patch. Zhong et al., 2023, equation 1.
    """
    levels = (patches * LEVELS).round()
    down = levels[..., 1:, :] - levels[..., :-1, :]
    right = levels[..., :, 1:] - levels[..., :, :-1]
    falling = levels[..., 1:, 1:] - levels[..., :-1, :-1]
    rising = levels[..., 1:, :-1] - levels[..., :-1, 1:]
    return sum(step.abs().flatten(-3).sum(-1) for step in (down, right, falling, rising))  # type: ignore[return-value]


class TextureContrast(nn.Module):
    """A picture to two of `cells` x `cells` patches of `patch` pixels: its poorest in texture, and its richest.

    Three times as many patches as needed are drawn at random places, overlaps allowed; the third with the least
    diversity fills the poor picture, flattest first, the third with the most the rich one, busiest first, row by row.
    Places depend on the side of the picture and `draw` alone, never on its content or neighbours; `draw=None` takes
    fresh ones from torch's random state, the same for the whole batch. Of equal patches the earlier drawn is poorer.
    No gradient passes through the choice, only through the chosen pixels.
    """

    def __init__(self, patch: int = 32, cells: int = 8) -> None:
        super().__init__()
        self.patch, self.cells = patch, cells
        self.chosen = cells * cells

    def forward(self, pixels: Tensor, draw: int | None = 0) -> tuple[Tensor, Tensor]:
        """`(n, c, h, w)` in [0, 1] to poor and rich, each `(n, c, s, s)` with s = cells x patch.

        Errors: InputError when a side is shorter than a patch.
        """
        height, width = int(pixels.shape[-2]), int(pixels.shape[-1])
        if draw is None:
            draw = int(torch.randint(2**31, ()))
        places = torch.from_numpy(_places(height, width, self.patch, 3 * self.chosen, draw)).to(pixels.device)
        patches = pixels.flatten(2)[:, :, places.flatten()].unflatten(2, (3 * self.chosen, self.patch, self.patch))
        patches = patches.transpose(1, 2)
        poor, rich = self.choose(diversity(patches.detach()))
        return self._assemble(patches, poor), self._assemble(patches, rich)

    def choose(self, diversities: Tensor) -> tuple[Tensor, Tensor]:
        """Which patches fill the poor and the rich picture: `(n, 3k)` to two `(n, k)` of indices."""
        count = diversities.shape[1]
        keys = diversities.long() * count + torch.arange(count, device=diversities.device)
        poor, rich = (keys.topk(self.chosen, dim=1, largest=largest).indices for largest in (False, True))
        return poor, rich

    def _assemble(self, patches: Tensor, order: Tensor) -> Tensor:
        """Patches `(n, m, c, p, p)` in the `order` `(n, k)` as one picture, filled row by row."""
        side, channels = self.patch, patches.shape[2]
        index = order[:, :, None, None, None].expand(-1, -1, channels, side, side)
        grid = patches.gather(1, index).unflatten(1, (self.cells, self.cells))
        return grid.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


@lru_cache(maxsize=16)
def _places(height: int, width: int, patch: int, count: int, draw: int) -> np.ndarray:
    """Flat pixel indices of `count` random patches, int64 `(count, patch^2)`."""
    if min(height, width) < patch:
        raise InputError(
            f"Patches of {patch} pixels do not fit a picture of {width} x {height}.",
            fix="Use larger crops or smaller patches.",
        )
    rng = np.random.default_rng((0x7E47, draw))
    tops, lefts = rng.integers(height - patch + 1, size=count), rng.integers(width - patch + 1, size=count)
    rows, columns = np.divmod(np.arange(patch * patch), patch)
    return (tops[:, None] + rows) * width + lefts[:, None] + columns
