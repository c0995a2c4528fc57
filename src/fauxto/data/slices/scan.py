"""What one medical file holds, and what is asked of every such file before it is believed."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np

from fauxto.errors import InputError, ResourceError
from fauxto.media.limits import DEFAULT_LIMITS

MOST_BYTES = 2 * DEFAULT_LIMITS.max_bytes
"""Of a file as stored, and as inflated: a volume of 512 x 512 x 512 voxels of 4 bytes."""

LEAST_SIDE = 8
"""Pixels: below it nothing is a slice of a patient."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The planes of one file, float32 `(n, h, w)` in the scanner's own units, seen from one side; bright is bright.

    `patient` is a digest of what the file says of the patient, or empty: no name leaves the file.
    """

    planes: np.ndarray
    patient: str = ""


def needs(package: str) -> ModuleType:
    """A reader that the base install leaves out. Errors: ResourceError where it is missing."""
    if find_spec(package) is None:
        raise ResourceError(f"This file needs {package}, which is missing.", fix="pip install 'fauxto[medical]'")
    return importlib.import_module(package)


def check_size(path: Path, count: int, bytes_each: int) -> None:
    """Refuse planes that would not fit. Errors: ResourceError, before anything is decoded."""
    if count * bytes_each > MOST_BYTES:
        raise ResourceError(
            f"{path} says that it holds {count:,} values of {bytes_each} bytes; at most {MOST_BYTES / 1e6:.0f} MB are "
            "read.",
            fix="Cut the volume into smaller ones.",
            code="too_many_pixels",
        )


def check_file(path: Path) -> None:
    """Refuse an empty file and a huge one. Errors: InputError, ResourceError, OSError."""
    length = path.stat().st_size
    if not length:
        raise InputError(f"{path} is empty (0 bytes).", fix="Export it again.", code="empty")
    check_size(path, length, 1)


def checked(path: Path, planes: np.ndarray) -> np.ndarray:
    """Planes as float32 when they can be slices. Errors: InputError for none, tiny ones, or values not finite."""
    if planes.ndim != 3 or not len(planes) or min(planes.shape[1:]) < LEAST_SIDE:
        raise InputError(
            f"{path} holds {' x '.join(map(str, planes.shape))} values; slices of at least {LEAST_SIDE} x {LEAST_SIDE} "
            "are expected.",
            fix="Give images of patients, not localizers, masks or tables.",
        )
    values = np.ascontiguousarray(planes, np.float32)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise InputError(
            f"{path} holds {bad:,} values that are no finite numbers, of {values.size:,}.",
            fix="Say what they are first: numpy.nan_to_num(volume, nan=0) for a background.",
        )
    return values


def digest(*words: object) -> str:
    """A name for a patient that does not tell who it is; empty where there are no words."""
    text = "\0".join(str(word) for word in words if word)
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""
