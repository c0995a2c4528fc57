"""Part and Walk: what a container is made of, and the collector that keeps every walker within its limits."""

from __future__ import annotations

from dataclasses import dataclass

from fauxto.media.limits import Limits, too_much


@dataclass(frozen=True, slots=True)
class Part:
    """One segment, chunk, block, tag or box: `length` bytes of payload at `offset` of the file.

    `data` is a view on the file, not a copy (except for GIF extensions, whose sub-blocks are joined). `name`
    is the container's own word: "APP1", "COM", "SOS" (JPEG); "tEXt" (PNG); "XMP " (WebP); "COM", "XMP", "APP"
    (GIF); "IFD0:305" (TIFF); "meta/iinf", "item:Exif", "uuid:<hex>" (HEIF, AVIF).
    """

    name: str
    offset: int
    length: int
    data: memoryview


@dataclass(frozen=True, slots=True)
class Walk:
    """The parts of a file in file order, the offset `end` where the picture ends, and what lies behind it.

    `trailing` counts the bytes after `end`; `truncated` says that the container promises more than there is.
    """

    format: str
    parts: list[Part]
    end: int
    trailing: int
    truncated: bool

    def first(self, name: str) -> Part | None:
        """The first part called `name`, or None."""
        return next((part for part in self.parts if part.name == name), None)


class Collector:
    """Gathers parts for a walker; raises `ResourceError` at the first part over a limit."""

    def __init__(self, data: bytes | memoryview, limits: Limits) -> None:
        self.view = memoryview(data).toreadonly()
        self.size = len(self.view)
        self.limits = limits
        self.parts: list[Part] = []
        self.metadata = 0

    def add(self, name: str, start: int, end: int, *, picture: bool = False, joined: bytes | None = None) -> Part:
        """Take `view[start:end]` as a part; everything that is not `picture` counts as metadata."""
        payload = self.view[start:end] if joined is None else memoryview(joined)
        part = Part(name, start, end - start, payload)
        self.parts.append(part)
        if len(self.parts) > self.limits.max_chunks:
            raise too_much(
                "too_many_chunks", "chunks or more", len(self.parts), self.limits.max_chunks, "--limit-chunks"
            )
        if not picture:
            self.metadata += part.length
            if self.metadata > self.limits.max_metadata:
                raise too_much(
                    "metadata_too_large",
                    "bytes of metadata or more",
                    self.metadata,
                    self.limits.max_metadata,
                    "--limit-metadata",
                )
        return part

    def number(self, offset: int, size: int, order: str = "big") -> int:
        """An unsigned integer of `size` bytes; bytes behind the end of the file read as absent."""
        return int.from_bytes(self.view[offset : offset + size], "big" if order == "big" else "little")

    def walk(self, format: str, end: int, *, truncated: bool) -> Walk:
        """The finished walk; `end` is clipped to the file."""
        end = min(end, self.size)
        return Walk(format, self.parts, end, self.size - end, truncated)
