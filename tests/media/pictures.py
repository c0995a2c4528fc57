"""Small pictures for the tests, made on the spot from seeds."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def noise(width: int, height: int, mode: str = "RGB", seed: int = 0, coarse: int = 4) -> Image.Image:
    """Smooth colour noise: busy enough that a wrong pixel anywhere shows."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (-(-height // coarse), -(-width // coarse), 4), dtype=np.uint8)
    image = Image.fromarray(small, "RGBA").resize((width, height), Image.Resampling.BICUBIC)
    return image if mode == "RGBA" else image.convert("RGB").convert(mode)


def file_of(image: Image.Image, format: str, **options: Any) -> bytes:
    """The picture as a file in memory."""
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def pillow_rgb(data: bytes) -> np.ndarray:
    """What Pillow makes of a file: the oracle for pixels."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def exif(orientation: int) -> bytes:
    """An Exif block with an orientation and a maker."""
    block = Image.Exif()
    block[0x010F] = "fauxto"
    block[0x0112] = orientation
    return block.tobytes()
