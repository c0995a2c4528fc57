"""Supervised contrastive losses: SupCon (Khosla et al., NeurIPS 2020) and SelfCon (Bae et al., AAAI 2023)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def supervised_contrastive(vectors: Tensor, labels: Tensor, temperature: float = 0.07) -> Tensor:
    """SupCon: for each anchor, minus the mean log-probability of the vectors that share its label; then the mean.

    `vectors` `(n, d)` are normalised here, `labels` `(n,)` are integers. With s = v_i . v_j / temperature, anchor i
    has the loss -mean over positives p of (s_ip - log sum over a != i of exp(s_ia)). An anchor without a positive has
    none and is left out; where no anchor has one the loss is 0 and has a gradient of 0. Khosla et al., eq. 2 (L_out),
    without the factor temperature / base temperature, which is 1 there.

    >>> lone = supervised_contrastive(torch.eye(3), torch.tensor([0, 1, 2]))
    >>> float(lone)
    0.0
    """
    vectors = functional.normalize(vectors, dim=1)
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    similarity = (vectors @ vectors.T / temperature).masked_fill(itself, float("-inf"))
    log_probability = similarity - torch.logsumexp(similarity, dim=1, keepdim=True)
    positive = (labels[:, None] == labels[None, :]) & ~itself
    counts = positive.sum(1)
    each = -log_probability.masked_fill(~positive, 0).sum(1) / counts.clamp(min=1)
    anchors = (counts > 0).to(each.dtype)
    return (each * anchors).nan_to_num(0).sum() / anchors.sum().clamp(min=1)


def self_contrastive(outputs: Tensor, labels: Tensor, temperature: float = 0.07) -> Tensor:
    """SelfCon: SupCon over every output of one network, its exits among them, each a view of the same picture.

    `outputs` is `(n, exits, d)`, `labels` `(n,)`: the vectors of one picture are each other's positives, as are those
    of every picture with the same label. With one exit it is SupCon. Bae et al., eq. 4.
    """
    views = outputs.shape[1]
    return supervised_contrastive(outputs.transpose(0, 1).flatten(0, 1), labels.repeat(views), temperature)
