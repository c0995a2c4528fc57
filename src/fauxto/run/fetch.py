"""A picture from an http(s) address: bounded in bytes, no other scheme, nothing sent but the request."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import IO

from fauxto.errors import InputError, PolicyError, ResourceError
from fauxto.media.limits import Limits

_BLOCK = 1 << 16


class _OnlyHttp(urllib.request.HTTPRedirectHandler):
    """Follow a redirect only to another http(s) address."""

    def redirect_request(  # noqa: PLR0917  # the signature is that of urllib
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not newurl.lower().startswith(("http://", "https://")):
            raise PolicyError(
                f"The address redirects to {newurl[:80]!r}, which is neither http nor https.",
                fix="Download the file yourself.",
                code="network",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(address: str, limits: Limits) -> bytes:
    """The body behind an address; the wall time of the whole is kept by the worker's own limit.

    Raises `InputError` "unreachable" and `ResourceError` "too_many_bytes".
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _OnlyHttp(),
    ):
        opener.add_handler(handler)
    try:
        request = urllib.request.Request(address, headers={"User-Agent": "fauxto", "Accept": "image/*"})
        with opener.open(request, timeout=limits.seconds) as answer:
            return _read(answer, limits)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise InputError(
            f"The address cannot be fetched: {reason}.", fix="Check it in a browser.", code="unreachable"
        ) from error


def _read(answer: IO[bytes], limits: Limits) -> bytes:
    """The whole body; one that breaks off before its announced length is an error, even if it decodes."""
    body = bytearray()
    while block := answer.read(_BLOCK):
        body += block
        if len(body) > limits.max_bytes:
            raise ResourceError(
                f"The address sends more than {limits.max_bytes:,} bytes.",
                fix="If you trust it, raise the limit with --limit-bytes.",
                code="too_many_bytes",
            )
    if missing := getattr(answer, "length", None):
        raise http.client.IncompleteRead(bytes(body), missing)
    return bytes(body)
