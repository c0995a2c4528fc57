"""Handlers for the pool that do on request what hostile pictures do to codecs."""

import ctypes
import os
import signal
import time
from pathlib import Path

from fauxto.errors import WeightError


def open_echo(settings: str):
    def answer(request: bytes) -> bytes:
        print("a library that chatters on standard output")
        return settings.encode() + request

    return answer


def open_misbehaving(settings: str):
    return _misbehave


def open_refusing(settings: str):
    raise WeightError("The model is broken.", fix="Mend it.")


def open_dying(settings: str):
    os._exit(3)


def open_once(settings: str):
    """Sleep in the first process of the test, answer in the next: what is re-tried, and what is not."""
    mark = Path(settings)
    mark.write_text(mark.read_text() + f"{os.getpid()}\n")
    return _misbehave


def _misbehave(request: bytes) -> bytes:
    match request:
        case b"segfault":
            ctypes.string_at(0)
        case b"killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"exit":
            os._exit(7)
        case b"hang":
            time.sleep(600)
        case b"deaf hang":
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            time.sleep(600)
        case b"memory":
            return b"x" * 2**33
        case b"raise":
            raise ValueError("no such luck")
        case b"huge":
            return bytes(80 * 2**20)
        case b"pid":
            return str(os.getpid()).encode()
        case _ if request.startswith(b"lie "):
            _every_pipe(request[4:])
    return b"fine"


def _every_pipe(message: bytes) -> None:
    """Write to every open descriptor, the pipe to the parent among them, as injected code would."""
    for number in range(3, 64):
        try:
            os.write(number, message)
        except OSError:
            continue
    time.sleep(600)
