"""What belongs to a scan: the picture as a browser shows it, its layers, its reports."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Request, Response
from PIL import Image

from fauxto import __version__
from fauxto.errors import FauxtoError
from fauxto.finding import Finding
from fauxto.language import localized
from fauxto.report import write
from fauxto.report.identity import code_sha256, command
from fauxto.report.picture import Mapped
from fauxto.run.layers import available, names
from fauxto.serve import examples, schema, views
from fauxto.serve.files import LAYER, put
from fauxto.serve.language import spoken
from fauxto.serve.layers import heat_of
from fauxto.serve.problems import ServiceError, responses
from fauxto.serve.routes.scans import Id, Reader, service_of
from fauxto.serve.routes.waiting import missing
from fauxto.serve.service import Service
from fauxto.serve.store import audit
from fauxto.serve.store.keys import Caller
from fauxto.serve.store.tables import Scan
from fauxto.verdict.layer import HEATMAP, LOCALIZER, Layer
from fauxto.verdict.layer import localized as in_language

router = APIRouter(prefix="/v1/scans", tags=["parts of a scan"])

SIDE, QUALITY = 2048, 92
"""Of the picture that is shown."""

Name = Annotated[str, Path(pattern=f"^{LAYER.pattern}$", description="The name of a layer.")]

_KEEP = {"Cache-Control": "private, max-age=300"}
_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
"""A report is a page of its own with its own style inside; it runs nothing wherever it is opened."""


@router.get(
    "/{scan}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **responses(401, 403, 404, 409, 422)},
)
def picture(request: Request, scan: Id, caller: Reader) -> Response:
    """The picture, upright, as a JPEG that every browser shows; never the bytes that were sent."""
    service = service_of(request)
    _, finding = _done(service, caller, scan)
    target = service.files.preview(scan)
    if not target.exists():
        _draw(service, finding, scan, target)
    return Response(target.read_bytes(), media_type="image/jpeg", headers=_KEEP)


@router.get(
    "/{scan}/overlay/{layer}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **responses(401, 403, 404, 409, 422, 429)},
)
def layer(request: Request, scan: Id, layer: Name, caller: Reader) -> Response:
    """A transparent layer over the picture, drawn when it is first asked for; `links.layers` of the scan names them."""
    service = service_of(request)
    found = _layer(service, *_done(service, caller, scan), layer)
    body = service.layers.shown(scan, layer)
    if body is None:
        fix = "The same address with .json tells what it says."
        raise ServiceError(f"This layer shows no place: {found.statement}", fix=fix, code="not_found")
    return Response(body, media_type="image/png", headers=_KEEP)


@router.get(
    "/{scan}/overlay/{layer}.json",
    response_model=Layer,
    responses={
        200: {"content": {"application/json": {"example": examples.LAYER}}},
        **responses(401, 403, 404, 409, 422, 429),
    },
)
def layer_words(request: Request, scan: Id, layer: Name, caller: Reader) -> Layer:
    """What a layer says: its number, how often it flags untouched photographs, and where it is known to fail."""
    service = service_of(request)
    return in_language(_layer(service, *_done(service, caller, scan), layer), spoken(request))


@router.get("/{scan}/report.json", response_model=schema.Report, responses=responses(401, 403, 404, 409))
def report_json(request: Request, response: Response, scan: Id, caller: Reader) -> schema.Report:
    """The report to hand on, for machines."""
    service = service_of(request)
    row, finding = _done(service, caller, scan)
    _note(service, caller, scan, "json")
    response.headers["Content-Disposition"] = f'attachment; filename="fauxto-{scan[:8]}.json"'
    return schema.Report(
        made=datetime.now(UTC),
        fauxto=__version__,
        code_sha256=code_sha256(),
        command=command(finding),
        name=row.name,
        sha256=row.sha256,
        bytes=row.bytes,
        options=views.options_of(row),
        finding=localized(finding, spoken(request)),
        layers=[in_language(one.layer, spoken(request)) for one in _mapped(service, row, finding) if one.layer],
    )


@router.get(
    "/{scan}/report.html",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}}, **responses(401, 403, 404, 409)},
)
def report_html(request: Request, scan: Id, caller: Reader) -> Response:
    """The report to hand on, for people: one page that loads nothing."""
    service = service_of(request)
    row, finding = _done(service, caller, scan)
    _note(service, caller, scan, "html")
    with tempfile.TemporaryDirectory() as folder:
        page = FilePath(folder) / "report.html"
        maps = _mapped(service, row, finding)
        pictures = partial(service.preview, scan=scan)
        write([finding], page, pictures=pictures, layers=lambda _: maps, language=spoken(request))
        body = page.read_bytes()
    headers = {
        "Content-Disposition": f'attachment; filename="fauxto-{scan[:8]}.html"',
        "Content-Security-Policy": _REPORT_POLICY,
    }
    return Response(body, media_type="text/html; charset=utf-8", headers=headers)


def _done(service: Service, caller: Caller, scan: str) -> tuple[Scan, Finding]:
    with service.database.read() as session:
        row = session.get(Scan, scan)
    if row is None or caller.sees not in (None, row.owner):
        raise missing()
    finding = views.finding_of(row)
    if finding is None:
        raise ServiceError("The scan is not done.", fix="GET it with `Prefer: wait=10` first.", code="not_done")
    return row, finding


def _layer(service: Service, row: Scan, finding: Finding, name: str) -> Layer:
    try:
        return service.layers.get(row.id, finding, json.loads(row.options), name)
    except FileNotFoundError as error:
        raise missing() from error  # deleted meanwhile


def _mapped(service: Service, row: Scan, finding: Finding) -> list[Mapped]:
    """The layers of a report: what the scan was asked for, and what was looked at since."""
    asked = json.loads(row.options)
    wanted = {HEATMAP: asked.get("heatmap"), LOCALIZER: asked.get("localize")}
    drawn, found = service.files.drawn(row.id), []
    for name in names(finding):
        if name in drawn or wanted.get(name, asked.get("forensics")):
            try:
                layer = _layer(service, row, finding, name)
            except ServiceError as error:
                if error.code != "input":
                    raise
                found.append(Mapped(available()[name], missing=error.what))
                continue
            shown = service.layers.shown(row.id, name)
            found.append(Mapped(layer.title, layer, heat_of(shown) if shown else None))
    return found


def _pixels(service: Service, finding: Finding, scan: str) -> np.ndarray:
    """The decoded picture."""
    try:
        pixels = service.preview(finding, scan) if finding.status == "ok" else None
    except FauxtoError as error:
        what = f"There is no picture to show: {error.what}"
        raise ServiceError(what, fix="The report says more.", code="input") from error
    if pixels is None:
        raise ServiceError("The file is no picture that could be read.", fix="See its `error`.", code="not_found")
    return pixels


def _draw(service: Service, finding: Finding, scan: str, target: FilePath) -> None:
    """Make the JPEG that is shown, and keep it with the scan."""
    shown, out = Image.fromarray(_pixels(service, finding, scan)), io.BytesIO()
    shown.thumbnail((SIDE, SIDE))
    shown.save(out, "JPEG", quality=QUALITY)
    try:
        put(target, out.getvalue())
    except FileNotFoundError as error:
        raise missing() from error  # deleted meanwhile


def _note(service: Service, caller: Caller, scan: str, form: str) -> None:
    with service.database.write() as session:
        audit.record(session, caller.id, "report.download", scan, form=form)
