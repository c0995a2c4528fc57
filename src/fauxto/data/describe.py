"""What is in a manifest: counts and sizes, as plain numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from fauxto.data.manifest import Sample

COUNTED = ("generator", "source", "family", "content", "format", "quality", "split", "license", "kind")
"""What is counted for each class."""

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Quantiles of the short side that are told."""


def describe(samples: Iterable[Sample]) -> dict[str, Any]:
    """Counts by class and by each of `COUNTED`, and the quantiles of the short side, in one pass over the samples.

    Qualities are counted in steps of five ("85-89"); what is unknown counts as "unknown" and has no side.
    """
    classes: Counter[str] = Counter()
    counts: dict[str, dict[str, Counter[str]]] = {key: {} for key in COUNTED}
    sides: dict[str, list[int]] = {}
    for sample in samples:
        label = "fake" if sample.label else "real"
        classes[label] += 1
        for key in COUNTED:
            value = quality_band(sample) if key == "quality" else getattr(sample, key)
            counts[key].setdefault(label, Counter())[value or "unknown"] += 1
        if sample.width and sample.height:
            sides.setdefault(label, []).append(min(sample.width, sample.height))
    return {
        "pictures": classes.total(),
        "label": dict(sorted(classes.items())),
        **{
            key: {label: dict(sorted(found.items(), key=_largest)) for label, found in sorted(by_label.items())}
            for key, by_label in counts.items()
        },
        "short_side": {
            label: {f"{q:g}": float(v) for q, v in zip(QUANTILES, np.quantile(found, QUANTILES), strict=True)}
            for label, found in sorted(sides.items())
        },
    }


def quality_band(sample: Sample) -> str:
    """The quality of a JPEG as a band of five, "" where there is none.

    >>> quality_band(Sample("a.jpg", 0, quality=87.0)), quality_band(Sample("a.jpg", 0, quality=100.0))
    ('85-89', '100')
    """
    if not sample.quality:
        return ""
    low = int(sample.quality) // 5 * 5
    return "100" if low >= 100 else f"{low}-{low + 4}"


def _largest(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
