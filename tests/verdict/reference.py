"""Reference sets and scores for the tests of this folder."""

from __future__ import annotations

from typing import Any

from fauxto.verdict import PixelScore, judge

PLATT = {"kind": "platt", "slope": 1.0, "intercept": 0.0}


def uniform(n: int) -> dict[str, Any]:
    """`n` reference logits, evenly spread in (0, 1)."""
    return {"description": "evenly spread", "n": n, "logits": [(i + 0.5) / n for i in range(n)]}


def read(logit: float, fpr: float = 0.01, n: int = 999) -> PixelScore:
    """A logit read against one reference set in (0, 1)."""
    return judge(logit, PLATT, {"cameras": uniform(n)}, fpr)


def calling(call: str) -> PixelScore:
    """A score with the call that is asked for, at the default bound."""
    score = {
        "generated": lambda: read(2.0),
        "borderline": lambda: read(0.97),
        "ordinary": lambda: read(0.3),
        "unsupported": lambda: read(2.0, n=50),
    }[call]()
    assert score.call == call
    return score
