"""What every request passes first: host, origin, and the headers under which a browser shows an answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fauxto.serve import problems

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing of a third party; `blob:` and `data:` for pictures that the page itself has at hand."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}

MAX_HEADERS = 32_768
"""Bytes of all names and values; what comes in one piece has passed the server's own bound on unfinished ones."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SAFE = {"GET", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")


class Guard:
    """Refuses a foreign host (a page that had its own name lead here), changes asked for by a foreign page, and floods
    of headers.

    `hosts` are the names by which the service may be called; empty allows any. There are no cookies, so a foreign
    page can borrow no rights but those of being on this machine, and those are refused to it here.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], seen: Callable[[str, str, int, float], None]) -> None:
        self._app, self._hosts, self._seen = app, frozenset(hosts), seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/v1"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        try:
            await (refusal or self._app)(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "") or "other"
            self._seen(scope["method"], route, status, time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
            what = f"The request has more than {MAX_HEADERS:,} bytes of headers."
            return problems.answer(Request(scope), "headers_too_large", what, "Send fewer headers.")
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        named = _HOST.fullmatch(host)
        if named is None or (self._hosts and named[1].lower() not in self._hosts):
            fix = "Use its address, or have the operator name it with --allow-host."
            what = "The service is not reached under this name."
            return problems.answer(Request(scope), "foreign_host", what, fix)
        if scope["method"] in _SAFE:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        own = origin is None or origin.partition("://")[2].lower() == host.lower()
        if not own or site not in (None, "same-origin", "none"):
            fix = "Send it from the service's own page, or from a program."
            return problems.answer(Request(scope), "foreign_origin", "Another page asked for this.", fix)
        return None
