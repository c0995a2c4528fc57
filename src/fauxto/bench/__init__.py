"""Protocols: how detectors are compared. One protocol a file; `run(detectors, samples) -> Table`.

Both classes are re-encoded alike unless told otherwise, and what a file's header alone gives away stands beside every
result. Files without a CARD are parts that the protocols share.
"""
