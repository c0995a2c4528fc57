"""The layers that heads are made of: plain ones, or those of the StyleGANs, which scale their weights at run time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from fauxto.errors import InputError


@dataclass(frozen=True)
class HeadLayers:
    """`linear(inputs, outputs, bias)` on features, `embedding(classes, size)` on labels `(n,)`."""

    linear: Callable[[int, int, bool], nn.Module]
    embedding: Callable[[int, int], nn.Module]


PLAIN = HeadLayers(linear=nn.Linear, embedding=nn.Embedding)


def needed(labels: Tensor | None) -> Tensor:
    """The labels. Errors: InputError when there are none."""
    if labels is None:
        raise InputError(
            "A conditional discriminator got no labels.", fix="Give labels, int64 of shape (n,), in [0, classes)."
        )
    return labels
