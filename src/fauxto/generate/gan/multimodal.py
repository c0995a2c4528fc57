"""Truncation to the nearest of several centres: for data of many kinds, whose one mean looks like none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.random_projection import SparseRandomProjection
from torch import Tensor, nn

from fauxto.errors import InputError, WeightError
from fauxto.generate.gan.statistics import untracked
from fauxto.learn.checkpoint import load_tensors, save
from fauxto.nn.feature_distance import FeatureDistance

Space = Literal["perceptual", "style"]
"""Where likeness is measured: between pictures by a perceptual distance, or between styles by their length."""

PROJECTED = 256
"""Numbers a picture that clusters are sought in; distances are kept to a few per cent (Johnson, Lindenstrauss)."""

BATCH = 64


def rendered(generator: Any, styles: Tensor) -> Iterator[Tensor]:
    """Batches of pictures `(n, 3, h, w)` in [0, 1] of styles `(n, style_size)`, without the layers' noise."""
    options = {"noise": "none"} if hasattr(generator.synthesis, "noise_shapes") else {}
    with torch.no_grad(), untracked(generator):
        for batch in styles.split(BATCH):
            spread = batch[:, None].expand(-1, generator.style_count, -1)
            yield (generator.synthesis(spread, **options) / 2 + 0.5).clamp(0, 1)


def described(generator: Any, distance: FeatureDistance, styles: Tensor) -> Tensor:
    """What `distance` compares of the pictures of styles `(n, style_size)`, `(n, d)`."""
    with torch.no_grad():
        return torch.cat([distance.describe(pictures) for pictures in rendered(generator, styles)])


def drawn_styles(generator: Any, count: int, seed: int = 0) -> Tensor:
    """`count` styles `(count, style_size)` of normal latents, of one layer: all layers have the same."""
    latents = torch.randn(count, generator.latent_size, generator=torch.Generator().manual_seed(seed))
    device = next(generator.parameters()).device
    with torch.no_grad(), untracked(generator):
        return torch.cat([generator.styles(batch.to(device))[:, 0] for batch in latents.split(1024)])


def find_centres(
    generator: Any,
    distance: FeatureDistance,
    count: int = 64,
    *,
    samples: int = 60_000,
    space: Space = "perceptual",
    seed: int = 0,
) -> Tensor:
    """`count` centres `(count, style_size)`: the mean styles of clusters of drawn pictures that look alike.

    k-means over what `distance` compares of each picture, randomly projected where that is long; or over the styles
    themselves. Errors: InputError for fewer samples than centres, or no centre.
    """
    if not 1 <= count <= samples:
        raise InputError(f"{samples} samples have no {count} centres.", fix="Ask for fewer, or draw more samples.")
    styles = drawn_styles(generator, samples, seed)
    table = styles.cpu().numpy()
    if space == "perceptual":
        table = _projected(generator, distance, styles, seed)
    clusters = KMeans(count, n_init=3, random_state=seed).fit(table).labels_
    return torch.stack([styles[torch.from_numpy(clusters == k)].mean(0) for k in range(count)])


def _projected(generator: Any, distance: FeatureDistance, styles: Tensor, seed: int) -> np.ndarray:
    """`(n, PROJECTED)` numbers a picture, or all where there are fewer; never all pictures' maps at once."""
    project, rows = None, []
    for pictures in rendered(generator, styles):
        row = distance.describe(pictures).cpu().numpy()
        if row.shape[1] > PROJECTED:
            project = project or SparseRandomProjection(PROJECTED, random_state=seed).fit(row)
            row = project.transform(row)
        rows.append(row)
    return np.concatenate(rows)


