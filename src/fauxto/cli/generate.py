"""`fauxto generate`: the recipes of GANs, their training, and pictures out of them."""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from fauxto.cli.adopt import adopt  # noqa: F401  the verb has a file of its own
from fauxto.cli.check import require_lab
from fauxto.cli.data import progress, say_problems
from fauxto.cli.evaluate import evaluate  # noqa: F401  as has this one
from fauxto.cli.explore import explore  # noqa: F401  as has this one
from fauxto.cli.parameters import Seed

Flag = Annotated[bool, Parameter(negative="")]


def recipes(name: str | None = None, /, *, json: Flag = False) -> int:
    """List the recipes by name, or show all settings of one.

    Parameters
    ----------
    name
        A recipe, such as biggan-diffaug, or a TOML file. A file may begin with `base = "NAME"` and change the rest.
    json
        Print one JSON object.
    """
    require_lab()
    from fauxto.generate.gan.recipes import RECIPES, resolve, summary  # noqa: PLC0415

    if name is not None:
        print(_json.dumps(resolve(name).to_dict(), indent=None if json else 1))
        return 0
    if json:
        print(_json.dumps({key: recipe.to_dict() for key, recipe in RECIPES.items()}))
        return 0
    width = max(map(len, RECIPES))
    for key, recipe in RECIPES.items():
        print(f"{key:{width}}  {summary(recipe)}")
    return 0


def train(
    *,
    recipe: str,
    data: Path,
    out: Path,
    steps: int | None = None,
    seed: Seed = 0,
    batch_size: int | None = None,
    resolution: int | None = None,
    resize: Literal["exact", "crop", "squeeze"] = "exact",
    convert: Flag = False,
    precision: str = "32-true",
    devices: int = 1,
    save_every: int = 2000,
    evaluate_every: int = 0,
    backbone: str = "efficientnet-lite",
    weights: Path | None = None,
) -> int:
    """Train a GAN on a folder of pictures or a manifest; run it again to go on where it stopped.

    Writes OUT/generator.safetensors, OUT/best.safetensors, OUT/last.ckpt, OUT/log.csv and grids in OUT/samples. A GPU
    is used when there is one. Folders below DATA are classes; of a manifest the rows labelled real, by `content`.

    Parameters
    ----------
    recipe
        A name (`fauxto generate recipes` lists them) or a TOML file.
    data
        A folder of pictures, or a manifest (.csv or .parquet).
    out
        Folder of the run.
    steps
        Steps of the generator, instead of the recipe's.
    seed
        Seed of weights, batches and latents.
    batch_size
        Instead of the recipe's.
    resolution
        Side of the pictures in pixels, instead of the recipe's.
    resize
        What becomes of pictures of another size: exact (squares of one size only), crop (the middle square), squeeze.
    convert
        Take grey and transparent pictures as RGB, the latter over white.
    precision
        32-true, bf16-mixed or 16-mixed.
    devices
        GPUs, or processes where there is none, that share each batch.
    save_every
        Steps between two checkpoints; a run that dies goes on from the last one.
    evaluate_every
        Steps between two Fréchet distances, by which the best generator is kept; 0 for none.
    backbone
        The network of that distance: efficientnet-lite, random, or another with --weights.
    weights
        The weights of the backbone.
    """
    require_lab()
    from fauxto.data import picture_set  # noqa: PLC0415
    from fauxto.data.walk import Problems  # noqa: PLC0415
    from fauxto.generate.gan.fit import Plan, fit  # noqa: PLC0415
    from fauxto.generate.gan.legal import check  # noqa: PLC0415
    from fauxto.generate.gan.networks import make  # noqa: PLC0415
    from fauxto.generate.gan.recipes import resolve  # noqa: PLC0415
    from fauxto.generate.gan.watch import Watch  # noqa: PLC0415
    from fauxto.nn.feature_network import open_feature_network  # noqa: PLC0415

    chosen = resolve(recipe)
    if batch_size is not None:
        chosen = replace(chosen, optimization=replace(chosen.optimization, batch=batch_size))
    if resolution is not None:
        chosen = replace(chosen, resolution=resolution)
    check(chosen)
    problems = Problems()
    samples, names = picture_set.samples_of(data, problems)
    say_problems(problems)
    with progress(len(samples), "reading") as step:
        pictures = picture_set.build(
            samples,
            names,
            out,
            size=chosen.resolution,
            resize=resize,
            convert=convert,
            least=chosen.optimization.batch,
            step=step,
        )
    if len(pictures) < len(samples):
        what = f"{len(samples) - len(pictures)} of {len(samples)} files could not be read and are left out"
        print(f"{what}: {out / f'pictures-{pictures.key}' / 'skipped.json'}", file=sys.stderr)
    watch = None
    if evaluate_every:
        pair = make(chosen, len(pictures.classes), seed)
        watch = Watch(open_feature_network(backbone, weights), pictures, pair)
    plan = Plan(
        steps=steps,
        seed=seed,
        precision=precision,
        devices=devices,
        save_every=save_every,
        evaluate_every=evaluate_every or save_every,
    )
    with _bar() as told:
        fitted = fit(chosen, pictures, out, plan, evaluate=watch, step=told)
    report = {
        "recipe": recipe,
        "pictures": len(pictures),
        "left_out": len(samples) - len(pictures),
        "classes": len(pictures.classes),
        "steps": fitted.step,
        "seconds": round(fitted.seconds, 1),
        "pictures_per_second": round(fitted.rate, 1),
        "best": fitted.best,
        "best_step": fitted.best_step,
        "generator": str(out / "generator.safetensors"),
    }
    print(_json.dumps(report))
    return 0


