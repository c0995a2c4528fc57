"""No pickle is read or written on the path of a scan, in the command or in its workers: whoever tries, dies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEADLY = """
import os, sys, _pickle, pickle

genuine = _pickle.dumps

def die(*_, **__):
    import traceback
    traceback.print_stack()  # where it happened
    os._exit(97)

class Deadly:
    __init__ = die

for module in (pickle, _pickle):
    for name in ("load", "loads", "dump", "dumps", "_load", "_loads", "_dump", "_dumps"):
        if hasattr(module, name):
            setattr(module, name, die)
    for name in ("Pickler", "Unpickler", "_Pickler", "_Unpickler"):
        if hasattr(module, name):
            setattr(module, name, Deadly)
pickle.dumps = lambda value, *rest: genuine(value, *rest) if type(value) is int else die()
sys.addaudithook(lambda event, arguments: die() if event == "pickle.find_class" else None)
if log := os.environ.get("FAUXTO_TEST_LOG"):
    open(log, "ab").write(b"guarded\\n")
"""
"""A sitecustomize: every interpreter that finds it on its path runs it first.

One thing is let through, because nothing is ever read from it: Jinja2, when imported, writes a whole number
into the header of a cache that the reports do not use.
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(DEADLY)
    search = os.pathsep.join([str(tmp_path / "guard"), *filter(None, sys.path)])
    return {**os.environ, "PYTHONPATH": search, "FAUXTO_TEST_LOG": str(tmp_path / "log")}


def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, *map(str, arguments)]
    return subprocess.run(argv, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize(
    "code",
    [
        "import pickle; pickle.loads(b'N.')",
        "import pickle; pickle.dumps([1])",
        "import io, pickle; pickle.Unpickler(io.BytesIO(b'N.'))",
        "from multiprocessing.reduction import ForkingPickler; ForkingPickler.dumps([1])",
        "from multiprocessing import Pipe; Pipe()[0].send([1])",
        "import io, numpy; numpy.load(io.BytesIO(b'\\x80\\x04N.'), allow_pickle=True)",
    ],
)
def test_the_guard_bites(environment: dict[str, str], code: str):
    """The control: each usual way to a pickle ends the process, or fails on the guard."""
    done = run(environment, "-c", code)
    assert done.returncode != 0
    assert b"sitecustomize" in done.stderr or b"Deadly" in done.stderr


def test_a_scan_with_every_output_needs_no_pickle(
    environment: dict[str, str], folder: Path, tmp_path: Path, model: str
):
    outputs = ["--out", tmp_path / "r.parquet", "--report", tmp_path / "r.html", "--heatmap", tmp_path / "maps"]
    options = ["--json", "--stability", "--workers", 2, "--model", model, *outputs]
    done = run(environment, "-m", "fauxto", "scan", folder, *options)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["ok"] * 4
    guarded = (tmp_path / "log").read_text().count("guarded")
    assert guarded >= 3, "the command and each worker ran under the guard"
