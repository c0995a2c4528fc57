"""Where the time of training goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any


class Meter:
    """Time spent waiting for the loader and in the network; `makers` processes make crops for `devices` networks."""

    def __init__(self, makers: int, devices: int) -> None:
        self.makers, self.devices = makers, devices
        self.crops, self.making, self.waiting, self.working = 0, 0.0, 0.0, 0.0

    def watch(self, loader: Any) -> Iterator[Any]:
        """The batches of a loader, timed on both sides."""
        batches = iter(loader)
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            got = time.perf_counter()
            if batch is None:
                return
            self.waiting += got - asked
            yield batch
            self.working += time.perf_counter() - got

    def count(self, crops: int, making: float) -> None:
        """So many crops more, which took their makers so many seconds."""
        self.crops += crops
        self.making += making

    @property
    def seconds(self) -> float:
        """In all."""
        return self.waiting + self.working

    @property
    def loader_rate(self) -> float:
        """Crops a second that the makers can make, from the time that each crop took them."""
        return self.makers * self.crops / self.making if self.making else 0.0

    @property
    def network_rate(self) -> float:
        """Crops a second through the networks alone."""
        return self.devices * self.crops / self.working if self.working else 0.0

    @property
    def waited(self) -> float:
        """The share of the time in which a network had nothing to do."""
        return self.waiting / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        return (
            f"loader {self.loader_rate:.0f} crops/s  network {self.network_rate:.0f} crops/s  waited {self.waited:.0%}"
        )
