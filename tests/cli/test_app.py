"""The front door: help without heavy imports, errors in two lines, exit codes, odd standard streams."""

import json
import os
import subprocess
import sys

import pytest

import fauxto
from fauxto.cli import app, verbs

HEAVY = ("numpy", "openvino", "onnxruntime", "pyarrow", "PIL", "torch", "c2pa", "simplejpeg", "jinja2")


def python(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, **options, check=False
    )


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        app.main(arguments)
    out, err = capfd.readouterr()
    return ended.value.code, out, err


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("scan", "--help")])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]):
    script = (
        "import json, sys\n"
        "from fauxto.cli.app import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as ended:\n"
        "    print(json.dumps([ended.code, len(sys.modules), sorted(sys.modules)]), file=sys.stderr)\n"
    )
    code, count, modules = json.loads(python("-c", script).stderr)
    assert code == 0
    assert not [name for name in HEAVY if name in modules]
    assert count < 650, "the budget of 0.2 s of CPU is some 600 modules"


def test_importing_fauxto_imports_nothing():
    script = "import sys, typing; known = set(sys.modules); import fauxto; print(sorted({*sys.modules} - known))"
    assert python("-c", script).stdout.strip() == "['__future__', 'fauxto']"


def test_the_public_face():
    assert sorted(fauxto.__all__) == dir(fauxto)
    assert all(getattr(fauxto, name) is not None for name in fauxto.__all__)
    with pytest.raises(AttributeError, match="it has Finding"):
        getattr(fauxto, "scam")  # noqa: B009


def test_every_verb_explains_itself(capfd: pytest.CaptureFixture[str]):
    code, out, _ = run(capfd, "--help")
    names = ["scan", "systems", "check", "new", "train", "package", "claims", "data", "weights"]
    assert code == 0
    assert [name for name in names if f"\n  {name} " in out] == names
    assert run(capfd)[:2] == run(capfd, "-h")[:2] == (0, out)


def test_the_parser_and_the_overview_know_the_same_verbs(capfd: pytest.CaptureFixture[str]):
    out = run(capfd, "--help")[1]
    known = [name for name in app.build() if not name.startswith("-")]
    assert sorted(known) == sorted([*verbs.VERBS, *verbs.GROUPS])
    assert all(f"\n  {name} " in out for name in known)
    for group, inner in verbs.SUBVERBS.items():
        out = run(capfd, group, "--help")[1]
        assert all(f" {name} " in out for name in inner)


def test_help_takes_few_modules():
    """Help is quick as long as it imports next to nothing; the parser alone has some 300 modules."""
    script = "import sys; from fauxto.cli.app import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    count = python("-c", script + "print(len(sys.modules))").stdout.split()[-1]
    bare = python("-c", "import sys; print(len(sys.modules))").stdout
    assert int(count) - int(bare) < 60


def test_the_version_is_that_of_the_package(capfd: pytest.CaptureFixture[str]):
    assert run(capfd, "--version")[:2] == (0, f"{fauxto.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("scam",), "no verb 'scam'"),
        (("scan", "--colour"), "no option --colour"),
        (("scan", "a.png", "--fpr", "low"), "fpr"),
        (("scan", "a.png", "--fpr", "2"), "between 0 and 1"),
        (("scan", "a.png", "--fail-on", "real"), "no verdict real"),
        (("scan", "a.png", "--trust-anchors", "/nowhere.pem"), "cannot be read"),
        (("scan", "a.png", "--report", "page.pdf"), "--report writes a page"),
        (("scan", "a.png", "--heatmap", __file__), "is no folder"),
        (("scan", "a.png", "--out", "r.csv"), "does not end in .parquet"),
        (("scan", "a.png", "--out", "."), "does not end in .parquet"),
        (("scan", "a.png", "--out", "/"), "does not end in .parquet"),
        (("scan", "a.png", "--out", "/nowhere/r.parquet"), "There is no folder /nowhere"),
        (("scan", "a.png", "--out", "/proc/r.parquet"), "cannot be written"),
        (("scan", "a.png", "--report", "/nowhere/r.html"), "There is no folder /nowhere"),
        (("scan", "a.png", "--model", "/nowhere"), "No model.json"),
        (("scan", "a.png", "--workers", "0"), "needs a worker"),
        (("scan", "a.png", "--limit-seconds", "0"), "limit is positive"),
        (("scan", "a.png", "--limit-memory", "1000"), "at least 268,435,456 bytes"),
        (("scan", "a.png", "--trust-anchors", "/dev/null"), "certificate"),
        (("scan",), "Nothing to scan"),
    ],
)
def test_what_makes_no_sense_is_two_lines_and_exit_2(
    capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], what: str
):
    code, out, err = run(capfd, *arguments)
    assert (code, out) == (2, "")
    lines = err.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("fauxto: ") and what in lines[0]
    assert lines[1].startswith("  ")


def test_a_traceback_only_with_debug(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAUXTO_DEBUG", "")  # so that what --debug sets is taken back
    monkeypatch.delenv("FAUXTO_DEBUG")
    assert "Traceback" not in run(capfd, "scan", "a.png", "--fpr", "2")[2]
    assert "Traceback" in run(capfd, "scan", "a.png", "--fpr", "2", "--debug")[2]


def test_an_error_of_the_system_names_the_file(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def broken(*_, **__):
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr(app, "build", lambda: broken)
    assert run(capfd, "scan", "a.png")[2].startswith("fauxto: Permission denied: '/some/file'.")


def test_a_fault_of_ours_is_said_plainly(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def broken(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(app, "build", lambda: broken)
    code, _, err = run(capfd, "scan", "a.png")
    assert code == 2
    assert err.splitlines()[0] == "fauxto: ZeroDivisionError: division by zero"
    assert "--debug" in err.splitlines()[1]


@pytest.mark.parametrize(
    "verb",
    [
        ("generate", "train", "--recipe", "dcgan", "--data", "d", "--out", "o"),
        ("generate", "sample", "--model", "m", "--out", "o"),
        ("generate", "explore", "ways", "--model", "m", "--out", "o"),
        ("generate", "evaluate", "--real", "r", "--fake", "f"),
        ("train", "npr", "--data", "d", "--out", "o"),
        ("data", "split", "m.csv", "--out", "o.csv"),
        ("data", "audit", "m.csv"),
    ],
)
def test_a_seed_below_0_is_refused_before_anything_else(verb, capfd: pytest.CaptureFixture[str]):
    code, _, err = run(capfd, *verb, "--seed", "-1")
    assert code == 2 and "--seed" in err and "0" in err and "fault" not in err
