"""`fauxto bench mri-gans` from files of three kinds to a page; what it is told wrong; and running it again."""

import json

import numpy as np
import pytest
from PIL import Image

from fauxto.cli.app import main
from fauxto.data.worlds.phantoms import slices
from tests.data.slices.files import write_dicom, write_nifti

SMALL = ["--size", "32", "--width", "2", "--steps", "1", "--batch-size", "2"]


def run(capfd, *arguments):
    """Exit code, standard output and standard error of one command."""
    with pytest.raises(SystemExit) as caught:
        main(["bench", "mri-gans", *map(str, arguments)])
    return caught.value.code, *capfd.readouterr()


@pytest.fixture(scope="module")
def organs(tmp_path_factory):
    """Seven knees as DICOM and seven hearts as NIfTI, with a text among them."""
    root = tmp_path_factory.mktemp("organs")
    (root / "knee").mkdir()
    (root / "heart").mkdir()
    for k, picture in enumerate(slices("knee", 7, side=32, each=1).pixels):
        write_dicom(root / "knee" / f"{k}.dcm", picture * 4000, PatientID=f"p{k}")
    for k in range(7):
        volume = slices("heart", 2, seed=k, side=32, each=2).pixels
        write_nifti(root / "heart" / f"{k}.nii.gz", np.moveaxis(volume, 0, 2))
    (root / "heart" / "notes.png").write_text("no picture")
    return root


def test_dicom_and_nifti_to_a_page(capfd, organs, tmp_path):
    data = ["--data", organs / "knee", "--data", f"thorax={organs / 'heart'}"]
    code, out, told = run(capfd, *data, "--out", tmp_path, "--models", "dcgan", *SMALL)
    assert code == 0 and "left out of thorax: notes.png" in told
    assert "## knee: 1 slices of 1 patients" in out and "## thorax: 2 slices of 1 patients" in out
    assert out == (tmp_path / "table.md").read_text()
    assert len(list((tmp_path / "work").glob("*.safetensors"))) == 4
    code, out, _ = run(capfd, *data, "--out", tmp_path, "--models", "dcgan", *SMALL, "--json")
    report = json.loads(out)
    assert code == 0 and report["facts"]["knee"]["train"] == {"slices": 5, "patients": 5}
    assert {row["arm"] for row in report["rows"]} >= {"input", "median filter", "dcgan", "dcgan, L1 alone"}


def test_what_is_told_wrong_is_said_with_what_to_do(capfd, organs, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    Image.fromarray((slices("knee", 1, side=32).pixels[0] * 255).astype(np.uint8)).save(few / "a.png")
    cases = [
        (["--data", organs / "knee", "--models", "cyclegan"], "no model 'cyclegan'"),
        (["--data", organs / "knee", "--data", organs / "knee"], "Two folders are named 'knee'"),
        (["--data", organs / "missing"], "not a folder"),
        (["--data", few], "1 slices of 1 patients cannot be divided"),
        (["--data", organs / "knee", "--size", "40"], "No network for slices of 40 pixels"),
        (["--data", organs / "knee", "--l1", "0", "--adversarial", "0"], "nothing to learn"),
    ]
    for arguments, words in cases:
        code, out, told = run(capfd, "--out", tmp_path / "out", "--width", "2", "--steps", "1", *arguments)
        assert code == 2 and not out and words in told and told.count("\n") == 2
