"""The journal: what counts as known, what does not, and what survives."""

import os
import random
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fauxto.errors import PolicyError, ResourceError
from fauxto.finding import Evidence, Finding, Region
from fauxto.run.journal import Contents, Journal, stamp


def finding(path: str = "a.png", sha256: str | None = "aa", **values) -> Finding:
    return Finding(path, sha256, verdict="no_evidence", **values)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.parquet.journal"


def test_a_finding_comes_back_whole(path: Path):
    whole = finding(
        evidence=[Evidence("pixels", "s", "weak", value={"p": [1, 2.5]})],
        regions=[Region(1, 2, 3, 4, -0.5)],
        provenance={"tags": ["日本", "\x00"]},
        probability=0.1 + 0.2,
        model={"name": "m"},
    )
    with Journal(path, "f") as journal:
        journal.enter("a.png")
        journal.record("a.png", (1, 2), whole)
        assert list(journal.findings()) == [whole]
    with Journal(path, "f") as journal:
        assert journal.recall("a.png", (1, 2)) == whole


@pytest.mark.parametrize(
    ("fingerprint", "mark", "sha256"),
    [
        ("other", (1, 2), "aa"),
        ("f", (1, 3), "aa"),
        ("f", (2, 2), "aa"),
        ("f", None, "aa"),
        ("f", (1, 2), None),
    ],
)
def test_what_changed_is_not_known(path: Path, fingerprint: str, mark, sha256):
    """Another model or bound, size or time, nothing to compare, or an error that may not be the file's."""
    with Journal(path, "f") as journal:
        journal.record("a.png", (1, 2), finding(sha256=sha256))
    with Journal(path, fingerprint) as journal:
        assert journal.recall("a.png", mark) is None


def test_results_of_two_fingerprints_never_mix(path: Path):
    with Journal(path, "old") as journal:
        for name in ("a", "b"):
            journal.enter(name)
            journal.record(name, (1, 1), finding(name))
    with Journal(path, "new") as journal:
        for name in ("a", "b"):
            journal.enter(name)
        journal.record("b", (1, 1), finding("b", fpr=0.5))
        assert [(found.path, found.fpr) for found in journal.findings()] == [("b", 0.5)]


def test_one_row_a_file_in_the_order_of_this_scan(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with Journal(path, "f") as journal:
        for name in ("gone", "b", "a"):
            journal.enter(name)
            journal.record(name, (1, 1), finding(name))
    with Journal(path, "f") as journal:
        entered = [journal.enter(name) for name in ("a", "./a", str(tmp_path / "a"), "b", "sub/../b")]
        assert entered == [True, False, False, True, False]
        assert [found.path for found in journal.findings()] == ["a", "b"]


def test_names_that_look_alike_are_kept_apart(path: Path):
    names = ["caf\udce9", "caf\\xe9", "café", "cafe\u0301", "new\nline"]
    with Journal(path, "f") as journal:
        for number, name in enumerate(names):
            assert journal.enter(name)
            journal.record(name, (number, 0), finding(name.encode("utf-8", "replace").decode(), f"{number}"))
        assert [found.sha256 for found in journal.findings()] == ["0", "1", "2", "3", "4"]
        assert journal.recall(names[0], (0, 0)).path == journal.recall(names[1], (1, 0)).path == "caf\\xe9"


def test_workers_find_contents_while_the_parent_writes(path: Path):
    with Journal(path, "f") as journal:
        journal.record("a", (1, 1), finding("a", "aa"))
        journal.record("bad", (1, 1), Finding("bad", "bb", status="error", error={"code": "x"}))
        journal._pending = 10_000
        journal.record("c", (1, 1), finding("c", "cc"))
        known = Contents(path, "f")
        assert known("aa").path == "a"
        assert known("bb") is None
        assert known("dd") is None
        assert Contents(path, "other")("aa") is None


def test_a_second_scan_into_the_same_file_is_refused(path: Path):
    with Journal(path, "f") as first:
        with pytest.raises(ResourceError, match="Another scan is writing"):
            Journal(path, "f")
        first.record("a", (1, 1), finding())
    with Journal(path, "f") as second:
        assert second.recall("a", (1, 1)) is not None


def test_a_full_disk_is_named_and_what_was_kept_stays(path: Path):
    """The page limit stands in for the end of the disk: to SQLite they are one."""
    with Journal(path, "f") as journal:
        for number in range(300):
            journal.record(f"{number}.png", (1, 2), finding())
    with pytest.raises(ResourceError, match="database or disk is full") as full, Journal(path, "f") as journal:
        pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
        journal._database.execute(f"PRAGMA max_page_count = {pages + 8}")
        for number in range(300, 3000):
            journal.record(f"{number}.png", (1, 2), finding())
    assert "Make room" in full.value.fix
    with Journal(path, "f") as journal:
        assert all(journal.recall(f"{number}.png", (1, 2)) for number in range(300))


@pytest.mark.parametrize("content", [b"my diary", b"SQLite format 3\0" + bytes(2000)])
def test_a_file_that_is_not_ours_is_left_alone(path: Path, content: bytes):
    path.write_bytes(content)
    with pytest.raises(PolicyError, match="left alone"):
        Journal(path, "f")
    assert path.read_bytes() == content


def test_a_database_of_someone_else_is_left_alone(path: Path):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE files (a)")
    database.commit()
    database.close()
    with pytest.raises(PolicyError, match="left alone"):
        Journal(path, "f")


def test_an_empty_journal_is_new(path: Path):
    path.write_bytes(b"")
    with Journal(path, "f") as journal:
        assert journal.set_aside is None


def _filled(path: Path) -> bytes:
    with Journal(path, "f") as journal:
        for number in range(400):
            journal.record(f"{number}", (1, 1), finding(f"{number}", f"{number}"))
    return path.read_bytes()


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.3, 0.9])
def test_a_truncated_journal_is_set_aside(path: Path, share: float):
    whole = _filled(path)
    path.write_bytes(whole[: max(1, int(len(whole) * share))])
    with Journal(path, "f") as journal:
        assert journal.set_aside == path.with_name(path.name + ".damaged")
        journal.record("a", (1, 1), finding())
    with Journal(path, "f") as journal:
        assert journal.set_aside is None
        assert journal.recall("a", (1, 1)) is not None


