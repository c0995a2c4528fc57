"""`fauxto scan`: pictures in, verdicts out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fauxto.cli import render
from fauxto.errors import InputError
from fauxto.finding import VERDICTS, Finding
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.run import paths as listing
from fauxto.run.options import DEFAULT_MEMORY, Options
from fauxto.run.scan import scan_sources

NOTHING_CALLED, CALLED, ERRORS, INTERRUPTED = 0, 1, 2, 130


def scan(  # noqa: PLR0917
    *paths: str,
    json: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    report: Path | None = None,
    heatmap: Path | None = None,
    stability: Annotated[bool, Parameter(negative="")] = False,
    fpr: float = 0.01,
    fail_on: str = "",
    model: str = "house",
    backend: str = "openvino",
    trust_anchors: Path | None = None,
    allow_network: Annotated[bool, Parameter(negative="")] = False,
    workers: int | None = None,
    limit_bytes: int = DEFAULT_LIMITS.max_bytes,
    limit_pixels: int = DEFAULT_LIMITS.max_pixels,
    limit_scans: int = DEFAULT_LIMITS.max_scans,
    limit_chunks: int = DEFAULT_LIMITS.max_chunks,
    limit_metadata: int = DEFAULT_LIMITS.max_metadata,
    limit_frames: int = DEFAULT_LIMITS.max_frames,
    limit_seconds: float = DEFAULT_LIMITS.seconds,
    limit_memory: int = DEFAULT_MEMORY,
) -> int:
    """Scan pictures and say what speaks for a machine having made or altered them.

    Exit code 0: done. 1: a verdict named in --fail-on was given (also if there were errors). 2: a file could not be read,
    or the command makes no sense. 130: interrupted.

    Parameters
    ----------
    paths
        Files, folders (with all below), patterns, http(s) addresses (with --allow-network), or - for a list on standard
        input, separated by newlines or NUL bytes. A folder gives its pictures, told by name or content.
    json
        Print one JSON object a line, and nothing else, on standard output. Names that are no UTF-8 have their bytes as \\xNN.
    out
        Write a Parquet file. FILE.journal beside it remembers what was done: after an interruption, the same command
        goes on, and later runs read only files that are new or changed (by size and time).
    report
        Write a page that can be handed on: pictures, drawings of the score, evidence, versions. Scores every
        part of each picture, as --heatmap does.
    heatmap
        Write a drawing of where the score comes from into this folder, one a picture, named by its content's hash.
    stability
        Also score copies as social networks would re-ship them; a call that does not survive is inconclusive.
    fpr
        The false-alarm bound: at most this share of photographs like the reference sets is called.
    fail_on
        Verdicts that make the exit code 1, separated by commas: generated, edited, inconclusive.
    model
        The folder of another model, or the name of a shipped one.
    backend
        What runs the network: openvino or onnxruntime.
    trust_anchors
        A PEM file with the authorities whose C2PA signatures count as proof.
    allow_network
        Fetch http(s) addresses. Without it no connection is ever made.
    workers
        Processes; one a core if not given.
    limit_bytes
        Size of a file.
    limit_pixels
        Width times height.
    limit_scans
        Scans of a JPEG.
    limit_chunks
        Parts of a container.
    limit_metadata
        Bytes of metadata.
    limit_frames
        Frames of an animation.
    limit_seconds
        Wall time for one file.
    limit_memory
        Bytes that one worker may allocate.
    """
    if not paths:
        raise InputError("Nothing to scan.", fix="Run: fauxto scan FILE or FOLDER; fauxto scan --help says more.")
    failing = _verdicts(fail_on)
    options = Options(
        model=model,
        backend=backend,
        fpr=fpr,
        stability=stability,
        regions=report is not None,
        heatmap=str(heatmap) if heatmap else None,
        trust_anchors=_pem(trust_anchors) if trust_anchors else None,
        allow_network=allow_network,
        limits=Limits(
            limit_bytes,
            limit_pixels,
            limit_scans,
            limit_chunks,
            limit_metadata,
            limit_frames,
            limit_seconds,
        ),
        memory=limit_memory,
    )
    tally = render.Tally()
    stdin = sys.stdin.buffer if "-" in paths else None
    with ExitStack() as stack:
        show = stack.enter_context(render.open_output(json, tally))
        found = scan_sources(
            listing.expand(paths, stdin), options, workers=workers, show_errors="FAUXTO_DEBUG" in os.environ
        )
        stack.enter_context(closing(found))
        for finding in _shown(found, show, tally):
            pass
    render.summary(tally)
    if failing & set(tally.verdicts):
        return CALLED
    return ERRORS if tally.errors else NOTHING_CALLED


def _shown(found: Iterator[Finding], show: render.Show, tally: render.Tally) -> Iterator[Finding]:
    for finding in found:
        tally.add(finding)
        show(finding)
        yield finding


def _verdicts(names: str) -> set[str]:
    chosen = {name.strip() for name in names.split(",") if name.strip()}
    if unknown := chosen - set(VERDICTS):
        raise InputError(
            f"--fail-on knows no verdict {', '.join(sorted(unknown))}.",
            fix=f"Choose from: {','.join(VERDICTS)}.",
            code="usage",
        )
    return chosen


def _pem(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The trust anchors {path} cannot be read: {getattr(error, 'strerror', None) or 'no PEM text'}.",
            fix="Give a PEM file with one or more certificates.",
        ) from error
