"""A folder of everything to slices of one size and scale; patients stay together; degradations against their sums."""

import numpy as np
import pytest
from PIL import Image

from fauxto.data.slices import degrade
from fauxto.data.slices.slice_set import SHARES, SliceSet, prepared, read_folder
from fauxto.errors import InputError
from fauxto.score.similarity import psnr
from tests.data.slices.files import write_dicom, write_nifti

RNG = np.random.default_rng(0)
PLANE = RNG.integers(0, 4000, (20, 16)).astype(np.uint16)


def test_a_folder_of_everything(tmp_path):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    write_dicom(tmp_path / "a" / "deep" / "IM0001", PLANE, PatientID=None)
    write_dicom(tmp_path / "a" / "two.dcm", np.stack([PLANE, PLANE[::-1]]), PatientID=None)
    write_dicom(tmp_path / "told.dcm", PLANE)
    volume = RNG.random((12, 10, 9)).astype(np.float32)
    volume[..., 0] = 0.5  # an empty slice, as volumes end with
    write_nifti(tmp_path / "b.nii.gz", volume)
    Image.fromarray((PLANE // 16).astype(np.uint8)).save(tmp_path / "grey.png")
    Image.fromarray(RNG.integers(0, 255, (12, 12, 3)).astype(np.uint8)).save(tmp_path / "colour.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "notes.txt").write_text("passed over")
    (tmp_path / "README").write_text("an ending that DICOM may have")
    seen = []
    found = read_folder(tmp_path, 16, step=lambda: seen.append(1))
    assert found.pixels.shape == (13, 16, 16) and found.pixels.dtype == np.float32 and len(seen) == 8
    assert found.pixels.min() == 0 and found.pixels.max() == 1
    patients = dict(zip(found.names, found.patients, strict=True))
    assert patients["a/two.dcm#1"] == patients["a/deep/IM0001"] == "a"
    assert patients["b.nii.gz#3"] == "b.nii.gz" and patients["grey.png"] == "grey.png"
    assert len(patients["told.dcm"]) == 12
    assert {place for place, _ in found.problems.shown} == {"README", "colour.png", "text.png"}


def test_a_folder_without_slices_says_why(tmp_path):
    with pytest.raises(InputError, match="no slices"):
        read_folder(tmp_path)
    write_nifti(tmp_path / "cine.nii", np.zeros((12, 10, 9, 4), np.int16))
    with pytest.raises(InputError, match=r"first of 1 problems.*4-D"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        read_folder(tmp_path / "missing")


def test_a_slice_is_clipped_scaled_padded_and_resized():
    plane = np.arange(1000, dtype=np.float32).reshape(25, 40)
    plane[0, 0] = 1e6
    found = prepared(plane, 40)
    low, high = np.percentile(plane, [0.5, 99.5])
    np.testing.assert_allclose(found[7:32], np.clip((plane - low) / (high - low), 0, 1), atol=1e-6)
    assert not found[:7].any() and not found[32:].any()
    np.testing.assert_allclose(prepared(plane * 3 + 100, 40), found, atol=1e-5)
    assert prepared(plane, 20).shape == (20, 20)
    spots = np.zeros((50, 50))
    spots[3, 3] = 7.0  # too little to reach a percentile
    assert prepared(spots, 50)[3, 3] == 1
    with pytest.raises(InputError, match="same value"):
        prepared(np.ones((9, 9)), 9)


def test_no_patient_is_in_two_parts_and_by_slice_many_are():
    patients = tuple(f"p{k // 4}" for k in range(120))
    pixels = np.arange(120, dtype=np.float32)[:, None, None] * np.ones((1, 8, 8), np.float32)
    whole = SliceSet(pixels, patients, tuple(map(str, range(120))))
    parts = whole.by_patient(seed=1)
    assert {name: len(part) for name, part in parts.items()} == {"train": 80, "calibration": 20, "test": 20}
    names = [set(part.patients) for part in parts.values()]
    assert not (names[0] & names[1] or names[0] & names[2] or names[1] & names[2])
    for part in parts.values():
        assert [str(int(picture[0, 0])) for picture in part.pixels] == list(part.names)
    leaky = whole.by_slice(seed=1)
    assert {name: len(part) for name, part in leaky.items()} == {"train": 84, "calibration": 18, "test": 18}
    assert set(leaky["train"].patients) & set(leaky["test"].patients)
    assert sorted(name for part in leaky.values() for name in part.names) == sorted(whole.names)
    few = SliceSet(pixels[:8], patients[:8], tuple("abcdefgh"))
    with pytest.raises(InputError, match="2 patients cannot be divided"):
        few.by_patient(SHARES)


PICTURE = np.clip(RNG.normal(0.4, 0.2, (32, 32)), 0, 1).astype(np.float32)


def test_undersampling_keeps_its_lines_and_nothing_else():
    measured = degrade.measurement(PICTURE, 3)
    assert measured.lines.sum() == 8 and measured.lines[15:18].all()
    matrix = np.exp(-2j * np.pi * np.outer(np.arange(32), np.arange(32)) / 32) / np.sqrt(32)
    space = np.fft.fftshift(matrix @ PICTURE @ matrix.T)
    np.testing.assert_allclose(measured.space[measured.lines], space[measured.lines], atol=1e-6)
    assert not measured.space[~measured.lines].any()
    full = degrade.measure(PICTURE, np.ones(32, bool))
    np.testing.assert_allclose(degrade.zero_filled(full), PICTURE, atol=1e-6)
    other = degrade.measurement(PICTURE, 4)
    assert (other.lines != measured.lines).any()


@pytest.mark.parametrize("side", [31, 32])
def test_consistency_puts_the_measured_lines_back(side):
    picture = 0.4 + 0.2 * PICTURE[:side, :side]
    measured = degrade.measurement(picture, 0)
    guess = np.full_like(picture, 0.45)
    mended = degrade.consistent(guess, measured)
    assert degrade.contradiction(picture, measured) < 1e-6
    assert degrade.contradiction(guess, measured) > 1e-2
    assert degrade.contradiction(mended, measured) < 1e-6
    assert psnr(mended, picture) > psnr(guess, picture)
    np.testing.assert_allclose(degrade.consistent(picture, measured), picture, atol=1e-6)


def test_noise_is_rician_and_halving_loses_the_fine():
    black = degrade.noisy(np.zeros((200, 200)), np.random.default_rng(0))
    assert black.mean() == pytest.approx(degrade.SIGMA * np.sqrt(np.pi / 2), rel=0.02)
    board = np.indices((16, 16)).sum(0) % 2
    assert np.ptp(degrade.halved(board)[3:-3, 3:-3]) < 0.2
    smooth = np.linspace(0, 1, 32)[None].repeat(32, 0)
    np.testing.assert_allclose(degrade.halved(smooth), smooth, atol=0.02)


@pytest.mark.parametrize("kind", degrade.DEGRADATIONS)
def test_every_degradation_is_the_same_again(kind):
    some = np.stack([PICTURE, PICTURE.T])
    found = degrade.degraded(some, kind)
    assert found.shape == some.shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_array_equal(found[:1], degrade.degraded(some[:1], kind))
    assert psnr(found[0], some[0]) < 30
