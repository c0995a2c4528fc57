"""Low-pass filters of a stated cutoff and transition width, as StyleGAN3 designs them (Karras et al., 2021, app. C)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def lowpass(taps: int, cutoff: float, width: float, rate: float, *, radial: bool = False) -> Tensor:
    """A Kaiser-windowed filter of sum 1: `(taps,)` separable (sinc), or `(taps, taps)` alike in all directions (jinc).

    `cutoff` and the full `width` of the transition band are frequencies in the unit of `rate`, the rate at which the
    filter runs. The one-dimensional filter equals `scipy.signal.firwin(taps, cutoff, width=width, fs=rate)`.
    """
    window = np.kaiser(taps, kaiser_beta(attenuation(taps, width / (rate / 2))))
    positions = (np.arange(taps) - (taps - 1) / 2) / rate
    if not radial:
        kernel = np.sinc(2 * cutoff * positions) * window
    else:
        radius = np.hypot(*np.meshgrid(positions, positions))
        middle = radius == 0
        radius[middle] = 1.0
        bessel = torch.special.bessel_j1(torch.from_numpy(2 * cutoff * math.pi * radius)).numpy()
        kernel = np.where(middle, cutoff, bessel / (math.pi * radius)) * np.outer(window, window)
    return torch.from_numpy(kernel / kernel.sum()).float()


def attenuation(taps: int, width: float) -> float:
    """Kaiser's formula: the decibels that a filter of so many taps reaches; `width` as a share of the Nyquist rate."""
    return 2.285 * (taps - 1) * math.pi * width + 7.95


def kaiser_beta(decibels: float) -> float:
    """Kaiser's formula: the window's parameter for an attenuation."""
    if decibels > 50:
        return 0.1102 * (decibels - 8.7)
    if decibels > 21:
        return 0.5842 * (decibels - 21) ** 0.4 + 0.07886 * (decibels - 21)
    return 0.0
