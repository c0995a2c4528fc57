"""How pictures come in: as files of a form or as addresses, with options, once per idempotency key."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from fauxto.report.view import printable
from fauxto.run.address import check_public
from fauxto.serve import upload
from fauxto.serve.options import ScanOptions
from fauxto.serve.problems import ServiceError
from fauxto.serve.service import Service
from fauxto.serve.store import queue
from fauxto.serve.store.database import now
from fauxto.serve.store.keys import Caller
from fauxto.serve.store.tables import Job, Scan

MAX_JSON = 4 * 2**20
"""Bytes of a JSON body: a thousand addresses fit."""

MAX_NAME = 200
"""Characters of the name of a job, as in `schema.Addresses`."""

_SINGLE, _BATCH = 0, 1
"""Priorities: whoever waits for one picture goes before batches."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came: pictures (with address None) or addresses, options as JSON, and the name of the batch."""

    pictures: list[upload.Upload]
    addresses: list[str]
    options: str
    name: str

    @property
    def fingerprint(self) -> str:
        """A hash of all that was asked."""
        asked = [self.options, self.name, self.addresses, [(p.name, p.sha256) for p in self.pictures]]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def idempotency(request: Request) -> str | None:
    """The hash of the request's Idempotency-Key, if it has one."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    if not 1 <= len(given) <= 255:
        raise ServiceError("An Idempotency-Key has 1 to 255 characters.", fix="Use a UUID.", code="usage")
    return hashlib.sha256(given.encode()).hexdigest()


async def arrival(request: Request, service: Service, *, most: int, body: type[BaseModel]) -> Arrival:
    """Take in the body of a request: a form with files, or JSON of the form `body` with addresses."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        return await _addresses(request, service, body)
    if service.uploading >= service.settings.uploads:
        raise ServiceError(
            "Too many uploads at the same time.",
            fix="Send it again in a moment.",
            code="too_many_uploads",
            headers={"Retry-After": "1", "Connection": "close"},
        )
    service.uploading += 1
    try:
        form = await upload.receive(request, service.files, service.settings, most=most)
    finally:
        service.uploading -= 1
    try:
        if not form.files:
            raise ServiceError("The form holds no file.", fix="Send it as `file`.", code="input")
        if unknown := set(form.fields) - {"options", "name"}:
            raise ServiceError(
                f"The form has a field {printable(sorted(unknown)[0])[:40]!r}.",
                fix="Send `file`, `options` and `name` only.",
                code="usage",
            )
        return Arrival(form.files, [], _options(form.fields.get("options") or "{}"), _name(form.fields.get("name", "")))
    except BaseException:
        service.files.delete(picture.scan for picture in form.files)
        raise


async def accept(service: Service, caller: Caller, came: Arrival, key: str | None, *, batch: bool) -> tuple[str, bool]:
    """Put what came into the queue; the id of the scan or job, and whether it is new.

    Files of what is refused, or was there before, are removed.
    """
    task = asyncio.ensure_future(run_in_threadpool(_accept, service, caller, came, key, batch))
    return await asyncio.shield(task)  # a caller that leaves now must not leave half of it behind


def _accept(service: Service, caller: Caller, came: Arrival, key: str | None, batch: bool) -> tuple[str, bool]:
    if not service.reads_thoroughly and json.loads(came.options)["thorough"]:
        raise ServiceError("The model of this service has no thorough reading.", fix="Ask without it.", code="usage")
    kind: type[Scan] | type[Job] = Job if batch else Scan
    mark = came.fingerprint
    scans, job = _rows(caller, came, key, mark, batch)
    kept = False
    try:
        for scan in scans:
            if scan.address is not None:
                service.files.make(scan.id)
        with service.database.write() as session:
            if key is not None and (before := queue.repeated(session, kind, caller.id, key, mark)):
                return before, False
            queue.accept(session, scans, limit=service.settings.queue, quota=caller.per_day, job=job)
        kept = True
    except IntegrityError:  # the same key at the same moment, on PostgreSQL
        with service.database.read() as session:
            before = queue.repeated(session, kind, caller.id, key, mark) if key is not None else None
        if before is None:
            raise
        return before, False
    finally:
        if not kept:
            service.files.delete(scan.id for scan in scans)
    service.metrics.uploaded.inc(sum(picture.bytes for picture in came.pictures))
    service.engine.wake(len(scans))
    return (job.id if job else scans[0].id), True


def _rows(caller: Caller, came: Arrival, key: str | None, mark: str, batch: bool) -> tuple[list[Scan], Job | None]:
    created = now()
    job = None
    if batch:
        job = Job(
            id=uuid.uuid4().hex,
            owner=caller.id,
            name=printable(came.name),
            options=came.options,
            total=len(came.pictures) + len(came.addresses),
            finished=0,
            created=created,
            idempotency=key,
            fingerprint=mark,
        )

    def row(place: int, identity: str, **what: Any) -> Scan:
        return Scan(
            id=identity,
            owner=caller.id,
            job_id=job.id if job else None,
            options=came.options,
            status="queued",
            priority=_BATCH if batch else _SINGLE,
            attempts=0,
            created=created + place,  # the order in which they were sent
            idempotency=None if batch else key,
            fingerprint=mark,
            **what,
        )

    rows = [row(i, p.scan, name=p.name, bytes=p.bytes, sha256=p.sha256) for i, p in enumerate(came.pictures)]
    rows += [
        row(i, uuid.uuid4().hex, name=printable(address), address=address) for i, address in enumerate(came.addresses)
    ]
    return rows, job


async def _addresses(request: Request, service: Service, body: type[BaseModel]) -> Arrival:
    if not service.settings.allow_addresses:
        raise ServiceError(
            "This service fetches no addresses.",
            fix="Send the file itself, or ask the operator for --allow-addresses.",
            code="network",
        )
    try:
        sent: Any = body.model_validate_json(await _json(request))
    except ValidationError as error:
        raise _invalid(error) from error
    addresses: Sequence[str] = [sent.url] if hasattr(sent, "url") else sent.urls
    for address in addresses:
        check_public(address)
    return Arrival([], list(addresses), _dumped(sent.options), getattr(sent, "name", ""))


async def _json(request: Request) -> bytes:
    body = bytearray()
    async with asyncio.timeout(30):
        async for block in request.stream():
            body += block
            if len(body) > MAX_JSON:
                raise ServiceError("The body is too long.", fix="Send fewer addresses.", code="too_many_bytes")
    return bytes(body)


def _name(given: str) -> str:
    if len(given) > MAX_NAME:
        raise ServiceError(f"The name of a job has at most {MAX_NAME} characters.", fix="Shorten it.", code="usage")
    return given


def _options(text: str) -> str:
    try:
        return _dumped(ScanOptions.model_validate_json(text))
    except ValidationError as error:
        raise _invalid(error) from error


def _dumped(options: BaseModel) -> str:
    return json.dumps(options.model_dump(), sort_keys=True)


def _invalid(error: ValidationError) -> ServiceError:
    words = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()[:5])
    return ServiceError(words + ".", fix="GET /v1/service shows the options.", code="usage")
