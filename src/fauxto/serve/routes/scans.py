"""Scans: send one, look at it, list them, delete it, and fetch what belongs to it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from fauxto.serve import schema, views
from fauxto.serve.access import Allowed, tell_quota
from fauxto.serve.language import in_words
from fauxto.serve.problems import responses
from fauxto.serve.routes import arrive, waiting
from fauxto.serve.service import Service
from fauxto.serve.store import history
from fauxto.serve.store.keys import Caller
from fauxto.serve.store.tables import Scan

router = APIRouter(prefix="/v1/scans", tags=["scans"])

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The id of a scan.")]
Sender = Annotated[Caller, Depends(Allowed("scan"))]
Reader = Annotated[Caller, Depends(Allowed("read"))]
Deleter = Annotated[Caller, Depends(Allowed("delete"))]

HEADERS = [
    {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string", "examples": ["wait=10", "respond-async"]},
        "description": "How long to wait for the end.",
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": "A repeated request gives the scan of the first.",
    },
]


def form(address: str, **further: dict[str, Any]) -> dict[str, Any]:
    """What openapi.json says of a body: a form of files, or the schema of that name."""
    file = {"type": "string", "format": "binary"}
    properties = {"file": file, "options": {"$ref": "#/components/schemas/ScanOptions"}, **further}
    multipart = {
        "schema": {"type": "object", "required": ["file"], "properties": properties},
        "encoding": {"options": {"contentType": "application/json"}},
    }
    body = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{address}"}},
        "multipart/form-data": multipart,
    }
    return {"requestBody": {"required": True, "content": body}, "parameters": HEADERS}


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    found: Service = request.app.state.service
    return found


@router.post(
    "",
    status_code=201,
    response_model=schema.Scan,
    responses={
        200: {"description": "The scan of an earlier request with this key", "model": schema.Scan},
        202: {"description": "On its way", "model": schema.Scan},
        **responses(401, 403, 408, 413, 415, 422, 429, 503, 507),
    },
    openapi_extra=form("Address"),
)
async def send(request: Request, response: Response, caller: Sender) -> schema.Scan:
    """Scan one picture."""
    service = service_of(request)
    key, patience = arrive.idempotency(request), waiting.preferred(request, waiting.DEFAULT)
    await run_in_threadpool(service.check_room, Scan, caller.id, key)
    came = await arrive.arrival(request, service, most=1, body=schema.Address)
    scan, new = await arrive.accept(service, caller, came, key, batch=False)
    shown = await waiting.finished(service, caller, scan, patience)
    await tell_quota(response, service, caller)
    response.headers["Location"] = shown.links.self
    response.status_code = 200 if not new else 201 if shown.status == "done" else 202
    return in_words(shown, request)


@router.get("", response_model=schema.Page, responses=responses(401, 403, 422, 429))
def history_page(  # noqa: PLR0917  # one parameter a filter
    request: Request,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[
        str | None, Query(pattern="^[0-9]{1,18}-[0-9a-f]{32}$", description="The `next` of the page before.")
    ] = None,
    status: Annotated[list[schema.Status] | None, Query()] = None,
    outcome: Annotated[list[schema.Outcome] | None, Query()] = None,
    job: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")] = None,
    name: Annotated[str | None, Query(max_length=255, pattern=r"^[^\x00]*$", description="A part of the name.")] = None,
    sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
) -> schema.Page:
    """List scans, newest first."""
    wanted = history.Wanted(caller.sees, status or (), outcome or (), job, name, sha256)
    with service_of(request).database.read() as session:
        rows, following, total = history.page(session, wanted, after, limit)
        return schema.Page(items=[views.summary(row) for row in rows], next=following, total=total)


@router.get("/{scan}", response_model=schema.Scan, responses=responses(401, 403, 404, 429))
async def look(request: Request, scan: Id, caller: Reader) -> schema.Scan:
    """One scan, with its Finding once it is done; `Prefer: wait=N` waits for that."""
    shown = await waiting.finished(service_of(request), caller, scan, waiting.preferred(request, 0.0))
    return in_words(shown, request)


@router.delete("/{scan}", status_code=204, responses=responses(401, 403, 404, 429))
def delete(request: Request, scan: Id, caller: Deleter) -> None:
    """Delete the picture, what was drawn of it, and what was found."""
    service = service_of(request)
    with service.database.write() as session:
        row = session.get(Scan, scan)
        if row is None or caller.sees not in (None, row.owner):
            raise waiting.missing()
        job = row.job_id
        history.delete_scan(session, row, caller.id)
    service.forget([scan])
    for topic in filter(None, (scan, job)):
        service.signals.ring(topic)
