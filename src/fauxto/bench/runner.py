"""Score detectors over samples: each picture read once, laundered, seen by all; cached, resumable, nothing lost."""

from __future__ import annotations

import hashlib
import inspect
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from fauxto import __version__
from fauxto.bench.cache import Cache, Score, Stamp
from fauxto.contracts import Detector
from fauxto.data.manifest import Sample
from fauxto.data.measure import Outside, outside
from fauxto.data.places import file_of, read_bytes
from fauxto.errors import FauxtoError, InputError
from fauxto.launder import parse, ship
from fauxto.media.decode import decode

RAW = ""
"""The chain of a picture as it lies on disk."""


@dataclass(frozen=True)
class Scores:
    """What a run gave. `samples` carry the sha256 of their content; a failure is a status, its logit is NaN.

    `logits[name][chain]` is float64 `(n,)`, `status[name][chain]` says "ok" or why not, `facts[chain]` is the outside
    of the file that each picture was after the chain (None where it failed or the chain writes no file),
    `seconds[name]` the median time of a picture (preprocessing and network, one picture at a time).
    """

    samples: list[Sample]
    logits: dict[str, dict[str, np.ndarray]]
    status: dict[str, dict[str, list[str]]]
    facts: dict[str, list[Outside | None]]
    seconds: dict[str, float]


def score(
    detectors: Mapping[str, Detector],
    samples: Iterable[Sample],
    chains: Sequence[str],
    cache: Cache,
    *,
    step: Callable[[], object] = lambda: None,
) -> Scores:
    """Every detector on every sample under every chain; `step` is called after each sample.

    Pixels are decoded once for all detectors; what the cache knows is not computed again, and a picture whose every
    score is known is not even read. A chain's random steps are seeded by the content, so no order matters. Errors:
    InputError when a chain does not parse, or when a detector could score not one picture.
    """
    for chain in chains:
        if chain != RAW:
            parse(chain)
    models = {name: fingerprint(detector) for name, detector in detectors.items()}
    kept: list[Sample] = []
    found: dict[tuple[str, str], list[Score]] = {(name, chain): [] for name in detectors for chain in chains}
    facts: dict[str, list[Outside | None]] = {chain: [] for chain in chains}
    for sample in samples:
        picture = _Picture(sample, cache)
        for chain in chains:
            for name, detector in detectors.items():
                found[name, chain].append(picture.score(detector, models[name], chain))
            facts[chain].append(picture.facts(chain))
        kept.append(replace(sample, sha256=picture.content or ""))
        step()
    logits: dict[str, dict[str, np.ndarray]] = {name: {} for name in detectors}
    status: dict[str, dict[str, list[str]]] = {name: {} for name in detectors}
    for (name, chain), row in found.items():
        logits[name][chain] = np.array([math.nan if one.logit is None else one.logit for one in row])
        status[name][chain] = [one.status for one in row]
    seconds = {}
    for name in detectors:
        scored = [one for (who, _), row in found.items() if who == name for one in row]
        times = [one.seconds for one in scored if one.ok]
        if not times:
            reason = scored[0].status if scored else "there are no samples"
            raise InputError(
                f"{name} could score not one picture: {reason}.", fix="Check the paths of the manifest, and its files."
            )
        seconds[name] = float(np.median(times))
    return Scores(kept, logits, status, facts, seconds)


def fingerprint(detector: Detector) -> str:
    """A short hash of all that a score depends on besides the picture: weights, windows, the system's source."""
    digest = hashlib.sha256(f"{__version__}:{type(detector).__qualname__}:{vars(detector).get('crop')}".encode())
    module = sys.modules[type(detector).__module__]
    digest.update(inspect.getsource(module).encode())
    for name, tensor in sorted(detector.network().state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    inner = getattr(detector, "inner", None)
    if inner is not None:
        digest.update(fingerprint(inner).encode())
    return digest.hexdigest()[:24]


class _Picture:
    """One sample on its way through the chains and detectors; reads and decodes at most once, and only if it must."""

    def __init__(self, sample: Sample, cache: Cache) -> None:
        self._sample, self._cache = sample, cache
        self._stamp = _stamp(sample.path)
        self._data: bytes | None = None
        self._pixels: np.ndarray | None = None
        self._arrived: tuple[str, np.ndarray, bytes | None] | None = None
        self._error: str | None = None
        known = cache.content(sample.path, self._stamp) if self._stamp else None
        self.content = known or self._hash()

    def score(self, detector: Detector, model: str, chain: str) -> Score:
        """The score of the picture after `chain`."""
        if self.content is None:
            return Score(None, self._error or "unreadable", 0.0)
        known = self._cache.score(self.content, model, chain)
        if known is not None:
            return known
        try:
            pixels, _ = self._ship(chain)
        except FauxtoError as error:
            fresh = Score(None, error.code, 0.0)
        except OSError:
            return Score(None, "unreadable", 0.0)
        else:
            start = time.perf_counter()
            try:
                logit = float(detector.score([pixels])[0])
            except FauxtoError as error:
                fresh = Score(None, error.code, 0.0)
            except (RuntimeError, ValueError, MemoryError) as error:  # the next run tries again
                return Score(None, type(error).__name__, 0.0)
            else:
                seconds = time.perf_counter() - start
                fresh = Score(logit, "ok", seconds) if math.isfinite(logit) else Score(None, "not_finite", seconds)
        self._cache.put_score(self.content, model, chain, fresh)
        return fresh

    def facts(self, chain: str) -> Outside | None:
        """The outside of the file after `chain`, or None where there is none."""
        if self.content is None:
            return None
        known = self._cache.facts(self.content, chain)
        if known is not None:
            return known
        try:
            data = self._read() if chain == RAW else self._ship(chain)[1]
            if data is None:
                return None
            facts = outside(data)
        except (FauxtoError, OSError):
            return None
        self._cache.put_facts(self.content, chain, facts)
        return facts

    def _hash(self) -> str | None:
        try:
            data = self._read()
        except (FauxtoError, OSError) as error:
            self._error = error.code if isinstance(error, FauxtoError) else "unreadable"
            return None
        content = hashlib.sha256(data).hexdigest()
        if self._stamp:
            self._cache.put_content(self._sample.path, self._stamp, content)
        return content

    def _read(self) -> bytes:
        if self._data is None:
            self._data = read_bytes(self._sample.path)
        return self._data

    def _ship(self, chain: str) -> tuple[np.ndarray, bytes | None]:
        """Pixels after the chain, and the file that the last step wrote, if it wrote one."""
        if self._arrived is not None and self._arrived[0] == chain:
            return self._arrived[1:]
        if self._pixels is None:
            self._pixels = decode(self._read())
        if chain == RAW:
            return self._pixels, self._data
        assert self.content is not None  # only what was hashed is shipped
        shipment = ship(self._pixels, chain, seed=int(self.content[:8], 16))
        self._arrived = (chain, shipment.pixels, shipment.data)
        return shipment.pixels, shipment.data


def _stamp(place: str) -> Stamp | None:
    """Size and time of change of a file of its own; cells of tables have none, and are always read."""
    path = file_of(place)
    if path != Path(place):
        return None
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns
