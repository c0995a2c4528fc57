"""What the service says of itself: to people, to monitors, to Prometheus."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from fauxto import __version__
from fauxto.catalog import list_systems
from fauxto.claims import ledger
from fauxto.serve import schema
from fauxto.serve.access import Allowed
from fauxto.serve.options import ScanOptions
from fauxto.serve.problems import ServiceError, responses
from fauxto.serve.routes.scans import service_of
from fauxto.serve.service import Service
from fauxto.serve.store.keys import Caller

router = APIRouter()

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/v1/service", response_model=schema.Service, tags=["about"])
def about(request: Request) -> schema.Service:
    """What a client has to know first."""
    service = service_of(request)
    settings = service.settings
    return schema.Service(
        version=__version__,
        model=service.model,
        key_needed=settings.keys_needed,
        addresses_allowed=settings.allow_addresses,
        max_bytes=settings.max_bytes,
        max_files=settings.max_files,
        retention_seconds=None if settings.retention is None else int(settings.retention),
        options=_offered(service),
    )


def _offered(service: Service) -> dict[str, Any]:
    """The options as a JSON Schema, without what the operator's model cannot do."""
    schema_of: dict[str, Any] = ScanOptions.model_json_schema()
    if not service.reads_thoroughly:
        del schema_of["properties"]["thorough"]
    return schema_of


@router.get("/v1/systems", response_model=list[schema.System], tags=["about"])
def systems() -> list[schema.System]:
    """Every system of fauxto, with its card."""
    return _systems()


@router.get("/v1/systems/{slug}", response_model=schema.System, responses=responses(404), tags=["about"])
def system(slug: Annotated[str, Path(max_length=80)]) -> schema.System:
    """One system."""
    for row in _systems():
        if row.slug == slug:
            return row
    raise ServiceError("There is no such system.", fix="GET /v1/systems lists them.", code="not_found")


@router.get("/v1/ledger", response_model=schema.Ledger, tags=["about"])
def claims() -> schema.Ledger:
    """What every claim measured, whether or not it held."""
    return schema.Ledger(entries=ledger.read())


@router.get("/healthz", tags=["machines"])
def alive() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=responses(503), tags=["machines"])
def ready(request: Request) -> dict[str, str]:
    """Whether the database answers and a worker has opened its model."""
    service = service_of(request)
    service.depth()
    if not service.engine.ready:
        raise ServiceError("No worker is ready.", fix="Wait, and look into the log.", code="unavailable")
    return {"status": "ok"}


@router.get("/metrics", response_class=Response, responses=responses(401, 403), tags=["machines"])
def metrics(request: Request, caller: Annotated[Caller, Depends(Allowed("metrics"))]) -> Response:
    """Counters for Prometheus."""
    return Response(service_of(request).metrics.text(), media_type=_TEXT)


@lru_cache(maxsize=1)
def _systems() -> list[schema.System]:
    """The catalog without the paths of this machine; it does not change while a service runs."""
    rows = []
    for row in list_systems():
        told = {name: value for name, value in asdict(row).items() if name != "path"}
        rows.append(schema.System(**told))
    return rows
