"""A recipe: everything that decides how a GAN is made and trained, but not on what; Python or TOML, and typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from fauxto.errors import InputError
from fauxto.generate.gan.ada import Policy
from fauxto.generate.gan.adversarial import AdversarialLoss
from fauxto.generate.gan.interface import Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.latents import Prior
from fauxto.generate.gan.typed import build


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLoss:
    """Weights and constants of the loss that a conditioning adds to the adversarial one."""

    weight: float = 1.0
    temperature: float = 1.0
    margin: float = 0.98
    """Of "data_to_data"."""
    released: bool = True
    """Of "data_to_data": as in the authors' code, or as in the paper."""
    twin_discriminator: float = 1.0
    twin_generator: float = 1.0
    multi_hinge: float = 0.05
    """Of the generator's half of "multi_hinge"."""
    code: float = 1.0
    """Of InfoGAN's codes, discrete and continuous."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regularizers:
    """The weight of each; 0 means off."""

    gradient_penalty: float = 0.0
    """WGAN-GP: unit slope between real and generated pictures."""
    dragan: float = 0.0
    """Unit slope around real pictures."""
    steepest: float = 0.0
    """LGAN: the largest slope of the batch."""
    r1: float = 0.0
    r2: float = 0.0
    flat_every: int = 1
    """R1 and R2 only every so many steps, then so many times as strong."""
    flat_apart: bool = False
    """R1 and R2 as a step of the optimizer of their own."""
    clip: float = 0.0
    """The bound of the discriminator's weights, WGAN."""
    orthogonality: float = 0.0
    """Of the generator's weights, BigGAN."""
    consistency: float = 0.0
    """CR."""
    balanced_real: float = 0.0
    balanced_fake: float = 0.0
    """bCR."""
    latent_discriminator: float = 0.0
    latent_generator: float = 0.0
    """zCR."""
    latent_radius: float = 0.05
    lecam: float = 0.0
    lecam_start: int = 1000
    """Steps before it acts; the averages run from the first."""
    lecam_decay: float = 0.99
    latent_step: float = 0.0
    """LOGAN: the weight of the squared step; the step itself has three constants."""
    latent_share: float = 0.8
    latent_alpha: float = 0.9
    latent_beta: float = 0.1
    path_length: float = 0.0
    path_every: int = 4
    path_decay: float = 0.01
    top_k: float = 1.0
    """By what the number of samples that count shrinks in each epoch; 1 means that all count always."""
    top_k_least: float = 0.5
    feature_matching: float = 0.0
    frozen_blocks: int = 0
    """FreezeD: how many of the discriminator's first blocks keep the weights that they begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What the discriminator's pictures, real and generated, go through; `pseudo` is APA, alone or beside ADA."""

    kind: Literal["none", "diffaugment", "ada"] = "none"
    policy: Policy = "bgc"
    cutout: float = 0.5
    """Of DiffAugment."""
    pseudo: bool = False
    target: float = 0.6
    kilo_images: float = 500.0
    interval: int = 4
    start: float = 0.0
    blur: float = 0.0
    """StyleGAN3-r: the deviation in pixels of a blur that fades out over the first 6,250 batches of real pictures."""
    mirror: bool = True
    """Real pictures are turned left to right by chance, as data, not before the discriminator."""

    @property
    def adaptive(self) -> bool:
        """Whether a controller sets its strength."""
        return self.pseudo or self.kind == "ada"


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimization:
    """Who learns how fast, how often, on how many pictures, for how long."""

    optimizer: Literal["adam", "sgd", "rmsprop"] = "adam"
    steps: int = 100_000
    """Of the generator."""
    batch: int = 64
    """Pictures of one pass, over all devices."""
    accumulate: int = 1
    """Passes whose gradients are averaged into one step."""
    generator_rate: float = 2e-4
    discriminator_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    epsilon: float = 1e-6
    generator_decay: float = 0.0
    discriminator_decay: float = 0.0
    momentum: float = 0.0
    generator_steps: int = 1
    discriminator_steps: int = 5
    discriminator_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """The moving average of the generator's weights that pictures are drawn from: a decay, or StyleGAN's half-life."""

    decay: float | None = None
    start: int = 0
    half_life: float | None = None
    """In thousands of pictures."""
    rampup: float | None = 0.05

    @property
    def used(self) -> bool:
        """Whether there is an average at all."""
        return self.decay is not None or self.half_life is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One GAN. `generator` and `discriminator` are keyword arguments of the architecture's own makers.

    `latent_size` None is the published one for the resolution. `generator_conditioning` and `conditioning` say how the
    two use the class; a data set without classes needs a recipe without either.
    """

    architecture: str = "resnet"
    resolution: int = 32
    latent_size: int | None = None
    prior: Prior = "normal"
    style_mixing: float = 0.0
    """How often a style changes midway, StyleGAN."""
    generator_conditioning: GeneratorMethod = "none"
    conditioning: Conditioning = field(default_factory=Conditioning)
    codes: Codes | None = None
    generator: Mapping[str, Any] = field(default_factory=dict)
    discriminator: Mapping[str, Any] = field(default_factory=dict)
    loss: AdversarialLoss = "vanilla"
    class_loss: ClassLoss = field(default_factory=ClassLoss)
    regularizers: Regularizers = field(default_factory=Regularizers)
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimization: Optimization = field(default_factory=Optimization)
    average: Average = field(default_factory=Average)

    @property
    def conditional(self) -> bool:
        """Whether it needs pictures with classes."""
        return self.conditioning.method != "none" or self.generator_conditioning != "none"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, which `from_dict` reads."""
        return asdict(self)


def from_dict(values: Mapping[str, Any], base: Recipe | None = None) -> Recipe:
    """A recipe with what `values` says, the rest as in `base` or by default.

    Errors: InputError for an unknown name (with the nearest known one) or a value of the wrong type.
    """
    return build(Recipe, values, base, "recipe")


def load_recipe(path: str | Path, known: Mapping[str, Recipe]) -> Recipe:
    """The recipe in a TOML file; its key `base` may name one of the `known` ones to start from. Errors: InputError."""
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"There is no recipe {path}.",
            fix="`fauxto generate recipes` lists those of the house; or give a TOML file.",
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} is no TOML file: {error}.", fix="Correct it.") from error
    base = values.pop("base", None)
    if base is not None and base not in known:
        raise InputError(
            f"{path}: there is no recipe {base!r} to start from.", fix="`fauxto generate recipes` lists them."
        )
    return from_dict(values, known[base] if base is not None else None)
