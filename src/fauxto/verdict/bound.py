"""The bound at which the pixels were judged: that of the whole verdict, or the detector's share of it."""

from __future__ import annotations

from fauxto.finding import Finding


def pixel_bound(finding: Finding) -> float | None:
    """The bound that a finding's `p_value` was compared with; None where there is none.

    It is smaller than `fpr` where a localizer may decide too and the two share the bound (see `fusion.budget`); the
    evidence of the pixels states it.
    """
    for item in finding.evidence:
        if item.layer == "pixels" and isinstance(item.value, dict) and isinstance(item.value.get("fpr"), int | float):
            return float(item.value["fpr"])
    return finding.fpr
