"""Sums of probabilities as logarithms, in operators that every runtime computes alike."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def log_sum_exp(x: Tensor) -> Tensor:
    """log(sum(exp(x))) over the last axis, `(..., k)` to `(...)`, without overflow.

    Written out, because OpenVINO's own operator for it gives wrong values for some shapes.

    >>> import torch
    >>> round(float(log_sum_exp(torch.tensor([1000.0, 1000.0])) - 1000), 3)
    0.693
    """
    peak = x.detach().amax(-1, keepdim=True)
    return (x - peak).exp().sum(-1).log() + peak[..., 0]


def mixture_logit(logits: Tensor, log_weights: Tensor) -> Tensor:
    """The logit of p = sum_j g_j sigmoid(s_j), stable where p is near 0 or 1; `(n, m)` and `(n, m)` to `(n,)`."""
    yes = log_sum_exp(log_weights + functional.logsigmoid(logits))
    return yes - log_sum_exp(log_weights + functional.logsigmoid(-logits))
