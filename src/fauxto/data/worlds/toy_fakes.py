"""The toy fake factory: tiny autoencoders that differ in one thing, the up-sampler that makes their last
pixels.

A fake is a photograph of the camera world, squeezed to half its side and drawn again by a trained decoder:
the content stays a photograph's, the finest scale is the decoder's. Needs the `lab` extra (torch).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.nn.last_upsampler import SETUPS, last_upsampling

Upsampler = Literal["nearest", "bilinear", "transposed"]
UPSAMPLERS: tuple[Upsampler, ...] = get_args(Upsampler)


class Up(nn.Module):
    """Doubles the sides of `(n, channels_in, h, w)` by one of the three up-samplers that nearly every
    generator ends on, or by a set-up of `fauxto.nn.last_upsampler` such as "Z.1.5".
    """

    def __init__(self, upsampler: str, channels_in: int, channels_out: int) -> None:
        super().__init__()
        if upsampler not in (*UPSAMPLERS, *SETUPS):
            raise InputError(f"There is no up-sampler {upsampler!r}.", fix=f"Use one of {(*UPSAMPLERS, *SETUPS)}.")
        self.upsampler = upsampler
        self.convolution: nn.Module
        if upsampler in SETUPS:
            self.convolution = nn.Sequential(*last_upsampling(upsampler, channels_in, channels_out))
        elif upsampler == "transposed":
            self.convolution = nn.ConvTranspose2d(channels_in, channels_out, 4, 2, 1)
        else:
            self.convolution = nn.Conv2d(channels_in, channels_out, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, channels_out, 2 h, 2 w)`."""
        if self.upsampler == "nearest":
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        elif self.upsampler == "bilinear":
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return self.convolution(x)


class ToyAutoencoder(nn.Module):
    """`(n, 3, h, w)` in [0, 1], h and w even, to its re-drawn self through `code` channels at half the side.

    A cell of 2x2 pixels holds 12 numbers; the default code keeps 6, so that the fake is sharp but the decoder
    must make up its finest scale. Only the last up-sampler varies.
    """

    def __init__(self, upsampler: str, code: int = 6, width: int = 32) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, width, 4, 2, 1), nn.ReLU(), nn.Conv2d(width, code, 3, 1, 1))
        self.decoder = nn.Sequential(nn.Conv2d(code, width, 3, 1, 1), nn.ReLU(), Up(upsampler, width, 3))

    def forward(self, pixels: Tensor) -> Tensor:
        """The picture that the decoder draws, not clipped."""
        return self.decoder(self.encoder(pixels - 0.5)) + 0.5


def train_toy(
    photographs: Sequence[np.ndarray],
    upsampler: str,
    seed: int,
    *,
    steps: int = 300,
    crop: int = 64,
    batch: int = 16,
) -> ToyAutoencoder:
    """Fit one autoencoder on crops of uint8 HWC photographs with the mean absolute error, for `steps` Adam
    steps.

    torch's global random state is put back afterwards. Same seed, same machine, same weights.
    """
    rng = np.random.default_rng((0x70F, seed))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ToyAutoencoder(upsampler)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / steps)
        pixels = windows(photographs, crop, batch, rng)
        loss = (model(pixels) - pixels).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def redraw(model: ToyAutoencoder, photographs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The fakes of uint8 HWC photographs (even sides), in their order, uint8 of the same shape."""
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time on a CPU
    with torch.inference_mode():
        return [to_pictures(model(torch.tensor(p).permute(2, 0, 1)[None].float() / 255))[0] for p in photographs]


def windows(photographs: Sequence[np.ndarray], size: int, count: int, rng: np.random.Generator) -> Tensor:
    """`count` random windows of random photographs as a batch, float32 `(count, 3, size, size)` in [0, 1]."""
    chosen = [_window(photographs[i], size, rng) for i in rng.integers(len(photographs), size=count)]
    return torch.from_numpy(np.stack(chosen)).permute(0, 3, 1, 2).float() / 255


def to_pictures(drawn: Tensor) -> list[np.ndarray]:
    """A batch `(n, 3, h, w)`, clipped to [0, 1] and rounded, as uint8 HWC pictures."""
    return list((drawn.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())


def _window(pixels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    top, left = (int(rng.integers(side - size + 1)) for side in pixels.shape[:2])
    return pixels[top : top + size, left : left + size]
