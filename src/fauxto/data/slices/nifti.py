"""NIfTI-1 and NIfTI-2 volumes to planes: the slices as they were acquired, never resampled."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.data.slices.scan import MOST_BYTES, Scan, check_file, check_size, checked, needs
from fauxto.errors import FauxtoError, InputError, ResourceError

HEADERS = {348: "Nifti1Image", 540: "Nifti2Image"}
"""Length of the header, which is its first number, and nibabel's class."""


def read_nifti(path: Path, frame: int | None = None) -> Scan:
    """The planes of a volume across the axis of its widest voxels, turned to nearest axes of the patient (RAS+).

    An oblique volume is cut along its own axes, not the patient's, so that no value is interpolated; pixels are taken
    as square. `frame` chooses one of a 4-D file. Errors: InputError for what is no NIfTI, is damaged, a pair of files,
    complex or coloured, without orientation, or 4-D without a frame; ResourceError for one that is too large.
    """
    log = needs("nibabel").imageglobals
    check_file(path)
    data = _inflated(path)
    try:
        with log.LoggingOutputSuppressor(), np.errstate(invalid="ignore", divide="ignore"):
            return Scan(checked(path, _planes(path, data, frame)))
    except (FauxtoError, MemoryError):
        raise
    except Exception as error:  # a damaged or crafted file raises whatever its reader stumbles over
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise InputError(f"{path} cannot be read as NIfTI: {said}.", fix="Export it again.", code="corrupt") from error


def _planes(path: Path, data: bytes, frame: int | None) -> np.ndarray:
    import nibabel  # noqa: PLC0415

    lengths = {int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")} & set(HEADERS)
    if not lengths:
        raise InputError(f"{path} has no NIfTI header.", fix="Give .nii or .nii.gz, DICOM or pictures.")
    kind = getattr(nibabel, HEADERS[lengths.pop()])
    header = kind.header_class.from_fileobj(BytesIO(data[:1024]))
    shape = tuple(int(n) for n in header.get_data_shape())
    check_size(path, int(np.prod(shape, dtype=object)) if shape else 0, max(4, header.get_data_dtype().itemsize))
    if header["magic"].item().startswith(b"ni"):
        raise InputError(
            f"{path} is the header of a pair.", fix="Write it as one file: nibabel.save(image, 'x.nii.gz')"
        )
    if header.get_data_dtype().kind not in "iuf":
        raise InputError(
            f"{path} holds {header.get_data_dtype()} values, not one real number a voxel.",
            fix="Take the magnitude or one channel first.",
        )
    values = _volume(path, kind.from_bytes(data), shape, frame)
    array = np.asarray(values.dataobj, np.float32)
    thick = [np.inf if n == 1 else zoom for n, zoom in zip(array.shape, values.header.get_zooms(), strict=True)]
    across = 2 - int(np.argmax(thick[::-1]))  # of axes alike the last one
    return np.moveaxis(array, across, 0).swapaxes(1, 2)[:, ::-1]  # superior, or for axial slices anterior, is up


def _volume(path: Path, image: Any, shape: tuple[int, ...], frame: int | None) -> Any:
    """The 3-D image of a frame with its axes nearest to the patient's."""
    import nibabel  # noqa: PLC0415

    frames = int(np.prod(shape[3:])) if len(shape) > 3 else 1
    if len(shape) < 2 or len(shape) > 4:
        raise InputError(f"{path} has {len(shape)} dimensions; a volume has 3.", fix="Cut it into volumes.")
    if frames > 1 and frame is None:
        raise InputError(f"{path} is 4-D: {frames} frames.", fix=f"Choose one: frame = 0 to {frames - 1}.")
    if not 0 <= (frame or 0) < frames:
        raise InputError(f"{path} has {frames} frames and no number {frame}.", fix=f"Give 0 to {frames - 1}.")
    if not np.isfinite(image.affine).all() or abs(np.linalg.det(image.affine[:3, :3])) < 1e-9:
        raise InputError(
            f"{path} has an affine that is no orientation (singular, or not finite).",
            fix="Set it: nibabel.Nifti1Image(volume, numpy.diag([dx, dy, dz, 1])).",
        )
    values = np.asarray(image.dataobj[..., frame or 0] if len(shape) == 4 else image.dataobj, np.float32)
    values = values.reshape(*values.shape, *[1] * (3 - values.ndim))
    return nibabel.as_closest_canonical(nibabel.Nifti1Image(values, image.affine))


def _inflated(path: Path) -> bytes:
    """All bytes of the file, out of gzip where it is one, as far as they may be many."""
    data = path.read_bytes()
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.open(path) as file:
            data = file.read(MOST_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is a damaged gzip file: {error}.", fix="Fetch it again.", code="corrupt") from error
    if len(data) > MOST_BYTES:
        raise ResourceError(
            f"{path} inflates to more than {MOST_BYTES / 1e6:.0f} MB.", fix="Cut the volume.", code="too_many_bytes"
        )
    return data
