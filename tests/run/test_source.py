"""Reading one source: kinds of files, limits, names, and the network only with leave."""

import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.errors import FauxtoError, PolicyError
from fauxto.media.limits import Limits
from fauxto.run import source

LIMITS = Limits(max_bytes=1000, seconds=5)


def code_of(path: str, **options) -> str:
    with pytest.raises(FauxtoError) as caught:
        source.read(path, LIMITS, **options)
    assert caught.value.what
    assert caught.value.fix
    return caught.value.code


def test_bytes_come_back_as_they_are(tmp_path: Path):
    file = tmp_path / "a"
    file.write_bytes(bytes(range(256)))
    assert source.read(str(file), LIMITS) == bytes(range(256))
    (tmp_path / "link").symlink_to(file)
    assert source.read(str(tmp_path / "link"), LIMITS) == bytes(range(256))


@pytest.mark.parametrize("size", [999, 1000])
def test_the_limit_itself_is_allowed(tmp_path: Path, size: int):
    (tmp_path / "a").write_bytes(b"x" * size)
    assert len(source.read(str(tmp_path / "a"), LIMITS)) == size


def test_a_small_file_costs_little_memory_under_a_large_limit(tmp_path: Path):
    """Python sets aside all that a read asks for; asking for the limit took 256 MiB for each picture."""
    (tmp_path / "a").write_bytes(b"x" * 1000)
    tracemalloc.start()
    try:
        source.read(str(tmp_path / "a"), Limits(max_bytes=2**28))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_is_not_a_readable_file_is_named(tmp_path: Path):
    (tmp_path / "large").write_bytes(b"x" * 1001)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    assert code_of(str(tmp_path / "large")) == "too_many_bytes"
    assert code_of(str(tmp_path / "fifo")) == "not_a_file"
    assert code_of(str(tmp_path / "socket")) == "not_a_file"
    assert code_of(str(tmp_path)) == "not_a_file"
    assert code_of("/dev/zero") == "not_a_file"
    assert code_of(str(tmp_path / "nothing")) == "not_found"
    assert code_of(str(tmp_path / "large" / "below a file")) == "not_found"
    assert code_of(str(tmp_path / "loop")) == "unreadable"
    assert code_of("nul\0byte") == "unreadable"
    assert code_of("") == "not_found"
    with pytest.raises(FauxtoError, match="No file matches this pattern"):
        source.read(str(tmp_path / "*.jpg"), LIMITS)


def test_a_folder_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Tests may run as root, who may read every folder: the answer of the kernel is made up."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FauxtoError, match="Permission denied; it is a folder") as refused:
        source.read(str(tmp_path), Limits())
    assert refused.value.code == "unreadable"


def test_a_file_that_reports_no_size_is_still_bounded():
    """Files of /proc say that they have 0 bytes."""
    assert source.read("/proc/self/status", Limits(max_bytes=100_000)).startswith(b"Name:")
    assert code_of("/proc/self/smaps") == "too_many_bytes"


def test_a_pipe_that_takes_the_place_of_a_file_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Between looking and opening, the name points elsewhere: the descriptor is looked at again."""
    (tmp_path / "file").write_bytes(b"x")
    os.mkfifo(tmp_path / "fifo")
    genuine = os.stat(tmp_path / "file")
    monkeypatch.setattr(os, "stat", lambda *_, **__: genuine)
    assert code_of(str(tmp_path / "fifo")) == "not_a_file"


@given(st.binary(min_size=1, max_size=60))
def test_every_name_becomes_text_that_utf8_can_carry(name: bytes):
    shown = source.readable(os.fsdecode(name))
    assert shown.encode("utf-8").decode("utf-8") == shown
    if b"\\" not in name:
        assert shown.encode("utf-8").decode("utf-8") == name.decode("utf-8", "backslashreplace")


def test_an_address_is_refused_without_leave_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch):
    def forbidden(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    with pytest.raises(PolicyError, match="no connection unless told"):
        source.read("HTTPS://example.org/a.jpg", LIMITS)


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        replies = {
            "/picture": (200, {}, b"pixels"),
            "/again": (302, {"Location": "/picture"}, b""),
            "/passwd": (302, {"Location": "file:///etc/passwd"}, b""),
            "/ftp": (302, {"Location": "ftp://localhost/a"}, b""),
            "/large": (200, {}, b"x" * 1001),
            "/gone": (404, {}, b"x"),
            "/short": (200, {"Content-Length": "7"}, b"pixels"),
            "/round": (302, {"Location": "/round"}, b""),
        }
        status, headers, body = replies[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_address_is_fetched_with_leave(site: str):
    assert source.read(f"{site}/picture", LIMITS, allow_network=True) == b"pixels"
    assert source.read(f"{site}/again", LIMITS, allow_network=True) == b"pixels"


def test_what_an_address_cannot_make_us_do(site: str):
    assert code_of(f"{site}/passwd", allow_network=True) == "unreachable"
    assert code_of(f"{site}/ftp", allow_network=True) == "network"
    assert code_of(f"{site}/large", allow_network=True) == "too_many_bytes"
    assert code_of(f"{site}/gone", allow_network=True) == "unreachable"
    assert code_of(f"{site}/round", allow_network=True) == "unreachable"
    assert code_of("http://127.0.0.1:1/closed", allow_network=True) == "unreachable"
    assert code_of("http://", allow_network=True) == "unreachable"
    for address in ("http://[bad", "http://a b/", "http://a:port/", f"{site}/gone\n", "http://\udcff/"):
        assert code_of(address, allow_network=True) == "unreachable"


def test_a_body_that_breaks_off_is_an_error(site: str):
    with pytest.raises(FauxtoError, match="IncompleteRead"):
        source.read(f"{site}/short", LIMITS, allow_network=True)
