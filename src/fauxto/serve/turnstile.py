"""One at a time through a narrow place, with a short line before it: who finds the line full is sent away."""

from __future__ import annotations

import threading
from types import TracebackType

from fauxto.serve.problems import ServiceError

LINE = 8
"""Requests that may stand in a line; each holds a thread of the service."""


class Turnstile:
    """A lock that raises `ServiceError` "busy" rather than let more than `line` requests wait or pass."""

    def __init__(self, line: int = LINE) -> None:
        self._room, self._one = threading.BoundedSemaphore(line), threading.Lock()

    def __enter__(self) -> None:
        if not self._room.acquire(blocking=False):
            raise ServiceError(
                "Too many pictures are being drawn at the same time.",
                fix="Ask again in a moment.",
                code="busy",
                headers={"Retry-After": "2"},
            )
        self._one.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._one.release()
        self._room.release()
