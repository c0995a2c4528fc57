"""Random histories by name: each draws a chain of plain text, which is what is then applied and recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fauxto.errors import InputError
from fauxto.launder.operators import SEVERITIES, at_severity

FAMILIES: dict[str, tuple[str, ...]] = {
    "compression": ("jpeg", "double_jpeg", "webp", "avif", "jpeg2000", "quantise"),
    "blur": ("blur", "box", "median", "motion", "bilateral", "resize_back"),
    "noise": ("noise", "poisson", "salt", "speckle", "film", "sharpen"),
    "colour": ("brightness", "contrast", "gamma", "saturation", "hue", "balance"),
    "geometry": ("rotate", "perspective", "barrel", "crop", "squash", "resize"),
    "occlusion": ("caption", "sticker", "watermark", "vignette", "local_contrast", "blur_window"),
}
"""Six times six operators with five severities: `fauxto36`, the project's stand-in for the 36 of ForgeryNet, whose list
was never published.
"""

SOCIAL = ("facebook_feed", "x_large", "instagram_feed", "whatsapp", "telegram_photo", "reddit_preview")
"""The pipelines that `shared` takes turns with."""

_WILD_KERNELS = ("bilinear", "bicubic", "lanczos")


@dataclass(frozen=True, slots=True)
class Mixture:
    """A law over chains, how far it is that of the source, and where it comes from."""

    name: str
    draw: Callable[[np.random.Generator], str]
    confidence: Literal["low", "high"]
    provenance: str


def draw(name: str, seed: int) -> str:
    """A chain of a mixture, "none" where nothing happens; the same seed gives the same chain.

    >>> draw("openfake_social", 3) == draw("openfake_social", 3)
    True

    Errors: InputError for a name that is no mixture.
    """
    if name not in MIXTURES:
        raise InputError(f"There is no mixture {name!r}.", fix=f"Choose among: {', '.join(MIXTURES)}.")
    return MIXTURES[name].draw(np.random.default_rng([seed, *name.encode()])) or "none"


def mix(count: int, rng: np.random.Generator) -> str:
    """`count` different operators of `FAMILIES`, each at a random severity."""
    names = [name for family in FAMILIES.values() for name in family]
    chosen = rng.choice(len(names), count, replace=False)
    return "|".join(at_severity(names[i], int(rng.integers(1, SEVERITIES + 1))) for i in chosen)


def _openfake(rng: np.random.Generator) -> str:
    """JPEG 0.45 (30 % of it twice), WebP 0.20 (5 % of it lossless), AVIF 0.10, resize and JPEG 0.10, nothing 0.15."""
    kind = rng.choice(["jpeg", "webp", "avif", "resize", ""], p=[0.45, 0.20, 0.10, 0.10, 0.15])
    if kind == "jpeg":
        again = f"|jpeg:{rng.integers(50, 86)}" if rng.random() < 0.3 else ""
        return f"jpeg:{rng.integers(55, 96)}{again}"
    if kind == "webp":
        return "png" if rng.random() < 0.05 else f"webp:{rng.integers(65, 91)},method=0"
    if kind == "avif":
        return f"avif:{rng.integers(40, 81)},speed=9"
    return f"fit:{rng.integers(720, 1081)}|jpeg:{rng.integers(65, 86)}" if kind else ""


def _imaginet(rng: np.random.Generator) -> str:
    """A square crop of 256 to 1,000 pixels, 256 pixels by Lanczos, and with 0.75 a JPEG or WebP of 60 to 100."""
    crop = f"window:{rng.integers(256, 1001)}|to:256,256,lanczos"
    codec = f"|{rng.choice(['jpeg', 'webp'])}:{rng.integers(60, 101)}" if rng.random() < 0.75 else ""
    return crop + codec


def _wild(rng: np.random.Generator) -> str:
    """One to three different operators; JPEG AI and the super-resolution networks cannot be had, Lanczos stands in."""
    steps = [
        f"jpeg:{rng.integers(30, 96)}",
        f"webp:{rng.integers(30, 96)}",
        f"crop:{rng.uniform(0.6, 0.95):.3f}",
        f"resize:{rng.uniform(0.5, 1.5):.3f},{rng.choice(_WILD_KERNELS)}",
        f"rotate:{rng.uniform(-15, 15):.2f}",
        f"contrast:{rng.uniform(0.7, 1.3):.3f}",
        f"brightness:{rng.uniform(0.7, 1.3):.3f}",
        f"blur:{rng.uniform(0.5, 2):.3f}",
        "grey",
        "resize:2,lanczos|sharpen:1,60",
    ]
    return "|".join(steps[i] for i in rng.choice(len(steps), rng.integers(1, 4), replace=False))


def _cnndetection(rng: np.random.Generator) -> str:
    """Blur of sigma 0 to 3 with 0.5, JPEG of 30 to 100 with 0.5: the training law of its Blur+JPEG (0.5) detector."""
    steps = [f"blur_scipy8:{rng.uniform(0, 3):.3f}"] if rng.random() < 0.5 else []
    return "|".join(steps + ([f"jpeg:{rng.integers(30, 101)}"] if rng.random() < 0.5 else []))


def _ai_genbench(rng: np.random.Generator) -> str:
    """The degradations that every participant has to use; its JPEG is of quality 50 or of 101, which acts as 100."""
    steps = ["window:1080"]
    steps += ["grey"] if rng.random() < 0.1 else []
    steps += [f"jpeg:{rng.choice([50, 100])}"] if rng.random() < 0.5 else []
    steps += [f"noise:{rng.uniform(0.015, 0.075) * 255:.3f}"] if rng.random() < 0.3 else []
    steps += [f"jpeg:{rng.choice([50, 100])}"] if rng.random() < 0.2 else []
    steps += [f"crop:{rng.uniform(0.3, 1):.3f}|fit:{rng.integers(256, 513)}"] if rng.random() < 0.25 else []
    steps += [f"jpeg:{rng.choice([50, 100])}"] if rng.random() < 0.1 else []
    return "|".join(steps)


def _omnidfa(rng: np.random.Generator) -> str:
    """JPEG of 50 to 95, a scale of 0.5 to 2, a blur of 2, each with 0.5."""
    steps = [f"jpeg:{rng.integers(50, 96)}"] if rng.random() < 0.5 else []
    steps += [f"resize:{rng.uniform(0.5, 2):.3f}"] if rng.random() < 0.5 else []
    return "|".join(steps + (["blur:2"] if rng.random() < 0.5 else []))


def _artifact(rng: np.random.Generator) -> str:
    """A crop of 5/8 to 1 of the side, 200 x 200 pixels, JPEG of 65 to 100."""
    return f"crop:{rng.uniform(0.625, 1) ** 2:.3f}|to:200,200,lanczos|jpeg:{rng.integers(65, 101)}"


def _shared(rng: np.random.Generator) -> str:
    """Posted and saved again, one to four times."""
    return "|".join(rng.choice(SOCIAL, rng.integers(1, 5)))


_OURS = "The operators are the paper's, the ranges the project's: none were published."

MIXTURES: dict[str, Mixture] = {
    mixture.name: mixture
    for mixture in (
        Mixture("openfake_social", _openfake, "high", "OpenFake, the social compression of its second training."),
        Mixture(
            "imaginet_social",
            _imaginet,
            "low",
            "ImagiNet, its test set; small pictures are stretched where the original pads.",
        ),
        Mixture("wild", _wild, "low", f"WILD. {_OURS}"),
        Mixture("fauxto36", lambda rng: mix(1, rng), "low", "The project's stand-in for ForgeryNet's 36."),
        Mixture("fauxto36_mix", lambda rng: mix(int(rng.integers(2, 4)), rng), "low", "Two or three of the 36."),
        Mixture("cnndetection", _cnndetection, "high", "CNNDetection, training with Blur+JPEG (0.5)."),
        Mixture("ai_genbench", _ai_genbench, "low", "AI-GenBench; its random resized crop is approximated."),
        Mixture("omnidfa", _omnidfa, "low", "OmniDFA, training; its radius 2 is taken as sigma 2."),
        Mixture("artifact", _artifact, "low", "ArtiFact, how its files were made; Lanczos also when enlarging."),
        Mixture("shared", _shared, "low", "Several social networks, one after the other."),
    )
}
"""Every mixture by name."""
