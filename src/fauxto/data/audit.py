"""The leak audit: how well can the label be told from what is no trace of a generator at all?

Deliberately stupid probes (container, JPEG tables, size, metadata, ...) are fitted to the labels and scored on
pictures that they have not seen. Where one of them succeeds, so may a detector, for the wrong reason.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from fauxto.data.bleed import Bleed, bleeds
from fauxto.data.groups import groups, merged
from fauxto.data.manifest import Sample
from fauxto.data.measure import outside
from fauxto.data.places import read_bytes
from fauxto.data.probes import PROBES, Probe, Seen
from fauxto.data.probing import FOLDS, held_out_scores, told_best
from fauxto.data.similar import look, near_duplicates
from fauxto.errors import FauxtoError, InputError
from fauxto.media.decode import decode
from fauxto.score.labelled import labelled_auc, labelled_interval

FEWEST = 20
"""Groups of each class that a probe needs; with fewer, nothing can be told."""

LEAKY = 0.55
"""A probe is too good when the lower end of its interval lies above this AUC (one half is chance)."""

LEAKY_GENERATOR = 0.65
"""The same for a probe on one generator against all reals, where there is more to choose from."""

MOST = 20_000
"""Pictures of each class that are read; more of them do not change the answer."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe reached: AUC and 99 % interval over groups of pictures, fitted and scored on different groups.

    `new_sources` is the AUC when whole sources and generators are held out, so that no habit of a source helps; None
    where there are fewer than five of them in a class. `worst` is the generator that the probe tells best, with its
    AUC. `status` is "ok", or why there is no figure.
    """

    name: str
    looks_at: str
    status: str
    auc: float | None = None
    interval: tuple[float, float] | None = None
    new_sources: float | None = None
    worst: str = ""
    worst_auc: float | None = None
    pictures: int = 0
    leaky: bool = False
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole audit; `unread` counts the pictures that could not be read, by reason."""

    pictures: int
    unread: dict[str, int]
    probes: list[ProbeResult]
    bleeds: list[Bleed]
    near: bool
    seed: int
    seconds: float

    @property
    def leaky(self) -> bool:
        """Whether anything that is no trace of a generator tells the classes or the splits apart."""
        return any(row.leaky for row in self.probes) or any(row.leaky for row in self.bleeds)

    def to_dict(self) -> dict[str, Any]:
        """The audit as plain JSON types."""
        return {**asdict(self), "leaky": self.leaky, "advice": self.advice}

    @property
    def advice(self) -> list[str]:
        """What to do about it, each thing once."""
        found = [row.advice for row in self.probes if row.leaky] + [row.advice for row in self.bleeds if row.leaky]
        return list(dict.fromkeys(found))


def audit(
    samples: Sequence[Sample],
    *,
    seed: int = 0,
    near: bool = True,
    most: int = MOST,
    read: Callable[[Sample], bytes] | None = None,
    step: Callable[[], object] = lambda: None,
) -> Audit:
    """Audit the pictures of a manifest.

    `near` also decodes every picture to look for near-duplicates. At most `most` pictures of each class are read, drawn
    by `seed`. `read` gives the bytes of a sample, where they are not those of its file (a protocol that re-encodes
    audits what it hands to the detector). `step` is called after each picture. Errors: InputError when a class is
    missing or too small.
    """
    start = time.monotonic()
    chosen = _chosen(samples, most, seed)
    unread: Counter[str] = Counter()
    kept, seen, looks = [], [], []
    for sample in chosen:
        try:
            data = read(sample) if read is not None else read_bytes(sample.path)
            facts = outside(data)
            looks.append(look(decode(data)) if near else None)
        except (FauxtoError, OSError) as error:
            unread[error.code if isinstance(error, FauxtoError) else "unreadable"] += 1
        else:
            kept.append(replace(sample, sha256=facts.sha256))
            seen.append(Seen(sample.path if read is None else "", facts))
        step()
    pairs = near_duplicates(looks)
    check_classes([sample.label for sample in kept], unread)
    together = groups(kept, ("parent", "duplicate"), pairs)
    rows = [_result(probe, seen, kept, together, seed) for probe in PROBES]
    return Audit(len(kept), dict(unread), rows, bleeds(kept, pairs), near, seed, round(time.monotonic() - start, 2))


def check_classes(labels: Sequence[int], unread: Mapping[str, int]) -> None:
    """Refuse a set without both classes, or with too few of one; `unread` counts by reason. Errors: InputError."""
    counts = {word: sum(label == number for label in labels) for word, number in (("real", 0), ("fake", 1))}
    for word, count in counts.items():
        if count < FEWEST:
            lost = ", ".join(f"{reason} {number}" for reason, number in unread.items())
            raise InputError(
                f"There are {count} {word} pictures that can be read; an audit needs at least {FEWEST} of each class."
                + (f" Not read: {lost}." if lost else ""),
                fix="Check the labels (fauxto data describe MANIFEST), or add pictures.",
            )


def _chosen(samples: Sequence[Sample], most: int, seed: int) -> list[Sample]:
    rng = np.random.default_rng(seed)
    kept: list[int] = []
    for label in (0, 1):
        at = np.flatnonzero(np.asarray([sample.label == label for sample in samples], dtype=bool))
        kept += rng.permutation(at)[:most].tolist()
    return [samples[i] for i in sorted(kept)]


def _result(
    probe: Probe, seen: Sequence[Seen], samples: Sequence[Sample], together: np.ndarray, seed: int
) -> ProbeResult:
    at = [i for i, one in enumerate(seen) if probe.applies(one)]
    here = [samples[i] for i in at]
    labels = np.asarray([sample.label for sample in here], dtype=np.int64)
    parts = together[at]
    if any(len(np.unique(parts[labels == label])) < FEWEST for label in (0, 1)):
        return ProbeResult(probe.name, probe.looks_at, f"fewer than {FEWEST} groups of a class", pictures=len(at))
    columns = probe.columns([seen[i] for i in at])
    scores = held_out_scores(columns, labels, parts, seed)
    low, high = labelled_interval(scores, labels, parts, seed=seed)
    worst = told_best(scores, labels, parts, [s.generator or "unnamed" for s in here], fewest=FEWEST, seed=seed)
    sources = groups(here, ("generator", "source"))
    new = None
    if all(len(np.unique(sources[labels == label])) >= FOLDS for label in (0, 1)):
        new = round(labelled_auc(held_out_scores(columns, labels, merged(parts, sources), seed), labels), 4)
    leaky = low > LEAKY or worst.low > LEAKY_GENERATOR
    return ProbeResult(
        name=probe.name,
        looks_at=probe.looks_at,
        status="ok",
        auc=round(labelled_auc(scores, labels), 4),
        interval=(round(low, 4), round(high, 4)),
        new_sources=new,
        worst=worst.name,
        worst_auc=round(worst.auc, 4),
        pictures=len(at),
        leaky=leaky,
        advice=probe.advice if leaky else "",
    )
