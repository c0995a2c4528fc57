"""Shared network parts, one idea a file. A part knows no system. Needs the `lab` extra (torch)."""