def sample(
    *,
    model: Path,
    out: Path,
    n: int = 64,
    seed: Seed = 0,
    truncation: float | None = None,
    condition: Annotated[str | None, Parameter(name="--class")] = None,
    best: Flag = False,
    standing: int = 0,
    langevin: int = 0,
) -> int:
    """Draw pictures from a trained generator: PNGs that say that they are generated, and a manifest row for each.

    Interrupted, it goes on where it stopped. Picture 7 of seed 0 is the same however many are drawn.

    Parameters
    ----------
    model
        The folder of a run, or a generator.safetensors.
    out
        Folder for the pictures and manifest.csv.
    n
        How many.
    seed
        Another seed, other pictures.
    truncation
        Fewer kinds, better pictures: psi of a StyleGAN (0.7, say), else the bound of the latents (0.5, say).
    condition
        Only this class, by name or number.
    best
        The best generator of the run instead of the last one.
    standing
        Gather batch norm's statistics anew over so many batches first; BigGAN's figures use 16 or more.
    langevin
        Move each latent by so many Langevin steps to where the discriminator believes in it, too (DDLS); 50, say.
    """
    require_lab()
    from fauxto.generate.gan.draw import Wish, save_pictures  # noqa: PLC0415
    from fauxto.generate.gan.run_folder import RunFolder, load_generator  # noqa: PLC0415

    trained = load_generator(model) if model.is_file() else RunFolder(model).load(best=best, judge=langevin > 0)
    wish = Wish(seed=seed, truncation=truncation, condition=condition, standing=standing, langevin=langevin)
    name = model.resolve().parent.name if model.is_file() else model.resolve().name
    with progress(n, "drawing") as step:
        manifest = save_pictures(trained, n, out, wish, name=name, step=step)
    print(_json.dumps({"pictures": n, "step": trained.step, "manifest": str(manifest)}))
    return 0


@contextmanager
def _bar() -> Iterator[Callable[[int, int], object]]:
    """A bar over the steps, on standard error when that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415

    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("training")
        yield lambda done, of: bar.update(task, completed=done, total=of)