@pytest.mark.parametrize("seed", range(8))
def test_a_row_that_went_bad_is_not_believed(path: Path, seed: int):
    """One letter of a Finding changes on the disk, which SQLite itself cannot notice."""
    whole = bytearray(_filled(path))
    names = [found.start() for found in re.finditer(rb"no_evidence", whole)]
    whole[random.Random(seed).choice(names)] ^= 1
    path.write_bytes(whole)
    with Journal(path, "f") as journal:
        known = [journal.recall(f"{number}", (1, 1)) for number in range(400)]
    assert sum(found is None for found in known) == 1
    assert {found.verdict for found in known if found} == {"no_evidence"}


@pytest.mark.parametrize("seed", range(6))
def test_a_scribbled_journal_gives_no_wrong_findings(path: Path, seed: int):
    """Blocks of noise: either it is noticed and set aside, or what is told is what was recorded."""
    whole = bytearray(_filled(path))
    rng = random.Random(seed)
    for _ in range(4):
        start = rng.randrange(100, len(whole) - 600)
        whole[start : start + 600] = rng.randbytes(600)
    path.write_bytes(whole)
    with Journal(path, "f") as journal:
        assert journal.set_aside is not None
        assert journal.recall("0", (1, 1)) is None


WRITER = """
import os, sys
from pathlib import Path
from fauxto.finding import Finding
from fauxto.run import journal as journals

def trace(frame, event, argument):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)
    return trace if "journal" in frame.f_code.co_filename else None

journals._BATCH, left = 7, int(sys.argv[2])
log = open(sys.argv[3], "a", buffering=1)
sys.settrace(trace)
with journals.Journal(Path(sys.argv[1]), "f") as journal:
    for number in range(100):
        journal.enter(str(number))
        if journal.recall(str(number), (number, 0)) is None:
            log.write(f"{number}\\n")
            journal.record(str(number), (number, 0), Finding(str(number), f"{number}", verdict="no_evidence"))
    log.write(f"done {len(list(journal.findings()))}\\n")
"""


def test_killed_at_any_moment_it_goes_on_where_it_was(path: Path, tmp_path: Path):
    """Each process kills itself after a random number of lines; what was committed is not done again."""
    rng, log, kills = random.Random(5), tmp_path / "log", 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for attempt in range(16):
        patience = rng.randrange(1, 1200) if attempt < 15 else 10**9
        script = [sys.executable, "-c", WRITER, str(path), str(patience), str(log)]
        status = subprocess.run(script, env=environment, check=False).returncode
        assert status in (0, -9)
        kills += status == -9
    written = [line for line in log.read_text().splitlines() if line != "done 100"]
    assert log.read_text().endswith("done 100\n")
    assert kills >= 10
    assert set(map(int, written)) == set(range(100))
    assert len(written) - 100 <= 8 * kills, "a crash cost more than one batch"
    database = sqlite3.connect(path)
    assert database.execute("SELECT count(*), count(DISTINCT key) FROM files").fetchone() == (100, 100)
    database.close()


def test_the_stamp_tells_size_and_time(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"12345")
    os.utime(tmp_path / "a", ns=(1, 1234567891234567))
    assert stamp(str(tmp_path / "a")) == (5, 1234567891234567)
    assert stamp(str(tmp_path / "none")) is stamp("http://x/a") is stamp("a\0b") is None
