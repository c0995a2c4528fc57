"""Discriminators that look at a picture through frozen pretrained networks only (Sauer et al., NeurIPS 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fauxto.generate.gan.diffaugment import diffaugment
from fauxto.nn.pyramid import PatchHead, Projection, Pyramid
from fauxto.nn.spectral_norm import spectrally_normalise


class ProjectedDiscriminator(nn.Module):
    """Pictures `(n, 3, h, w)` in [-1, 1] to patch logits `(n, patches)`, one table a pretrained network.

    Each network sees pictures that DiffAugment changed for it alone (`cutout` 0.2 of the sides); its maps are mixed by
    a random projection of `width`, and a small head judges each. Only the heads learn. With `vectors` of classes,
    `(classes, v)`, each head has them, and judges a picture as one of its label.
    """

    def __init__(
        self, pyramids: Sequence[Pyramid], *, width: int = 64, cutout: float = 0.2, vectors: Tensor | None = None
    ) -> None:
        super().__init__()
        self.cutout = cutout
        self.pyramids = nn.ModuleList(pyramids)
        shapes = [pyramid.shapes() for pyramid in pyramids]
        self.projections = nn.ModuleList(Projection([channels for channels, _ in shape], width) for shape in shapes)
        heads = []
        for shape, projection in zip(shapes, self.projections, strict=True):
            channels: list[int] = projection.channels  # type: ignore[assignment]
            sides = [2 * side for _, side in shape]
            judges = [PatchHead(c, side, width, vectors) for c, side in zip(channels, sides, strict=True)]
            heads.append(nn.ModuleList(judges))
        self.heads = nn.ModuleList(heads)
        spectrally_normalise(self.heads)
        self.embedding_size = width * len(pyramids)

    def learners(self) -> list[nn.Parameter]:
        """What learns: the heads."""
        return list(self.heads.parameters())

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        """See the class."""
        logits = []
        for maps, heads in zip(self._projected(pictures), self.heads, strict=True):
            said = [head(x, labels) for head, x in zip(heads, maps, strict=True)]  # type: ignore[call-overload]
            logits.append(torch.cat(said, 1))
        return logits

    def embedding(self, pictures: Tensor) -> Tensor:
        """The mean of each network's finest projected map, side by side: `(n, embedding_size)`."""
        return torch.cat([maps[0].mean((2, 3)) for maps in self._projected(pictures)], 1)

    def _projected(self, pictures: Tensor) -> list[list[Tensor]]:
        found = []
        for pyramid, projection in zip(self.pyramids, self.projections, strict=True):
            shown = diffaugment(pictures, self.cutout) if self.cutout else pictures
            found.append(projection(pyramid((shown + 1) / 2)))
        return found
