"""A Gaussian blur that fades out, so that StyleGAN3-r's discriminator does not look at details first."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d


def blurred(pictures: Tensor, deviation: float, progress: float) -> Tensor:
    """`(n, c, h, w)` under a kernel 2^-(x / s)^2 over 3 s pixels each way, s = `deviation` (1 - progress).

    Beyond the edge it is 0. Karras et al. 2021 (StyleGAN3), appendix F.3.
    """
    deviation = max(0.0, 1 - progress) * deviation
    reach = int(3 * deviation)
    if not reach:
        return pictures
    places = torch.arange(-reach, reach + 1, device=pictures.device, dtype=pictures.dtype)
    kernel = (-(places / deviation).square()).exp2()
    kernel = (kernel / kernel.sum()).expand(pictures.shape[1], 1, 1, -1)
    pictures = conv2d(pictures, kernel, padding=(0, reach), groups=pictures.shape[1])
    return conv2d(pictures, kernel.transpose(2, 3), padding=(reach, 0), groups=pictures.shape[1])
