"""The small GAN maker: a DCGAN with a last up-sampling of choice, trained here on photographs of the camera world.

Pictures come from noise, so nothing of a photograph is left in them. Needs the `lab` extra (torch).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from fauxto.data.worlds.toy_fakes import to_pictures, windows
from fauxto.nn.dcgan import ConvDiscriminator, ConvGenerator
from fauxto.nn.last_upsampler import BASELINE


def train_gan(
    photographs: Sequence[np.ndarray],
    setup: str = BASELINE,
    seed: int = 0,
    *,
    steps: int = 200,
    doublings: int = 5,
    dim: int = 8,
    batch: int = 16,
) -> ConvGenerator:
    """Fit one generator of pictures of 4 x 2^`doublings` pixels to windows of uint8 HWC photographs.

    The non-saturating game of Goodfellow et al., 2014, with Adam (0.5, 0.999); generator and discriminator of `dim` as
    published, but for a twenty times higher rate, because the published 1e-4 is for a hundred thousand steps. torch's
    global random state is put back. Same seed, same machine, same weights.
    """
    rng = np.random.default_rng((0x6A4, seed))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = ConvGenerator(setup, latent=64, dim=dim, doublings=doublings)
        discriminator = ConvDiscriminator(dim=dim, halvings=doublings)
        own = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
        others = torch.optim.Adam(discriminator.parameters(), lr=2e-3, betas=(0.5, 0.999))
        for _ in range(steps):
            real = 2 * windows(photographs, generator.side, batch, rng) - 1
            fake = generator(torch.randn(batch, generator.latent))
            judged = functional.softplus(-discriminator(real)) + functional.softplus(discriminator(fake.detach()))
            others.zero_grad()
            judged.mean().backward()
            others.step()
            loss = functional.softplus(-discriminator(fake)).mean()
            own.zero_grad()
            loss.backward()
            own.step()
    return generator.eval()


def sample_gan(generator: ConvGenerator, count: int, seed: int, batch: int = 16) -> list[np.ndarray]:
    """`count` pictures from noise, uint8 HWC; picture i depends on the seed and i, not on `count`."""
    source = torch.Generator().manual_seed(seed)
    latents = torch.stack([torch.randn(generator.latent, generator=source) for _ in range(count)])
    with torch.inference_mode():
        return [picture for z in latents.split(batch) for picture in to_pictures(generator(z) / 2 + 0.5)]
