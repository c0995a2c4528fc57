"""`fauxto scan`: pictures in, verdicts out."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fauxto.cli import render
from fauxto.errors import InputError
from fauxto.finding import VERDICTS, Finding
from fauxto.language import DEFAULT, check, localized
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.run import paths as listing
from fauxto.run.options import DEFAULT_MEMORY, Options
from fauxto.run.scan import scan_into, scan_sources

NOTHING_CALLED, CALLED, ERRORS, INTERRUPTED = 0, 1, 2, 130


def scan(
    *paths: Annotated[str, Parameter(allow_leading_hyphen=True)],
    json: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    report: Path | None = None,
    heatmap: Path | None = None,
    localize: Annotated[bool, Parameter(negative="")] = False,
    forensics: Annotated[bool, Parameter(negative="")] = False,
    thorough: Annotated[bool, Parameter(negative="")] = False,
    stability: Annotated[bool, Parameter(negative="")] = False,
    fpr: float = 0.01,
    fail_on: str = "",
    language: str = DEFAULT,
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

    Exit code 0: done. 1: a verdict named in --fail-on was given (also if there were errors). 2: a file
    could not be read, or the command makes no sense. 130: interrupted.

    Parameters
    ----------
    paths
        Files, folders (with all below), patterns, http(s) addresses (with --allow-network), or - for a list
        on standard input, separated by newlines or NUL bytes. A folder gives its pictures, told by name or
        content.
    json
        Print one JSON object a line, and nothing else, on standard output. Names that are no UTF-8 have
        their bytes as \\xNN.
    out
        Write a Parquet file. FILE.journal beside it remembers what was done: after an interruption, the
        same command goes on, and later runs read only files that are new or changed (by size and time).
    report
        Write a page that can be handed on: pictures, evidence, versions, and for all that is not "no evidence"
        a drawing of where the score comes from, as --heatmap makes for each picture.
    heatmap
        Write a drawing of where the score comes from into this folder, one a picture, named by its
        content's hash.
    localize
        Also search the whole picture for altered regions. Takes several times as long. What is found is a hint, and
        decides from a false-alarm bound on that its card names: see the documentation of verdicts.
    forensics
        Also ask the classical forensic tools, as `fauxto forensics` does. They add evidence and change no verdict.
    thorough
        Read more windows of each picture, against references of their own: a second opinion that calls about as many;
        takes several times as long. The model card compares both.
    stability
        Also score copies as social networks would re-ship them; a call that does not survive is inconclusive.
    fpr
        The false-alarm bound: at most this share of photographs like the reference sets is called.
    fail_on
        Verdicts that make the exit code 1, separated by commas: generated, edited, inconclusive.
    language
        What rows, --json and --report are worded in: en, de, fr, es or zh. Keys, verdicts and errors of --json stay
        English.
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
    _check_arguments(paths, report, heatmap, workers)
    check(language)
    failing = _verdicts(fail_on)
    options = Options(
        model=model,
        backend=backend,
        fpr=fpr,
        thorough=thorough,
        stability=stability,
        regions="called" if report else False,
        heatmap=str(heatmap) if heatmap else None,
        localize=localize,
        forensics=forensics,
        trust_anchors=pem(trust_anchors) if trust_anchors else None,
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
    sources = listing.expand(paths, sys.stdin.buffer if "-" in paths else None)
    tally = render.Tally()
    try:
        _run(sources, options, tally, json=json, workers=workers, out=out, report=report, language=language)
    except KeyboardInterrupt:
        kept = "Run the same command again to go on." if out else "With --out FILE, a scan can be resumed."
        print(f"fauxto: Interrupted after {tally.total:,} files.\n  {kept}", file=sys.stderr)
        return INTERRUPTED
    render.summary(tally, language)
    if failing & set(tally.verdicts):
        return CALLED
    return ERRORS if tally.errors else NOTHING_CALLED


def _run(
    sources: Iterator[str],
    options: Options,
    tally: render.Tally,
    *,
    json: bool,
    workers: int | None,
    out: Path | None,
    report: Path | None,
    language: str,
) -> None:
    debug = "FAUXTO_DEBUG" in os.environ
    if out:
        found = scan_into(out, sources, options, workers=workers, show_errors=debug)
    else:
        found = scan_sources(sources, options, workers=workers, show_errors=debug)
    with ExitStack() as stack:
        stack.enter_context(closing(found))
        show = stack.enter_context(render.open_output(json, tally, language))
        shown = _shown(found, show, tally, language)
        if report is None:
            deque(shown, maxlen=0)
            return
        from fauxto.report import write  # noqa: PLC0415
        from fauxto.run.preview import Previews  # noqa: PLC0415

        write(shown, report, pictures=stack.enter_context(Previews(options)), language=language)


def _shown(found: Iterator[Finding], show: render.Show, tally: render.Tally, language: str) -> Iterator[Finding]:
    for finding in found:
        tally.add(finding)
        show(localized(finding, language))
        yield finding


def _check_arguments(paths: tuple[str, ...], report: Path | None, heatmap: Path | None, workers: int | None) -> None:
    """Refuse before the first file what would fail only after the last one."""
    if not paths:
        fix = "Run: fauxto scan FILE or FOLDER; fauxto scan --help says more."
        raise InputError("Nothing to scan.", fix=fix, code="usage")
    for path in paths:
        if path.startswith("-") and path != "-" and not os.path.lexists(path):
            raise InputError(f"There is no option {path}.", fix="Run: fauxto scan --help", code="usage")
    if report:
        from fauxto.report import check_target  # noqa: PLC0415

        check_target(report)
    if workers is not None and workers < 1:
        raise InputError("A scan needs a worker.", fix="Use --workers 1 or more.", code="usage")
    if heatmap and os.path.lexists(heatmap) and not heatmap.is_dir():
        raise InputError(f"{heatmap} is no folder.", fix="Use --heatmap FOLDER.", code="usage")


def _verdicts(names: str) -> set[str]:
    chosen = {name.strip() for name in names.split(",") if name.strip()}
    if unknown := chosen - set(VERDICTS):
        raise InputError(
            f"--fail-on knows no verdict {', '.join(sorted(unknown))}.",
            fix=f"Choose from: {','.join(VERDICTS)}.",
            code="usage",
        )
    return chosen


def pem(path: Path) -> str:
    """The text of a file with certificates."""
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The trust anchors {path} cannot be read: {getattr(error, 'strerror', None) or 'no PEM text'}.",
            fix="Give a PEM file with one or more certificates.",
        ) from error
