"""`fauxto scan`: what goes to which stream, exit codes, interruption, and that no connection is ever made."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fauxto.cli import app, render
from fauxto.finding import Evidence, Finding
from tests.run import tiny

KEYS = [
    *("path", "sha256", "status", "error", "verdict", "probability", "logit", "p_value", "fpr"),
    *("stability", "provenance", "evidence", "regions", "model", "seconds"),
]


def run(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        app.main(["scan", *map(str, arguments)])
    out, err = capfd.readouterr()
    return ended.value.code, out, err


def command(*arguments: object) -> tuple[list[str], dict[str, str]]:
    """The command line of a process of its own, and its environment."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return [sys.executable, "-m", "fauxto", "scan", *map(str, arguments)], environment


def test_json_lines_and_nothing_else_on_standard_output(capfd, folder: Path, model: str):
    (folder / "bad.png").write_bytes(b"")
    code, out, err = run(capfd, folder, "--json", "--model", model)
    printed = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [list(row) for row in printed] == [KEYS] * 5
    assert [row["status"] for row in printed] == ["ok"] * 4 + ["error"]
    assert Finding.from_dict(printed[0]).to_dict() == printed[0]
    assert "5 files" in err and "error: empty" in err


def test_rows_for_people(capfd, folder: Path, model: str):
    code, out, err = run(capfd, folder, folder / "none.png", "--model", model)
    lines = out.splitlines()
    assert code == 2
    assert len(lines) == 10
    assert lines[0].startswith("no evidence ") and lines[0].endswith("0.png")
    assert "unremarkable" in lines[1]
    assert lines[2].startswith("generated ") and "p=0.0033" in lines[2]
    assert "The pixels look synthetic" in lines[3]
    assert lines[8].startswith("error ") and "There is no such file." in lines[9]
    assert "\x1b" not in out + err, "colours and bars are for terminals"


def test_a_row_names_what_made_the_call_before_what_anyone_can_write():
    tag = Evidence("metadata", "A tag says so.", "declared", "generated")
    pixels = Evidence("pixels", "The pixels look synthetic.", "strong", "generated")
    signed = Evidence("c2pa", "A trusted signer says so.", "proof", "generated")
    assert render.reason(Finding("a.png", verdict="generated", evidence=[tag, pixels])) == pixels.statement
    assert render.reason(Finding("a.png", verdict="generated", evidence=[tag, signed, pixels])) == signed.statement


def test_a_folder_without_pictures_is_not_met_with_silence(capfd, tmp_path: Path, model: str):
    (tmp_path / "notes.txt").write_text("no picture")
    assert run(capfd, tmp_path, "--model", model) == (0, "", "No pictures were found.\n")


def test_names_cannot_steer_the_terminal(capfd, tmp_path: Path, model: str):
    evil = "\x1b]0;owned\x07[red]\n\u202egnp.png"
    path = tiny.write_picture(tmp_path / "a.png", 60).rename(tmp_path / evil)
    code, out, _ = run(capfd, path, "--model", model)
    assert code == 0
    assert out.splitlines()[0].endswith(r"/\x1b]0;owned\x07[red]\n\u202egnp.png")


@pytest.mark.parametrize(
    ("fail_on", "names", "code"),
    [
        ("", ["0.png", "1.png"], 0),
        ("generated", ["0.png"], 0),
        ("generated", ["0.png", "1.png"], 1),
        ("edited, inconclusive", ["0.png", "1.png"], 0),
        ("", ["0.png", "none.png"], 2),
        ("generated", ["0.png", "none.png"], 2),
        ("generated", ["1.png", "none.png"], 1),
    ],
)
def test_exit_codes(  # noqa: PLR0917
    capfd, folder: Path, model: str, fail_on: str, names: list[str], code: int
):
    arguments = [*(folder / name for name in names), "--model", model, "--fail-on", fail_on]
    assert run(capfd, *arguments)[0] == code


def test_a_list_on_standard_input_and_odd_bytes(folder: Path, model: str):
    odd = os.path.join(os.fsencode(folder), b"caf\xe9.png")
    os.rename(folder / "0.png", odd)
    argv, environment = command("-", "--json", "--model", model)
    listed = odd + b"\0" + os.fsencode(folder / "1.png") + b"\0"
    done = subprocess.run(argv, input=listed, capture_output=True, env=environment, check=False)
    printed = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert done.returncode == 0
    assert [Path(row["path"]).name for row in printed] == ["caf\\xe9.png", "1.png"]


