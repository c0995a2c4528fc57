"""Balanced assignment by optimal transport: the Sinkhorn-Knopp iteration (Cuturi, 2013; Caron et al., SwAV, 2020)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, distributed

from fauxto.errors import ContractError


def balanced_codes(scores: Tensor, epsilon: float = 0.05, iterations: int = 3, shares: Tensor | None = None) -> Tensor:
    """Soft assignments `(n, k)` of n samples to k clusters that are as the scores wish and, all together, balanced.

    Maximises `<Q, scores> + epsilon H(Q)` over Q with rows that sum to 1 and columns that sum to `n shares`; equal
    shares when None. `iterations` times columns, then rows are scaled, so rows are exact and columns approach their
    share. Large `epsilon` gives the shares themselves in every row, small `epsilon` a hard balanced assignment.

    Computed as logarithms in float32: `exp(score / 0.05)` overflows in half precision. No gradient passes. In
    data-parallel training the columns are summed over all processes, so the whole batch is balanced, not each part.
    Errors: ContractError for scores that are no non-empty `(n, k)`, or shares that do not sum to 1.
    """
    if scores.ndim != 2 or 0 in scores.shape:
        raise ContractError(f"Scores must be (n, k), n and k at least 1; got {tuple(scores.shape)}.", fix="Reshape.")
    logs = scores.detach().float() / epsilon
    k = scores.shape[1]
    wanted = torch.full((k,), 1 / k) if shares is None else shares.detach().float()
    if wanted.shape != (k,) or not (wanted > 0).all() or abs(float(wanted.sum()) - 1) > 1e-4:
        raise ContractError(
            f"Shares must be {k} positive numbers that sum to 1; got {wanted.tolist()}.", fix="Normalise them."
        )
    target = wanted.to(logs.device).log() + math.log(_total(len(scores), logs.device))
    for _ in range(iterations):
        logs = logs + (target - _column_sums(logs))
        logs = logs - logs.logsumexp(1, keepdim=True)
    return logs.exp()


def _column_sums(logs: Tensor) -> Tensor:
    """The logarithm of the column sums, over all processes when there are several; `(n, k)` to `(k,)`."""
    own = logs.logsumexp(0)
    if not _parallel():
        return own
    peak = own.clone()
    distributed.all_reduce(peak, distributed.ReduceOp.MAX)
    total = (own - peak).exp()
    distributed.all_reduce(total)
    return total.log() + peak


def _total(own: int, device: torch.device) -> float:
    """The number of samples over all processes."""
    if not _parallel():
        return float(own)
    count = torch.tensor(float(own), device=device)
    distributed.all_reduce(count)
    return float(count)


def _parallel() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
