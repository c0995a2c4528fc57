"""One stage of training: which network runs, which part of it learns, from which loss, by which recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from fauxto.contracts import Trainable


@dataclass(frozen=True, slots=True)
class Stage:
    """`network` maps `(n, 3, h, w)` to what `loss(output, labels, generators)` takes; only `trained` moves.

    `network` holds the whole model, so that a checkpoint of any stage is one of all; `trained` is a part of it. Labels
    are `(n,)`, 1 = generated; generators `(n,)` are indices into the names that `stages` was given, -1 for real.
    `share` is the part of all steps that the stage gets.
    """

    name: str
    network: nn.Module
    trained: nn.Module
    loss: Callable[[Tensor, Tensor, Tensor], Tensor]
    recipe: dict[str, Any]
    share: float = 1.0


@runtime_checkable
class Staged(Trainable, Protocol):
    """A Trainable that learns in several stages, or learns the generators' names, and says how."""

    def stages(self, generators: Sequence[str]) -> Sequence[Stage]: ...  # noqa: D102


def stages_of(detector: Trainable, generators: Sequence[str]) -> Sequence[Stage]:
    """The stages of a detector; one stage, its own network, loss and recipe, where it names none."""
    if isinstance(detector, Staged):
        return detector.stages(generators)
    network = detector.network()
    return (Stage("train", network, network, lambda output, labels, _: detector.loss(output, labels), detector.recipe),)
