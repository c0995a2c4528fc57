"""Self-distilled StyleGAN (Mokady et al., SIGGRAPH 2022): a GAN curates the raw photographs that it is to learn from.

A StyleGAN that is trained together with an encoder cannot redraw what is rare or odd in its data: what it redraws badly
is left out, and a fresh one is trained on the rest. Its styles then gather around several centres, found by how
pictures look, and truncation pulls each style to its own centre, not all of them to one mean that looks like nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from fauxto.catalog import Card, Input, Weights
from fauxto.data import picture_set
from fauxto.data.picture_set import PictureSet
from fauxto.errors import InputError, WeightError
from fauxto.generate.gan import StudioGAN
from fauxto.generate.gan.batches import Batches
from fauxto.generate.gan.draw import Wish, pictures
from fauxto.generate.gan.fit import fit
from fauxto.generate.gan.multimodal import (
    MultimodalGenerator,
    Space,
    find_centres,
    load_centres,
    rendered,
    save_centres,
)
from fauxto.generate.gan.networks import Pair
from fauxto.generate.gan.plan import Fitted, Plan
from fauxto.generate.gan.recipe import Recipe
from fauxto.generate.gan.recipes import ADA, RECIPES
from fauxto.generate.gan.redrawing import Encoder, Redrawing
from fauxto.generate.gan.run_folder import Trained, to_uint8
from fauxto.generate.gan.stylegan2 import STYLEGAN2, channel_base_at, stylegan2_generator
from fauxto.generate.gan.training import Training
from fauxto.learn.checkpoint import load_strict
from fauxto.learn.nvidia_pickle import open_nvidia
from fauxto.nn.feature_distance import FeatureDistance
from fauxto.nn.stylegan2_layouts import from_nvidia
from fauxto.nn.towers import fingerprint

CARD = Card(
    slug="self-distilled-stylegan",
    kinds=("generator",),
    title="Self-distilled StyleGAN: towards generation from internet photos",
    venue="SIGGRAPH",
    year=2022,
    idea="Let a StyleGAN with an encoder leave out the photographs that it redraws badly, train again on the rest, and "
    "truncate each style to the nearest of several centres instead of the one mean.",
    input=Input(size=None, resize="required", crop="squares around one object, 32 to 1024 pixels", range="[-1, 1]"),
    output="pictures, uint8 RGB; a score of each training picture, higher = redrawn worse",
    claim="The error of redrawing tells outliers with an AUC of at least 0.85, above the nearest neighbour's distance "
    "and a plain autoencoder's error; training on what is kept has a lower FID to clean pictures than training on all "
    "or dropping as many at random, at no cost to the rarest mode; and truncation to the nearest centre covers more "
    "than truncation to the mean at no less precision, and leaves each sample in its mode.",
    weights=(
        Weights(
            name="G_ema of dogs, elephants, horses, bicycles, lions, giraffes and parrots",
            url="https://github.com/self-distilled-stylegan/self-distilled-internet-photos",
            licence="data CC-BY-4.0; that of the weights is not stated",
            layout="NVIDIA's pickles, of which G_ema's tensors are read and nothing is run; centres as .npy (c, 512)",
        ),
    ),
    choices=(
        "The encoder is a discriminator's body without the minibatch deviation and a linear layer to one style for all "
        "layers: the paper's is not established.",
        "It learns from LPIPS + mean squares on real pictures, which move the synthesis network too, and mean squares "
        "of styles on generated ones, each of weight 1, with an optimizer of its own behind every step of the GAN.",
        "The best 60 % are kept, or all below the knee of the sorted scores: the paper's share is not established.",
        "Scores come from the networks as trained, without the layers' noise, not from the moving average.",
        "Centres are mean styles of k-means clusters over what LPIPS compares of 60,000 pictures, randomly projected "
        'to 256 numbers; space = "style" clusters and assigns by W alone.',
        "StyleGAN2 with ADA at the recipe's settings, in both trainings: the paper's are not established.",
        "What the filter costs in diversity is not checked on the way: compare what is kept with all by `manifold`.",
    ),
    fails_on=(
        "Smooth pictures are redrawn well whatever they show: compare with their entropy before trusting a score.",
        "Every round narrows the data; do not repeat it without looking at what was dropped.",
    ),
    source="https://arxiv.org/abs/2202.12211",
)

CENTRES = "centres.safetensors"
"""In the folder of a run, beside its generator."""

RECIPE = replace(RECIPES["stylegan2-uncond"], augmentation=ADA)


class Curator(Training):
    """The GAN of a recipe and an encoder of its pictures, trained together."""

    def __init__(
        self,
        fabric: Fabric,
        recipe: Recipe,
        pictures: PictureSet,
        plan: Plan,
        saved: dict[str, Any],
        *,
        distance: FeatureDistance,
    ) -> None:
        super().__init__(fabric, recipe, pictures, plan, saved)
        widths = {"channel_base": channel_base_at(recipe.resolution), **recipe.discriminator}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed + 1)
            encoder = Encoder(
                recipe.resolution,
                self.pair.generator.style_size,
                channel_base=widths["channel_base"],
                channel_max=widths.get("channel_max", 512),
            )
        encoder.train().to(fabric.device)
        how = recipe.optimization
        self.redrawing = Redrawing(
            self.pair.generator, encoder, distance.to(fabric.device), rate=how.generator_rate, beta1=how.beta1
        )
        self.shown = Batches(pictures, how.batch, plan.seed + 1, mirror=recipe.augmentation.mirror)
        if saved:
            encoder.load_state_dict(saved["encoder"])
            self.redrawing.optimizer.load_state_dict(saved["redrawing"])

    def step(self) -> None:
        """A step of the GAN, then one of the encoder and the generator."""
        super().step()
        real, _ = self.shown.take(self.table.step - 1, self.fabric.device)
        self.redrawing.turn(real, self.table.drawn(len(real)).latents)

    def state(self) -> dict[str, Any]:
        """What a resumed run needs."""
        own = {"encoder": self.redrawing.encoder.state_dict(), "redrawing": self.redrawing.optimizer.state_dict()}
        return super().state() | own

    def unsound(self) -> list[str]:
        """The losses that are no numbers any more."""
        return super().unsound() + ([] if bool(self.redrawing.loss.isfinite()) else ["redrawing"])


@dataclass(frozen=True, slots=True)
class Selection:
    """The score of every picture, and the numbers of those that are kept, in order."""

    scores: np.ndarray
    kept: np.ndarray


def select(scores: np.ndarray, keep: float | None = 0.6) -> Selection:
    """Keep the share of pictures with the lowest scores `(n,)`; with None all below the `knee`.

    Errors: InputError for scores that are no numbers or a share that is none.
    """
    if not np.isfinite(scores).all() or (keep is not None and not 0 < keep <= 1):
        raise InputError("Scores are finite numbers, and what is kept is a share above 0.", fix="Give, say, 0.6.")
    order = np.argsort(scores, kind="stable")
    count = knee(scores[order]) if keep is None else max(1, round(keep * len(scores)))
    return Selection(scores, np.sort(order[:count]))


def knee(rising: np.ndarray) -> int:
    """How many of rising numbers lie before their bend: where they are farthest below the line from first to last.

    >>> knee(np.array([0.0, 0.1, 0.2, 0.3, 3.0, 6.0]))
    4
    """
    line = np.linspace(rising[0], rising[-1], len(rising))
    return int(np.argmax(line - rising)) + 1


class SelfDistilledStyleGAN(StudioGAN):
    """Curates pictures, trains a StyleGAN2 on what is kept, and draws with truncation to its centres.

    `distance` is LPIPS of `nn.lpips_alexnet` in the published work. `keep` is a share, or None for the knee of the
    scores. Errors: InputError for a recipe that has classes or no styles.
    """

    card = CARD

    def __init__(
        self,
        distance: FeatureDistance,
        recipe: str | Path | Recipe = RECIPE,
        *,
        keep: float | None = 0.6,
        centres: int = 64,
        samples: int = 60_000,
        space: Space = "perceptual",
    ) -> None:
        super().__init__(recipe)
        if self.recipe.conditional or self.recipe.architecture != "stylegan2":
            raise InputError(
                f"{CARD.title} is an unconditional StyleGAN2; this recipe is {self.recipe.architecture}"
                f"{' with classes' if self.recipe.conditional else ''}.",
                fix="Use stylegan2-uncond, or leave the recipe out.",
            )
        self.distance, self.keep, self.space = distance, keep, space
        self.count, self.samples = centres, samples

    def train(
        self,
        pictures: PictureSet,
        folder: str | Path,
        plan: Plan | None = None,
        *,
        evaluate: Callable[[Any], float] | None = None,
    ) -> Fitted:
        """Curate, train on what is kept, find the centres; `fit` takes a manifest or a folder of pictures.

        What lies in `folder` is resumed. `evaluate(generator)` is a number that is better when lower. Errors: those of
        `gan.fit.fit`.
        """
        plan = plan or Plan()
        how = {"samples": self.samples, "space": self.space, "seed": plan.seed}
        chosen = self.curate(pictures, Path(folder) / "curator", plan)
        kept = picture_set.subset(pictures, chosen.kept, folder)
        fitted = fit(self.recipe, kept, folder, plan, evaluate=evaluate)
        super().load(folder)
        centres = find_centres(self.trained.generator, self.distance, self.count, **how)  # type: ignore[arg-type]
        save_centres(Path(folder) / CENTRES, centres, generator=self.trained.sha256, **how)
        self.load(folder)
        return fitted

    def curate(self, pictures: PictureSet, folder: Path, plan: Plan | None = None) -> Selection:
        """Train GAN and encoder on all pictures in a folder of their own, and score every picture there."""
        games: list[Curator] = []

        def start(*told: Any) -> Curator:
            games.append(Curator(*told, distance=self.distance))
            return games[-1]

        seen = fingerprint("distance", self.distance.state_dict())
        fit(self.recipe, pictures, folder, plan, start=start, settled={"system": CARD.slug, "distance": seen})
        selection = select(games[-1].redrawing.scores(pictures.pixels), self.keep)
        np.save(folder / "scores.npy", selection.scores)
        return selection

    def load(self, folder: str | Path, *, best: bool = False) -> SelfDistilledStyleGAN:
        """The generator of a run with its centres. Errors: WeightError."""
        super().load(folder, best=best)
        place = Path(folder) / CENTRES
        self._with(load_centres(place, self.trained.generator.style_size), place)
        return self

    def open_published(self, weights: str | Path, centres: str | Path) -> SelfDistilledStyleGAN:
        """A published generator, its pickle or its state dict as safetensors, and its centres, .npy.

        Of a pickle only G_ema's tensors are read, and nothing in it is run; size and widths are those of the tensors.
        Errors: WeightError for anything else, and for other names, shapes or numbers.
        """
        tensors = from_nvidia(open_nvidia(weights))
        generator = stylegan2_generator(**_widths(tensors, weights))
        load_strict(generator, tensors, weights)
        generator.eval().requires_grad_(False)
        self.recipe = replace(self.recipe, resolution=generator.resolution)
        pair = Pair(self.recipe, STYLEGAN2, generator, None, 0)
        self.trained = Trained(pair, 0, (), hashlib.sha256(Path(weights).read_bytes()).hexdigest(), "")
        self._with(load_centres(Path(centres), generator.style_size), Path(centres))
        return self

    def sample(
        self, n: int, seed: int = 0, condition: str | int | None = None, *, truncation: float = 0.7
    ) -> np.ndarray:
        """`n` pictures of a seed, uint8 `(n, h, w, 3)`, each pulled to its own centre; `truncation` 1 pulls none.

        They bear no mark: `draw.save_pictures` writes marked files. Errors: InputError before `fit` or `load`.
        """
        if self.trained is None:
            raise InputError("There is no generator yet.", fix="Call fit(data, folder) or load(folder) first.")
        wish = Wish(seed=seed, condition=condition, truncation=truncation)
        return np.stack([made.pixels for made in pictures(self.trained, n, wish)])

    def centre_pictures(self) -> np.ndarray:
        """What stands at each centre, uint8 `(c, h, w, 3)`. Errors: InputError before `fit` or `load`."""
        if self.trained is None:
            raise InputError("There is no generator yet.", fix="Call fit(data, folder) or load(folder) first.")
        generator: MultimodalGenerator = self.trained.generator
        return np.concatenate([to_uint8(2 * part - 1) for part in rendered(generator, generator.centres.styles)])

    def _with(self, centres: Tensor, place: Path) -> None:
        """Let everything that draws from the trained generator truncate to centres; both decide what it is."""
        generator = MultimodalGenerator(self.trained.generator, self.distance, centres, self.space).eval()
        both = self.trained.sha256 + hashlib.sha256(place.read_bytes()).hexdigest()
        pair = replace(self.trained.pair, generator=generator)
        self.trained = replace(self.trained, pair=pair, sha256=hashlib.sha256(both.encode()).hexdigest())


def _widths(tensors: Mapping[str, Tensor], source: str | Path) -> dict[str, Any]:
    """The arguments of `stylegan2_generator` that tensors under our names were made with. Errors: WeightError."""
    stages = sum(name.endswith("to_colours.weight") for name in tensors)
    layers = sum(name.startswith("mapping.layers.") and name.endswith("weight") for name in tensors)
    try:
        first, last = (tensors[f"synthesis.stages.{k}.to_colours.weight"].shape[1] for k in (0, stages - 1))
        style_size, latent_size = tensors["mapping.layers.0.weight"].shape
    except (KeyError, ValueError) as error:
        raise WeightError(
            f"{source} is no generator of StyleGAN2: {error}.",
            fix="Give an official pickle, or the state dict of its G_ema as safetensors.",
        ) from error
    resolution = 4 * 2 ** (stages - 1)
    return {
        "resolution": resolution,
        "latent_size": latent_size,
        "style_size": style_size,
        "mapping_layers": layers,
        "channel_base": last * resolution,
        "channel_max": first,
    }
