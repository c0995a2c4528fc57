"""What reference pictures have been through before a threshold or a calibration is set on them."""

from __future__ import annotations

HISTORIES = ("png", "jpeg:90", "jpeg:75", "webp:80", "resize:0.75|jpeg:85", "fit:1280|jpeg:80")
"""Chains in turn: each picture gets one of these, so that it is one witness only."""
