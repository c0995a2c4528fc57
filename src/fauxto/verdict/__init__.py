"""From evidence to a verdict with semantics: calibrated, with bounded false alarms, stable or not called."""

from __future__ import annotations

from fauxto.verdict.fusion import Decision, budget, decides_from, fuse
from fauxto.verdict.pixels import PixelScore, judge
from fauxto.verdict.quality import Quality, assess

__all__ = ["Decision", "PixelScore", "Quality", "assess", "budget", "decides_from", "fuse", "judge"]
