"""Where a face is, as a map in [0, 1]: everywhere, an ellipse in a box, or what a face parser says."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Attention = Callable[[Tensor], Tensor]
"""Pictures `(n, 3, h, w)` in [0, 1] to a map `(n, 1, h, w)` in [0, 1]."""

BACKGROUND = 0
"""The class of the background among the 19 of CelebAMask-HQ."""


def everywhere(pixels: Tensor) -> Tensor:
    """Attention switched off: ones, `(n, 1, h, w)`."""
    return torch.ones_like(pixels[:, :1])


def ellipse_prior(box: tuple[float, float, float, float], softness: float = 0.15) -> Attention:
    """The ellipse in a face's box (x, y, width, height, as shares of the picture), falling off over `softness`.

    >>> ellipse_prior((0.25, 0.25, 0.5, 0.5))(torch.zeros(1, 3, 8, 8))[0, 0, 4, 4] > 0.99
    tensor(True)
    """
    x, y, width, height = box

    def attend(pixels: Tensor) -> Tensor:
        rows, columns = (torch.arange(side, device=pixels.device) for side in pixels.shape[2:])
        down = ((rows + 0.5) / pixels.shape[2] - y - height / 2) / (height / 2)
        across = ((columns + 0.5) / pixels.shape[3] - x - width / 2) / (width / 2)
        radius = (down[:, None] ** 2 + across[None] ** 2).sqrt()
        return torch.sigmoid((1 - radius) / softness * 4).expand(len(pixels), 1, -1, -1)

    return attend


def from_parser(parser: nn.Module, background: int = BACKGROUND) -> Attention:
    """1 - p(background) of a face parser of yours that maps `(n, 3, h, w)` to class logits `(n, k, h, w)`.

    The parser is not trained, and normalises for itself.
    """
    parser.requires_grad_(False).eval()

    def attend(pixels: Tensor) -> Tensor:
        logits = parser(pixels)
        logits = logits[0] if isinstance(logits, tuple | list) else logits  # BiSeNet gives two auxiliary heads as well
        return 1 - logits.softmax(1)[:, background : background + 1]

    return attend
