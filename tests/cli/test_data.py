"""The verbs of `fauxto data`: a folder becomes a manifest, is described, split and audited; errors are two lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from fauxto.cli import app
from fauxto.data.manifest import read
from tests.data.miniatures import jpeg, make, png


def run(capfd, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        app.main([str(argument) for argument in arguments])
    out, err = capfd.readouterr()
    return ended.value.code, out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "set", jpeg(), png, count=24)
    return tmp_path / "set"


def test_from_a_folder_to_an_audit(folder, tmp_path, capfd):
    manifest, divided = tmp_path / "m.parquet", tmp_path / "s.csv"
    (folder / "fake" / "loop").symlink_to(folder)
    code, out, err = run(capfd, "data", "index", folder, "--out", manifest, "--measure")
    assert code == 0 and "layout folders: 48 pictures (24 real, 24 fake)" in out
    assert "1 left out" in err and "links to folders" in err
    assert {sample.format for sample in read(manifest)} == {"jpeg", "png"}

    code, out, _ = run(capfd, "data", "describe", manifest)
    assert code == 0 and "48 pictures: 24 fake, 24 real" in out
    assert "format     fake  png 24" in out and "50% 64" in out

    code, out, _ = run(
        capfd, "data", "split", manifest, "--out", divided, "--by", "duplicate", "--share", "train=0.5",
        "--share", "test=0.5", "--json",
    )  # fmt: skip
    report = json.loads(out)
    assert code == 0 and report["groups"] == 48 and report["unread"] == 0
    assert report["splits"] == {"fake": {"test": 12, "train": 12}, "real": {"test": 12, "train": 12}}

    code, out, _ = run(capfd, "data", "audit", divided, "--no-near")
    assert code == 1 and "LEAKY" in out and "Decode both classes" in out
    code, out, _ = run(capfd, "data", "audit", divided, "--json")
    found = json.loads(out)
    assert code == 1 and found["leaky"]
    assert [row["name"] for row in found["probes"] if row["leaky"]] == ["container"]


def test_a_clean_set_exits_0(tmp_path, capfd):
    make(tmp_path / "set", jpeg(), jpeg(), count=30)
    assert run(capfd, "data", "index", tmp_path / "set", "--out", tmp_path / "m.csv")[0] == 0
    code, out, _ = run(capfd, "data", "audit", tmp_path / "m.csv", "--no-near")
    assert code == 0 and "No leak found." in out


def test_index_as_json_names_the_layout_and_the_counts(tmp_path, capfd):
    for place in ("train/REAL", "train/FAKE", "test/REAL", "test/FAKE"):
        (tmp_path / "c" / place).mkdir(parents=True)
        (tmp_path / "c" / place / "1.jpg").write_bytes(b"x")
    code, out, _ = run(capfd, "data", "index", tmp_path / "c", "--out", tmp_path / "m.csv", "--json")
    report = json.loads(out)
    assert code == 0 and report["layout"] == "cifake" and (report["real"], report["fake"]) == (2, 2)
    assert report["splits"] == {"test": 2, "train": 2} and "100,000" in report["published"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("data", "index", "/nowhere", "--out", "m.csv"), "is not a folder"),
        (("data", "index", "{tmp}", "--out", "{tmp}/m.csv", "--layout", "nonsense"), "no layout 'nonsense'"),
        (("data", "index", "{tmp}", "--out", "{tmp}/m.csv"), "no picture below"),
        (("data", "index", "{tmp}", "--out", "{tmp}/m.csv", "--layout", "cifake"), "no picture of the layout cifake"),
        (("data", "describe", "{tmp}/absent.csv"), "no manifest"),
        (("data", "describe", "{tmp}/none.csv"), "has no rows"),
        (("data", "audit", "{tmp}/absent.csv"), "no manifest"),
        (("data", "split", "{tmp}/one.csv", "--out", "{tmp}/o.csv", "--no-near", "--share", "train"), "not a split"),
        (
            ("data", "split", "{tmp}/one.csv", "--out", "{tmp}/o.csv", "--no-near"),
            "(--by parent,duplicate)",
        ),
        (("data", "split", "{tmp}/one.csv", "--out", "{tmp}/o.csv", "--by", "source"), "Ask for other shares"),
    ],
)
def test_what_cannot_be_done_is_two_lines_and_exit_2(tmp_path, capfd, arguments, what):
    (tmp_path / "none.csv").write_text("path,label\n")
    (tmp_path / "one.csv").write_text("path,label,source\n" + "".join(f"{i}.png,real,cam\n" for i in range(30)))
    code, out, err = run(capfd, *(argument.replace("{tmp}", str(tmp_path)) for argument in arguments))
    assert (code, out) == (2, "")
    assert what in err and len(err.strip().splitlines()) == 2
    assert not (tmp_path / "o.csv").exists() and not (tmp_path / "m.csv").exists()


def test_names_of_files_cannot_steer_the_terminal(tmp_path, capfd):
    for label in ("real", "fake"):
        (tmp_path / "set" / label).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "set" / label / "a\x1b[31m\nb.png")
        (tmp_path / "set" / label / "\x1b[2Jlink.png").symlink_to("/nowhere")
    code, out, err = run(capfd, "data", "index", tmp_path / "set", "--out", tmp_path / "m.csv")
    assert code == 0 and r"a\x1b[31m\nb.png" in out and r"\x1b[2Jlink.png" in err
    said = run(capfd, "data", "index", tmp_path / "\x1b[2Jnone", "--out", tmp_path / "m.csv")
    assert said[0] == 2 and "\x1b" not in out + err + said[2]
