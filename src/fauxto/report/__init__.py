"""Reports that can be handed on: one self-contained HTML file, no script, nothing loaded from anywhere."""

from __future__ import annotations

from fauxto.report.html import check_target, write

__all__ = ["check_target", "write"]
