"""The application: routes, errors, guard and the page, around one service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles

from fauxto import __version__
from fauxto.serve import problems, schema
from fauxto.serve.guard import LOOPBACK, Guard
from fauxto.serve.routes import about, audit, jobs, parts, scans
from fauxto.serve.service import Service
from fauxto.serve.settings import Settings, is_loopback

UI = Path(__file__).with_name("ui")

_DESCRIPTION = (
    "Was this picture made or altered by a machine, where, by what, and how sure can we be? A verdict is one of "
    "`generated`, `edited`, `no_evidence` and `inconclusive`; none says that a picture is authentic."
)
_COMPONENTS = (schema.Problem, schema.Event, schema.SentEvent, schema.Address, schema.Addresses, schema.ScanOptions)


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """The application for `settings`: it starts `service`, or one of its own, and closes it when it ends."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        opened: Service = service if service is not None else await run_in_threadpool(Service, settings)
        app.state.service = opened
        try:
            opened.start()
            yield
        finally:
            await run_in_threadpool(opened.close)

    app = FastAPI(
        title="fauxto",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=life,
        docs_url=None,  # these pages would load scripts of third parties
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},  # nothing leaves
    )
    problems.install(app)
    for room in (scans, parts, jobs, about, audit):
        app.include_router(room.router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.mount("/", StaticFiles(directory=UI, html=True), name="page")

    def seen(method: str, route: str, status: int, seconds: float) -> None:
        metrics = app.state.service.metrics
        metrics.requests.labels(method, route, str(status)).inc()
        metrics.latency.labels(route).observe(seconds)

    app.add_middleware(Guard, hosts=_hosts(settings), seen=seen)
    return app


def _hosts(settings: Settings) -> tuple[str, ...]:
    """The names by which it may be called; beyond loopback any, unless some are given: a key is needed there."""
    own = LOOPBACK if is_loopback(settings.host) else ()
    return (*own, *(host.lower() for host in settings.hosts))


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI, with the schemas that routes name by hand, and how a key is sent."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        parts = made.setdefault("components", {})
        known = parts.setdefault("schemas", {})
        for model in _COMPONENTS:
            shape = model.model_json_schema(ref_template="#/components/schemas/{model}")
            for name, inner in shape.pop("$defs", {}).items():
                known.setdefault(name, inner)
            known.setdefault(model.__name__, shape)
        for route in made["paths"].values():
            for operation in route.values():
                if "422" in operation["responses"]:  # FastAPI describes its own form of them
                    operation["responses"] |= {"422": problems.responses(422)[422]}
        for unused in ("HTTPValidationError", "ValidationError"):
            known.pop(unused, None)
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"key": []}, {}]
        app.openapi_schema = made
    return app.openapi_schema
