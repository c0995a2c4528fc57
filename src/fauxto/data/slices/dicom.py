"""DICOM files to planes: uncompressed and whatever else pydicom can decode here; one frame or many."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.data.slices.scan import Scan, check_file, check_size, checked, digest, needs
from fauxto.errors import FauxtoError, InputError

DEFLATED = "1.2.840.10008.1.2.1.99"
"""A transfer syntax that inflates the whole data set before a limit could be asked."""

GREY = ("MONOCHROME1", "MONOCHROME2")
NO_PICTURES = ("SEG", "RTDOSE")
"""Modalities that are grey and show no patient."""


def read_dicom(path: Path) -> Scan:
    """All frames of a grey DICOM file, in the units after the modality's rescaling or table, where it has one.

    MONOCHROME1 (the least value is white) is turned round. Errors: InputError for what is no such file, is damaged, in
    colour, or compressed in a way that nothing installed reads; ResourceError for one that is too large.
    """
    needs("pydicom")
    check_file(path)
    try:
        with warnings.catch_warnings():  # of values that break the standard: what matters is checked here
            warnings.simplefilter("ignore")
            return _read(path)
    except (FauxtoError, OSError, MemoryError):
        raise
    except Exception as error:  # a damaged or crafted file raises whatever its reader stumbles over
        raise InputError(
            f"{path} cannot be read as DICOM: {_first_line(error)}", fix="Export it again.", code="corrupt"
        ) from error


def _read(path: Path) -> Scan:
    import pydicom  # noqa: PLC0415
    from pydicom.filereader import read_file_meta_info  # noqa: PLC0415
    from pydicom.pixels import apply_modality_lut  # noqa: PLC0415

    try:
        _check_syntax(path, read_file_meta_info(path).get("TransferSyntaxUID"))
        file = pydicom.dcmread(path)
    except pydicom.errors.InvalidDicomError as error:
        raise InputError(
            f"{path} has no DICOM header.", fix="Give DICOM, NIfTI or pictures; a bare data set needs dcmconv first."
        ) from error
    _check_picture(path, file)
    rows, columns, frames = (int(file.get(key) or 1) for key in ("Rows", "Columns", "NumberOfFrames"))
    check_size(path, max(rows, 0) * max(columns, 0) * max(frames, 0), max(4, int(file.BitsAllocated) // 8))
    values = apply_modality_lut(file.pixel_array, file)
    planes = np.asarray(values, np.float32).reshape(-1, *values.shape[-2:])
    if file.PhotometricInterpretation == "MONOCHROME1":
        planes = planes.max() + planes.min() - planes
    return Scan(checked(path, planes), digest(file.get("PatientID") or file.get("StudyInstanceUID")))


def _check_syntax(path: Path, syntax: Any) -> None:
    from pydicom.pixels import get_decoder  # noqa: PLC0415

    if syntax is None:
        raise InputError(f"{path} does not say how it is encoded (no transfer syntax).", fix="Export it again.")
    if syntax == DEFLATED:
        raise InputError(f"{path} is deflated as a whole.", fix=f"Inflate it first: dcmconv +te {path.name} OUT.dcm")
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise InputError(f"{path} is encoded as {syntax.name}.", fix="Export single slices instead.") from error
    if not decoder.is_available:
        raise InputError(
            f"{path} is compressed as {syntax.name}, and no decoder for it is installed.",
            fix=f"Decompress it first: gdcmconv --raw {path.name} OUT.dcm; or pip install pylibjpeg pylibjpeg-libjpeg.",
        )


def _check_picture(path: Path, file: Any) -> None:
    kind, shown = str(file.get("Modality") or ""), str(file.get("PhotometricInterpretation") or "")
    if not any(name in file for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise InputError(f"{path} holds no pixels (modality {kind or 'unknown'}).", fix="Leave it out.")
    if shown not in GREY:
        raise InputError(f"{path} is {shown or 'of unknown colour'}, not grey.", fix="Leave secondary captures out.")
    if kind in NO_PICTURES or file.get("BitsAllocated") == 1:
        raise InputError(f"{path} is a segmentation or dose, no picture of a patient.", fix="Leave it out.")


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(".") + "."
