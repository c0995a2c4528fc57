"""Vanilla GAN, DCGAN and WGAN as repairers of magnetic resonance slices, under one protocol (arXiv 2602.00221, 2026).

The paper's abstract compares three plain GANs on knee, heart and brain by SSIM and PSNR; nothing else of it could be
read. Here each learns to undo a stated degradation, by its own adversarial loss and a common L1 term, so that what the
architecture gives and what the adversary gives can be told apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from fauxto.catalog import Card, Input
from fauxto.errors import InputError
from fauxto.generate.gan.adversarial import OBJECTIVES
from fauxto.generate.gan.loop import play
from fauxto.generate.gan.penalties import between, unit_slope
from fauxto.generate.gan.turns import only
from fauxto.generate.gan.weight_bounds import clip_weights
from fauxto.learn.checkpoint import load_strict, load_tensors, metadata_of, save
from fauxto.learn.schedule import make_optimizer
from fauxto.nn.dcgan import ConvDiscriminator, ConvGenerator
from fauxto.nn.initial import initialise
from fauxto.nn.perceptron import perceptron

CARD = Card(
    slug="mri-gans",
    kinds=("generator",),
    title="Cross-organ benchmark of vanilla GAN, DCGAN and WGAN for magnetic resonance image reconstruction",
    venue="arXiv",
    year=2026,
    idea="Train three plain GANs under one preprocessing on slices of several organs, and compare what they "
    "reconstruct with the truth by SSIM and PSNR, by rank tests over patients.",
    input=Input(size=64, resize="required", crop="whole slices, padded to squares", range="grey float32 in [0, 1]"),
    output="repaired slices; slices from noise; a table of SSIM and PSNR with controls and tests",
    claim="On knee, heart and brain phantoms undersampled four times in k-space, the vanilla GAN lies below DCGAN and "
    "WGAN in SSIM and in PSNR, and all three lie above their own input and a median filter of it.",
    choices=(
        "Only the abstract could be read: inputs, sizes, losses and data of the paper are not established.",
        "A PSNR near 49 dB needs a paired input, so each generator repairs a degraded slice: a quarter of k-space's "
        "lines, Rician noise, or half the resolution.",
        "All three have an L1 term of weight 100 beside the adversarial one; l1 = 0 leaves the adversary alone, "
        "adversarial = 0 the L1 twin that every gain has to be measured against.",
        "The vanilla GAN is a perceptron on the flattened slice; DCGAN and WGAN share a convolutional encoder and "
        "decoder without skip connections, and a trunk; none is shown the input beside the output.",
        "The published rates 2e-4 (Adam) and 5e-5 (RMSprop) stay in proportion where `speed` scales them.",
    ),
    fails_on=(
        "An adversary may invent anatomy: check `contradiction` with the measurement, or put its lines back.",
        "Figures of whole slices are inflated by the black surrounding: read those of the foreground.",
        "It repairs only the degradation that it was trained on.",
    ),
    source="https://arxiv.org/abs/2602.00221",
)

Model = Literal["vanilla", "dcgan", "wgan", "wgan-gp"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One of the GANs as its own paper trains it: networks, adversarial loss, optimizer of both players."""

    convolutional: bool = True
    loss: Literal["vanilla", "wasserstein"] = "vanilla"
    optimizer: Literal["adam", "rmsprop"] = "adam"
    rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    critic_steps: int = 1
    clip: float = 0.0
    penalty: float = 0.0


RECIPES: dict[Model, Recipe] = {
    "vanilla": Recipe(convolutional=False),
    "dcgan": Recipe(),
    "wgan": Recipe(loss="wasserstein", optimizer="rmsprop", rate=5e-5, critic_steps=5, clip=0.01),
    "wgan-gp": Recipe(loss="wasserstein", rate=1e-4, betas=(0.0, 0.9), critic_steps=5, penalty=10.0),
}
"""Goodfellow et al. 2014; Radford et al. 2016; Arjovsky et al. 2017; Gulrajani et al. 2017."""


