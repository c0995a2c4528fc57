"""What finds the same again: a command that a shell reads as it was meant, and a hash that changes with the code."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fauxto
from fauxto.finding import Evidence, Finding
from fauxto.report import identity
from tests.report.test_html import finding, page


@given(st.text(min_size=1, max_size=40).filter(lambda name: "\x00" not in name))
def test_any_name_is_one_word_of_the_command(name: str):
    told = shlex.split(identity.command(finding(name)))[2]
    assert told == (f"./{name}" if name.startswith("-") else name)


def test_the_options_of_a_scan_are_in_its_command():
    model = {"name": "mine", "version": "1", "sha256": "0", "backend": "onnxruntime"}
    found = Finding("a.jpg", verdict="generated", fpr=0.001, stability={"agree": 1}, model=model)
    assert (
        identity.command(found) == "fauxto scan a.jpg --fpr 0.001 --stability --model mine --backend onnxruntime --json"
    )
    assert identity.command(Finding("a.jpg", status="error")) == "fauxto scan a.jpg --json"


def test_what_was_asked_is_read_off_the_evidence():
    items = [Evidence("forensics", "x", "none"), Evidence("localizer", "x", "none")]
    assert "--forensics --localize" in identity.command(finding(evidence=items))


def test_the_hash_is_of_every_python_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy = tmp_path / "fauxto"
    copy.mkdir()
    for part in ("finding.py", "errors.py"):
        shutil.copy(Path(fauxto.__file__).with_name(part), copy / part)
    monkeypatch.setattr(identity, "files", lambda name: copy)
    of = identity.code_sha256.__wrapped__
    first = of()
    (copy / "notes.txt").write_text("no code")
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "x.py").write_text("x")
    assert of() == first
    (copy / "errors.py").write_text((copy / "errors.py").read_text() + "\n")
    assert of() != first
    (copy / "room").mkdir()
    second = of()
    (copy / "room" / "new.py").write_text("")
    assert of() != second


def test_the_report_states_hashes_and_the_command(tmp_path: Path):
    text, read = page(tmp_path, finding("dir/my photo.jpg"))
    assert identity.code_sha256() in text and re.fullmatch(r"[0-9a-f]{64}", identity.code_sha256())
    assert "fauxto scan 'my photo.jpg' --fpr 0.01 --json" in read.words
    assert "ab" * 32 in read.words and "cd" * 32 in read.words
