"""Named chains. What social networks do is undocumented and changes without notice: these are guesses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A named chain, how far to trust it, and where it comes from."""

    name: str
    chain: str
    confidence: Literal["low", "high"]
    provenance: str


_UNDOCUMENTED = "Shape of what the platform is reported to do; undocumented, changes without notice."

_TABLE = (
    Pipeline("facebook_feed", "fit:2048,lanczos|jpeg:80,mode=progressive", "low", _UNDOCUMENTED),
    Pipeline("x_large", "fit:2048|jpeg:85", "low", _UNDOCUMENTED),
    Pipeline("instagram_feed", "fit:1080,lanczos|sharpen:0.6,30|jpeg:75", "low", _UNDOCUMENTED),
    Pipeline("whatsapp", "fit:1600|jpeg:80", "low", _UNDOCUMENTED),
    Pipeline("telegram_photo", "fit:1280|jpeg:87", "low", _UNDOCUMENTED),
    Pipeline("reddit_preview", "fit:1080|webp:75", "low", _UNDOCUMENTED),
    Pipeline("shared_twice", "fit:1600|jpeg:80|fit:1280|jpeg:87", "low", "Two messengers, one after the other."),
    Pipeline("web_thumbnail", "fit:640,lanczos|webp:75", "low", "A common setting of content delivery networks."),
    Pipeline(
        "phone_screenshot",
        "screenshot:0.75|jpeg:90",
        "low",
        "A page zoomed out, selected by hand, sent on by a messenger.",
    ),
)

PIPELINES: dict[str, Pipeline] = {pipeline.name: pipeline for pipeline in _TABLE}
"""Every named pipeline; the name can stand in a chain like an operator."""
