"""The Protocols that systems follow (DESIGN section 3). Small, structural, no class tree.

Pixels at rest are uint8 HWC RGB with the orientation applied; pixels in networks are float32 NCHW in [0, 1] and each
system normalises for itself. A score is a logit: higher = more likely generated. Label 1 = generated, 0 = real.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from fauxto.catalog import Card
from fauxto.media.crops import CropSpec

if TYPE_CHECKING:
    from torch import nn


@runtime_checkable
class Detector(Protocol):
    """Gives a picture one logit.

    `preprocess(image)` turns uint8 HWC RGB of any size into float32 `(k, 3, h, w)` in [0, 1], k windows that share
    one score; `network()` is the module that maps `(n, 3, h, w)` to `(n,)` logits; `score(images)` is
    `(len(images),)` float32, the mean logit over the windows of each picture. Batch-size invariant and deterministic.
    A large detector may name in `small` the arguments of a small sibling of the same class, for tests and quick checks.
    """

    card: ClassVar[Card]
    crop: CropSpec

    def preprocess(self, image: np.ndarray) -> np.ndarray: ...  # noqa: D102
    def network(self) -> nn.Module: ...  # noqa: D102
    def score(self, images: Sequence[np.ndarray]) -> np.ndarray: ...  # noqa: D102


@runtime_checkable
class Loadable(Detector, Protocol):
    """A Detector that reads its weights, or what it was calibrated to, from a file."""

    def load(self, path: str) -> None: ...  # noqa: D102


@runtime_checkable
class Localizer(Protocol):
    """Says of every pixel how likely it was altered, and gives each picture one logit by a rule that its card states.

    `mask(image)` turns uint8 HWC RGB of any size into float32 `(h, w)` in [0, 1] at the same size; `network()` maps
    `(n, 3, tile, tile)` in [0, 1] to a pair: maps of logits `(n, tile, tile)` and logits `(n,)`; `score(images)` is
    `(len(images),)` float32, higher = more likely altered. Deterministic; no picture depends on its neighbours. For
    `fauxto train`, `augment` takes and gives a crop and its mask, float32 `(s, s)` in [0, 1], and `loss` takes the
    network's pair and the masks `(n, s, s)`.
    """

    card: ClassVar[Card]
    recipe: ClassVar[dict[str, Any]]
    tile: int
    overlap: int

    def network(self) -> nn.Module: ...  # noqa: D102
    def mask(self, image: np.ndarray) -> np.ndarray: ...  # noqa: D102
    def score(self, images: Sequence[np.ndarray]) -> np.ndarray: ...  # noqa: D102
    def augment(  # noqa: D102
        self, crop: np.ndarray, mask: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]: ...
    def loss(self, output: Any, masks: Any) -> Any: ...  # noqa: D102
    def load(self, path: str) -> None: ...  # noqa: D102
    def save(self, path: str) -> None: ...  # noqa: D102


@runtime_checkable
class PictureMaker(Protocol):
    """A generator: it learns from a manifest or a folder, resumably, and draws uint8 `(n, h, w, 3)` from a seed.

    The same seed and condition give the same pictures. What is written to disk bears a mark (`provenance.mark`) and has
    a manifest row.
    """

    card: ClassVar[Card]

    def fit(self, data: Any, folder: Any) -> Any: ...  # noqa: D102
    def sample(self, n: int, seed: int = 0, condition: Any = None) -> np.ndarray: ...  # noqa: D102


@runtime_checkable
class Trainable(Detector, Protocol):
    """A Detector that `fauxto train` can fit: it says how one batch becomes a loss, and its published recipe.

    A detector whose loss compares several views of a picture also has `views(crop, rng)`, uint8 `(v, h, w, 3)`; its
    loss is then given `(n, v, ...)`, what its network says of each view in training mode.
    """

    recipe: ClassVar[dict[str, Any]]

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray: ...  # noqa: D102
    def loss(self, logits: Any, labels: Any) -> Any: ...  # noqa: D102
    def load(self, path: str) -> None: ...  # noqa: D102
    def save(self, path: str) -> None: ...  # noqa: D102
