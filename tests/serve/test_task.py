"""What a worker of the service does with an address."""

import json
from pathlib import Path

import pytest

from fauxto.errors import InputError
from fauxto.run import fetch
from fauxto.run.options import Options
from fauxto.serve import task
from tests.serve.conftest import Open, problem


def test_what_is_behind_an_address_is_kept_and_scanned(
    tmp_path: Path, model: str, bright: bytes, monkeypatch: pytest.MonkeyPatch
):
    asked: list[tuple[str, bool]] = []

    def fetched(address: str, limits: object, *, only_public: bool) -> bytes:
        asked.append((address, only_public))
        return bright

    monkeypatch.setattr(fetch, "fetch", fetched)
    worker = task.open_scanner(Options(model=model).to_json())
    assert worker(task.READY) == task.READY
    request = task.request(tmp_path / "original", {"fpr": 0.05, "regions": True}, "https://example.org/a.png")
    for _ in range(2):  # an attempt that was begun before does not fetch again
        found = json.loads(worker(request))
        assert (found["verdict"], found["fpr"], bool(found["regions"])) == ("generated", 0.05, True)
    assert asked == [("https://example.org/a.png", True)]
    assert (tmp_path / "original").read_bytes() == bright


def test_an_address_that_cannot_be_fetched_is_an_error_of_the_scan(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
):
    def refused(*_: object, **__: object) -> bytes:
        raise InputError("It does not answer.", code="unreachable")

    monkeypatch.setattr(fetch, "fetch", refused)
    worker = task.open_scanner(Options(model=model).to_json())
    found = json.loads(worker(task.request(tmp_path / "original", {}, "https://example.org/a.png")))
    assert (found["status"], found["error"]["code"]) == ("error", "unreachable")
    assert not list(tmp_path.iterdir())


def test_the_service_on_postgresql_takes_addresses_only_to_the_open_internet(
    start: Open, postgresql: str, bright: bytes
):
    client = start(database=postgresql, allow_addresses=True)
    for url, code in [("http://169.254.169.254/latest", 403), ("file:///etc/passwd", 422), ("http://[::1]/", 403)]:
        assert problem(client.post("/v1/scans", json={"url": url}))[0] == code
        assert problem(client.post("/v1/jobs", json={"urls": ["http://8.8.8.8/", url]}))[0] == code
    assert problem(client.post("/v1/scans", json={"url": 5})) == (422, "usage")
    assert problem(client.post("/v1/scans", content=b"{", headers={"Content-Type": "application/json"}))[0] == 422
    answer = client.post("/v1/scans", files={"file": ("a.png", bright)})
    assert answer.status_code == 201 and answer.json()["outcome"] == "generated"
    assert client.delete(answer.json()["links"]["self"]).status_code == 204
    assert client.get("/v1/scans").json()["total"] == 0
