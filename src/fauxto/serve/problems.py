"""Errors as problem details (RFC 9457): one status for each code, and always a way out."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from fauxto.errors import FauxtoError
from fauxto.serve.schema import Problem

STATUS = {
    "usage": 422,
    "input": 422,
    "empty": 422,
    "not_found": 404,
    "not_done": 409,
    "too_many_bytes": 413,
    "too_many_files": 413,
    "too_slow": 408,
    "not_multipart": 415,
    "no_key": 401,
    "wrong_key": 401,
    "scope": 403,
    "foreign_origin": 403,
    "foreign_host": 421,
    "headers_too_large": 431,
    "network": 403,
    "idempotency_key_reused": 422,
    "queue_full": 429,
    "too_many_requests": 429,
    "quota": 429,
    "too_many_uploads": 429,
    "busy": 429,
    "no_space": 507,
    "unavailable": 503,
    "database": 503,
}
"""Code of an error -> status; what is not here is a fault of ours (500)."""


class ServiceError(FauxtoError):
    """An error of a request; `headers` go with the answer."""

    def __init__(self, what: str, *, fix: str, code: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(what, fix=fix, code=code)
        self.headers = headers or {}


def answer(
    request: Request, code: str, detail: str, fix: str, *, status: int = 0, headers: dict[str, str] | None = None
) -> JSONResponse:
    """A problem as a response; its status is that of its code unless given."""
    status = status or STATUS.get(code, 500)
    problem = Problem(
        type=f"urn:fauxto:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        code=code,
        fix=fix,
    )
    return JSONResponse(problem.model_dump(), status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Have every error of `app` answered as a problem."""

    @app.exception_handler(FauxtoError)
    async def _ours(request: Request, error: FauxtoError) -> JSONResponse:
        headers = dict(getattr(error, "headers", {}))
        if error.code == "queue_full":
            headers.setdefault("Retry-After", str(request.app.state.service.retry_after()))
        if error.code == "quota":
            headers.setdefault("Retry-After", str(86_400 - int(time.time()) % 86_400))
        if error.code in ("no_key", "wrong_key"):
            headers.setdefault("WWW-Authenticate", 'Bearer realm="fauxto"')
        request.app.state.service.metrics.refused.labels(error.code).inc()
        return answer(request, error.code, error.what, error.fix, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(request, "usage", _words(error.errors()), "/openapi.json says what is expected.")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        status, methods = error.status_code, _methods(request)
        if status == 404 and methods and request.method not in methods:  # the page's files, which take any path, answer
            status = 405
        fix, headers = "/openapi.json lists every route.", dict(error.headers or {})
        if status == 405:
            headers["Allow"] = ", ".join(sorted(methods or {"GET", "HEAD"}))
        code = {404: "not_found", 405: "method"}.get(status, "http")
        what = str(error.detail) if status == error.status_code else HTTPStatus(status).phrase
        return answer(request, code, what, fix, status=status, headers=headers)

    @app.exception_handler(SQLAlchemyError)
    async def _database(request: Request, error: SQLAlchemyError) -> JSONResponse:
        what = "The database does not answer."
        return answer(request, "database", what, "Try again in a moment.", headers={"Retry-After": "5"})

    @app.exception_handler(Exception)
    async def _fault(request: Request, error: Exception) -> JSONResponse:
        what = "This is a fault of fauxto; the log of the service says more."
        return answer(request, "internal", what, "Report it with the time of the request.")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What openapi.json says of the problems of a route."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _methods(request: Request) -> set[str]:
    """Every method of a path, for the router names those of one route only; none for a path that is no route."""
    for template, route in request.app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template)), request.url.path):
            return {method.upper() for method in route}
    return set()


def _words(errors: Any) -> str:
    """What is wrong with a request, in one line that repeats nothing of what was sent."""
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors[:5])
