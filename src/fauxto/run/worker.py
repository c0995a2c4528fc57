"""The child's side of the pool: read a request, answer it, and die of whatever is wrong with it.

A worker is a fresh interpreter, not a fork: it inherits no thread, no lock and no connection of its parent.
Bytes are all that passes in either direction (four bytes of length, then the message), so a codec that was
taken over by a hostile picture can send its parent a wrong answer, but no object and no code.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from typing import IO, TypedDict

from fauxto.errors import FauxtoError

Handler = Callable[[bytes], bytes]

READY, REFUSED, ANSWER, FAULT = b"+", b"!", b"=", b"?"
"""The first byte of each message to the parent: set up, or not; an answer, or an unforeseen exception."""


class Charge(TypedDict):
    """The first message to a worker: `target` is "module:name" of what makes the handler."""

    target: str
    settings: str
    seconds: float
    memory: int


def main() -> None:
    """Serve requests until the parent closes the pipe, or dies."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between two messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    charge: Charge = json.loads(receive(requests) or b"{}")
    try:
        _offer_to_the_oom_killer()
        handler: Handler = pkgutil.resolve_name(charge["target"])(charge["settings"])
        _bound_memory(charge["memory"])
    except FauxtoError as error:
        send(answers, REFUSED + json.dumps([error.code, error.what, error.fix]).encode())
        return
    send(answers, READY)
    serve(handler, requests, answers, charge["seconds"])


def serve(handler: Handler, requests: IO[bytes], answers: IO[bytes], seconds: float) -> None:
    """Answer one request after the other, each under an alarm.

    The alarm is the kernel's, with its default action: it ends the process even inside a codec that never
    returns, and even if the parent has died meanwhile, so no worker outlives its parent by more than
    `seconds`.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with contextlib.suppress(BrokenPipeError):  # the parent is gone; nobody waits for the answer
        while (request := receive(requests)) is not None:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                answer = ANSWER + handler(request)
            except Exception as error:  # costs this request only; the parent says so, and --debug shows where
                traceback.print_exc()
                answer = FAULT + f"{type(error).__name__}: {error}".encode("utf-8", "replace")
            signal.setitimer(signal.ITIMER_REAL, 0)
            send(answers, answer)


def send(pipe: IO[bytes], message: bytes) -> None:
    """Write one message."""
    pipe.write(struct.pack(">I", len(message)) + message)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Read one message; None when the other side has closed the pipe."""
    head = pipe.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack(">I", head)
    message = pipe.read(length)
    return message if len(message) == length else None


def _offer_to_the_oom_killer() -> None:
    """When memory runs out on the machine, a worker is to go, not its parent and not the user's editor."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


def _bound_memory(memory: int) -> None:
    """Let an allocation beyond `memory` fail: private memory only, for libraries map more than they use."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or memory < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))


if __name__ == "__main__":
    main()