def test_results_report_and_heat_maps_in_one_go(capfd, folder: Path, tmp_path: Path, model: str):
    made = [tmp_path / "r.parquet", tmp_path / "r.html", tmp_path / "maps"]
    arguments = ["--out", made[0], "--report", made[1], "--heatmap", made[2]]
    code, out, _ = run(capfd, folder, *arguments, "--json", "--model", model)
    assert code == 0
    assert len(out.splitlines()) == 4
    assert made[0].stat().st_size > 0
    page = made[1].read_text()
    assert page.count("data:image/jpeg;base64,") >= 8, "a preview and a drawing of each"
    assert "3.png" in page
    assert len(list(made[2].iterdir())) == 4


def test_a_damaged_journal_is_mentioned(capfd, caplog, folder: Path, tmp_path: Path, model: str):
    arguments = [folder, "--out", tmp_path / "r.parquet", "--model", model]
    assert run(capfd, *arguments)[0] == 0
    journal = tmp_path / "r.parquet.journal"
    journal.write_bytes(journal.read_bytes()[:5000])
    assert run(capfd, *arguments)[0] == 0
    assert "r.parquet.journal.damaged" in caplog.text


@pytest.fixture
def interrupts_count() -> Iterator[None]:
    """A shell starts background jobs with interrupts ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts_count")
def test_ctrl_c_keeps_the_journal_and_says_how_to_go_on(tmp_path: Path, model: str):
    pictures = tmp_path / "many"
    for number in range(300):
        tiny.write_picture(pictures / f"{number:03}.png", 60, seed=number)
    argv, environment = command(pictures, "--json", "--model", model, "--out", tmp_path / "r.parquet")
    with subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as process:
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        rest, err = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"Run the same command again to go on." in err
    assert all(json.loads(line)["status"] == "ok" for line in rest.splitlines())
    assert not (tmp_path / "r.parquet").exists()
    done = subprocess.run(argv, capture_output=True, env=environment, check=False)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 300


def test_a_reader_that_leaves_is_no_error(folder: Path, model: str):
    argv, environment = command(*[folder] * 40, "--json", "--model", model)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize(("redirect", "code"), [(">&-", 0), ("<&- >&- 2>&-", 0), (">/dev/full", 2)])
def test_odd_standard_streams(folder: Path, tmp_path: Path, model: str, redirect: str, code: int):
    """A closed stream must not hand its number to the journal, which would then be written over."""
    out = tmp_path / "r.parquet"
    argv, environment = command(folder / "0.png", "--json", "--model", model, "--out", out)
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", *argv],
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    if code == 0:
        assert out.read_bytes()[:4] == out.read_bytes()[-4:] == b"PAR1"
        assert (tmp_path / "r.parquet.journal").read_bytes().startswith(b"SQLite format 3\0")
    else:
        assert b"No space left" in done.stderr


NO_SOCKETS = """
import ctypes, os, platform, struct, sys
# seccomp: kill the process, and every process it starts, at the first socket(AF_INET) or socket(AF_INET6)
arch, number = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}[platform.machine()]
LOAD, EQUAL, RETURN, ALLOW, KILL = 0x20, 0x15, 0x06, 0x7FFF0000, 0x80000000
program = [
    (LOAD, 0, 0, 4), (EQUAL, 0, 6, arch),
    (LOAD, 0, 0, 0), (EQUAL, 0, 4, number),
    (LOAD, 0, 0, 16), (EQUAL, 1, 0, 2), (EQUAL, 0, 1, 10),
    (RETURN, 0, 0, KILL), (RETURN, 0, 0, ALLOW),
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, header, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_the_kernel_sees_no_connection(folder: Path, tmp_path: Path, model: str):
    """Native code included: a filter kills whatever opens an internet socket."""
    _, environment = command()
    guard = [sys.executable, "-c", NO_SOCKETS]
    for family in ("AF_INET", "AF_INET6"):
        control = [*guard, "-c", f"import socket; socket.socket(socket.{family})"]
        assert subprocess.run(control, env=environment, check=False).returncode == -signal.SIGSYS
    argv, _ = command(folder, "--json", "--stability", "--model", model, "--heatmap", tmp_path / "maps")
    extra = ["--out", str(tmp_path / "r.parquet"), "--report", str(tmp_path / "r.html"), "http://127.0.0.1/a"]
    done = subprocess.run([*guard, *argv[1:], *extra], capture_output=True, env=environment, check=False)
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["status"] for row in printed] == ["ok"] * 4 + ["error"], done.stderr
    assert printed[-1]["error"]["code"] == "network"
