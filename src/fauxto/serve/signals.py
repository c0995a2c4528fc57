"""Telling the tasks of the event loop, from any thread, that something was finished."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Signals:
    """Whoever waits for a topic (the id of a scan or a job) is woken when it is rung; nobody is woken for others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = defaultdict(set)

    @contextmanager
    def listen(self, topic: str) -> Iterator[asyncio.Event]:
        """An event that is set when the topic is rung; to be cleared by the listener before it looks again."""
        entry = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._waiting[topic].add(entry)
        try:
            yield entry[1]
        finally:
            with self._lock:
                self._waiting[topic].discard(entry)
                if not self._waiting[topic]:
                    del self._waiting[topic]

    def ring(self, topic: str) -> None:
        """Wake all that listen to a topic."""
        with self._lock:
            entries = list(self._waiting.get(topic, ()))
        for loop, event in entries:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(event.set)


async def wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so long, and clear it; whether it came."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    came = event.is_set()
    event.clear()
    return came
