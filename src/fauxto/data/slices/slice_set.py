"""Slices at one size and scale, with their patients: what repair is learned from, and split by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample
from fauxto.data.slices.dicom import read_dicom
from fauxto.data.slices.nifti import read_nifti
from fauxto.data.slices.scan import Scan, check_file, checked
from fauxto.data.split import split
from fauxto.data.walk import PICTURES, Problems, files, root_of
from fauxto.errors import InputError, ResourceError
from fauxto.media.decode import decode

NIFTI = (".nii", ".nii.gz")
SUFFIXES = {*PICTURES, ".dcm", ".dicom", ".ima", ".nii", ".gz", ""}
"""What is opened of a folder; scanners leave DICOM files without an ending."""

SHARES = {"train": 0.7, "calibration": 0.15, "test": 0.15}
TAILS = (0.5, 99.5)
"""Percentiles at which a slice is clipped before it is scaled to [0, 1]."""


@dataclass(frozen=True, slots=True)
class SliceSet:
    """`pixels` float32 `(n, s, s)` in [0, 1]; `patients` and `names`, one a slice; what was left out, and why."""

    pixels: np.ndarray
    patients: tuple[str, ...]
    names: tuple[str, ...]
    problems: Problems = field(default_factory=Problems)

    def __len__(self) -> int:
        """How many slices there are."""
        return len(self.pixels)

    def part(self, chosen: np.ndarray) -> SliceSet:
        """The slices of some indices."""
        patients, names = (tuple(words[int(i)] for i in chosen) for words in (self.patients, self.names))
        return SliceSet(self.pixels[chosen], patients, names)

    def by_patient(self, shares: Mapping[str, float] = SHARES, seed: int = 0) -> dict[str, SliceSet]:
        """Parts by name, no patient in two of them. Errors: InputError when there are too few patients."""
        rows = [Sample(f"{i:07d}", 0, source=patient) for i, patient in enumerate(self.patients)]
        try:
            placed = split(rows, shares=shares, by=("source",), seed=seed).samples
        except InputError as error:
            asked = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            raise InputError(
                f"{len(self)} slices of {len(set(self.patients))} patients cannot be divided into {asked} with no "
                "patient in two parts.",
                fix="Add patients, seven or more; files of one lie in one folder, or name it themselves (DICOM).",
            ) from error
        return self._parts([row.split for row in placed], shares)

    def by_slice(self, shares: Mapping[str, float] = SHARES, seed: int = 0) -> dict[str, SliceSet]:
        """Parts that share patients: the leak that `by_patient` prevents, to be measured and not to be used."""
        order = np.random.default_rng([0x5115, seed]).permutation(len(self))
        ends = np.round(np.cumsum([*shares.values()]) * len(self)).astype(int)
        words = np.repeat([*shares], np.diff([0, *ends]))
        return self._parts([str(words[place]) for place in np.argsort(order)], shares)

    def _parts(self, words: list[str], shares: Mapping[str, float]) -> dict[str, SliceSet]:
        return {name: self.part(np.flatnonzero(np.array(words) == name)) for name in shares}


def read_folder(
    folder: str | Path, size: int = 64, *, frame: int | None = None, step: Callable[[], object] = lambda: None
) -> SliceSet:
    """Every slice of the DICOM, NIfTI and picture files below a folder, prepared; `step` is called after each file.

    A patient is what a DICOM file says, else the folder directly below this one, else the file. What cannot be used is
    left out and told in `problems`. Errors: InputError when nothing is left.
    """
    root, problems = root_of(folder), Problems()
    pixels, patients, names = [], [], []
    for place in files(root, problems, SUFFIXES):
        try:
            scan = read_scan(root / place, frame)
            for number, plane in enumerate(scan.planes):
                if plane.min() == plane.max():  # volumes often end with empty slices
                    continue
                pixels.append(prepared(plane, size))
                patients.append(scan.patient or place.partition("/")[0])
                names.append(f"{place}#{number}" if len(scan.planes) > 1 else place)
        except (InputError, ResourceError, OSError) as error:
            problems.add(place, str(error))
        step()
    if not pixels:
        why = f" The first of {problems.count} problems: {problems.shown[0][1]}" if problems.count else ""
        raise InputError(
            f"There are no slices below {root}.{why}", fix="Give a folder of DICOM, NIfTI or grey pictures."
        )
    return SliceSet(np.stack(pixels), tuple(patients), tuple(names), problems)


def read_organs(
    words: Sequence[str], size: int = 64, *, frame: int | None = None, step: Callable[[], object] = lambda: None
) -> dict[str, SliceSet]:
    """Several folders by name, each said as NAME=FOLDER, or FOLDER after which it is then named.

    Errors: InputError for two of one name, and what `read_folder` raises.
    """
    found: dict[str, SliceSet] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        folder, name = (folder, name) if equals and name else (word, Path(word).resolve().name)
        if name in found:
            raise InputError(
                f"Two folders are named {name!r}.", fix="Name them: --data knee=FOLDER --data heart=FOLDER."
            )
        found[name] = read_folder(folder, size, frame=frame, step=step)
    return found


def read_scan(path: Path, frame: int | None = None) -> Scan:
    """One file of any of the three kinds. Errors: InputError, ResourceError, OSError."""
    name = path.name.lower()
    if name.endswith(NIFTI):
        return read_nifti(path, frame)
    if path.suffix.lower() not in PICTURES:
        return read_dicom(path)
    check_file(path)
    picture = decode(path.read_bytes())
    if np.ptp(picture, axis=2).any():
        raise InputError(f"{path} is in colour.", fix="Give grey pictures: one channel, or three alike.")
    return Scan(checked(path, picture[None, ..., 0]))


def prepared(plane: np.ndarray, size: int) -> np.ndarray:
    """A plane `(h, w)` as float32 `(size, size)` in [0, 1]: clipped, scaled, padded to a square, resized (bicubic).

    The padding is the least value. Errors: InputError for a constant plane.
    """
    low, high = np.percentile(plane, TAILS)
    if not high > low:  # nearly empty: the few bright values are all there is
        low, high = plane.min(), plane.max()
    if not high > low:
        raise InputError("A slice has the same value everywhere.", fix="Leave empty slices out.")
    scaled = np.clip((plane - low) / (high - low), 0, 1).astype(np.float32)
    height, width = scaled.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = np.pad(scaled, ((top, side - height - top), (left, side - width - left)))
    if side != size:
        square = np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.BICUBIC))
    return np.clip(square, 0, 1)
