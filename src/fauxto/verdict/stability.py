"""Would the call survive re-posting? The picture goes through a few realistic chains and is scored again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fauxto import launder
from fauxto.verdict.pixels import PixelScore

DEFAULT_CHAINS = ("jpeg:85", "whatsapp", "instagram_feed", "reddit_preview", "screenshot:0.9|jpeg:90")
"""Saved once more, two messengers or networks, a web preview, a screenshot: what a picture meets in a day."""


def stability(
    pixels: np.ndarray,
    judge: Callable[[np.ndarray], PixelScore],
    original: PixelScore,
    *,
    chains: Sequence[str] = DEFAULT_CHAINS,
    seed: int = 0,
) -> dict[str, Any]:
    """Score a copy of the picture after each chain and count the copies whose call is that of the `original`.

    `pixels` is the whole picture, uint8 `(H, W, 3)`; `judge` scores such a picture and reads it at the same bound as
    `original` was read. Two calls agree if both say "generated" or
    neither does. The result is plain JSON: `agree`, `total`, `flipped`, `seed` and a row a chain.
    """
    called = original.call == "generated"
    rows: list[dict[str, Any]] = []
    for chain in chains:
        copy = judge(launder.apply(pixels, chain, seed))
        rows.append(
            {
                "chain": chain,
                "steps": "|".join(str(step) for step in launder.parse(chain)),
                "logit": copy.logit,
                "p_value": copy.p_value,
                "call": copy.call,
                "agrees": (copy.call == "generated") == called,
            }
        )
    agree = sum(row["agrees"] for row in rows)
    return {"agree": agree, "total": len(rows), "flipped": agree < len(rows), "seed": seed, "chains": rows}
