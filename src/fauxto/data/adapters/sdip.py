"""Self-Distilled Internet Photos (Mokady et al., 2022): lists of boxes, cut out of originals that lie on this disk.

A list is JSON, `[{"image_name": ..., "bounding_box": [top, bottom, left, right]}, ...]`. A name is the address of a
photograph on Flickr, of which the last part is the file's name, or an identifier of LSUN, whose first six characters
are six folders. Nothing is fetched.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fauxto.data.picture_set import fitted
from fauxto.data.places import read_bytes
from fauxto.data.walk import Problems
from fauxto.errors import InputError, ResourceError
from fauxto.media.decode import open_picture

SIDES = {"dogs": 1024, "elephants": 512, "horses": 256, "bicycles": 256}
"""What the published models were trained at."""

ENDINGS = ("", ".jpg", ".webp", ".png", ".jpeg")


@dataclass(frozen=True, slots=True)
class Crop:
    """One entry of a list: the name of an original, and the box in its pixels."""

    name: str
    top: int
    bottom: int
    left: int
    right: int

    def original(self, folder: Path) -> Path | None:
        """The file below a folder, None where there is none: beside the others, or in LSUN's six folders."""
        last = self.name.rstrip("/").rpartition("/")[2]
        if last in ("", ".", "..") or "\\" in last or "\0" in last:
            return None
        bases = (folder, folder.joinpath(*last[:6]))
        return next((base / (last + end) for base in bases for end in ENDINGS if (base / (last + end)).is_file()), None)


def read_crops(path: str | Path) -> list[Crop]:
    """The entries of a list, in order. Errors: InputError for a file that is no such list, with the entry's number."""
    path = Path(path)
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no list of boxes: {error}.", fix="Give dogs.json or the like.") from error
    if not isinstance(entries, list):
        raise InputError(f"{path} holds no list of boxes.", fix="Give dogs.json or the like.")
    return [_crop(entry, f"{path}, entry {number}") for number, entry in enumerate(entries)]


def _crop(entry: Any, where: str) -> Crop:
    told = entry if isinstance(entry, dict) else {}
    name, box = told.get("image_name"), told.get("bounding_box")
    sides = box if isinstance(box, list) else []
    if not isinstance(name, str) or len(sides) != 4 or not all(map(_finite, sides)):
        raise InputError(
            f"{where}: a name and a box [top, bottom, left, right] expected; got {str(entry)[:80]}.",
            fix="Download the list again.",
        )
    top, bottom, left, right = (round(side) for side in sides)
    return Crop(name, top, bottom, left, right)


def _finite(side: object) -> bool:
    return isinstance(side, int | float) and math.isfinite(side)


def cut(
    crops: list[Crop],
    originals: str | Path,
    folder: str | Path,
    size: int,
    *,
    problems: Problems | None = None,
    step: Callable[[], object] = lambda: None,
) -> int:
    """Write each crop as `folder/NNNNNN.png`, `size` pixels square by Lanczos; returns how many there are.

    Numbers are those of the list, so that gaps show what is missing. A crop that is not square is squeezed, as
    published; PNG, so that nothing is compressed a second time. What is there already stays. Originals that are missing
    or unreadable, and boxes that leave them, go to `problems`. `step` is called after each.
    """
    folder, problems, done = Path(folder), problems if problems is not None else Problems(), 0
    folder.mkdir(parents=True, exist_ok=True)
    for number, crop in enumerate(crops):
        step()
        target = folder / f"{number:06d}.png"
        if not target.exists():
            try:
                pixels = _pixels(crop, Path(originals))
            except (InputError, ResourceError, OSError) as error:
                problems.add(crop.name, str(error))
                continue
            partial = target.with_suffix(".partial")
            Image.fromarray(fitted(pixels, size, "squeeze")).save(partial, "PNG")
            partial.replace(target)
        done += 1
    return done


def _pixels(crop: Crop, originals: Path) -> np.ndarray:
    """The box of the original. Errors: InputError where either is missing."""
    path = crop.original(originals)
    if path is None:
        raise InputError("The original is not there.", fix="Download it; fauxto fetches nothing.")
    pixels = open_picture(read_bytes(str(path))).read()
    height, width = pixels.shape[:2]
    if not (0 <= crop.top < crop.bottom <= height and 0 <= crop.left < crop.right <= width):
        raise InputError(
            f"The box (rows {crop.top} to {crop.bottom}, columns {crop.left} to {crop.right}) leaves the picture of "
            f"{width} x {height}.",
            fix="Use the original size, not a thumbnail.",
        )
    return pixels[crop.top : crop.bottom, crop.left : crop.right]
