"""What people and applications put on top of pictures: captions, stickers, watermarks, bars, borders."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fauxto.launder.operation import Operator, rounded
from fauxto.launder.parameters import number

_WORDS = ("when", "you", "see", "it", "monday", "morning", "be", "like", "nobody", "expects", "this", "wait", "for")


def caption(pixels: np.ndarray, rng: np.random.Generator, size: float = 0.08) -> np.ndarray:
    """White text with a black outline near the bottom; `size` is its height as a share of the short side."""
    image = Image.fromarray(pixels)
    height = max(6, round(size * min(pixels.shape[:2])))
    y = pixels.shape[0] - round(1.6 * height)
    ImageDraw.Draw(image).text(
        (pixels.shape[1] / 2, y), _sentence(rng), (255, 255, 255), _font(height), "mm",
        stroke_width=max(1, height // 12), stroke_fill=(0, 0, 0),
    )  # fmt: skip
    return np.array(image)


def sticker(pixels: np.ndarray, rng: np.random.Generator, size: float = 0.2) -> np.ndarray:
    """A round yellow face at a random place; `size` is its diameter as a share of the short side."""
    image = Image.fromarray(pixels)
    diameter = max(4.0, size * min(pixels.shape[:2]))
    x, y = (float(rng.uniform(0, max(side - diameter, 1e-9))) for side in (pixels.shape[1], pixels.shape[0]))
    draw = ImageDraw.Draw(image)
    draw.ellipse((x, y, x + diameter, y + diameter), (255, 204, 51), (150, 110, 20))
    for eye in (0.3, 0.6):
        left, top = x + eye * diameter, y + 0.3 * diameter
        draw.ellipse((left, top, left + 0.1 * diameter, top + 0.15 * diameter), (60, 40, 10))
    draw.arc((x + 0.25 * diameter, y + 0.4 * diameter, x + 0.75 * diameter, y + 0.8 * diameter), 20, 160, (60, 40, 10))
    return np.array(image)


def watermark(pixels: np.ndarray, rng: np.random.Generator, alpha: float = 0.2) -> np.ndarray:
    """The same word over the whole picture, white with this opacity."""
    height, width = pixels.shape[:2]
    size = max(6, min(height, width) // 8)
    layer = Image.new("L", (width, height))
    draw, word = ImageDraw.Draw(layer), str(rng.choice(_WORDS)).upper()
    for row, y in enumerate(range(0, height, 2 * size)):
        for x in range(-(row % 2) * 3 * size, width, 6 * size):
            draw.text((x, y), word, 255, _font(size))
    share = alpha * np.asarray(layer, dtype=np.float32)[..., None] / 255
    return rounded(pixels * (1 - share) + 255 * share)


def vignette(pixels: np.ndarray, rng: np.random.Generator, strength: float = 0.3) -> np.ndarray:
    """Darker towards the corners: times 1 - strength r^2, with r = 1 there."""
    height, width = pixels.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    return rounded(pixels * (1 - strength * (y**2 + x**2) / 2)[..., None])


def phone_frame(pixels: np.ndarray, rng: np.random.Generator, bar: float = 0.06) -> np.ndarray:
    """The bars of a telephone above and below, each `bar` of the height: a clock, an indicator, buttons."""
    height, width = pixels.shape[:2]
    thick = max(6, round(bar * height))
    image = Image.new("RGB", (width, height + 2 * thick), (18, 18, 18))
    image.paste(Image.fromarray(pixels), (0, thick))
    draw, font = ImageDraw.Draw(image), _font(max(5, thick // 2))
    draw.text((thick // 2, thick / 2), f"{rng.integers(24)}:{rng.integers(60):02}", (255, 255, 255), font, "lm")
    draw.rectangle((width - 1.5 * thick, 0.3 * thick, width - 0.5 * thick, 0.7 * thick), (230, 230, 230))
    for place in (0.25, 0.5, 0.75):
        y = height + 1.5 * thick
        draw.ellipse((place * width - 3, y - 3, place * width + 3, y + 3), (200, 200, 200))
    return np.array(image)


def _frame_outline(pixels: np.ndarray, rng: np.random.Generator, bar: float) -> np.ndarray:
    thick = max(6, round(bar * pixels.shape[0]))
    return np.pad(pixels, ((thick, thick), (0, 0), (0, 0)))


def meme(pixels: np.ndarray, rng: np.random.Generator, band: float = 0.18) -> np.ndarray:
    """A white band with black text above the picture, `band` of its height."""
    height, width = pixels.shape[:2]
    thick = max(8, round(band * height))
    image = Image.new("RGB", (width, height + thick), (255, 255, 255))
    image.paste(Image.fromarray(pixels), (0, thick))
    ImageDraw.Draw(image).text((width / 2, thick / 2), _sentence(rng), (0, 0, 0), _font(max(6, thick // 3)), "mm")
    return np.array(image)


def _meme_outline(pixels: np.ndarray, rng: np.random.Generator, band: float) -> np.ndarray:
    return np.pad(pixels, ((max(8, round(band * pixels.shape[0])), 0), (0, 0), (0, 0)))


def _sentence(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(_WORDS, 4))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


TABLE = (
    Operator("caption", "White text near the bottom.", caption, (number("size", 0.08, 0.01, 0.5),),
             ("0.04", "0.06", "0.08", "0.11", "0.15")),
    Operator("sticker", "A round face at a random place.", sticker, (number("size", 0.2, 0.01, 1.0),),
             ("0.1", "0.15", "0.2", "0.3", "0.4")),
    Operator("watermark", "One word all over, half transparent.", watermark, (number("alpha", 0.2, 0.0, 1.0),),
             ("0.05", "0.1", "0.2", "0.3", "0.5")),
    Operator("vignette", "Darker towards the corners.", vignette, (number("strength", 0.3, 0.0, 1.0),),
             ("0.1", "0.2", "0.3", "0.45", "0.6")),
    Operator("phone_frame", "The bars of a telephone above and below.", phone_frame, (number("bar", 0.06, 0.01, 0.5),),
             moves=True, outline=_frame_outline),
    Operator("meme", "A white band with text above.", meme, (number("band", 0.18, 0.02, 1.0),), moves=True,
             outline=_meme_outline),
)  # fmt: skip
"""Operators of this file."""
