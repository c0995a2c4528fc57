"""Pictures out of a trained generator, each from a seed of its own; and on disk, marked, with a manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fauxto.data.manifest import Sample, write
from fauxto.errors import InputError, PolicyError
from fauxto.generate.gan import latents
from fauxto.generate.gan.langevin import langevin
from fauxto.generate.gan.networks import sees_its_batch
from fauxto.generate.gan.run_folder import Trained, to_uint8
from fauxto.generate.gan.statistics import standing_statistics
from fauxto.generate.gan.still import Still, adds_noise, seeded_noise
from fauxto.learn.resume import whole_or_not
from fauxto.provenance.mark import labelled_png


class Picture(NamedTuple):
    """uint8 `(h, w, 3)`, and what it was made from: its number, the hash of its latent, its class or ""."""

    pixels: np.ndarray
    number: int
    latent: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to draw. Picture k of a seed is the same however many are asked for, in whatever batches.

    `truncation` is psi for StyleGANs (1 for none, towards 0 the mean picture), else the bound of the normal latents
    (0.5 is strong). `condition` is a class by name or number; without one classes are drawn at random.
    `standing` batches gather batch norm's statistics anew first (BigGAN). `langevin` steps move each latent to where
    the discriminator, too, believes in it (DDLS); it has to be there: see `RunFolder.load`.
    """

    seed: int = 0
    truncation: float | None = None
    condition: str | int | None = None
    standing: int = 0
    langevin: int = 0


def pictures(
    trained: Trained, count: int, wish: Wish | None = None, *, start: int = 0, batch: int = 32
) -> Iterator[Picture]:
    """Pictures `start` to `count` - 1 of a seed. Errors: those of `check_wish`."""
    wish = wish or Wish()
    check_wish(trained, count, wish)
    told = class_of(trained, wish.condition)
    device = next(trained.generator.parameters()).device
    if wish.standing:
        standing_statistics(trained.generator, wish.standing, batch, torch.Generator().manual_seed(wish.seed))
    for first in range(start, count, batch):
        numbers = range(first, min(first + batch, count))
        states = [_random(wish, number) for number in numbers]
        drawn = [_draw(trained, wish, state, told) for state in states]
        stacked = torch.cat([one.latents for one in drawn])
        labels = None if drawn[0].labels is None else torch.cat([one.labels for one in drawn if one.labels is not None])
        if wish.langevin:
            stacked = _believed(trained, stacked, labels, states, wish.langevin)
        with torch.no_grad():
            noise = _noise(trained, states, device)
            if adds_noise(trained.generator):
                made = np.concatenate(
                    [_alone(trained, stacked[row : row + 1], state) for row, state in enumerate(states)]
                )
            else:
                made = to_uint8(_through(trained, stacked.to(device), labels, wish.truncation, noise).float())
        for row, number in enumerate(numbers):
            name = "" if labels is None else trained.classes[int(labels[row])]
            yield Picture(made[row], number, hashlib.sha256(stacked[row].numpy().tobytes()).hexdigest()[:16], name)


def check_wish(trained: Trained, count: int, wish: Wish) -> None:
    """Errors: InputError for a class that is none, no count, or a truncation that is out of range."""
    if count < 1:
        raise InputError(f"{count} pictures cannot be drawn.", fix="Ask for one at least.")
    if wish.standing < 0:
        raise InputError(f"Statistics cannot be gathered over {wish.standing} batches.", fix="Give 16, say, or 0.")
    if wish.langevin < 0:
        raise InputError(f"Langevin sampling cannot take {wish.langevin} steps.", fix="Give 50, say, or 0 for none.")
    if wish.langevin and not trained.judged:
        raise InputError(
            "Langevin sampling asks the discriminator, which is not in a generator.safetensors.",
            fix="Give the folder of the run, with its last.ckpt, and not --best: that is a generator of another step.",
        )
    if wish.langevin and (trained.pair.recipe.prior == "uniform" or wish.truncation is not None):
        raise InputError(
            "Langevin sampling moves latents under a whole normal prior.",
            fix="Leave it out for uniform latents, and beside a truncation.",
        )
    class_of(trained, wish.condition)
    bound = wish.truncation
    if bound is not None and not trained.pair.architecture.styled:
        latents.check_threshold(bound)
        if trained.pair.recipe.prior == "uniform":
            raise InputError("The latents of this generator are uniform in [-1, 1].", fix="Leave the truncation out.")


def class_of(trained: Trained, condition: str | int | None) -> int | None:
    """The number of a class, given by name or number. Errors: InputError when the generator has no such class."""
    if condition is None:
        return None
    if not trained.pair.recipe.conditional:
        raise InputError("This generator has no classes.", fix="Leave the class out.")
    if str(condition) in trained.classes:
        return trained.classes.index(str(condition))
    if str(condition).isdigit() and int(condition) < len(trained.classes):
        return int(condition)
    raise InputError(
        f"There is no class {condition!r}; the generator learned {', '.join(trained.classes[:20])}.",
        fix="Name one of them.",
    )


