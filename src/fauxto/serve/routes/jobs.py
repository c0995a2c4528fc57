"""Jobs: many pictures at once, with progress as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from fauxto.serve import schema, views
from fauxto.serve.access import tell_quota
from fauxto.serve.problems import ServiceError, responses
from fauxto.serve.routes import arrive
from fauxto.serve.routes.scans import Deleter, Reader, Sender, form, service_of
from fauxto.serve.routes.waiting import missing
from fauxto.serve.service import Service
from fauxto.serve.signals import wait
from fauxto.serve.store import history
from fauxto.serve.store.keys import Caller
from fauxto.serve.store.tables import Job

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The id of a job.")]

STREAMS = 200
"""Event streams at the same time."""

_POLL, _PAGE, _PING = 1.0, 100, 15


@router.post(
    "",
    status_code=202,
    response_model=schema.Job,
    responses={
        200: {"description": "The job of an earlier request with this key", "model": schema.Job},
        **responses(401, 403, 408, 413, 415, 422, 429, 503, 507),
    },
    openapi_extra=form(
        "Addresses",
        file={"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
        name={"type": "string", "maxLength": 200},
    ),
)
async def send(request: Request, response: Response, caller: Sender) -> schema.Job:
    """Scan many pictures; all are accepted, or none."""
    service = service_of(request)
    key = arrive.idempotency(request)
    await run_in_threadpool(service.check_room, Job, caller.id, key)
    came = await arrive.arrival(request, service, most=service.settings.max_files, body=schema.Addresses)
    job, new = await arrive.accept(service, caller, came, key, batch=True)
    shown = await run_in_threadpool(_look, service, caller, job)
    await tell_quota(response, service, caller)
    response.headers["Location"] = shown.links.self
    response.status_code = 202 if new else 200
    return shown


@router.get("/{job}", response_model=schema.Job, responses=responses(401, 403, 404, 429))
def look(request: Request, job: Id, caller: Reader) -> schema.Job:
    """How far a job is."""
    return _look(service_of(request), caller, job)


@router.delete("/{job}", status_code=204, responses=responses(401, 403, 404, 429))
def delete(request: Request, job: Id, caller: Deleter) -> None:
    """Delete a job with all its scans; what still waits is not scanned any more."""
    service = service_of(request)
    with service.database.write() as session:
        scans = history.delete_job(session, _find(session, caller, job), caller.id)
    service.forget(scans)
    service.signals.ring(job)


@router.get(
    "/{job}/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/SentEvent"}}}},
        204: {"description": "All events were seen: do not connect again"},
        **responses(401, 403, 404, 429),
    },
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "schema": {"type": "string", "examples": ["3"]},
                "description": "The id of the last event that was seen; what is none begins with the first.",
            }
        ]
    },
)
async def events(request: Request, job: Id, caller: Reader) -> Response:
    """Progress as server-sent events."""
    service = service_of(request)
    given = request.headers.get("last-event-id", "0")
    seen = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    shown = await run_in_threadpool(_look, service, caller, job)
    if shown.status == "done" and seen >= shown.progress.finished:
        return Response(status_code=204)
    if service.streams >= STREAMS:
        raise ServiceError(
            "Too many event streams.",
            fix="GET the job instead.",
            code="too_many_requests",
            headers={"Retry-After": "5"},
        )
    return EventSourceResponse(_events(service, job, seen), ping=_PING, headers={"X-Accel-Buffering": "no"})


async def _events(service: Service, job: str, seen: int) -> AsyncIterator[dict[str, Any]]:
    """Each finished scan beyond the `seen`-th once, in order, then the end."""
    service.streams += 1
    try:
        with service.signals.listen(job) as rung:
            while True:
                new, ended = await run_in_threadpool(_news, service, job, seen)
                for number, event in new:
                    yield {"event": "scan", "id": str(number), "data": event.model_dump_json()}
                    seen = number
                if ended is not None:
                    yield {"event": "done", "id": str(seen), "data": ended.model_dump_json()}
                    return
                if not new:
                    await wait(rung, _POLL)
    finally:
        service.streams -= 1


def _news(service: Service, job: str, seen: int) -> tuple[list[tuple[int, schema.Event]], schema.Event | None]:
    """The events beyond the `seen`-th, a page of them; and the last one, if the job has ended."""
    with service.database.read() as session:
        row = session.get(Job, job)
        if row is None:
            return [], schema.Event(progress=schema.Progress(total=0, finished=0))
        progress = views.progress(row, history.outcomes(session, job))
        rows = history.finished_after(session, job, seen, _PAGE)
        new = [(r.number or 0, schema.Event(scan=views.summary(r), progress=progress)) for r in rows]
    ended = row.finished >= row.total and len(rows) < _PAGE
    return new, schema.Event(progress=progress) if ended else None


def _look(service: Service, caller: Caller, job: str) -> schema.Job:
    with service.database.read() as session:
        row = _find(session, caller, job)
        return views.job(row, history.outcomes(session, job))


def _find(session: Session, caller: Caller, job: str) -> Job:
    row = session.get(Job, job)
    if row is None or caller.sees not in (None, row.owner):
        raise missing()
    return row
