"""The small diffusion maker: a tiny DDPM trained here on photographs of the camera world, drawn from by DDIM.

It makes pictures from noise, or redraws photographs from a noisy copy: the content stays a photograph's, what the noise
drowned is the model's. Ho, Jain and Abbeel, 2020; Song, Meng and Ermon, 2021. Needs the `lab` extra (torch).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from fauxto.data.worlds.toy_fakes import to_pictures, windows

CELL = 4
"""Side of the pixel cells that become channels: the network works at a quarter of the side, as latent models do."""

BATCH = 16
"""Pictures that are drawn at once: one by one, a third of the time goes between the operations."""

LAST = 0.98
"""The largest time that is used: at 1 nothing of the picture is left and the noise says nothing about it."""


def signal(time: Tensor) -> Tensor:
    """The share of the picture's amplitude that is left at times 0 (all) to 1 (none): cos(pi t / 2)."""
    return torch.cos(time * torch.pi / 2)


def noised(pixels: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """The forward process on `(n, 3, h, w)` in [-1, 1] at times `(n,)`; its variance is kept for unit variance."""
    amplitude = signal(time)[:, None, None, None]
    return amplitude * pixels + (1 - amplitude.square()).sqrt() * noise


class ToyDiffusion(nn.Module):
    """`(n, 3, h, w)` noised pixels, sides divisible by 4, and times `(n,)` to the noise in them."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        inside = 3 * CELL * CELL
        self.cells, self.pixels = nn.PixelUnshuffle(CELL), nn.PixelShuffle(CELL)
        self.enter = nn.Conv2d(inside + 1, width, 3, 1, 1)
        self.middle = nn.Conv2d(width, width, 3, 1, 1)
        self.leave = nn.Conv2d(width, inside, 3, 1, 1)
        self.skip = nn.Conv2d(inside + 1, inside, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """The predicted noise."""
        cells = self.cells(x)
        cells = torch.cat((cells, time[:, None, None, None].expand_as(cells[:, :1])), dim=1)
        features = torch.relu(self.enter(cells))
        features = features + torch.relu(self.middle(features))
        return self.pixels(self.leave(features) + self.skip(cells))


def train_diffusion(
    photographs: Sequence[np.ndarray],
    seed: int = 0,
    *,
    steps: int = 800,
    side: int = 16,
    batch: int = 16,
) -> ToyDiffusion:
    """Fit one model to windows of uint8 HWC photographs with the squared error of the noise.

    torch's global random state is put back. Same seed, same machine, same weights.
    """
    rng = np.random.default_rng((0xDD, seed))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ToyDiffusion()
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = 3e-3 * (1 - step / steps)
            pixels = 2 * windows(photographs, side, batch, rng) - 1
            noise, time = torch.randn_like(pixels), LAST * torch.rand(batch)
            loss = (model(noised(pixels, noise, time), time) - noise).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def denoise(model: Callable[[Tensor, Tensor], Tensor], x: Tensor, start: float, steps: int) -> Tensor:
    """DDIM without fresh noise: `(n, 3, h, w)` at time `start` to pictures in [-1, 1], in `steps` equal steps."""
    times = torch.linspace(start, 0, steps + 1)
    for now, later in itertools.pairwise(times):
        noise = model(x, now.expand(len(x)))
        amplitude = signal(now)
        picture = ((x - (1 - amplitude.square()).sqrt() * noise) / amplitude).clamp(-1, 1)
        x = noised(picture, noise, later.expand(len(x)))
    return x


def redraw_diffusion(
    model: ToyDiffusion, photographs: Sequence[np.ndarray], seed: int, *, start: float = 0.3, steps: int = 2
) -> list[np.ndarray]:
    """Fakes of uint8 HWC photographs of one size (sides divisible by 4), in order: noised up to `start`, drawn back."""
    source = torch.Generator().manual_seed(seed)
    drawn = []
    with torch.inference_mode():
        for batch in (photographs[first : first + BATCH] for first in range(0, len(photographs), BATCH)):
            pixels = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() / 127.5 - 1
            noise = torch.stack([torch.randn(pixels.shape[1:], generator=source) for _ in batch])
            x = noised(pixels, noise, torch.full((len(batch),), start))
            drawn += to_pictures(denoise(model, x, start, steps) / 2 + 0.5)
    return drawn


def sample_diffusion(model: ToyDiffusion, count: int, side: int, seed: int, *, steps: int = 20) -> list[np.ndarray]:
    """`count` pictures of `side` pixels (divisible by 4) from noise, uint8 HWC, one by one."""
    source = torch.Generator().manual_seed(seed)
    drawn = []
    with torch.inference_mode():
        for _ in range(count):
            x = torch.randn((1, 3, side, side), generator=source)
            drawn += to_pictures(denoise(model, x, LAST, steps) / 2 + 0.5)
    return drawn
