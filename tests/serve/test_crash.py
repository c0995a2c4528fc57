"""`kill -9` of the server and of its worker: nothing that was accepted is lost, and nothing is done twice."""

import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fauxto.errors import PolicyError
from fauxto.run.options import Options
from fauxto.serve.service import Service
from fauxto.serve.settings import Settings
from tests.run import tiny
from tests.serve.server import Server
from tests.serve.test_jobs import events

PICTURES = 6


def until(done: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.02)
    pytest.fail("it took too long")


def test_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path, model: str):
    folder = tmp_path / "service"
    pictures = [
        tiny.write_picture(tmp_path / f"{index}.png", tiny.DARK, side=300, seed=index).read_bytes()
        for index in range(PICTURES)
    ]
    files = [("file", (f"{index}.png", body)) for index, body in enumerate(pictures)]
    ask = {"data": {"options": '{"stability": true}'}, "headers": {"Idempotency-Key": "the job"}, "files": files}
    seen: list[str] = []
    server = Server(folder, model)
    try:
        accepted = server.client.post("/v1/jobs", **ask)
        assert accepted.status_code == 202
        here = accepted.json()["links"]

        def finished() -> int:
            return int(server.client.get(here["self"]).json()["progress"]["finished"])

        server.kill()  # as soon as it was accepted; perhaps the worker has begun, perhaps not

        server = Server(folder, model)
        assert server.client.post("/v1/jobs", **ask).json()["id"] == accepted.json()["id"], "the client asks again"
        until(lambda: finished() >= 1)
        until(server.workers)[0].kill()  # in the middle of a picture, most likely
        until(lambda: finished() >= 3)
        told = server.client.get(f"/v1/scans?job={accepted.json()['id']}&status=done").json()["items"]
        seen = [item["id"] for item in told]
        server.kill()  # with a picture in hand

        server = Server(folder, model)
        until(lambda: finished() == PICTURES)
        scans = [data["scan"] for kind, _, data in events(server.client.get(here["events"]).text) if kind == "scan"]
        assert sorted(item["name"] for item in scans) == [f"{index}.png" for index in range(PICTURES)]
        assert {item["outcome"] for item in scans} == {"no_evidence"}
        assert set(seen) <= {item["id"] for item in scans} and len(seen) >= 3
        again = server.client.get(f"/v1/scans?job={accepted.json()['id']}&status=done").json()["items"]
        assert [item for item in again if item["id"] in seen] == told, "what was finished was not touched again"

        workers = server.workers()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) in (0, -signal.SIGTERM)
        assert until(lambda: not any(worker.is_running() for worker in workers))
    finally:
        server.kill()
    with sqlite3.connect(folder / "service.sqlite") as rows:
        count = "SELECT count(*) FROM audit WHERE action = ?"
        assert rows.execute(count, ("scan.create",)).fetchone() == (PICTURES,)
        assert rows.execute("SELECT count(*), count(DISTINCT number) FROM scans").fetchone() == (PICTURES, PICTURES)
        assert rows.execute("SELECT max(attempts) FROM scans").fetchone()[0] <= 3
    rows.close()


def test_two_servers_do_not_share_a_folder(tmp_path: Path, model: str):
    settings = Settings(tmp_path, options=Options(model=model))
    first = Service(settings)
    with pytest.raises(PolicyError, match="Another service uses"):
        Service(settings)
    first.start()
    first.close()
    Service(settings).close()
