"""Who may do what: keys, scopes, requests a minute; with the headers that tell a client where it stands."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request, Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.concurrency import run_in_threadpool

from fauxto.serve.problems import ServiceError
from fauxto.serve.store import keys, queue
from fauxto.serve.store.keys import Caller
from fauxto.serve.store.tables import LOCAL

if TYPE_CHECKING:
    from fauxto.serve.service import Service

WRONG_KEYS = 30
"""Wrong keys a minute that one address may try."""

_EVERYTHING = Caller(LOCAL, frozenset(keys.SCOPES))


class Limiter:
    """Requests a minute, per key, counted in this process; wrong keys, per address."""

    def __init__(self) -> None:
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    def spend(self, caller: Caller) -> dict[str, str]:
        """Count a request; the headers for the answer. Raises `ServiceError` "too_many_requests"."""
        if not caller.per_minute:
            return {}
        item = RateLimitItemPerMinute(caller.per_minute)
        granted = self._windows.hit(item, "key", caller.id)
        state = self._windows.get_window_stats(item, "key", caller.id)
        wait = max(1, round(state.reset_time - time.time()))
        headers = {
            "RateLimit-Policy": f'"requests";q={caller.per_minute};w=60',
            "RateLimit": f'"requests";r={max(0, state.remaining)};t={wait}',
        }
        if not granted:
            raise ServiceError(
                f"This key may send {caller.per_minute:,} requests a minute.",
                fix="Wait as long as Retry-After says.",
                code="too_many_requests",
                headers={**headers, "Retry-After": str(wait)},
            )
        return headers

    def blame(self, address: str) -> None:
        """Count a wrong key of an address; raises `ServiceError` where there were too many."""
        if not self._windows.hit(RateLimitItemPerMinute(WRONG_KEYS), "wrong", address):
            raise ServiceError(
                "Too many wrong keys came from this address.",
                fix="Check the key, and wait a minute.",
                code="too_many_requests",
                headers={"Retry-After": "60"},
            )


@dataclass(frozen=True, slots=True)
class Allowed:
    """The dependency of a route: the caller, who must hold one of these scopes."""

    scope: str

    async def __call__(self, request: Request, response: Response) -> Caller:
        """The caller of a request; raises `ServiceError` "no_key", "wrong_key", "scope", "too_many_requests"."""
        service: Service = request.app.state.service
        caller = await _caller(request, service)
        headers = service.limiter.spend(caller)
        response.headers.update(headers)
        request.state.headers = headers
        if not {self.scope, "admin"} & caller.scopes:
            raise ServiceError(
                f"This key has no scope {self.scope!r}.",
                fix=f"Ask the operator: fauxto keys add NAME --scopes {self.scope}",
                code="scope",
                headers=headers,
            )
        return caller


async def _caller(request: Request, service: Service) -> Caller:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if not given and not service.settings.keys_needed:
        return _EVERYTHING
    if kind.lower() != "bearer" or not given:
        raise ServiceError(
            "This service needs a key.",
            fix="Send the header `Authorization: Bearer KEY`; the operator makes one with `fauxto keys add NAME`.",
            code="no_key",
        )

    def find() -> Caller | None:
        with service.database.read() as session:
            return keys.find(session, given.strip())

    caller = await run_in_threadpool(find)
    if caller is None:
        service.limiter.blame(request.client.host if request.client else "")
        raise ServiceError(
            "This key is wrong, revoked or over.", fix="Check it, or ask the operator for another.", code="wrong_key"
        )
    return caller


async def tell_quota(response: Response, service: Service, caller: Caller) -> None:
    """Add to the headers of an answer how many pictures a key has left today."""
    if not caller.per_day:
        return

    def spent() -> int:
        with service.database.read() as session:
            return queue.used(session, caller.id)

    left = max(0, caller.per_day - await run_in_threadpool(spent))
    until = 86_400 - int(time.time()) % 86_400
    for name, value in (
        ("RateLimit-Policy", f'"pictures";q={caller.per_day};w=86400'),
        ("RateLimit", f'"pictures";r={left};t={until}'),
    ):
        response.headers[name] = ", ".join(filter(None, (response.headers.get(name), value)))
