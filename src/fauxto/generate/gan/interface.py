"""What generators and discriminators are to each other: the shapes that losses, loops and sampling tools rely on.

Pictures are float32 `(n, 3, h, w)` in [-1, 1]; latents `(n, latent_size + codes.width)`; labels int64 `(n,)` in
[0, classes) or None where nothing is conditional. The discriminator's logit is higher for real pictures, as in the
literature of GANs (a detector's score points the other way).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from torch import Tensor, nn

Method = Literal[
    "none",
    "concatenation",
    "projection",
    "style_projection",
    "multiple_outputs",
    "classifier",
    "contrastive",
    "data_to_data",
    "multi_hinge",
]
"""How a discriminator uses the label: no use, cGAN, PD-GAN, StyleGAN2, one logit a class, ACGAN, ContraGAN, ReACGAN,
MHGAN. StudioGAN calls them W/O, -, PD, SPD, MD, AC, 2C, D2DCE, MH."""

Auxiliary = Literal["none", "twin", "discriminative"]
"""Whether a classifier has a second head for fakes (TACGAN), or 2 x classes outputs (ADCGAN): class k of real pictures
is number 2k, of generated ones 2k + 1."""

GeneratorMethod = Literal["none", "norm", "concatenation"]
"""How a generator uses the label: not, in its normalisation (cBN, or the style of StyleGANs), or beside the latent."""


@dataclass(frozen=True)
class Conditioning:
    """The discriminator's part of a conditional GAN.

    `embedding_size` is the width of embeddings and proxies ("contrastive" and "data_to_data"); `normalised` puts them
    on the unit sphere.
    """

    method: Method = "none"
    auxiliary: Auxiliary = "none"
    embedding_size: int = 512
    normalised: bool = True


@dataclass(frozen=True)
class Codes:
    """InfoGAN's codes, appended to the latent: one-hot discrete variables first, then continuous ones in [-1, 1].

    `injection` says where the generator takes them: mixed into the latent by one linear layer, or in its norms.
    """

    discrete: int = 0
    values: int = 0
    continuous: int = 0
    injection: Literal["latent", "norm"] = "latent"

    @property
    def width(self) -> int:
        """How many numbers the codes take behind the latent."""
        return self.discrete * self.values + self.continuous


class CodeGuess(NamedTuple):
    """What a discriminator reads of the codes in a picture: `None` where there are no codes of that kind."""

    logits: Tensor | None
    """`(n, discrete, values)`."""
    mean: Tensor | None
    """`(n, continuous)`."""
    variance: Tensor | None
    """`(n, continuous)`, positive."""


class Judgement(NamedTuple):
    """What a discriminator says of n pictures and their labels; `None` where its conditioning has no such output.

    It does not know whether the pictures are real: with "discriminative" both proxies are given, and a classifier's
    targets 2k or 2k + 1 are the loss's to choose. A tuple, so that every wrapper of modules can look through it.
    """

    adversarial: Tensor
    """`(n,)` logits, higher = real. With "multi_hinge" the label's output minus that of "fake"."""
    features: Tensor
    """`(n, f)`, what the heads read: the sum over positions (StyleGAN: the last hidden layer)."""
    margins: Tensor | None = None
    """`(n, classes + 1)` of "multi_hinge", the last one for "fake"."""
    class_logits: Tensor | None = None
    """`(n, classes)`, with "discriminative" `(n, 2 classes)`."""
    embedding: Tensor | None = None
    """`(n, d)` of the pictures."""
    proxy: Tensor | None = None
    """`(n, d)` of their labels; with "discriminative" of the label as real."""
    fake_proxy: Tensor | None = None
    """`(n, d)` of their labels as fake, with "discriminative"."""
    twin_logits: Tensor | None = None
    twin_embedding: Tensor | None = None
    twin_proxy: Tensor | None = None
    """Shapes as above, of the second head ("twin")."""
    codes: CodeGuess | None = None
    penalty: Tensor | None = None
    """A scalar that the discriminator wants added to the loss of whoever asked it, about the batch as a whole."""


@runtime_checkable
class Generator(Protocol):
    """`generator(latents, labels)` gives pictures; a module, so it has `parameters()`, `train()` and the rest."""

    latent_size: int
    classes: int
    """0 when unconditional."""
    resolution: int
    codes: Codes | None

    def __call__(self, latents: Tensor, labels: Tensor | None = None) -> Tensor: ...  # noqa: D102


@runtime_checkable
class StyleGenerator(Generator, Protocol):
    """A generator in two halves: latents to styles `(n, style_count, style_size)`, styles to pictures.

    In training mode `mapping` follows the mean style and `synthesis` (StyleGAN3) the magnitude of its inputs, unless
    the pass is made under `statistics.untracked(generator)`. `truncation` pulls styles to that mean: 1 leaves them.
    """

    style_count: int
    style_size: int
    synthesis: Callable[..., Tensor]

    def styles(self, latents: Tensor, labels: Tensor | None = None, *, truncation: float = 1.0) -> Tensor: ...  # noqa: D102


class Body(Protocol):
    """The part of a discriminator below its heads: pictures to `(n, features)`.

    `blocks` are in order from the picture on (freezeD freezes the first ones); `positions` is the number of positions
    that were summed, 1 where none were.
    """

    features: int
    positions: int
    blocks: nn.ModuleList

    def __call__(self, images: Tensor) -> Tensor: ...  # noqa: D102


@runtime_checkable
class Discriminator(Protocol):
    """`discriminator(images, labels)` gives a Judgement; a module with one body and its heads."""

    body: Any
    classes: int
    resolution: int
    conditioning: Conditioning
    codes: Codes | None

    def __call__(self, images: Tensor, labels: Tensor | None = None) -> Judgement: ...  # noqa: D102


@dataclass(frozen=True)
class Architecture:
    """One published pair of networks, as two makers with plain keyword arguments.

    Every generator takes `resolution, classes, latent_size, conditioning (GeneratorMethod), codes`, every discriminator
    `resolution, classes, conditioning (Conditioning), codes`; the rest is their own and visible in their signatures.
    `latent_sizes` has the published latent size of each resolution, `tiny_generator` and `tiny_discriminator` the
    arguments of a small sibling for tests.
    """

    name: str
    generator: Callable[..., Any]
    discriminator: Callable[..., Any]
    latent_sizes: Mapping[int, int]
    methods: frozenset[Method]
    generator_methods: frozenset[GeneratorMethod] = frozenset({"none", "norm", "concatenation"})
    styled: bool = False
    """Whether the generator is a StyleGenerator."""
    coded: bool = True
    """Whether the generator can take InfoGAN's codes."""
    tiny_generator: Mapping[str, Any] = field(default_factory=dict)
    tiny_discriminator: Mapping[str, Any] = field(default_factory=dict)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """The sides in pixels that it is defined for."""
        return tuple(self.latent_sizes)
