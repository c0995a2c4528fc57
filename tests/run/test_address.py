"""Requests that an address must not make us send (SSRF), tried one by one."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fauxto.errors import FauxtoError, PolicyError
from fauxto.media.limits import Limits
from fauxto.run import address
from fauxto.run.fetch import REDIRECTS, fetch

LIMITS = Limits(max_bytes=1000, seconds=2)
PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1",
        "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fec0::1",
    ],
)  # fmt: skip
def test_addresses_inside_networks_are_not_public(ip: str):
    assert not address.is_public(ipaddress.ip_address(ip))


@pytest.mark.parametrize("ip", ["8.8.8.8", PUBLIC, "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are(ip: str):
    assert address.is_public(ipaddress.ip_address(ip))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "usage"), ("gopher://a/", "usage"), ("ftp://a/b", "usage"), ("//a/b", "usage"),
        ("http://", "usage"), ("http://a b/", "usage"), ("http://a/\r\nHost: b", "usage"), ("http://[::1", "usage"),
        ("http://ex\u00e4mple.org/", "usage"), ("http://a:99999/", "usage"), ("javascript:alert(1)", "usage"),
        ("http://user:pass@example.org/", "network"), ("http://example.org:22/", "network"),
        ("http://example.org:6379/", "network"), ("http://localhost/", "network"), ("http://a.localhost./", "network"),
        ("http://metadata.google.internal/", "network"), ("http://127.0.0.1/", "network"), ("http://127.1/", "network"),
        ("http://2130706433/", "network"), ("http://0x7f000001/", "network"), ("http://0177.0.0.1/", "network"),
        ("http://[::1]/", "network"), ("http://[::ffff:10.0.0.1]/", "network"), ("http://169.254.169.254/", "network"),
        ("HTTP://[fe80::1%25eth0]/", "network"), ("http://0/", "network"),
    ],
)  # fmt: skip
def test_what_no_stranger_may_have_fetched(url: str, code: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    with pytest.raises(FauxtoError) as refused:
        fetch(url, LIMITS, only_public=True)
    assert refused.value.code == code


class _Site(BaseHTTPRequestHandler):
    hosts: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        type(self).hosts.append(self.headers["Host"])
        step = self.path.strip("/")
        port = self.server.server_port  # type: ignore[attr-defined]
        to = {
            "inside": f"http://inside.example:{port}/picture",
            "literal": "http://127.0.0.1/",
            "file": "file:///etc/passwd",
        }.get(step)
        if step.isdigit():
            to = f"/{int(step) - 1}" if int(step) else "/picture"
        self.send_response(302 if to else 200)
        if to:
            self.send_header("Location", to)
        self.end_headers()
        self.wfile.write(b"pixels")

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A site whose own address counts as public; `inside.example` is a private one, and lookups are counted."""
    monkeypatch.delenv("http_proxy", raising=False)
    server = HTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(address, "_PORTS", frozenset({80, server.server_port}))
    genuine = address.is_public
    monkeypatch.setattr(address, "is_public", lambda ip: str(ip) == "127.0.0.1" or genuine(ip))
    names = {"open.example": ["127.0.0.1"], "inside.example": ["10.0.0.1"], "both.example": ["127.0.0.1", "10.0.0.1"]}
    asked: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        if host == "rebinding.example":  # a public answer first, a private one ever after
            ips = ["127.0.0.1"] if asked.count(host) == 1 else ["10.0.0.1"]
        else:
            ips = names.get(host, [host])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    _Site.hosts.clear()
    yield f":{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_public_address_is_fetched_under_its_own_name(site: str):
    assert fetch(f"http://open.example{site}/picture", LIMITS, only_public=True) == b"pixels"
    assert _Site.hosts == [f"open.example{site}"]


def test_a_name_is_resolved_once_and_connected_to_as_checked(site: str):
    """DNS rebinding: the second answer would lead inside, and is never asked for."""
    assert fetch(f"http://rebinding.example{site}/picture", LIMITS, only_public=True) == b"pixels"


@pytest.mark.parametrize("path", ["inside.example", "both.example"])
def test_a_name_that_leads_inside_is_refused(site: str, path: str):
    with pytest.raises(PolicyError, match="open internet"):
        fetch(f"http://{path}{site}/picture", LIMITS, only_public=True)
    assert _Site.hosts == []


@pytest.mark.parametrize("path", ["inside", "literal", "file"])
def test_redirects_are_checked_like_the_first_address(site: str, path: str, monkeypatch: pytest.MonkeyPatch):
    if path == "literal":
        monkeypatch.setattr(
            address, "_literal", lambda host: None if "example" in host else ipaddress.ip_address("::1")
        )
    with pytest.raises(FauxtoError) as refused:
        fetch(f"http://open.example{site}/{path}", LIMITS, only_public=True)
    assert refused.value.code in ("network", "usage", "unreachable")
    assert len(_Site.hosts) == 1


def test_a_page_cannot_lead_a_users_own_command_into_the_users_network(site: str):
    with pytest.raises(PolicyError, match="open internet"):
        fetch(f"http://open.example{site}/inside", LIMITS)


def test_redirects_are_bounded(site: str):
    assert fetch(f"http://open.example{site}/{REDIRECTS - 1}", LIMITS, only_public=True) == b"pixels"
    with pytest.raises(FauxtoError) as refused:
        fetch(f"http://open.example{site}/{REDIRECTS + 2}", LIMITS, only_public=True)
    assert refused.value.code == "unreachable"


def test_proxies_are_not_asked_for_a_stranger(site: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://inside.example:3128")
    assert fetch(f"http://open.example{site}/picture", LIMITS, only_public=True) == b"pixels"


def test_a_site_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """Each byte comes in time, all of them do not."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while not stop.wait(0.1):
            try:
                connection.sendall(b"x")
            except OSError:
                break
        connection.close()

    thread = threading.Thread(target=drip)
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(FauxtoError) as given_up:
        fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/", Limits(seconds=1))
    stop.set()
    thread.join()
    listener.close()
    assert given_up.value.code == "unreachable" and "too long" in given_up.value.what
