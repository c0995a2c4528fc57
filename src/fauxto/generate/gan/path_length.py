"""Path length regularization: a step in w should change every picture by about as much (Karras et al. 2020, eq. 4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PathLength(nn.Module):
    """The average length of paths, which each batch is pulled towards; it travels with a checkpoint."""

    def __init__(self, decay: float = 0.01) -> None:
        super().__init__()
        self.decay = decay
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, pictures: Tensor, styles: Tensor) -> Tensor:
        """Pictures `(n, c, h, w)` made from styles `(n, layers, w)` in one graph, to a scalar; moves the average.

        The length is that of the gradient of <picture, noise / sqrt(h w)>, summed over w, averaged over the layers.
        """
        noise = torch.randn_like(pictures) / (pictures.shape[-1] * pictures.shape[-2]) ** 0.5
        (slopes,) = torch.autograd.grad((pictures * noise).sum(), styles, create_graph=True)
        lengths = slopes.square().sum(2).mean(1).sqrt()
        mean = self.mean.lerp(lengths.detach().float().mean(), self.decay)
        self.mean.copy_(mean)
        return (lengths - mean).square().mean()
