"""`fauxto generate adopt`: a published generator becomes the folder of a run."""

from __future__ import annotations

import json as _json
from dataclasses import replace
from pathlib import Path

from fauxto.cli.check import require_lab


def adopt(*, recipe: str, weights: Path, out: Path, classes: str = "", resolution: int | None = None) -> int:
    """Load a generator of StudioGAN strictly and write a folder that sample, explore and evaluate take.

    Parameters
    ----------
    recipe
        That of the checkpoint's own configuration: a name, such as biggan, or a TOML file.
    weights
        The published file, such as model=G_ema-best-weights-step=100000.pth; nothing in it is run.
    out
        Folder to write.
    classes
        How many classes it was trained on, or their names with commas, in their order.
    resolution
        Side of the pictures in pixels, instead of the recipe's.
    """
    require_lab()
    from fauxto.generate.gan.adopt import adopt as adopted  # noqa: PLC0415
    from fauxto.generate.gan.recipes import resolve  # noqa: PLC0415

    chosen = resolve(recipe)
    if resolution is not None:
        chosen = replace(chosen, resolution=resolution)
    names = [str(k) for k in range(int(classes))] if classes.isdigit() else [n for n in classes.split(",") if n]
    files = adopted(chosen, weights, out, names)
    print(_json.dumps({"generator": str(files.generator), "classes": len(names), "step": files.load().step}))
    return 0