@dataclass(frozen=True, slots=True)
class Centres:
    """Centres in W, `styles` `(c, style_size)`, and what a perceptual distance compares of their pictures, `(c, d)`."""

    styles: Tensor
    described: Tensor

    @classmethod
    def of(cls, generator: Any, distance: FeatureDistance, styles: Tensor) -> Centres:
        """Centres of a generator. Errors: InputError for styles of another size."""
        if styles.ndim != 2 or styles.shape[1] != generator.style_size or not len(styles):
            raise InputError(
                f"Centres are (c, {generator.style_size}) numbers; got {tuple(styles.shape)}.",
                fix="Give the centres that belong to this generator.",
            )
        return cls(styles, described(generator, distance, styles))

    def nearest(self, styles: Tensor, seen: Tensor | None = None) -> Tensor:
        """The number of the centre nearest to each of styles `(n, style_size)`: by what was `seen` of their pictures,
        `(n, d)`, else by the styles themselves; the first of equals.
        """
        to, of = (self.styles, styles) if seen is None else (self.described, seen)
        return torch.cdist(of, to).argmin(1)

    def truncated(self, styles: Tensor, psi: float, nearest: Tensor) -> Tensor:
        """c + psi (w - c) for W+ `(n, layers, style_size)` or W `(n, style_size)` and the centre c of each.

        At psi 1 the styles themselves, at 0 the centres, to the bit.
        """
        centre = self.styles[nearest]
        return torch.lerp(centre[:, None] if styles.ndim == 3 else centre, styles, psi)


class MultimodalGenerator(nn.Module):
    """A StyleGAN whose truncation pulls each style to the nearest of its centres: everything that draws can use it.

    The nearest centre is that of the most alike picture by `distance`, or of the nearest style. Pictures are compared
    as the first layer's style alone makes them. Unconditional generators only.
    """

    def __init__(self, generator: Any, distance: FeatureDistance, centres: Tensor, space: Space = "perceptual") -> None:
        super().__init__()
        self.generator, self.space = generator, space
        self.distance, self.centres = distance, Centres.of(generator, distance, centres)
        self.latent_size, self.classes, self.codes = generator.latent_size, generator.classes, generator.codes
        self.resolution, self.synthesis = generator.resolution, generator.synthesis
        self.style_count, self.style_size = generator.style_count, generator.style_size

    def nearest(self, styles: Tensor) -> Tensor:
        """The centre of each of styles `(n, style_size)`."""
        seen = described(self.generator, self.distance, styles) if self.space == "perceptual" else None
        return self.centres.nearest(styles, seen)

    def styles(self, latents: Tensor, labels: Tensor | None = None, *, truncation: float = 1.0) -> Tensor:
        """W+ `(n, style_count, style_size)`, truncated."""
        styles: Tensor = self.generator.styles(latents, labels)
        return styles if truncation == 1 else self.centres.truncated(styles, truncation, self.nearest(styles[:, 0]))

    def forward(self, latents: Tensor, labels: Tensor | None = None, *, truncation: float = 1.0) -> Tensor:
        """Pictures `(n, 3, resolution, resolution)`, about [-1, 1]."""
        return self.synthesis(self.styles(latents, labels, truncation=truncation))


def save_centres(path: Path, centres: Tensor, **told: object) -> None:
    """Write centres as safetensors."""
    save(path, {"centres": centres}, **told)


def load_centres(path: Path, style_size: int) -> Tensor:
    """Centres `(c, style_size)` of `save_centres`, or of an .npy file as published. Errors: WeightError."""
    try:
        table = np.load(path, allow_pickle=False) if path.suffix == ".npy" else load_tensors(path)["centres"].numpy()
    except (OSError, ValueError, KeyError) as error:
        raise WeightError(f"{path} holds no centres: {error}.", fix="Give a table of styles, .npy.") from error
    table = np.asarray(table)
    if table.ndim != 2 or table.shape[1] != style_size or table.dtype.kind != "f" or not np.isfinite(table).all():
        raise WeightError(
            f"{path} holds {table.dtype} {table.shape}; expected finite numbers of shape (c, {style_size}).",
            fix="Give the centres that were published with this generator.",
        )
    return torch.from_numpy(table).float()
