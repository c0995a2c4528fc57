"""What a conditional discriminator learns beside real and fake: that a picture is of its class.

Discriminator heads give class logits `(n, k)`, or an embedding `(n, d)` of the picture beside a proxy `(n, d)` of its
class; labels are `(n,)`. All losses are means over the batch.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize, relu


def contrastive(embedding: Tensor, proxy: Tensor, labels: Tensor, temperature: float = 1.0) -> Tensor:
    """2C of Kang and Park 2020 (ContraGAN): near the proxy and the batch's own class, far from the rest.

    -log of the share that the proxy and same-class pairs have of all the similarity of a picture to its proxy and to
    the other pictures, each exp(cosine / temperature).
    """
    to_proxy = cosine_similarity(embedding, proxy) / temperature
    to_others = _cosines(embedding) / temperature
    alone = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    same = labels[:, None] == labels
    others = to_others.masked_fill(alone, -torch.inf)
    every = torch.cat((to_proxy[:, None], others), 1).logsumexp(1)
    own = torch.cat((to_proxy[:, None], others.masked_fill(~same, -torch.inf)), 1).logsumexp(1)
    return (every - own).mean()


def data_to_data(
    embedding: Tensor,
    proxy: Tensor,
    labels: Tensor,
    margin: float = 0.98,
    temperature: float = 0.5,
    *,
    released: bool = True,
) -> Tensor:
    """D2D-CE of Kang et al. 2021 (ReACGAN): pull to the proxy up to a margin, push from other classes beyond one.

    With p = relu((margin - cosine to the proxy) / t) and s = relu((cosine to another class's picture + margin - 1) / t)
    it is p + log(exp(-p) + sum exp(s)). `released` takes the largest (cosine + margin - 1) / t of the row from each s,
    as a constant that is never added back: so do the authors' code and figures, and it weakens the push.
    """
    pull = relu((margin - cosine_similarity(embedding, proxy)) / temperature)
    between = (_cosines(embedding) + margin - 1) / temperature
    alone = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    push = relu(between)
    if released:
        push = push - between.masked_fill(alone, -torch.inf).amax(1, keepdim=True).detach()
    push = push.masked_fill(labels[:, None] == labels, -torch.inf)
    return (pull + torch.cat((-pull[:, None], push), 1).logsumexp(1)).mean()


def gaussian_code_loss(codes: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """InfoGAN's continuous codes: their negative log-likelihood under the predicted Gaussians, summed over codes."""
    log_density = -0.5 * (2 * torch.pi * variance + 1e-6).log() - (codes - mean).square() / (2 * variance + 1e-6)
    return -log_density.sum(1).mean()


def real_label(labels: Tensor) -> Tensor:
    """ADC-GAN's label of a real picture of class y among 2K: Hou et al. 2022."""
    return 2 * labels


def fake_label(labels: Tensor) -> Tensor:
    """ADC-GAN's label of a generated picture of class y among 2K."""
    return 2 * labels + 1


def _cosines(embedding: Tensor) -> Tensor:
    unit = normalize(embedding, dim=1)
    return unit @ unit.T
