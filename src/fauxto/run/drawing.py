"""Heat maps on disk: one PNG a picture, named by its content, complete or not there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fauxto.errors import InputError
from fauxto.finding import Region
from fauxto.verdict import PixelScore
from fauxto.verdict.heatmap import overlay


def draw(pixels: np.ndarray, regions: Sequence[Region], score: PixelScore, folder: str, digest: str) -> Path:
    """Write the drawing of `regions` over uint8 pixels `(h, w, 3)` into `folder`, named by content.

    Colour begins at the logit of most photographs and is full at the one that is called. Raises
    `InputError` where the folder cannot be made or written to.
    """
    logits = [region.logit for region in regions]
    high = score.threshold if score.threshold is not None else max(logits)
    drawing = Image.fromarray(overlay(pixels, regions, score.typical, high))
    target = Path(folder) / f"{digest[:32]}.png"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        drawing.save(unfinished, "PNG")
        os.replace(unfinished, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    return target


def prepare(folder: str) -> None:
    """Make the folder of the drawings; raises `InputError` where that cannot be done."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(Path(folder), error) from error


def _unwritable(target: Path, error: OSError) -> InputError:
    return InputError(
        f"The drawing cannot be written to {target}: {error.strerror or error}.",
        fix="Choose another folder with --heatmap.",
        code="unwritable",
    )
