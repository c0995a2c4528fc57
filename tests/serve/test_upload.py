"""Bodies as an enemy sends them: every bound holds while they come, and nothing of them stays."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.testclient import TestClient

from fauxto.serve.files import Files
from fauxto.serve.problems import ServiceError
from fauxto.serve.settings import Settings
from fauxto.serve.upload import MAX_FIELDS, name_of, receive
from tests.serve.conftest import problem

LIMIT = 200_000
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
NAME = b"Content-Disposition: form-data; name=f"
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n'
END = b"\r\n--b--\r\n"


@pytest.fixture(autouse=True)
def nothing_stays(client: TestClient) -> Iterator[None]:
    root = client.app.state.service.files.root
    before = set(root.glob("*/*"))
    yield
    assert set(root.glob("*/*")) == before


def post(client: TestClient, body: bytes | Iterator[bytes], **headers: str) -> tuple[int, str]:
    return problem(client.post("/v1/scans", content=body, headers=FORM | headers))


def test_a_file_over_the_limit_is_refused_while_it_comes(client: TestClient):
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield FILE
        while sent < 50 * LIMIT:
            sent += 10_000
            yield b"x" * 10_000

    assert post(client, endless()) == (413, "too_many_bytes")


def test_an_announced_length_is_believed_when_it_is_too_long(client: TestClient):
    assert post(client, b"", **{"Content-Length": str(10**12)}) == (413, "too_many_bytes")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "input"),
        (FILE + b"x", "input"),
        (b"nonsense", "input"),
        (b"--b--\r\n", "input"),
        (FIELD + b"x" * 20_000 + END, "input"),
        ((FIELD + b"x\r\n") * (MAX_FIELDS + 1) + END, "input"),
        (FIELD + b"x" + END, "input"),
        (b"--b\r\nContent-Disposition: form-data; name=" + b"n" * 20_000 + b"\r\n\r\n" + END, "input"),
        (b"--b\r\n" + b"A: b\r\n" * 5_000 + b"\r\n" + END, "input"),
        (b"--b\r\nContent-Disposition: attachment\r\n\r\nx" + END, "input"),
        (b"--b\r\n\r\nx" + END, "input"),
        (FILE + b"x\r\n" + FIELD + b"y" + END, "usage"),
        ((FILE + b"x\r\n") * 2 + END, "too_many_files"),
    ],
)
def test_bodies_that_are_no_form(client: TestClient, body: bytes, code: str):
    assert post(client, body)[1] == code


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "b" * 80])
def test_what_is_no_multipart_is_said_to_be_none(client: TestClient, kind: str):
    assert post(client, FILE + b"x" + END, **{"Content-Type": kind}) == (415, "not_multipart")


def test_addresses_are_refused_unless_allowed(client: TestClient):
    assert problem(client.post("/v1/scans", json={"url": "http://example.org/"})) == (403, "network")


@hypothesis.settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [FILE, FIELD, END, b"--b", b"\r\n", b"\r\n\r\n", b"Content-Disposition: form-data; name=f"]
            ),
            st.binary(max_size=40),
        ),
        max_size=8,
    ).map(b"".join)
)
def test_no_body_is_a_fault_of_ours(client: TestClient, body: bytes):
    """Any bytes are either a form with one file, which is scanned and deleted here, or a problem."""
    answer = client.post("/v1/scans", content=body, headers=FORM)
    assert answer.status_code < 500
    if answer.status_code < 300:
        assert client.delete(answer.json()["links"]["self"]).status_code == 204
    else:
        assert problem(answer)[0] in (413, 422)


def test_names_are_shown_and_never_used():
    assert name_of("../../etc/passwd") == "passwd"
    assert name_of("a\x00\x1b[31m\u202egpj.exe") == "a\\x00\\x1b[31m\\u202egpj.exe"
    assert name_of("/") == "unnamed" and len(name_of("x" * 10_000)) == 255


def test_a_slow_upload_is_given_up(tmp_path: Path):
    files, settings = Files(tmp_path), Settings(tmp_path, upload_seconds=0.2)

    async def drip() -> dict[str, object]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x" if list(files.root.glob("*/*")) else FILE, "more_body": True}

    headers = [(b"content-type", FORM["Content-Type"].encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    with pytest.raises(ServiceError) as refused:
        asyncio.run(receive(Request(scope, drip), files, settings, most=1))
    assert refused.value.code == "too_slow"
    assert not list(files.root.glob("*/*"))
