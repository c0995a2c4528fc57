"""Classical traces of editing: each function gives a map, a number and words, and says how often it errs."""

from __future__ import annotations

from fauxto.forensics.examination import Examined, examine
from fauxto.forensics.tools import TOOLS
from fauxto.forensics.trace import About, Trace

__all__ = ["TOOLS", "About", "Examined", "Trace", "examine"]
