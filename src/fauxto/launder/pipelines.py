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

_LEVELS = "the levels are not published, these are the project's."

_TABLE = (
    Pipeline("facebook_feed", "fit:2048,lanczos|jpeg:80,mode=progressive", "low", _UNDOCUMENTED),
    Pipeline("facebook_small", "fit:960,lanczos|jpeg:75,mode=progressive", "low", _UNDOCUMENTED),
    Pipeline("x_large", "fit:2048|jpeg:85", "low", _UNDOCUMENTED),
    Pipeline("x_orig", "fit:4096|jpeg:85", "low", _UNDOCUMENTED),
    Pipeline("x_medium", "fit:1200|jpeg:85", "low", _UNDOCUMENTED),
    Pipeline("x_small", "fit:680|jpeg:85", "low", _UNDOCUMENTED),
    Pipeline("instagram_feed", "fit:1080,lanczos|sharpen:0.6,30|jpeg:75", "low", _UNDOCUMENTED),
    Pipeline("instagram_new", "fit:1440,lanczos|sharpen:0.6,30|jpeg:78", "low", _UNDOCUMENTED),
    Pipeline("whatsapp", "fit:1600|jpeg:80", "low", _UNDOCUMENTED),
    Pipeline("whatsapp_hd", "fit:4096|jpeg:80", "low", _UNDOCUMENTED),
    Pipeline("telegram_photo", "fit:1280|jpeg:87", "low", _UNDOCUMENTED),
    Pipeline("reddit_preview", "fit:1080|webp:75", "low", _UNDOCUMENTED),
    Pipeline("shared_twice", "fit:1600|jpeg:80|fit:1280|jpeg:87", "low", "Two messengers, one after the other."),
    Pipeline("web_thumbnail", "fit:640,lanczos|webp:75", "low", "A common setting of content delivery networks."),
    Pipeline("photographed_screen", "screen_photo|jpeg:90", "low", "A model of the project's own."),
    Pipeline("printed_and_scanned", "print_scan|jpeg:87", "low", "A model of the project's own."),
    Pipeline("filtered_and_posted", "look:faded|vignette:0.3|fit:1080,lanczos|jpeg:75", "low", "A photo application."),
    Pipeline("aigibench_jpeg", "jpeg:50", "low", f"AIGIBench, task 2; {_LEVELS}"),
    Pipeline("aigibench_noise", "noise:10", "low", f"AIGIBench, task 2; {_LEVELS}"),
    Pipeline("aigibench_sample", "resize_back:0.5", "low", f"AIGIBench, task 2; {_LEVELS}"),
    Pipeline("sofake_neutral", "fit:1024,lanczos|jpeg:90", "low", "So-Fake: the input made alike; our protocol."),
    Pipeline("genimage_low", "resize_back:0.25", "low", "GenImage's low resolution; the library is not established."),
    Pipeline("neutral", "jpeg:95", "high", "Everything once through JPEG 95: removes the leak of the format."),
    Pipeline(
        "rine_combined",
        "blur_window:5,4|crop_back:0.85,bilinear|jpeg_swapped:95|noise:12",
        "low",
        "RINE as its code does it: sigma 4, quality 95 whatever is drawn, red and blue exchanged.",
    ),
    Pipeline("sidbench_combined", "jpeg:50|blur_scipy8:2", "low", "SIDBench as coded; the order is that of its name."),
    Pipeline(
        "phone_screenshot",
        "screenshot:0.75|jpeg:90",
        "low",
        "A page zoomed out, selected by hand, sent on by a messenger.",
    ),
)

PIPELINES: dict[str, Pipeline] = {pipeline.name: pipeline for pipeline in _TABLE}
"""Every named pipeline; the name can stand in a chain like an operator."""
