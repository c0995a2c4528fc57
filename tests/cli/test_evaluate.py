"""`fauxto generate evaluate` from end to end, on an untrained network."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from fauxto.cli.evaluate import evaluate
from fauxto.errors import WeightError


@pytest.fixture
def folders(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("real", "fake"):
        (tmp_path / name).mkdir()
        for i in range(7):
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(tmp_path / name / f"{i}.png")
    return {"real": tmp_path / "real", "fake": tmp_path / "fake"}


def test_the_page_names_figures_settings_and_notes(folders, capsys):
    assert evaluate(**folders, backbone="random", engine="torch", metrics="fid,kid,pr,fid-infinity") == 0
    shown = capsys.readouterr().out
    for words in (
        "FD  ",
        "FD-INFINITY",
        "KID",
        "±",
        "PRECISION",
        "7 real and 7 fake pictures, clean-fid",
        "- 7 pictures for",
    ):
        assert words in shown, words
    assert "FID" not in shown, "outside of Inception's space it is no FID"


def test_json_holds_everything(folders, capsys):
    evaluate(**folders, backbone="random", engine="torch", metrics="fid", json=True)
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"metrics", "settings", "real", "fake", "notes"}
    assert found["settings"]["convention"] == "clean-fid"


def test_missing_weights_are_said(folders):
    with pytest.raises(WeightError, match="needs its weights") as caught:
        evaluate(**folders, backbone="inception")
    assert "--weights PATH" in caught.value.fix
