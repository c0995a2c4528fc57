"""Two toy families of generators that differ in what they minimise: an adversary's loss or a denoiser's.

Every member redraws a photograph of the camera world from a noisy copy, with the same small network; its family is
the objective alone, and members of a family differ in their last up-sampler. Adversarial training (the Jensen-Shannon
game of Goodfellow et al., 2014) rewards detail that looks real; denoising with the squared error, one step of a
diffusion model, rewards the mean of all that could have been, which is smooth. Needs the `lab` extra (torch).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.data.worlds.toy_fakes import Up, Upsampler

Family = Literal["adversarial", "denoising"]
FAMILIES: tuple[Family, ...] = get_args(Family)

NOISE = 0.25
"""Standard deviation of the noise on pixels in [0, 1]: enough to drown fine texture."""


class Redrawer(nn.Module):
    """`(n, 3, h, w)` noisy pixels, sides divisible by 4, to the picture redrawn: a coarse copy and made-up detail."""

    def __init__(self, upsampler: Upsampler, width: int = 24) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.ReLU(),
            Up(upsampler, width, 12),
        )
        self.last = nn.Conv2d(12, 3, 3, 1, 1)

    def forward(self, noisy: Tensor) -> Tensor:
        """The picture, not clipped."""
        coarse = functional.avg_pool2d(noisy, 4)
        coarse = functional.interpolate(coarse, scale_factor=4, mode="bilinear", align_corners=False)
        return coarse + self.last(functional.relu(self.body(noisy - 0.5)))


class Adversary(nn.Module):
    """A patch discriminator: `(n, 3, h, w)` to `(n, 1, h / 4, w / 4)` logits, higher = real."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, 1, 1),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.layers(2 * pixels - 1)


def train_member(
    photographs: Sequence[np.ndarray],
    family: Family,
    upsampler: Upsampler,
    seed: int,
    *,
    steps: int = 150,
    crop: int = 32,
    batch: int = 16,
) -> Redrawer:
    """Fit one generator on crops of uint8 HWC photographs; torch's global random state is put back.

    The adversarial member plays the non-saturating game and keeps the picture's coarse content (4x4 means); the
    denoising member minimises the squared error.
    """
    rng = np.random.default_rng((0xFA3, seed))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model, adversary = Redrawer(upsampler), Adversary()
        own = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.5, 0.99))
        others = torch.optim.Adam(adversary.parameters(), lr=2e-3, betas=(0.5, 0.99))
        for step in range(steps):
            for group in own.param_groups:
                group["lr"] = 3e-3 * (1 - step / steps)
            pixels = _crops(photographs, crop, batch, rng)
            drawn = model(pixels + NOISE * torch.randn_like(pixels))
            if family == "denoising":
                loss = 100 * functional.mse_loss(drawn, pixels)
            else:
                judged = functional.softplus(-adversary(pixels)).mean()
                judged = judged + functional.softplus(adversary(drawn.detach())).mean()
                others.zero_grad()
                judged.backward()
                others.step()
                coarse = functional.avg_pool2d(drawn, 4) - functional.avg_pool2d(pixels, 4)
                loss = functional.softplus(-adversary(drawn)).mean() + 20 * coarse.abs().mean()
            own.zero_grad()
            loss.backward()
            own.step()
    return model.eval()


def redraw_noisy(model: Redrawer, photographs: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    """The fakes of uint8 HWC photographs of one size (sides divisible by 4), in their order, uint8."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.from_numpy(np.stack(photographs)).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        drawn = model(pixels + NOISE * torch.randn(pixels.shape, generator=generator))
    return list((drawn.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())


def _crops(photographs: Sequence[np.ndarray], size: int, count: int, rng: np.random.Generator) -> Tensor:
    crops = []
    for index in rng.integers(len(photographs), size=count):
        picture = photographs[index]
        top, left = (int(rng.integers(side - size + 1)) for side in picture.shape[:2])
        crops.append(picture[top : top + size, left : left + size])
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
