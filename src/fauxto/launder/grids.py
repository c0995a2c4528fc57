"""The sweeps of published robustness tables, as chains in the order of their columns."""

from __future__ import annotations


def _sweep(name: str, *values: float) -> tuple[str, ...]:
    return tuple(f"{name}:{value:g}" for value in values)


GRIDS: dict[str, tuple[str, ...]] = {
    "cnndetection": (*_sweep("jpeg", *range(30, 101, 10)), *_sweep("blur_scipy8", 0.5, 1, 1.5, 2, 2.5, 3)),
    "universalfakedetect": (*_sweep("jpeg", *range(100, 29, -10)), *_sweep("blur_scipy8", 1, 2, 3, 4)),
    "genimage": ("to:112,112", "to:64,64", "jpeg:65", "jpeg:30", "blur:3", "blur:5"),
    "aigcdetect": ("jpeg:95", "blur_scipy8:1", "resize:0.5"),
    "sidbench": (*_sweep("jpeg", 95, 90, 50, 30), *_sweep("blur_scipy8", 2, 4), "sidbench_combined"),
    "rine": (*(f"blur_window:{k},4" for k in (3, 5, 7, 9)), "crop_back:0.85,bilinear", "jpeg_swapped:95", "noise:12"),
    "rine_described": (*(f"blur_window:{k},0" for k in (3, 5, 7, 9)), "crop_back:0.85", "jpeg:40", "noise:3.54"),
    "drct": (*_sweep("jpeg", *range(30, 101, 10)), *_sweep("resize", 0.5, 0.75, 1.25, 1.5)),
    "aigibench": ("aigibench_jpeg", "aigibench_noise", "aigibench_sample"),
    "openfake": ("none", *_sweep("jpeg", 90, 75, 50, 25)),
    "imaginet": _sweep("jpeg", *range(40, 101, 5)),
    "sida": (*_sweep("jpeg", 70, 80), *_sweep("resize", 0.5, 0.75), *_sweep("noise", 5, 10)),
    "sofake": (*_sweep("jpeg", 90, 70, 50), *_sweep("resize", 0.75, 0.5), *_sweep("noise", 5, 10)),
    "imdl": (
        *(f"blur_window:{k},0" for k in (3, 7, 11, 15, 19, 23)),
        *_sweep("noise", *range(3, 24, 4)),
        *_sweep("jpeg", *range(50, 101, 10)),
    ),
    "rigid": (
        *_sweep("noise", *(round(255 * std, 2) for std in (0.05, 0.1, 0.15, 0.2, 0.25))),
        *_sweep("jpeg", 90, 80, 70, 60, 50),
        *_sweep("blur", 1, 2, 3, 4, 5),
    ),
}
"""Chains by the benchmark whose table they are. Where a library or a level was not published, it is the project's:
GenImage's libraries, AIGIBench's levels, So-Fake's whole list. `rine` is as coded, `rine_described` as written.
"""
