"""DICOM files: made ones with known values, the ones that pydicom ships, and hostile ones."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from fauxto.data.slices.dicom import read_dicom
from fauxto.data.slices.scan import MOST_BYTES
from fauxto.errors import FauxtoError, InputError, ResourceError
from tests.data.slices.files import write_dicom

VALUES = np.arange(16 * 20, dtype=np.uint16).reshape(16, 20)


def shipped(name: str) -> Path:
    """A file that the package brings, never one that it would fetch."""
    found = get_testdata_file(name, download=False)
    assert found is not None
    return Path(found)


def test_values_come_as_the_scanner_meant_them(tmp_path):
    plain = read_dicom(write_dicom(tmp_path / "plain.dcm", VALUES))
    np.testing.assert_array_equal(plain.planes, VALUES[None].astype(np.float32))
    scaled = write_dicom(tmp_path / "scaled.dcm", VALUES, RescaleSlope="0.5", RescaleIntercept="-7")
    np.testing.assert_allclose(read_dicom(scaled).planes[0], VALUES * 0.5 - 7)
    turned = write_dicom(tmp_path / "turned.dcm", VALUES, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_dicom(turned).planes[0], float(VALUES.max()) - VALUES)
    frames = np.stack([VALUES, VALUES + 1, VALUES + 2])
    np.testing.assert_array_equal(read_dicom(write_dicom(tmp_path / "frames.dcm", frames)).planes, frames)


def test_a_patient_has_a_name_that_does_not_tell_who_it_is(tmp_path):
    one, same = (read_dicom(write_dicom(tmp_path / f"{k}.dcm", VALUES + k)).patient for k in (0, 1))
    assert one == same and "someone" not in one and len(one) == 12
    assert read_dicom(write_dicom(tmp_path / "b.dcm", VALUES, PatientID="other")).patient != one
    anonymous = {"PatientID": None, "StudyInstanceUID": "1.2.3"}
    assert read_dicom(write_dicom(tmp_path / "c.dcm", VALUES, **anonymous)).patient
    assert read_dicom(write_dicom(tmp_path / "d.dcm", VALUES, PatientID="")).patient == ""


@pytest.mark.parametrize(
    "name",
    ["MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm", "MR_small_padded.dcm"],
)
def test_one_slice_in_every_encoding_that_needs_no_codec(name):
    found = read_dicom(shipped(name))
    np.testing.assert_array_equal(found.planes[0], pydicom.dcmread(shipped("MR_small.dcm")).pixel_array)
    assert found.planes.shape == (1, 64, 64)


def test_a_rescaled_slice_of_pydicom():
    file = shipped("CT_small.dcm")
    raw = pydicom.dcmread(file)
    np.testing.assert_allclose(
        read_dicom(file).planes[0], raw.pixel_array * float(raw.RescaleSlope) + float(raw.RescaleIntercept)
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", "JPEG-LS.*no decoder"),
        ("SC_rgb_jpeg_gdcm.dcm", "no decoder"),
        ("image_dfl.dcm", "deflated"),
        ("MR_truncated.dcm", "cannot be read"),
        ("ExplVR_LitEndNoMeta.dcm", "no DICOM header"),
        ("meta_missing_tsyntax.dcm", "transfer syntax|cannot be read|no pixels"),
        ("examples_palette.dcm", "PALETTE COLOR, not grey"),
        ("SC_rgb_small_odd.dcm", "RGB, not grey"),
        ("liver_1frame.dcm", "segmentation"),
        ("rtdose.dcm", "segmentation or dose"),
        ("rtplan.dcm", "no pixels"),
        ("README.txt", "no DICOM header"),
    ],
)
def test_what_cannot_be_used_is_said_with_what_to_do(name, words):
    with pytest.raises(InputError, match=words) as caught:
        read_dicom(shipped(name))
    assert caught.value.fix and str(shipped(name)) in caught.value.what


def test_hostile_files_are_refused_before_they_cost_anything(tmp_path):
    huge = write_dicom(tmp_path / "huge.dcm", VALUES, Rows=65535, Columns=65535, NumberOfFrames=9999)
    with pytest.raises(ResourceError, match="at most"):
        read_dicom(huge)
    for k, tags in enumerate(
        (
            {"Rows": 0},
            {"Rows": None},
            {"BitsAllocated": 12},
            {"NumberOfFrames": 3},
            {"RescaleSlope": "NaN", "RescaleIntercept": "0"},
        )
    ):
        with pytest.raises(InputError):
            read_dicom(write_dicom(tmp_path / f"odd{k}.dcm", VALUES, **tags))
    with pytest.raises(InputError, match="8 x 8"):
        read_dicom(write_dicom(tmp_path / "tiny.dcm", VALUES[:4, :4]))
    (tmp_path / "empty.dcm").touch()
    with pytest.raises(InputError, match="empty"):
        read_dicom(tmp_path / "empty.dcm")
    sparse = tmp_path / "sparse.dcm"
    with sparse.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ResourceError):
        read_dicom(sparse)


def test_damaged_bytes_end_in_words_and_in_nothing_else(tmp_path):
    whole = bytearray(shipped("MR_small_RLE.dcm").read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for k in range(60):
        bad = whole.copy()
        for place in rng.integers(132, len(bad) if k % 2 else 1500, 6):
            bad[place] = rng.integers(256)
        path = tmp_path / "bad.dcm"
        path.write_bytes(bad[: rng.integers(200, len(bad))] if k % 3 == 0 else bad)
        try:
            assert np.isfinite(read_dicom(path).planes).all()
        except FauxtoError as error:
            refused += 1
            assert error.fix
    assert refused > 15
