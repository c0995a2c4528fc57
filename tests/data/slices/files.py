"""DICOM and NIfTI files made by the tests."""

from pathlib import Path

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid


def write_dicom(path: Path, values: np.ndarray, *, syntax: str = ExplicitVRLittleEndian, **tags: object) -> Path:
    """A grey file of uint16 `(h, w)` or `(n, h, w)`; a tag given as None is left out."""
    file = pydicom.Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = syntax
    file.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    settings = {
        "Modality": "MR",
        "PatientID": "someone",
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": values.shape[-2],
        "Columns": values.shape[-1],
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "PixelData": values.astype("<u2").tobytes(),
    }
    settings |= {"NumberOfFrames": len(values)} if values.ndim == 3 else {}
    for name, value in (settings | tags).items():
        if value is not None:
            setattr(file, name, value)
    file.save_as(path, enforce_file_format=True)
    return path


def write_nifti(path: Path, values: np.ndarray, affine: np.ndarray | None = None) -> Path:
    """A NIfTI-1 file."""
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 1.0, 3.0, 1.0]) if affine is None else affine), path)
    return path
