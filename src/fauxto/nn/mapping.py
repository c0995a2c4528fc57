"""StyleGAN's mapping network: latents and labels to styles, and the mean style that truncation pulls to."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.nn.equalized import EqualLinear
from fauxto.nn.tracked import Tracked

RATE = 0.01
"""How much slower than the rest a mapping network learns."""


class LabelMapping(nn.Module):
    """Labels `(n,)` below `classes` to `(n, style_size)`: how StyleGAN's discriminator embeds classes.

    The embedded label, scaled to unit mean square, goes through `layers` slow linear layers with leaky ReLU.
    """

    def __init__(self, classes: int, style_size: int, layers: int = 8) -> None:
        super().__init__()
        self.classes = classes
        self.embed = EqualLinear(classes, style_size)
        self.layers = _layers(style_size, style_size, layers, RATE)

    def forward(self, labels: Tensor) -> Tensor:
        """See the class."""
        return self.layers(_unit(self.embed(functional.one_hot(labels, self.classes).to(self.embed.weight.dtype))))


class LabelVectors(nn.Module):
    """Labels `(n,)` to `(n, outputs)`: vectors `(classes, v)` that are known before, a linear layer, leaky ReLU.

    The vectors, a pretrained network's say, learn on from where they were given.
    """

    def __init__(self, vectors: Tensor, outputs: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors.detach().clone())
        self.embed = EqualLinear(vectors.shape[1], outputs, activate=True)

    def forward(self, labels: Tensor | None) -> Tensor:
        """See the class. Errors: InputError without labels."""
        if labels is None:
            raise InputError(
                "A conditional network got no labels.", fix="Give labels, int64 of shape (n,), in [0, classes)."
            )
        return self.embed(self.vectors[labels])


class VectorMapping(nn.Module):
    """Latents `(n, latent_size)` and labels `(n,)` to styles `(n, style_size)`, classes by `LabelVectors`.

    Both are scaled to unit mean square, laid side by side, and go through `layers` slow linear layers with leaky ReLU.
    """

    def __init__(self, latent_size: int, vectors: Tensor, style_size: int, layers: int = 2) -> None:
        super().__init__()
        self.labels = LabelVectors(vectors, latent_size)
        self.layers = _layers(2 * latent_size, style_size, layers, RATE)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class. Errors: InputError without labels."""
        return self.layers(torch.cat([_unit(latents), _unit(self.labels(labels))], 1))


class Mapping(Tracked):
    """Latents `(n, latent_size)` and, where there are `classes`, labels `(n,)` to styles `(n, style_size)`.

    Latent and embedded label are scaled to unit mean square, laid side by side, and go through `layers` slow linear
    layers with leaky ReLU. `mean` follows the styles seen in training.
    """

    def __init__(
        self,
        latent_size: int,
        classes: int,
        style_size: int,
        layers: int = 8,
        *,
        rate: float = RATE,
        decay: float = 0.998,
    ) -> None:
        super().__init__()
        self.latent_size, self.classes, self.decay = latent_size, classes, decay
        self.embed = EqualLinear(classes, style_size) if classes else None
        self.layers = _layers(latent_size + (style_size if classes else 0), style_size, layers, rate)
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(style_size))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class. Errors: InputError when a conditional mapping gets no labels."""
        x = _unit(latents)
        if self.embed is not None:
            if labels is None:
                raise InputError(
                    "A conditional mapping network got no labels.",
                    fix="Give labels, int64 of shape (n,), in [0, classes).",
                )
            embedded = self.embed(functional.one_hot(labels, self.classes).to(x.dtype))
            x = torch.cat([x, _unit(embedded)], 1)
        styles = self.layers(x)
        self.follow(self.mean, styles.detach().mean(0), self.decay)
        return styles


def _layers(width: int, style_size: int, layers: int, rate: float) -> nn.Sequential:
    """`layers` linear layers of `style_size` outputs."""
    widths = [width, *[style_size] * (layers - 1)]
    return nn.Sequential(*(EqualLinear(inputs, style_size, activate=True, rate=rate) for inputs in widths))


def _unit(x: Tensor) -> Tensor:
    """Unit mean square."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