def named(word: str) -> Model:
    """The model of a name. Errors: InputError for any other word."""
    for model in RECIPES:
        if model == word:
            return model
    raise InputError(f"There is no model {word!r}.", fix=f"Use one of {', '.join(RECIPES)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and at what weights a GAN is trained; `speed` multiplies the rates of its recipe."""

    steps: int = 1000
    batch: int = 32
    l1: float = 100.0
    adversarial: float = 1.0
    speed: float = 1.0


class ConvAutoencoder(nn.Module):
    """Slices `(n, 1, s, s)` in [-1, 1] to slices: 4 x 4 convolutions of stride 2, and transposed ones back.

    Batch norm and ReLU between, tanh at the end, no way around the bottleneck of side s / 16; s is a multiple of 16.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [1, *(width * 2**k for k in range(4))]
        down: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            down += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        up: list[nn.Module] = []
        for before, after in itertools.pairwise(widths[:0:-1]):
            up += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.net = nn.Sequential(*down, *up, nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh())

    def forward(self, slices: Tensor) -> Tensor:
        """See the class."""
        return self.net(slices)


def perceptron_generator(inputs: int, side: int, hidden: tuple[int, ...]) -> nn.Sequential:
    """`(n, ...)` of `inputs` numbers to slices `(n, 1, s, s)` in [-1, 1]."""
    return nn.Sequential(
        nn.Flatten(), perceptron(inputs, *hidden, side * side, last=nn.Tanh()), nn.Unflatten(1, (1, side, side))
    )


class MRIGAN:
    """One of the GANs, from slices to slices, or with `latent` numbers of noise from noise to slices.

    `width` is that of the first convolution, 64 as published; a perceptron's layers shrink in proportion. Weights
    depend on the seed alone. Errors: InputError for a model that is none of `RECIPES` or a side that does not halve.
    """

    card = CARD

    def __init__(
        self, model: Model = "dcgan", side: int = 64, *, width: int = 64, latent: int = 0, seed: int = 0
    ) -> None:
        model = named(model)
        if side < 32 or side & (side - 1) or width < 1 or latent < 0:
            raise InputError(
                f"No network for slices of {side} pixels, width {width}, latent {latent}.",
                fix="Give a side of 32, 64, 128 or 256, a width from 1 and a latent from 0.",
            )
        self.model, self.recipe, self.side, self.width, self.latent = model, RECIPES[model], side, width, latent
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.generator = self._generator()
            self.discriminator = self._discriminator()
            if self.recipe.convolutional:
                initialise(self.generator, "normal")
                initialise(self.discriminator, "normal")

    def fit(
        self,
        targets: np.ndarray,
        inputs: np.ndarray | None = None,
        schedule: Schedule | None = None,
        seed: int = 0,
        *,
        step: Callable[[int, int], object] = lambda done, of: None,
    ) -> MRIGAN:
        """Train on slices float32 `(n, s, s)` in [0, 1], and their degraded twins unless it makes slices from noise.

        Errors: InputError for arrays that do not fit; FauxtoError, code "diverged", for a loss that is no number.
        """
        how = schedule or Schedule()
        real, given = self._batchable(targets), None if inputs is None else self._batchable(inputs)
        self._check(real, given, how)
        with torch.random.fork_rng(devices=[]):  # the penalty draws from torch's own
            torch.manual_seed(seed)
            self._train(True)
            play(_Rounds(self, real, given, how, seed), how.steps, told=step)
        self._train(False)
        return self

    @torch.inference_mode()
    def reconstruct(self, inputs: np.ndarray, batch: int = 64) -> np.ndarray:
        """Degraded slices float32 `(n, s, s)` in [0, 1], repaired. Errors: InputError for one from noise."""
        if self.latent:
            raise InputError("This GAN makes slices from noise.", fix="Use sample, or train one with latent = 0.")
        parts = self._batchable(inputs).split(batch)
        return _unit(torch.cat([self.generator(part) for part in parts]))

    @torch.inference_mode()
    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Slices from noise, float32 `(n, s, s)` in [0, 1]. Errors: InputError for a GAN that repairs."""
        if not self.latent:
            raise InputError("This GAN repairs slices.", fix="Use reconstruct, or train one with latent = 128.")
        return _unit(self.generator(torch.randn(count, self.latent, generator=torch.Generator().manual_seed(seed))))

    def save(self, path: Path) -> str:
        """Write the generator to a safetensors file; its sha256."""
        facts = {"model": self.model, "side": self.side, "width": self.width, "latent": self.latent}
        return save(path, self.generator.state_dict(), system=CARD.slug, **facts)

    @classmethod
    def load(cls, path: Path) -> MRIGAN:
        """A GAN whose generator was saved; its discriminator has learned nothing. Errors: WeightError, InputError."""
        told = metadata_of(path)
        if told.get("system") != CARD.slug:
            raise InputError(f"{path} is no generator of {CARD.slug}.", fix="Give a file that MRIGAN.save wrote.")
        gan = cls(told["model"], told["side"], width=told["width"], latent=told["latent"])
        load_strict(gan.generator, load_tensors(path), path)
        gan.generator.eval()
        return gan

    def _train(self, learning: bool) -> None:
        for network in (self.generator, self.discriminator):
            network.train(learning)

    def _generator(self) -> nn.Module:
        side, latent = self.side, self.latent
        if self.recipe.convolutional:
            if not latent:
                return ConvAutoencoder(self.width)
            return ConvGenerator(latent=latent, dim=self.width, doublings=int(math.log2(side)) - 2, channels=1)
        wide, narrow = 16 * self.width, 8 * self.width
        if latent:
            return perceptron_generator(latent, side, (narrow, wide))
        return perceptron_generator(side * side, side, (wide, narrow, wide))

    def _discriminator(self) -> nn.Module:
        if self.recipe.convolutional:
            norm: Literal["batch", "layer"] = "layer" if self.recipe.penalty else "batch"
            halvings = int(math.log2(self.side)) - 2
            return ConvDiscriminator(dim=self.width, halvings=halvings, norm=norm, channels=1)
        widths = (self.side**2, 8 * self.width, 4 * self.width, 1)
        return nn.Sequential(nn.Flatten(), perceptron(*widths), nn.Flatten(0))

    def _batchable(self, slices: np.ndarray) -> Tensor:
        """`(n, s, s)` in [0, 1] to `(n, 1, s, s)` in [-1, 1]."""
        if slices.ndim != 3 or slices.shape[1:] != (self.side, self.side):
            raise InputError(
                f"Expected slices (n, {self.side}, {self.side}); got {slices.shape}.", fix="Prepare them at that size."
            )
        return torch.from_numpy(np.ascontiguousarray(slices, np.float32))[:, None] * 2 - 1

    def _check(self, real: Tensor, given: Tensor | None, how: Schedule) -> None:
        if len(real) < 2 or (given is None) == (self.latent == 0) or (given is not None and len(given) != len(real)):
            raise InputError(
                f"Got {len(real)} slices and {'no' if given is None else len(given)} inputs.",
                fix="Give as many inputs as slices to repair them, none with latent > 0, and at least two slices.",
            )
        if how.batch < 2 or not (how.adversarial or (how.l1 and given is not None)):
            raise InputError("The schedule leaves nothing to learn from.", fix="Give a batch from 2, and a weight.")


class _Rounds:
    """A model in training: the turns of its discriminator, then one of the generator."""

    def __init__(self, gan: MRIGAN, real: Tensor, given: Tensor | None, how: Schedule, seed: int) -> None:
        self.gan, self.real, self.given, self.how = gan, real, given, how
        self.number, self.losses = 0, torch.zeros(1)
        self.random = torch.Generator().manual_seed(seed)
        recipe = gan.recipe
        settings: dict[str, Any] = {"optimizer": recipe.optimizer, "weight_decay": 0.0, "betas": recipe.betas}
        settings |= {"fused": True} if recipe.optimizer == "adam" else {}
        rate = recipe.rate * how.speed
        self.maker: Any = make_optimizer(gan.generator, settings, rate)
        self.judge: Any = make_optimizer(gan.discriminator, settings, rate)

    def step(self) -> None:
        """Without an adversarial weight the discriminator sits out."""
        turns = self.gan.recipe.critic_steps if self.how.adversarial else 0
        losses = [self._criticise() for _ in range(turns)]
        self.number, self.losses = self.number + 1, torch.stack([*losses, self._please()])

    def unsound(self) -> list[str]:
        """The losses that are no numbers."""
        return [] if bool(self.losses.isfinite().all()) else ["losses"]

    def _drawn(self) -> tuple[Tensor, Tensor]:
        """A batch of true slices, and what the generator makes of their twins, or of noise."""
        batch = self.how.batch
        chosen = torch.randint(len(self.real), (batch,), generator=self.random)
        if self.given is None:
            source = torch.randn(batch, self.gan.latent, generator=self.random)
        else:
            source = self.given[chosen]
        return self.real[chosen], self.gan.generator(source)

    def _criticise(self) -> Tensor:
        """One step of the discriminator; its loss."""
        recipe, discriminator = self.gan.recipe, self.gan.discriminator
        with torch.no_grad():
            true, made = self._drawn()
        self.judge.zero_grad()
        loss = OBJECTIVES[recipe.loss].discriminator(discriminator(true), discriminator(made))
        if recipe.penalty:
            loss = loss + recipe.penalty * unit_slope(discriminator, between(true, made))
        loss.backward()
        self.judge.step()
        if recipe.clip:
            clip_weights(discriminator, recipe.clip)
        return loss.detach()

    def _please(self) -> Tensor:
        """One step of the generator; its loss."""
        how, discriminator = self.how, self.gan.discriminator
        true, made = self._drawn()
        self.maker.zero_grad()
        loss = made.new_zeros(())
        with only([], discriminator):
            if self.given is not None and how.l1:
                loss = loss + how.l1 * l1_loss(made, true)
            if how.adversarial:
                loss = loss + how.adversarial * OBJECTIVES[self.gan.recipe.loss].generator(discriminator(made))
            loss.backward()
        self.maker.step()
        return loss.detach()


def _unit(slices: Tensor) -> np.ndarray:
    """`(n, 1, s, s)` in [-1, 1] to float32 `(n, s, s)` in [0, 1]."""
    return slices[:, 0].add(1).div(2).numpy()
