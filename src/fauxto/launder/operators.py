"""The one table of operators, each with its exact library semantics.

An operator takes uint8 H x W x 3 RGB pixels and a random generator, and gives either pixels or the bytes of
an encoded file; the caller decodes the bytes, so that whoever studies the file itself has them as well. The operators
of `metadata` take the file instead of the pixels.
"""

from __future__ import annotations

import numpy as np

from fauxto.errors import InputError
from fauxto.launder import (
    capture,
    codecs,
    colour,
    filters,
    geometry,
    grain,
    jpeg_tables,
    metadata,
    overlay,
    rare_codecs,
    sampling,
    smoothing,
    tone,
    warp,
)
from fauxto.launder.operation import Operator
from fauxto.launder.parameters import number, whole, word

SEVERITIES = 5
"""Every operator that has levels has five of them; severity 0 is the identity."""


def _identity(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return pixels


_KERNEL = word("kernel", "bicubic", tuple(geometry.KERNELS))

_TABLE = (
    Operator("none", "Nothing at all.", _identity),
    Operator("png", "Saved without loss: the pixels stay as they are.", _identity),
    Operator(
        "jpeg",
        "Saved as JPEG by libjpeg: IJG quality, 4:2:0 unless told otherwise.",
        codecs.jpeg,
        (
            whole("quality", 75, 1, 100),
            word("subsampling", "420", tuple(codecs.SUBSAMPLINGS)),
            word("mode", "baseline", ("baseline", "progressive")),
        ),
        ("95", "85", "70", "50", "30"),
    ),
    Operator(
        "webp",
        "Saved as WebP by libwebp, lossy (always 4:2:0) unless told otherwise; its quality scale is not that of JPEG.",
        codecs.webp,
        (whole("quality", 80, 1, 100), whole("method", 4, 0, 6), word("mode", "lossy", ("lossy", "lossless"))),
        ("90", "75", "60", "40", "20"),
    ),
    Operator(
        "resize",
        "Both sides times a factor; Pillow widens the kernel when it shrinks (no aliasing).",
        geometry.resize,
        (number("factor", 0.5, 0.01, 8.0), _KERNEL),
        ("0.9", "0.75", "0.5", "0.35", "0.25"),
        moves=True,
    ),
    Operator(
        "fit",
        "Shrunk until the long edge is at most so many pixels; smaller pictures stay as they are.",
        geometry.fit,
        (whole("long_edge", 1080, 1, 65500), _KERNEL),
        moves=True,
    ),
    Operator(
        "crop",
        "A part of the picture with the same shape and this share of its area.",
        geometry.crop,
        (number("area", 0.8, 0.01, 1.0), word("position", "random", ("random", "centre"))),
        ("0.9", "0.8", "0.65", "0.5", "0.35"),
        moves=True,
    ),
    Operator(
        "screenshot",
        "Shown at a scale (bilinear, as browsers do), selected by hand and saved without loss.",
        geometry.screenshot,
        (number("scale", 0.75, 0.05, 4.0), number("gamma", 1.0, 0.2, 5.0)),
        ("0.95", "0.9", "0.75", "0.6", "0.5"),
        moves=True,
        outline=geometry.screenshot_outline,
    ),
    Operator(
        "blur",
        "Gaussian blur, sigma in pixels; cut at 4 sigma, so the sigma that acts is the sigma asked for.",
        filters.blur,
        (number("sigma", 1.0, 0.0, 50.0),),
        ("0.5", "1", "1.5", "2", "3"),
    ),
    Operator(
        "noise",
        "Gaussian noise, a draw per pixel and channel; the number is the standard deviation on 0-255.",
        filters.noise,
        (number("std", 5.0, 0.0, 128.0),),
        ("2", "5", "10", "15", "25"),
    ),
    Operator(
        "sharpen",
        "Pillow's unsharp mask: the difference to a blurred copy, added with this percentage.",
        filters.sharpen,
        (number("radius", 1.0, 0.1, 20.0), whole("percent", 80, 0, 500), whole("threshold", 0, 0, 255)),
        ("0.5,50", "1,80", "1,120", "1.5,160", "2,200"),
    ),
    Operator(
        "gamma",
        "Each value v becomes 255 (v/255)^gamma: below 1 brightens, above 1 darkens.",
        tone.gamma,
        (number("gamma", 0.8, 0.2, 5.0),),
        ("0.9", "0.8", "0.7", "0.6", "0.5"),
    ),
    Operator(
        "contrast",
        "Distance from mid-grey (127.5) times a factor, clipped.",
        tone.contrast,
        (number("factor", 1.2, 0.0, 10.0),),
        ("1.1", "1.2", "1.35", "1.5", "2"),
    ),
    Operator(
        "brightness",
        "Every value times a factor, clipped.",
        tone.brightness,
        (number("factor", 1.1, 0.0, 10.0),),
        ("1.05", "1.1", "1.2", "1.35", "1.5"),
    ),
    *jpeg_tables.TABLE,
    *rare_codecs.TABLE,
    *sampling.TABLE,
    *warp.TABLE,
    *smoothing.TABLE,
    *grain.TABLE,
    *colour.TABLE,
    *overlay.TABLE,
    *capture.TABLE,
    *metadata.TABLE,
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _TABLE}
"""Every operator by the name it has in a chain."""


def at_severity(name: str, severity: int) -> str:
    """The chain text of an operator at a severity from 0 (identity) to 5.

    >>> at_severity("jpeg", 3)
    'jpeg:70'
    >>> at_severity("blur", 0)
    'none'
    """
    graded = [row.name for row in _TABLE if row.severities]
    if name not in graded or not 0 <= severity <= SEVERITIES:
        raise InputError(
            f"Expected an operator with severities 0 to {SEVERITIES}; got {name!r} at {severity}.",
            fix=f"Choose among: {', '.join(graded)}.",
        )
    return f"{name}:{OPERATORS[name].severities[severity - 1]}" if severity else "none"
