"""Where an address leads: resolved once, checked, and connected to as checked."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from fauxto.errors import InputError, PolicyError

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443})
"""Ports of the web: an address that a stranger gives is no way to talk to mail or databases."""

_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""NAT64: the IPv4 address is in the last four bytes."""

_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that has been given out to the internet."""


def is_public(address: IP) -> bool:
    """Whether an IP address is one of the open internet, however it is dressed up.

    Not public are private, loopback, link-local (where clouds keep their metadata), shared, multicast, reserved and
    unspecified ranges, and IPv6 addresses that carry such an IPv4 address (mapped, 6to4, Teredo, NAT64).

    >>> is_public(ipaddress.ip_address("::ffff:169.254.169.254")), is_public(ipaddress.ip_address("8.8.8.8"))
    (False, True)
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if any(address in network for network in _TRANSLATED) or int(address) >> 32 == 0:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        carried = [item for item in inner if item is not None]
        if carried:
            return all(map(is_public, carried))
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def check_public(url: str) -> None:
    """Refuse, without a connection, an address that no stranger may have fetched.

    Raises `InputError` "usage" for what is no http(s) address, and `PolicyError` "network" for names and passwords in
    it, unusual ports, and IP addresses that are not public. A host name is checked when it is resolved.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise InputError(
            "This is no http(s) address.", fix="Give one such as https://example.org/photo.jpg.", code="usage"
        )
    if parts.username is not None or parts.password is not None:
        raise _refused("An address with a name or a password is not fetched.")
    if port is not None and port not in _PORTS:
        raise _refused(f"Port {port} is no port of the web.")
    literal = _literal(host)
    if (literal is not None and not is_public(literal)) or host.rstrip(".").endswith(("localhost", ".internal")):
        raise not_public()


def connect(host: str, port: int, *, allowed: Callable[[IP], bool], seconds: float) -> socket.socket:
    """A TCP connection to `host`, which is resolved once; every address that it has must be `allowed`.

    What was checked is what is connected to, so a name that answers differently the second time gains nothing.
    Raises `PolicyError` "network" and `OSError`.
    """
    until = time.monotonic() + seconds
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not all(allowed(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])) for entry in found):
        raise not_public()
    last: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, target in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(0.1, until - time.monotonic()))
            sock.connect(target)
            return sock
        except OSError as error:
            sock.close()
            last = error
    raise last


def not_public() -> PolicyError:
    """The refusal of an address inside a network."""
    return _refused("The address does not lead to the open internet.")


def _refused(what: str) -> PolicyError:
    return PolicyError(what, fix="Download the file yourself.", code="network")


def _literal(host: str) -> IP | None:
    """The IP address that a host is, in any spelling that resolvers take (0x7f.1, 2130706433); None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.inet_aton(host))
    except OSError:
        return None
