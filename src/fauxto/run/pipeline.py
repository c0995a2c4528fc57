"""From the bytes of one picture to its Finding."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fauxto import provenance, verdict
from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.finding import Evidence, Finding, Region, Verdict
from fauxto.media.crops import cut, take
from fauxto.media.decode import Opened, open_picture
from fauxto.provenance.c2pa import parse_anchors
from fauxto.run import source as sources
from fauxto.run.model import Model, Score, load
from fauxto.run.options import Options

if TYPE_CHECKING:
    from fauxto.run.localizer import LocalizerModel
    from fauxto.verdict.altered import MapScore

Known = Callable[[str], Finding | None]
"""Tells the Finding of a content that was scanned before, by its sha256."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the verdict needs of a picture: size as displayed, windows, a reader for all of it, and when it began."""

    width: int
    height: int
    jpeg_quality: float | None
    crops: np.ndarray
    whole: Callable[[], np.ndarray]
    started: float


class Scanner:
    """A model with options, ready to scan; one picture at a time."""

    def __init__(self, options: Options, known: Known | None = None) -> None:
        self.options, self.known = options, known
        self.model: Model = load(options.model, options.backend, thorough=options.thorough)
        self.localizer = _localizer(options) if options.localize else None
        self.map_counts = self.localizer is not None and self.localizer.decides_at(options.fpr, self.model)
        self.bound = verdict.budget(options.fpr, localizer_decides=self.map_counts)
        if options.trust_anchors is not None:
            parse_anchors(options.trust_anchors)  # a mistake in them is told once, not once a file
        if options.heatmap is not None:
            from fauxto.run.drawing import prepare  # noqa: PLC0415

            prepare(options.heatmap)  # likewise
        if options.forensics:
            from fauxto.forensics.examination import require  # noqa: PLC0415

            require()

    def scan(self, source: str) -> Finding:
        """The Finding of a path or address; what is wrong with the file is its `error`, and never raised."""
        start, digest = time.perf_counter(), None
        try:
            data = sources.read(source, self.options.limits, allow_network=self.options.allow_network)
            digest = hashlib.sha256(data).hexdigest()
            found = (self.known(digest) if self.known else None) or self.scan_bytes(data, digest, start)
            parts = {name: getattr(found, name) for name in Finding.__slots__}
        except FauxtoError as error:
            parts = {"sha256": digest, "error": explain(error)}
        except MemoryError:
            parts = {"sha256": digest, "error": explain(_out_of_memory(self.options.memory))}
        parts |= {"path": sources.readable(source), "seconds": time.perf_counter() - start}
        if parts.get("error"):
            parts |= {"status": "error", "model": self.model.identity}
        return Finding(**parts)

    def scan_bytes(self, data: bytes, digest: str, started: float) -> Finding:
        """The Finding of an encoded picture, begun at `started`; raises what `media` raises."""
        limits, anchors = self.options.limits, self.options.trust_anchors
        opened = open_picture(data, limits)
        header = opened.header
        declared = provenance.read(data, limits=limits, trust_anchors=anchors, found=opened.walk)
        whole = functools.cache(opened.read)  # the appearance, windows, copies and maps share one decode
        only_parts = opened.reads_parts and self.model.appearance is None
        read = opened.read if only_parts else lambda box: cut(whole(), box)
        crops = take(header.width, header.height, self.model.crop, read)
        quality = header.jpeg.quality if header.jpeg else None
        picture = Picture(header.width, header.height, quality, crops, whole, started)
        return self._with_traces(self._judge(picture, declared, digest), opened, started)

    def scan_pixels(self, pixels: np.ndarray) -> Finding:
        """The Finding of bare pixels, uint8 `(h, w, 3)`: without provenance; the hash is of the pixels."""
        start = time.perf_counter()
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise InputError(
                f"Expected uint8 pixels of shape (height, width, 3); got {pixels.dtype} {pixels.shape}.",
                fix="Give 8-bit RGB, or the path of the picture.",
            )
        height, width = pixels.shape[:2]
        crops = take(width, height, self.model.crop, lambda box: cut(pixels, box))
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        judged = self._judge(Picture(width, height, None, crops, lambda: pixels, start), None, digest)
        found = self._with_traces(judged, pixels, start)
        parts = {name: getattr(found, name) for name in Finding.__slots__}
        return Finding(**parts | {"path": "<array>", "seconds": time.perf_counter() - start})

    def _with_traces(self, found: Finding, picture: Opened | np.ndarray, started: float) -> Finding:
        """The Finding with the items of the forensic tools, if they are asked; its verdict stays."""
        if not self.options.forensics:
            return found
        from fauxto.forensics.examination import evidence_of  # noqa: PLC0415

        limits = self.options.limits
        items = evidence_of(picture, limits, started=started, seconds=limits.seconds)
        return replace(found, evidence=[*found.evidence, *items])

    def _judge(self, picture: Picture, declared: provenance.Provenance | None, digest: str) -> Finding:
        model, options = self.model, self.options
        pixels = self._read_score(model.score(picture.crops, picture.whole))
        quality = verdict.assess(picture.crops, picture.width, picture.height, picture.jpeg_quality, model.abstain)
        stable = self._stability(picture.whole(), pixels) if options.stability else None
        altered, missing = self._altered(picture)
        decision = verdict.fuse(declared, pixels, stable, quality, altered)
        regions, notes = self._regions(picture, pixels, decision.verdict, digest)
        if altered is not None and not options.regions:
            regions = list(altered.shown)
        return Finding(
            path="",
            sha256=digest,
            verdict=decision.verdict,
            probability=decision.probability,
            logit=pixels.logit,
            p_value=decision.p_value,
            fpr=options.fpr,
            stability=stable,
            provenance=declared.to_dict() if declared else None,
            evidence=[*decision.evidence, *missing, *notes],
            regions=regions,
            model=model.identity,
        )

    def _read_score(self, score: Score) -> verdict.PixelScore:
        model = self.model
        parts = {"texture": score.texture, "appearance": score.appearance} if model.appearance is not None else {}
        return verdict.judge(score.logit, model.calibration, model.populations, self.bound, parts)

    def _score_whole(self, pixels: np.ndarray) -> Score:
        height, width = pixels.shape[:2]
        return self.model.score(take(width, height, self.model.crop, lambda box: cut(pixels, box)), lambda: pixels)

    def _stability(self, whole: np.ndarray, pixels: verdict.PixelScore) -> dict[str, object]:
        from fauxto.verdict.stability import stability  # noqa: PLC0415

        return stability(whole, lambda copy: self._read_score(self._score_whole(copy)), pixels)

    def _altered(self, picture: Picture) -> tuple[MapScore | None, list[Evidence]]:
        if self.localizer is None:
            return None, []
        from fauxto.run.localizing import localize  # noqa: PLC0415

        return localize(
            picture.whole,
            self.localizer,
            self.bound,
            counts=self.map_counts,
            started=picture.started,
            seconds=self.options.limits.seconds,
        )

    def _regions(
        self, picture: Picture, pixels: verdict.PixelScore, called: Verdict, digest: str
    ) -> tuple[list[Region], list[Evidence]]:
        options = self.options
        if not options.heatmap and (not options.regions or (options.regions == "called" and called == "no_evidence")):
            return [], []
        from fauxto.run.mapping import map_score  # noqa: PLC0415

        return map_score(
            picture.whole,
            self.model,
            pixels,
            started=picture.started,
            seconds=options.limits.seconds,
            folder=options.heatmap,
            digest=digest,
        )


def _localizer(options: Options) -> LocalizerModel:
    from fauxto.run.localizer import load_localizer  # noqa: PLC0415

    return load_localizer(backend=options.backend)


def explain(error: FauxtoError) -> dict[str, str]:
    """The `error` entry of a Finding."""
    return {"code": error.code, "what": error.what, "fix": error.fix}


def _out_of_memory(memory: int) -> ResourceError:
    return ResourceError(
        f"The picture needs more memory than a worker may have ({memory:,} bytes).",
        fix="If you trust the file, raise the limit with --limit-memory.",
        code="memory",
    )
