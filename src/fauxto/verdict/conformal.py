"""Conformal p-values against stated populations of real photographs.

One population. Its n photographs were never trained on, and each gives one logit (two versions of one
photograph would be one witness counted twice, and the proof would fail). If the picture at hand is a
photograph of the same kind (exchangeable with them), the rank of its logit among all n + 1 is uniform, so

    p = (1 + #{reference logits >= logit}) / (n + 1)    satisfies    Pr(p <= a) <= a    for every a,

whatever the network does, and whatever the distribution is; ties only make p larger. The smallest value
that p can take is 1 / (n + 1): a population *can speak* at a false-alarm bound `fpr` only if
1 / (n + 1) <= fpr.

Several populations. Nobody tells us which population a picture comes from, so p is the **maximum** over
those that can speak. For a photograph of any one of them, p >= p_k, so Pr(p <= a) <= Pr(p_k <= a) <= a; the
same then holds for any mixture of them. (The minimum, or a test per population, would need a correction.
Pooling the populations would be valid for one mixture only, and not for its parts.)

Small populations cannot speak, but they can object: each adds #{reference logits >= logit} / (n + 1) to the
maximum. That leaves the guarantee above as it is, since p only grows; and a call at `fpr` is made only if
*no* photograph of the small population looks as synthetic, which happens to a photograph of its kind with
probability 1 / (n + 1) at most. That weaker bound is all that n photographs can give.

If no population can speak, p is the maximum over all of them: still valid, never small enough to call.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from fauxto.errors import ContractError, InputError, WeightError

DEFAULT_FPR = 0.01
"""At most one photograph in a hundred is called generated, unless the user asks for another bound."""


def p_value(
    logit: float, populations: Mapping[str, Mapping[str, Any]], fpr: float = DEFAULT_FPR
) -> tuple[float, dict[str, float]]:
    """The p-value that decides at `fpr`, and the p-value against each population alone.

    `populations` maps a name to `{"logits": [...]}`, ascending. Errors: `InputError` for an `fpr` outside
    (0, 1), `ContractError` for a logit that is not finite, `WeightError` for populations that are missing
    or empty.

    >>> p_value(2.5, {"cameras": {"logits": [0.0, 1.0, 2.0, 3.0]}})
    (0.4, {'cameras': 0.4})
    """
    speaking = voters(populations, fpr)
    if not math.isfinite(logit):
        raise ContractError(
            f"Expected a finite logit; got {logit}.", fix="The network is broken: install its weights again."
        )
    alone: dict[str, float] = {}
    objections: list[float] = []
    for name, population in populations.items():
        logits = population["logits"]
        at_least = len(logits) - bisect_left(logits, logit)
        alone[name] = (1 + at_least) / (len(logits) + 1)
        if name not in speaking:
            objections.append(at_least / (len(logits) + 1))
    if not speaking:
        return max(alone.values()), alone
    return max([alone[name] for name in speaking] + objections), alone


def voters(populations: Mapping[str, Mapping[str, Any]], fpr: float) -> tuple[str, ...]:
    """The populations large enough to speak at `fpr`: those with 1 / (n + 1) <= fpr.

    >>> voters({"large": {"logits": [0.0] * 99}, "small": {"logits": [0.0] * 98}}, 0.01)
    ('large',)
    """
    if not 0 < fpr < 1:
        raise InputError(
            f"A false-alarm bound lies between 0 and 1; got {fpr}.",
            fix="For example --fpr 0.01 (one in a hundred).",
        )
    if not populations or not all(population.get("logits") for population in populations.values()):
        raise WeightError(
            "Expected populations of reference photographs, none of them empty.",
            fix="Correct the 'populations' entry of the model's model.json.",
        )
    return tuple(name for name, population in populations.items() if 1 / (len(population["logits"]) + 1) <= fpr)


def firm_from(populations: Mapping[str, Mapping[str, Any]]) -> float:
    """The least bound at which every population speaks by two of its photographs or more: 2 / (n + 1) of the smallest.

    Below it, one photograph alone decides what is called: the bound still holds, but it is kept by calling less.

    >>> firm_from({"cameras": {"logits": [0.0] * 199}, "phones": {"logits": [0.0] * 500}})
    0.01
    """
    return 2 / (1 + min(len(population["logits"]) for population in populations.values()))


def threshold(populations: Mapping[str, Mapping[str, Any]], fpr: float) -> float | None:
    """The logit that has to be exceeded for p <= fpr; None where no population can speak at `fpr`.

    >>> threshold({"cameras": {"logits": [0.0, 1.0, 2.0, 3.0]}}, 0.4)
    2.0
    """
    speaking = voters(populations, fpr)
    if not speaking:
        return None
    bars = []
    for name, population in populations.items():
        logits = population["logits"]
        bars.append(logits[-_allowed(len(logits), fpr)] if name in speaking else logits[-1])
    return float(max(bars))


def _allowed(n: int, fpr: float) -> int:
    """The largest rank k with k / (n + 1) <= fpr, by the same division as in `p_value`."""
    rank = math.floor(fpr * (n + 1)) + 1
    while rank / (n + 1) > fpr:
        rank -= 1
    return rank
