"""The scores of the sweep's pictures in a process that knows nothing of this one."""

from __future__ import annotations

import functools
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from fauxto.catalog import find
from fauxto.learn.conformance.pictures import few
from fauxto.learn.conformance.report import Subject

SETTINGS = {"PYTHONHASHSEED": "271828", "OMP_NUM_THREADS": "1"}
"""The environment of such a process: another hash seed, one thread."""

SECONDS = 300
"""After so long it is taken to hang."""


def scores_elsewhere(subject: Subject) -> np.ndarray | str:
    """Float64 `(4,)`, or the reason why there are none: an error there, a process that ended or that hangs."""
    origin = _origin()
    here, there = origin.Pipe(duplex=False)
    process = origin.Process(target=_answer, args=(there, subject.name, subject.small, subject.backbone), daemon=True)
    with _no_main():
        process.start()
    there.close()
    try:
        if not here.poll(SECONDS):
            return f"no answer in {SECONDS} s"
        answer: list[float] | str = here.recv()
    except EOFError:
        process.join()
        return f"exit {process.exitcode}"
    finally:
        process.kill()
        process.join()
    return answer if isinstance(answer, str) else np.asarray(answer, np.float64)


def _answer(there: Connection, name: str, small: bool, backbone: str | None) -> None:
    torch.set_num_threads(1)
    try:
        there.send(Subject(find(name), Path(name), name, small, backbone).build().score(few()).tolist())
    except Exception as error:  # whatever a stranger's code raises is the finding
        there.send(f"{type(error).__name__}: {error}")


@contextmanager
def _no_main() -> Iterator[None]:
    """Inside, this process seems to run no script: another one would begin by running that script again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@functools.cache
def _origin() -> Any:
    """Where processes come from: a server that has loaded torch and no system, and is forked for each; or from nothing.

    The server is started once, with `SETTINGS`, and ends with this process.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    before = dict(os.environ)
    os.environ.update(SETTINGS)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context