def save_pictures(
    trained: Trained,
    count: int,
    folder: str | Path,
    wish: Wish | None = None,
    *,
    name: str = "",
    step: Callable[[], object] = lambda: None,
) -> Path:
    """Write `count` marked PNGs and `manifest.csv` with a row each into a folder; returns the manifest's path.

    Interrupted, it goes on where it stopped: files appear whole, and the manifest always names exactly those that are
    there. `name` is the generator's in the manifest, by default its architecture. Errors: those of `check_wish`;
    PolicyError when the folder holds pictures of another generator or wish; ResourceError when the disk is full.
    """
    folder, wish = Path(folder), wish or Wish()
    check_wish(trained, count, wish)  # what cannot be drawn claims no folder
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, {"generator": trained.sha256, **asdict(wish)})
    width = trained.pair.generator.resolution
    rows: list[Sample] = []
    try:
        for picture in pictures(trained, count, wish):
            path = folder / f"seed{wish.seed}-{picture.number:06d}.png"
            data = labelled_png(picture.pixels, f"fauxto studiogan {trained.pair.recipe.architecture}")
            if not path.exists():
                partial = path.with_suffix(".partial")
                with whole_or_not(path, partial):
                    partial.write_bytes(data)
                    partial.replace(path)
            rows.append(
                Sample(
                    str(path.resolve()),
                    1,
                    generator=name or f"fauxto-{trained.pair.recipe.architecture}",
                    source="fauxto generate sample",
                    family="gan",
                    architecture=trained.pair.recipe.architecture,
                    version=trained.sha256[:16],
                    content=picture.label,
                    format="png",
                    width=width,
                    height=width,
                    sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                    manipulation="generated",
                    prompt=_recorded(wish, picture),
                )
            )
            step()
    finally:
        if rows:
            write(rows, folder / "manifest.csv")
    return folder / "manifest.csv"


def _random(wish: Wish, number: int) -> torch.Generator:
    """The random state of one picture, from the seed and its number alone."""
    state = int.from_bytes(hashlib.sha256(f"{wish.seed}:{number}".encode()).digest()[:8], "big") >> 1
    return torch.Generator().manual_seed(state)


def _noise(trained: Trained, states: list[torch.Generator], device: torch.device) -> list[Tensor] | None:
    """StyleGAN2's noise of every layer, each picture's from its own state; None where there is none."""
    shapes = getattr(getattr(trained.generator, "synthesis", None), "noise_shapes", None)
    if shapes is None:
        return None
    return [torch.stack([torch.randn(1, *shape, generator=state) for state in states]).to(device) for shape in shapes]


def _believed(
    trained: Trained, stacked: Tensor, labels: Tensor | None, states: list[torch.Generator], steps: int
) -> Tensor:
    """Latents after Langevin's steps, each by the random state of its picture; alone where the judge sees a batch."""
    device = next(trained.generator.parameters()).device
    judge, still = trained.pair.discriminator, Still(trained.generator)
    size = 1 if sees_its_batch(judge) else len(stacked)
    moved = []
    for first in range(0, len(stacked), size):
        part = slice(first, first + size)
        told = None if labels is None else labels[part].to(device)
        moved.append(langevin(still, judge, stacked[part].to(device), told, steps=steps, random=states[part]).cpu())
    return torch.cat(moved)


def _alone(trained: Trained, latent: Tensor, state: torch.Generator) -> np.ndarray:
    """One picture `(1, h, w, 3)` whose layers' noise is its own state's."""
    with seeded_noise(state.initial_seed()):
        return to_uint8(trained.generator(latent.to(next(trained.generator.parameters()).device)).float())


def _draw(trained: Trained, wish: Wish, state: torch.Generator, told: int | None) -> latents.Draw:
    """The input of one picture."""
    recipe = trained.pair.recipe
    labels = None if told is None else torch.tensor([told])
    bound = None if trained.pair.architecture.styled else wish.truncation
    return latents.draw(
        trained.generator,
        1,
        state,
        labels=labels,
        classes=len(trained.classes) if recipe.conditional else 0,
        prior=recipe.prior,
        truncation=bound,
    )


def _through(
    trained: Trained, stacked: Tensor, labels: Tensor | None, truncation: float | None, noise: list[Tensor] | None
) -> Tensor:
    told = None
    if labels is not None and trained.pair.recipe.generator_conditioning != "none":
        told = labels.to(stacked.device)
    if trained.pair.architecture.styled:
        styles = trained.generator.styles(stacked, told, truncation=1.0 if truncation is None else truncation)
        return trained.generator.synthesis(styles) if noise is None else trained.generator.synthesis(styles, noise)
    return trained.generator(stacked, told)


def _claim(folder: Path, wish: dict[str, object]) -> None:
    """Note what a folder of pictures is of. Errors: PolicyError when it is of something else."""
    note = folder / "sampling.json"
    if note.exists():
        there = json.loads(note.read_text())
        if there != wish:
            raise PolicyError(
                f"{folder} holds pictures of another generator, seed, class or truncation.",
                fix="Draw into another --out.",
            )
        return
    partial = note.with_suffix(".partial")
    with whole_or_not(note, partial):
        partial.write_text(json.dumps(wish))
        partial.replace(note)


def _recorded(wish: Wish, picture: Picture) -> str:
    """What made the picture, in the words of a manifest's prompt."""
    parts = [f"seed {wish.seed}", f"picture {picture.number}", f"latent sha256 {picture.latent}"]
    if picture.label:
        parts.append(f"class {picture.label}")
    if wish.truncation is not None:
        parts.append(f"truncation {wish.truncation:g}")
    if wish.langevin:
        parts.append(f"{wish.langevin} Langevin steps")
    return ", ".join(parts)
