"""A picture from an http(s) address: bounded in bytes, time and redirects, and nothing sent but the request.

The command line goes wherever its user says, and a page that it is sent to may not lead it back into the user's own
network. The service, where a stranger gives the address, goes to the open internet only (`only_public`).
"""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import IO, Any
from urllib.parse import urlsplit

from fauxto.errors import InputError, PolicyError, ResourceError
from fauxto.media.limits import Limits
from fauxto.run import address as addresses

REDIRECTS = 5
SHARE = 0.5
"""Of the wall time for one file, how much its transfer may take; the rest is for the scan."""

_BLOCK = 1 << 16


def fetch(address: str, limits: Limits, *, only_public: bool = False) -> bytes:
    """The body behind an address.

    With `only_public`, every address on the way has to be public (`run.address`), and proxies are not asked. Raises
    `InputError` "unreachable" and "usage", `ResourceError` "too_many_bytes" and `PolicyError` "network".
    """
    if only_public:
        addresses.check_public(address)
    until = time.monotonic() + SHARE * limits.seconds
    way = _Way(only_public, until)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if only_public else None),
        _Http(way),
        _Https(way),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(way),
    ):
        opener.add_handler(handler)
    try:
        request = urllib.request.Request(address, headers={"User-Agent": "fauxto", "Accept": "image/*"})
        with opener.open(request, timeout=SHARE * limits.seconds) as answer:
            return _read(answer, limits, until)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, PolicyError):
            raise reason from None
        raise InputError(
            f"The address cannot be fetched: {reason}.", fix="Check it in a browser.", code="unreachable"
        ) from error


class _Way:
    """What is allowed on the way to one file: who may be connected to, and until when."""

    def __init__(self, only_public: bool, until: float) -> None:
        self.only_public, self.until, self._first = only_public, until, True
        self._private_allowed = not only_public

    def connect(self, target: tuple[str, int], *_: Any) -> socket.socket:
        """A connection in place of `socket.create_connection`, to a checked address."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long")
        return addresses.connect(*target, allowed=self._allowed, seconds=left)

    def _allowed(self, ip: addresses.IP) -> bool:
        """The first hop of a user may be anywhere; if it was public, no later one may be private."""
        public = addresses.is_public(ip)
        if self._first:
            self._private_allowed = self._private_allowed and not public
            self._first = False
            return public or not self.only_public
        return public or self._private_allowed


class _Plain(http.client.HTTPConnection):
    """A connection that `_Way` makes."""

    def __init__(self, *arguments: Any, way: _Way, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._create_connection = way.connect


class _Secure(http.client.HTTPSConnection):
    """Likewise, under TLS; the certificate is that of the host's name."""

    def __init__(self, *arguments: Any, way: _Way, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._create_connection = way.connect


class _Http(urllib.request.HTTPHandler):
    def __init__(self, way: _Way) -> None:
        super().__init__()
        self._way = way

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Plain, way=self._way), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, way: _Way) -> None:
        super().__init__()
        self._way = way

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Secure, way=self._way), req)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow a few redirects, each only to another http(s) address that may be fetched."""

    max_redirections = REDIRECTS
    max_repeats = 2

    def __init__(self, way: _Way) -> None:
        self._way = way

    def redirect_request(  # noqa: PLR0917  # the signature is that of urllib
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme.lower() not in ("http", "https"):
            raise PolicyError(
                f"The address redirects to {newurl[:80]!r}, which is neither http nor https.",
                fix="Download the file yourself.",
                code="network",
            )
        if self._way.only_public:
            addresses.check_public(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read(answer: IO[bytes], limits: Limits, until: float) -> bytes:
    """The whole body; one that breaks off before its announced length is an error, even if it decodes."""
    body = bytearray()
    read_some: Callable[[int], bytes] = getattr(answer, "read1", answer.read)
    while block := read_some(_BLOCK):
        body += block
        if len(body) > limits.max_bytes:
            raise ResourceError(
                f"The address sends more than {limits.max_bytes:,} bytes.",
                fix="If you trust it, raise the limit with --limit-bytes.",
                code="too_many_bytes",
            )
        if time.monotonic() > until:
            raise TimeoutError("it takes too long")
    if missing := getattr(answer, "length", None):
        raise http.client.IncompleteRead(bytes(body), missing)
    return bytes(body)
