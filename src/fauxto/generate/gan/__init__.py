"""The GAN toolkit: architectures, conditionings, objectives and sampling as parts that combine freely."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fauxto.catalog import Card, Input, Weights

if TYPE_CHECKING:
    import numpy as np

    from fauxto.data.picture_set import PictureSet
    from fauxto.generate.gan.plan import Fitted, Plan
    from fauxto.generate.gan.recipe import Recipe

CARD = Card(
    slug="studiogan",
    kinds=("generator",),
    title="StudioGAN: a taxonomy and benchmark of GANs for image synthesis",
    venue="TPAMI",
    year=2023,
    idea="Every idea of a GAN is an orthogonal switch (architecture, conditioning, loss, regularizer, augmentation), "
    "trained by one loop and scored by one evaluator, so that published models are compared under one protocol.",
    input=Input(size=None, resize="required", crop="whole pictures of 32 to 512 pixels", range="RGB in [-1, 1]"),
    output="pictures, uint8 RGB, each marked as generated",
    claim="Spectral norm, hinge and projection reach an FID at least 30 % below WGAN with weight clipping in the same "
    "budget; projection lowers the FID within classes by at least 30 %, but not when training labels are shuffled.",
    weights=(
        Weights(
            name="G_ema-best-weights",
            url="https://huggingface.co/Mingguksky/PyTorch-StudioGAN",
            licence="MIT (StyleGAN files: NVIDIA source code licence)",
            layout="one file a network; `fauxto generate adopt` reads generators, with their configuration as recipe",
        ),
    ),
    choices=(
        "D2D-CE takes off the row's maximum for good, as the released code does; released = false is the paper's.",
        "Latent optimisation takes one step, which is all that the released loop ever takes.",
        "Where no picture can see the others of its batch, real and generated ones pass the discriminator together: "
        "spectral norm then makes one power iteration a step instead of two.",
        "On several devices contrastive losses compare the pictures of one device, and batch norm is not synchronised.",
        "Top-k's count of samples is computed from the epoch, not stored, so that it survives a resumption.",
        "A class given to only one of the two networks is refused.",
    ),
    source="https://github.com/POSTECH-CVLab/PyTorch-StudioGAN",
)


class StudioGAN:
    """A generator in three calls: a recipe (by name, or your own), `fit`, `sample`."""

    card = CARD

    def __init__(self, recipe: str | Path | Recipe = "sngan") -> None:
        from fauxto.generate.gan.recipes import resolve  # noqa: PLC0415

        self.recipe = resolve(recipe)
        self.trained: Any = None

    def fit(
        self,
        data: str | Path,
        folder: str | Path,
        *,
        steps: int | None = None,
        seed: int = 0,
        evaluate: Callable[[Any], float] | None = None,
    ) -> Fitted:
        """Train on a manifest or a folder of pictures of the recipe's size, resuming what lies in `folder`.

        `evaluate(generator)` is a number that is better when lower. Errors: those of `picture_set.build` and `fit`.
        """
        from fauxto.data import picture_set  # noqa: PLC0415
        from fauxto.generate.gan.plan import Plan  # noqa: PLC0415

        samples, names = picture_set.samples_of(data)
        pictures = picture_set.build(samples, names, folder, size=self.recipe.resolution)
        return self.train(pictures, folder, Plan(steps=steps, seed=seed), evaluate=evaluate)

    def train(
        self,
        pictures: PictureSet,
        folder: str | Path,
        plan: Plan | None = None,
        *,
        evaluate: Callable[[Any], float] | None = None,
    ) -> Fitted:
        """The same on pictures in memory, with all of a plan's settings. Errors: those of `gan.fit.fit`."""
        from fauxto.generate.gan.fit import fit  # noqa: PLC0415
        from fauxto.generate.gan.run_folder import RunFolder  # noqa: PLC0415

        fitted = fit(self.recipe, pictures, folder, plan, evaluate=evaluate)
        self.trained = RunFolder(Path(folder)).load()
        return fitted

    def load(self, folder: str | Path, *, best: bool = False) -> StudioGAN:
        """The generator of a run. Errors: WeightError."""
        from fauxto.generate.gan.run_folder import RunFolder  # noqa: PLC0415

        self.trained = RunFolder(Path(folder)).load(best=best)
        self.recipe = self.trained.pair.recipe
        return self

    def sample(self, n: int, seed: int = 0, condition: str | int | None = None) -> np.ndarray:
        """`n` pictures of a seed, uint8 `(n, h, w, 3)`; of one class, if the generator has any.

        They bear no mark: `draw.save_pictures` writes marked files. Errors: InputError before `fit` or `load`.
        """
        import numpy as np  # noqa: PLC0415

        from fauxto.errors import InputError  # noqa: PLC0415
        from fauxto.generate.gan.draw import Wish, pictures  # noqa: PLC0415

        if self.trained is None:
            raise InputError("There is no generator yet.", fix="Call fit(data, folder) or load(folder) first.")
        return np.stack([made.pixels for made in pictures(self.trained, n, Wish(seed=seed, condition=condition))])
