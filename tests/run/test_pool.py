"""The pool: order, isolation and accounting, whatever a worker does."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.errors import ResourceError
from fauxto.run import pool as pools
from fauxto.run.pool import Failure, Pool
from tests.run import misbehaving


def make(target, options="", *, workers=2, seconds=30.0, memory=2**32) -> Pool:
    return Pool(target, options, workers=workers, seconds=seconds, memory=memory)


def run(requests: list[bytes], **options) -> list[bytes | Failure | None]:
    with make(misbehaving.open_misbehaving, **options) as pool:
        answers = list(pool.map(enumerate(requests)))
    assert [index for index, _ in answers] == list(range(len(requests)))
    return [answer for _, answer in answers]


def test_answers_come_in_order_and_pass_through_what_needs_none():
    with make(misbehaving.open_echo, "<", workers=3) as pool:
        requests = [None if i % 7 == 0 else str(i).encode() for i in range(200)]
        answers = list(pool.map(enumerate(requests)))
    assert answers == [(i, None if i % 7 == 0 else f"<{i}".encode()) for i in range(200)]


def test_no_worker_is_started_for_nothing():
    with make(misbehaving.open_dying) as pool:
        assert list(pool.map([("a", None), ("b", None)])) == [("a", None), ("b", None)]
        assert list(pool.map([])) == []


@pytest.mark.parametrize(
    ("request_", "cause"),
    [(b"segfault", "SIGSEGV"), (b"killed", "SIGKILL"), (b"exit", "exit status 7")],
)
def test_a_dead_worker_costs_exactly_one_request(request_: bytes, cause: str):
    answers = run([b"a", request_, b"b", b"c", request_, b"d"])
    died = Failure("worker_died", answers[1].what)
    assert cause in died.what
    assert answers == [b"fine", died, b"fine", b"fine", died, b"fine"]


def test_a_worker_that_cannot_be_started_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ResourceError, match="could not start") as refused:
        run([b"a"])
    assert "/nowhere/python" in refused.value.fix


def test_all_workers_may_die_all_the_time():
    answers = run([b"exit"] * 9)
    assert [answer.code for answer in answers] == ["worker_died"] * 9


def test_a_hang_costs_one_request():
    answers = run([b"a", b"hang", b"b", b"c"], seconds=0.3)
    assert answers[1] == Failure("timeout", "It took more than 0.3 seconds.")
    assert [answers[0], *answers[2:]] == [b"fine"] * 3


def test_a_worker_that_ignores_its_alarm_is_killed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pools, "_GRACE", 0.2)
    answers = run([b"deaf hang", b"a"], seconds=0.2, workers=1)
    assert answers[0].code == "timeout"
    assert answers[1] == b"fine"


def test_an_allocation_over_the_limit_fails_and_the_worker_lives_on():
    answers = run([b"pid", b"memory", b"pid"], workers=1, memory=2**30)
    assert answers[1] == Failure("internal", "MemoryError: ")
    assert answers[0] == answers[2]


def test_an_unforeseen_exception_is_reported_and_the_worker_lives_on():
    answers = run([b"pid", b"raise", b"pid"], workers=1)
    assert answers[1] == Failure("internal", "ValueError: no such luck")
    assert answers[0] == answers[2]


@pytest.mark.parametrize(
    "message",
    [
        struct.pack(">I", 2) + b"zz",
        struct.pack(">I", 0),
        struct.pack(">I", 9) + b'!["a","b"',
        struct.pack(">I", 1) + b"+",
        struct.pack(">I", 0xFFFFFFFF) + b"=",
        b"\x80\x04cposix\nsystem\n" + struct.pack(">I", 4),
    ],
)
def test_a_worker_that_was_taken_over_can_only_spoil_its_own_answer(message: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pools, "_GRACE", 0.2)
    answers = run([b"a", b"lie " + message, b"b"], workers=1, seconds=1)
    assert isinstance(answers[1], Failure)
    assert [answers[0], answers[2]] == [b"fine", b"fine"]


def test_an_answer_beyond_bounds_is_not_taken():
    answers = run([b"huge", b"a"], workers=1)
    assert answers[0].code == "worker_died"
    assert answers[1] == b"fine"


def test_an_error_while_setting_up_is_raised_not_repeated_for_every_file():
    with make(misbehaving.open_refusing) as pool, pytest.raises(ResourceError, match="model is broken"):
        list(pool.map(enumerate([b"a"] * 1000)))


def test_a_worker_that_dies_while_setting_up_is_raised():
    with make(misbehaving.open_dying) as pool, pytest.raises(ResourceError, match="exit status 3"):
        list(pool.map(enumerate([b"a"] * 1000)))


def test_a_million_requests_are_not_read_ahead():
    taken = 0

    def many():
        nonlocal taken
        for taken in range(1_000_000):
            yield taken, b"a"

    with make(misbehaving.open_misbehaving) as pool:
        answers = pool.map(many())
        for _ in range(10):
            next(answers)
    assert taken < 10 + pools.WINDOW + 8


def test_a_slow_request_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch):
    """While the first request hangs, the other worker goes on, up to the window."""
    monkeypatch.setattr(pools, "WINDOW", 50)
    answers = run([b"hang", *[b"pid"] * 200], seconds=1.0)
    assert answers[0].code == "timeout"
    assert len(set(answers[1:50])) == 1


def test_closing_early_ends_every_process():
    with make(misbehaving.open_misbehaving) as pool:
        answers = pool.map(enumerate([b"pid"] * 50))
        pids = {int(next(answers)[1]) for _ in range(40)}
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path):
    """The parent is killed while one worker hangs and another has nothing to do."""
    script = (
        "import os\n"
        "from fauxto.run.pool import Pool\n"
        "from tests.run import misbehaving\n"
        "pool = Pool(misbehaving.open_misbehaving, '', workers=2, seconds=1.0, memory=2**32)\n"
        "for key, answer in pool.map(enumerate([b'pid', b'pid', b'hang', b'hang'])):\n"
        "    print(answer.decode(), flush=True)\n"
        "    if key == 1:\n"
        "        os.kill(os.getpid(), 9)\n"
    )
    here = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.run(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": here},
        check=False,
    )
    assert parent.returncode == -9
    for pid in set(parent.stdout.split()):
        _wait_until_gone(int(pid))


def _wait_until_gone(pid: int) -> None:
    """Return when a process is gone or a zombie; the test run's own time limit is the bound."""
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.02)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from([b"a", b"b", b"exit", b"raise", None]), max_size=25), st.integers(1, 3))
def test_every_request_is_accounted_for(requests: list[bytes | None], workers: int):
    expected = {b"a": b"fine", b"b": b"fine", b"exit": "worker_died", b"raise": "internal", None: None}
    answers = run(requests, workers=workers)
    got = [answer.code if isinstance(answer, Failure) else answer for answer in answers]
    assert got == [expected[request] for request in requests]
