"""Reports that can be handed on: one self-contained HTML file, no script, nothing loaded from anywhere."""

from __future__ import annotations

from fauxto.report.html import write

__all__ = ["write"]
