import json
from typing import Any

from starlette.testclient import TestClient

from fauxto.serve import schema
from tests.serve.conftest import Open, problem

Files = list[tuple[str, tuple[str, bytes]]]


def files(picture: bytes, count: int) -> Files:
    return [("file", (f"{index}.png", picture)) for index in range(count)]


def events(text: str) -> list[tuple[str, str, Any]]:
    """Kind, number and data of each event."""
    found = []
    for block in text.replace("\r\n", "\n").strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if lines:
            found.append((lines["event"], lines["id"], json.loads(lines["data"])))
    return found


def test_a_job_tells_of_each_scan_once_and_of_its_end(client: TestClient, dark: bytes):
    answer = client.post("/v1/jobs", files=files(dark, 5), data={"name": "holiday", "options": '{"fpr": 0.05}'})
    job = answer.json()
    assert answer.status_code == 202 and answer.headers["location"] == job["links"]["self"]
    assert (job["name"], job["progress"]["total"], job["options"]["fpr"]) == ("holiday", 5, 0.05)
    told = events(client.get(job["links"]["events"]).text)
    assert [kind for kind, _, _ in told] == ["scan"] * 5 + ["done"]
    for kind, number, data in told:
        schema.SentEvent(id=number, event=kind, data=json.dumps(data))  # type: ignore[arg-type]
        schema.Event.model_validate(data)
    assert [number for _, number, _ in told] == ["1", "2", "3", "4", "5", "5"]
    assert {data["scan"]["name"] for kind, _, data in told if kind == "scan"} == {f"{i}.png" for i in range(5)}
    assert told[-1][2]["progress"] == {"total": 5, "finished": 5, "outcomes": {"no_evidence": 5}}
    done = client.get(job["links"]["self"]).json()
    assert done["status"] == "done" and done["finished"]
    assert client.get(job["links"]["scans"]).json()["total"] == 5

    resumed = events(client.get(job["links"]["events"], headers={"Last-Event-ID": "3"}).text)
    assert [number for _, number, _ in resumed] == ["4", "5", "5"]
    assert client.get(job["links"]["events"], headers={"Last-Event-ID": "5"}).status_code == 204
    assert len(events(client.get(job["links"]["events"], headers={"Last-Event-ID": "nonsense"}).text)) == 6

    assert client.delete(job["links"]["self"]).status_code == 204
    assert client.get(job["links"]["scans"]).json()["total"] == 0
    for path in (job["links"]["self"], job["links"]["events"]):
        assert problem(client.get(path)) == (404, "not_found")


def test_a_job_is_the_same_for_the_same_key(client: TestClient, dark: bytes):
    said = [client.post("/v1/jobs", files=files(dark, 2), headers={"Idempotency-Key": "job"}) for _ in range(2)]
    assert [answer.status_code for answer in said] == [202, 200]
    assert said[0].json()["id"] == said[1].json()["id"]
    other = client.post("/v1/jobs", files=files(dark, 3), headers={"Idempotency-Key": "job"})
    assert problem(other) == (422, "idempotency_key_reused")


def test_a_name_that_is_too_long_is_refused(client: TestClient, dark: bytes):
    answer = client.post("/v1/jobs", files=files(dark, 1), data={"name": "x" * 201})
    assert problem(answer) == (422, "usage")


def test_a_job_of_too_many_files_leaves_nothing(client: TestClient, dark: bytes):
    root = client.app.state.service.files.root
    before = set(root.glob("*/*"))
    assert problem(client.post("/v1/jobs", files=files(dark, 7))) == (413, "too_many_files")
    assert set(root.glob("*/*")) == before


def test_a_full_queue_says_when_to_come_again_and_keeps_nothing(start: Open, dark: bytes):
    client = start(queue=3)
    client.app.state.service.engine.stop()  # nothing leaves the queue
    wait, key = {"Prefer": "respond-async"}, {"Idempotency-Key": "first"}
    assert client.post("/v1/jobs", files=files(dark, 2), headers=key).status_code == 202
    assert problem(client.post("/v1/jobs", files=files(dark, 4))) == (413, "too_many_files"), "it would never fit"
    refused = client.post("/v1/jobs", files=files(dark, 2))
    assert problem(refused) == (429, "queue_full") and int(refused.headers["retry-after"]) >= 1
    one = client.post("/v1/scans", files={"file": ("a.png", dark)}, headers=wait)
    assert one.status_code == 202 and one.json()["ahead"] == 0, "whoever waits for one picture goes before batches"
    assert client.post("/v1/jobs", files=files(dark, 2), headers=key).status_code == 200, "it was taken before"
    early = client.post("/v1/scans", content=b"", headers=wait)
    assert problem(early) == (429, "queue_full"), "before the body is looked at"
    assert len(list(client.app.state.service.files.root.glob("*/*"))) == 3
    assert "fauxto_queue 3.0" in client.get("/metrics").text
