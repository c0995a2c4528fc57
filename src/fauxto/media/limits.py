"""What one untrusted file may cost: every limit is checked on the headers, before a codec sees the file."""

from __future__ import annotations

from dataclasses import dataclass

from fauxto.errors import InputError, ResourceError


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file that is still decoded; a breach raises `ResourceError` with the code named here.

    - `max_bytes`: size of the file ("too_many_bytes").
    - `max_pixels`: width x height of the stored picture ("too_many_pixels"). The default holds a
      108-megapixel photograph and stays under the size at which Pillow itself refuses.
    - `max_scans`: scans of a JPEG ("too_many_scans"); each scan of a progressive JPEG costs a pass over the
      whole picture, so a small file of many scans can take minutes. Encoders write at most about 20.
    - `max_chunks`: segments, chunks, boxes, blocks and tags together ("too_many_chunks").
    - `max_metadata`: bytes of everything that is not the picture, as stored and, for compressed texts and
      profiles, as inflated ("metadata_too_large").
    - `max_frames`: frames of an animation ("too_many_frames"); only the first is decoded.
    - `seconds`: wall time for one file; kept by the scanning engine, which ends the worker process.
    """

    max_bytes: int = 256 * 2**20
    max_pixels: int = 2**27
    max_scans: int = 100
    max_chunks: int = 100_000
    max_metadata: int = 64 * 2**20
    max_frames: int = 10_000
    seconds: float = 20.0


DEFAULT_LIMITS = Limits()
"""The limits that hold where none are given."""


def check_bytes(data: bytes, limits: Limits) -> None:
    """Refuse an empty file ("empty") and one over `max_bytes`."""
    if not len(data):
        raise InputError("The file is empty (0 bytes).", fix="Fetch or export the picture again.", code="empty")
    if len(data) > limits.max_bytes:
        raise too_much("too_many_bytes", "bytes", len(data), limits.max_bytes, "--limit-bytes")


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Refuse a picture without area ("corrupt") and one over `max_pixels`."""
    if width < 1 or height < 1:
        raise InputError(
            f"The header says {width} x {height} pixels.",
            fix="Fetch or export the picture again.",
            code="corrupt",
        )
    if width * height > limits.max_pixels:
        raise too_much("too_many_pixels", "pixels", width * height, limits.max_pixels, "--limit-pixels")


def too_much(code: str, unit: str, got: int, limit: int, flag: str) -> ResourceError:
    """The error for one breached limit."""
    return ResourceError(
        f"The file has {got:,} {unit}; the limit is {limit:,}.",
        fix=f"If you trust the file, raise the limit with {flag} {got}.",
        code=code,
    )
