"""NIfTI volumes: made ones with known planes, the ones that nibabel ships, and hostile ones."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest

from fauxto.data.slices import nifti
from fauxto.data.slices.nifti import read_nifti
from fauxto.errors import FauxtoError, InputError, ResourceError
from tests.data.slices.files import write_nifti

VOLUME = np.arange(12 * 10 * 9, dtype=np.int16).reshape(12, 10, 9)
SHIPPED = Path(nibabel.__file__).parent / "tests" / "data"


def test_planes_lie_across_the_widest_voxels_with_the_patient_upright(tmp_path):
    axial = read_nifti(write_nifti(tmp_path / "axial.nii.gz", VOLUME)).planes
    assert axial.shape == (9, 10, 12)
    np.testing.assert_array_equal(axial[4], VOLUME[:, ::-1, 4].T)
    sagittal = read_nifti(write_nifti(tmp_path / "s.nii", VOLUME, np.diag([5.0, 1, 1, 1]))).planes
    assert sagittal.shape == (12, 9, 10)
    np.testing.assert_array_equal(sagittal[3], VOLUME[3, :, ::-1].T)
    cube = read_nifti(write_nifti(tmp_path / "cube.nii", VOLUME, np.eye(4))).planes
    assert cube.shape == (9, 10, 12)
    flat = read_nifti(write_nifti(tmp_path / "flat.nii", VOLUME[:, :, 0], np.diag([4.0, 1, 1, 1]))).planes
    assert flat.shape == (1, 10, 12)


def test_storage_order_and_obliquity_change_no_value(tmp_path):
    plain = read_nifti(write_nifti(tmp_path / "plain.nii", VOLUME)).planes
    flipped = np.diag([-1.0, 1, 3, 1])
    flipped[0, 3] = 11
    again = read_nifti(write_nifti(tmp_path / "flipped.nii", VOLUME[::-1].copy(), flipped)).planes
    np.testing.assert_array_equal(again, plain)
    stored = np.zeros((4, 4))
    stored[2, 0], stored[0, 1], stored[1, 2], stored[3, 3] = 3, 1, 1, 1
    again = read_nifti(write_nifti(tmp_path / "order.nii", VOLUME.transpose(2, 0, 1).copy(), stored)).planes
    np.testing.assert_array_equal(again, plain)
    turn = np.radians(20)
    oblique = np.diag([1.0, 1, 3, 1])
    oblique[1:3, 1:3] = [[np.cos(turn), -3 * np.sin(turn)], [np.sin(turn), 3 * np.cos(turn)]]
    np.testing.assert_array_equal(read_nifti(write_nifti(tmp_path / "oblique.nii", VOLUME, oblique)).planes, plain)


def test_one_frame_of_a_4d_file_is_chosen_and_never_guessed(tmp_path):
    path = write_nifti(tmp_path / "cine.nii.gz", np.stack([VOLUME, VOLUME + 5], -1))
    with pytest.raises(InputError, match="4-D: 2 frames") as caught:
        read_nifti(path)
    assert "frame = 0 to 1" in caught.value.fix
    np.testing.assert_array_equal(read_nifti(path, 1).planes - 5, read_nifti(path, 0).planes)
    for frame in (2, -1):
        with pytest.raises(InputError, match="no number"):
            read_nifti(path, frame)
    single = write_nifti(tmp_path / "one.nii", VOLUME[..., None])
    assert read_nifti(single).planes.shape == (9, 10, 12)


@pytest.mark.parametrize(
    ("name", "frame", "shape"),
    [
        ("anatomical.nii", None, (25, 41, 33)),
        ("example4d.nii.gz", 0, (24, 96, 128)),
        ("example_nifti2.nii.gz", 1, (12, 20, 32)),
        ("functional.nii", 7, (3, 21, 17)),
    ],
)
def test_files_of_nibabel(name, frame, shape):
    path = SHIPPED / name
    if not path.is_file():
        pytest.skip("this nibabel ships no test data")
    planes = read_nifti(path, frame).planes
    image = nibabel.load(path)
    values = image.get_fdata()[..., frame] if frame is not None else image.get_fdata()
    assert planes.shape == shape
    np.testing.assert_allclose(np.sort(planes, axis=None), np.sort(values, axis=None).astype(np.float32), rtol=1e-6)


def test_what_is_no_volume_is_said_with_what_to_do(tmp_path):
    nothing = VOLUME.astype(np.float32)
    nothing[2, 2, :3] = np.nan
    singular = write_nifti(tmp_path / "affine.nii", VOLUME)
    singular.write_bytes(singular.read_bytes()[:280] + bytes(48) + singular.read_bytes()[328:])  # the sform's rows
    cases = {
        "3 values that are no finite": write_nifti(tmp_path / "nan.nii", nothing),
        "complex64": write_nifti(tmp_path / "complex.nii", VOLUME.astype(np.complex64)),
        "affine": singular,
        "5 dimensions": write_nifti(tmp_path / "five.nii", VOLUME[..., None, None].repeat(2, 4)),
        "8 x 8": write_nifti(tmp_path / "tiny.nii", VOLUME[:5, :5]),
    }
    for name, content in {
        "no NIfTI header": b"no header" * 100,
        "empty": b"",
        "damaged gzip": b"\x1f\x8b\x08garbage",
    }.items():
        cases[name] = tmp_path / f"{len(cases)}.nii.gz"
        cases[name].write_bytes(content)
    pair = nibabel.Nifti1Pair(VOLUME, np.eye(4))
    nibabel.save(pair, tmp_path / "pair.hdr")
    cases["pair"] = (tmp_path / "pair.hdr").rename(tmp_path / "pair.nii")
    short = write_nifti(tmp_path / "short.nii", VOLUME)
    short.write_bytes(short.read_bytes()[:-100])
    cases["cannot be read"] = short
    for words, path in cases.items():
        with pytest.raises(InputError, match=words) as caught:
            read_nifti(path)
        assert caught.value.fix


def test_bombs_are_refused_by_their_header_or_as_they_inflate(tmp_path, monkeypatch):
    header = nibabel.Nifti1Header()
    header.set_data_shape((32767, 32767, 32767))
    header.set_data_dtype(np.float32)
    header["magic"], header["vox_offset"] = b"n+1", 352
    (tmp_path / "huge.nii").write_bytes(header.binaryblock + bytes(400))
    with pytest.raises(ResourceError, match="at most"):
        read_nifti(tmp_path / "huge.nii")
    monkeypatch.setattr(nifti, "MOST_BYTES", 10_000)
    (tmp_path / "bomb.nii.gz").write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(ResourceError, match="inflates"):
        read_nifti(tmp_path / "bomb.nii.gz")


def test_damaged_bytes_end_in_words_and_in_nothing_else(tmp_path):
    whole = bytearray(write_nifti(tmp_path / "whole.nii", VOLUME).read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    telling = [*range(4), *range(40, 56), *range(70, 74), *range(108, 120), *range(252, 328), *range(344, 352)]
    for _ in range(80):
        bad = whole.copy()
        for place in rng.choice(telling, 3):
            bad[place] = rng.integers(256)
        path = tmp_path / "bad.nii"
        path.write_bytes(bad)
        try:
            assert np.isfinite(read_nifti(path).planes).all()
        except FauxtoError as error:
            refused += 1
            assert error.fix
    assert refused > 15
