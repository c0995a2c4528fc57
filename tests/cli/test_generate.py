"""`fauxto generate` as a newcomer uses it: a folder of pictures, some of them none, to a generator and its pictures."""

import json

import numpy as np
import pytest
from PIL import Image

from fauxto.cli.app import main
from fauxto.data.manifest import read
from fauxto.data.worlds.shapes import pictures

TINY = """base = "dcgan"
latent_size = 4
[generator]
width = 2
[discriminator]
width = 2
[optimization]
batch = 4
"""


def run(capfd, *arguments):
    """Exit code, standard output and standard error of one command."""
    with pytest.raises(SystemExit) as caught:
        main(["generate", *map(str, arguments)])
    return caught.value.code, *capfd.readouterr()


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return ["--recipe", path]


@pytest.fixture
def folder(tmp_path):
    """Nine pictures of one size."""
    place = tmp_path / "pictures"
    place.mkdir()
    for k, pixels in enumerate(pictures(9)[0]):
        Image.fromarray(pixels).save(place / f"{k}.png")
    return place


def test_from_a_folder_to_marked_pictures(capfd, recipe, folder, tmp_path):
    (folder / "text.png").write_text("no picture")
    job = ["train", *recipe, "--data", folder, "--out", tmp_path / "run"]
    code, out, told = run(capfd, *job, "--steps", "1")
    report = json.loads(out)
    assert code == 0 and (report["pictures"], report["left_out"], report["steps"]) == (9, 1, 1)
    assert "1 of 10 files could not be read" in told and "skipped.json" in told
    code, out, _ = run(capfd, *job, "--steps", "3")
    assert code == 0 and json.loads(out)["steps"] == 3
    code, _, told = run(capfd, *job, "--steps", "3", "--seed", "5")
    assert code == 2 and "another run: seed 0 there, 5 now" in told
    code, out, _ = run(capfd, "sample", "--model", tmp_path / "run", "--out", tmp_path / "made", "--n", "3")
    assert code == 0 and json.loads(out)["pictures"] == 3
    rows = read(tmp_path / "made" / "manifest.csv")
    assert [row.label for row in rows] == [1, 1, 1] and rows[0].architecture == "dcgan"
    with Image.open(rows[0].path) as picture:
        assert "trainedAlgorithmicMedia" in str(picture.info)


def test_what_cannot_be_learned_from_is_said_with_what_to_do(capfd, recipe, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "one").mkdir()
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "one" / "a.png")
    for k, size in enumerate([(32, 32), (48, 40)]):
        Image.fromarray(np.zeros((*size, 3), np.uint8)).save(mixed / f"{k}.png")
    grey = tmp_path / "grey"
    grey.mkdir()
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(grey / "a.png")
    cases = {
        "empty": "There are no pictures below",
        "one": "at least 4 are needed",
        "mixed": "not squares of one size",
        "grey": "--convert",
        "missing": "missing",
    }
    for place, words in cases.items():
        code, out, told = run(capfd, "train", *recipe, "--data", tmp_path / place, "--out", tmp_path / f"of {place}")
        assert code == 2 and not out and words in told and told.count("\n") == 2, told
    code, _, told = run(capfd, "train", "--recipe", "dcgam", "--data", folder, "--out", tmp_path / "run")
    assert code == 2 and "near it: dcgan" in told
    code, _, told = run(capfd, "sample", "--model", tmp_path / "nothing", "--out", tmp_path / "made")
    assert code == 2 and "nothing" in told


def test_recipes_are_listed_and_shown(capfd):
    code, out, _ = run(capfd, "recipes")
    assert code == 0 and out.startswith("dcgan ") and "biggan-diffaug " in out
    code, out, _ = run(capfd, "recipes", "biggan-diffaug")
    assert code == 0 and json.loads(out)["architecture"] == "biggan"
