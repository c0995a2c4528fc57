"""What the headers of the very same pictures give away: the control that stands beside every result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fauxto.data.measure import Outside
from fauxto.data.probes import PROBES, Seen
from fauxto.data.probing import FOLDS, LEAF, held_out_scores
from fauxto.score.labelled import labelled_auc

FEWEST = 2 * LEAF
"""Pictures of a class below which the tree has too few to grow a leaf of each: its AUC would be 0.5 whatever leaks."""

CONTENT = "bits"
"""The probe that is left out: how well a picture compresses is its content, not its header."""


def header_auc(
    facts: Sequence[Outside | None], labels: np.ndarray, clusters: Sequence[str], seed: int = 0
) -> float | None:
    """AUC of a shallow tree on container, sizes, tables and metadata, on clusters that it was not fitted to.

    None where files are missing, or there are fewer than five clusters or ten pictures of a class.
    """
    known = [i for i, one in enumerate(facts) if one is not None]
    seen = [Seen("", one) for one in facts if one is not None]
    labels, parts = labels[known], np.unique([clusters[i] for i in known], return_inverse=True)[1]
    for label in (0, 1):
        here = parts[labels == label]
        if len(here) < FEWEST or len(np.unique(here)) < FOLDS:
            return None
    columns = np.hstack([probe.columns(seen) for probe in PROBES if probe.name != CONTENT])
    return round(labelled_auc(held_out_scores(columns, labels, parts, seed), labels), 4)
