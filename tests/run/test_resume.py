"""Scans into a file: complete or not there, resumed, incremental, and only over what is ours."""

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fauxto
from fauxto.errors import InputError, PolicyError
from fauxto.finding import Finding
from fauxto.run import parquet
from fauxto.run.journal import Contents
from fauxto.run.options import Options
from fauxto.run.pipeline import Scanner
from fauxto.run.scan import journal_of
from tests.run import tiny


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "r.parquet"


def scan(folder: Path, out: Path, **options) -> list[Finding]:
    return list(fauxto.scan_many([folder], out=out, workers=1, **options))


def rows(out: Path) -> list[dict]:
    """The rows of a results file as JSON lines would have them."""
    table = pq.read_table(out).to_pylist()
    for row in table:
        for name in ("stability", "provenance", "evidence"):
            row[name] = json.loads(row[name]) if row[name] is not None else None
    return table


def test_the_file_holds_what_the_iterator_gave(folder: Path, out: Path, model: str):
    (folder / "9.jpg").write_bytes(b"")
    found = scan(folder, out, model=model, stability=True, regions=True)
    assert rows(out) == [item.to_dict() for item in found]
    assert [item.status for item in found] == ["ok"] * 4 + ["error"]
    assert pq.read_schema(out).equals(parquet.SCHEMA)
    assert sorted(path.name for path in out.parent.iterdir()) == ["r.parquet", "r.parquet.journal"]


def test_columns_are_the_keys_of_a_finding():
    assert parquet.SCHEMA.names == list(Finding.__slots__)


def test_what_is_unchanged_is_not_read_again(folder: Path, out: Path, model: str):
    first = scan(folder, out, model=model)
    for path in folder.iterdir():
        status = path.stat()
        path.write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert scan(folder, out, model=model) == first
    os.utime(folder / "0.png")
    again = scan(folder, out, model=model)
    assert again[0].error["code"] == "unknown_format"
    assert again[1:] == first[1:]
    assert rows(out) == [item.to_dict() for item in again]


def test_other_options_or_another_model_scan_again(folder: Path, out: Path, model: str, tmp_path: Path):
    first = scan(folder, out, model=model)
    stricter = scan(folder, out, model=model, fpr=0.004)
    assert {item.fpr for item in stricter} == {0.004}
    other = scan(folder, out, model=str(tiny.write_model(tmp_path / "other", gain=2.0)))
    assert all(abs(b.logit - a.logit / 8) < 1e-4 for a, b in zip(first, other, strict=True))
    assert rows(out) == [item.to_dict() for item in other]


def test_the_file_holds_the_latest_call_only(folder: Path, out: Path, model: str):
    scan(folder, out, model=model)
    (folder / "0.png").unlink()
    tiny.write_picture(folder / "5.png", 60)
    scan(folder, out, model=model)
    assert [Path(row["path"]).name for row in rows(out)] == ["1.png", "2.png", "3.png", "5.png"]


def test_a_file_named_twice_is_one_row(folder: Path, out: Path, model: str):
    arguments = [folder, folder / "0.png", f"{folder}/*.png", f"{folder}/../pictures/1.png"]
    assert len(list(fauxto.scan_many(arguments, out=out, workers=2, model=model))) == 4
    assert len(rows(out)) == 4


def test_a_known_content_is_not_decoded_again(folder: Path, out: Path, model: str, monkeypatch):
    """A worker finds the Finding of the same content under another path."""
    scan(folder, out, model=model)
    fingerprint = json.loads(pq.read_schema(out).metadata[b"fauxto"])["fingerprint"]
    scanner = Scanner(Options(model=model), Contents(journal_of(out), fingerprint))
    monkeypatch.setattr(scanner, "scan_bytes", lambda *_: pytest.fail("decoded again"))
    shutil.copy(folder / "1.png", folder.parent / "copy.png")
    found = scanner.scan(str(folder.parent / "copy.png"))
    original = Finding.from_dict(rows(out)[1])
    assert found.path == str(folder.parent / "copy.png")
    assert replace(found, path="", seconds=0) == replace(original, path="", seconds=0)


def test_errors_from_outside_the_file_are_tried_again(folder: Path, out: Path, model: str):
    missing = folder / "late.png"
    [late] = fauxto.scan_many([missing], out=out, model=model)
    assert late.error["code"] == "not_found"
    tiny.write_picture(missing, 60)
    [late] = fauxto.scan_many([missing], out=out, model=model)
    assert late.status == "ok"


def test_an_abandoned_scan_leaves_the_journal_and_no_results(folder: Path, out: Path, model: str):
    found = fauxto.scan_many([folder], out=out, workers=1, model=model)
    first = next(found)
    found.close()
    assert sorted(path.name for path in out.parent.iterdir()) == ["r.parquet.journal"]
    assert scan(folder, out, model=model)[0] == first


@pytest.mark.parametrize("content", [b"my own table", b""])
def test_what_is_not_ours_is_not_replaced(folder: Path, out: Path, model: str, content: bytes):
    out.write_bytes(content)
    with pytest.raises(PolicyError, match="left alone"):
        scan(folder, out, model=model)
    assert out.read_bytes() == content


def test_a_parquet_file_of_someone_else_is_not_replaced(folder: Path, out: Path, model: str):
    pq.write_table(pa.table({"a": [1]}), out)
    with pytest.raises(PolicyError, match="left alone"):
        scan(folder, out, model=model)
    out.unlink()
    out.mkdir()
    with pytest.raises(PolicyError, match="left alone"):
        scan(folder, out, model=model)


def test_names_that_cannot_work_are_refused_first(folder: Path, tmp_path: Path, model: str):
    with pytest.raises(InputError, match="does not end in"):
        scan(folder, tmp_path / "r.csv", model=model)
    with pytest.raises(InputError, match="no folder"):
        scan(folder, tmp_path / "none" / "r.parquet", model=model)


def test_row_groups_are_streamed(out: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parquet, "ROWS", 10)
    parquet.write(out, (Finding(str(number)) for number in range(95)), {"version": "0"})
    assert pq.ParquetFile(out).num_row_groups == 10
    assert pq.read_table(out)["path"].to_pylist() == [str(number) for number in range(95)]


def test_a_failure_while_writing_leaves_the_old_results(out: Path):
    parquet.write(out, [Finding("old")], {})

    def failing():
        yield Finding("new")
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        parquet.write(out, failing(), {})
    assert pq.read_table(out)["path"].to_pylist() == ["old"]


def test_killed_again_and_again_every_file_is_there_once(tmp_path: Path, out: Path, model: str):
    """The command is killed after a random number of rows, twice; then it is left to finish."""
    pictures = tmp_path / "many"
    for number in range(60):
        tiny.write_picture(pictures / f"{number:02}.png", 40 + 3 * number, seed=number)
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    command = [sys.executable, "-m", "fauxto", "scan", str(pictures), "--json", "--model", model]
    command += ["--out", str(out), "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    rng = random.Random(1)
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            for _ in range(rng.randrange(1, 50)):
                process.stdout.readline()
            process.kill()
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 2, "one file is broken"
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows(out) == printed
    expected = [*(str(pictures / f"{number:02}.png") for number in range(60)), str(pictures / "broken.png")]
    assert [row["path"] for row in printed] == expected
    undisturbed = list(fauxto.scan_many([pictures], model=model))
    assert [row["logit"] for row in printed] == [item.logit for item in undisturbed]
