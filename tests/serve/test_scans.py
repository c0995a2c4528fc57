import io
import json
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from fauxto.serve.store.tables import Scan
from tests.run import tiny
from tests.serve.conftest import Open, problem, send


def test_a_picture_gives_a_finding_and_all_that_belongs_to_it(client: TestClient, bright: bytes):
    scan = send(client, bright, heatmap=True, fpr=0.02)
    finding, links = scan["finding"], scan["links"]
    assert (scan["status"], scan["outcome"], finding["verdict"], finding["fpr"]) == ("done", *["generated"] * 2, 0.02)
    assert finding["path"] == scan["name"] == "a.png" and scan["bytes"] == len(bright)
    assert client.get(links["self"]).json() == scan
    drawn = Image.open(io.BytesIO(client.get(links["layers"]["heatmap"]).content)).convert("RGBA")
    assert drawn.size == (48, 48) and drawn.getextrema()[3][1] > 100
    shown = client.get(links["picture"])
    assert shown.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.content)).size == (48, 48)
    report = client.get(links["report_json"]).json()
    assert (
        report["finding"] == finding and report["sha256"] == scan["sha256"] and "fauxto scan a.png" in report["command"]
    )
    page = client.get(links["report_html"])
    assert "sandbox" in page.headers["content-security-policy"] and scan["sha256"] in page.text
    assert str(Path.cwd()) not in page.text and "original" not in json.dumps(scan)


@pytest.mark.parametrize("body", [b"", b"GIF89a no", b"<html>", b"\x89PNG\r\n\x1a\n" + b"x" * 100])
def test_a_file_that_is_no_picture_is_a_finding_too(client: TestClient, body: bytes):
    scan = send(client, body)
    assert scan["outcome"] == "error" and scan["finding"]["status"] == "error"
    assert scan["error"].keys() == {"code", "what", "fix"}
    assert problem(client.get(f"{scan['links']['self']}/picture")) == (404, "not_found")
    assert client.get(scan["links"]["report_html"]).status_code == 200


def test_who_does_not_wait_is_told_where_to_look(client: TestClient, dark: bytes):
    answer = client.post("/v1/scans", files={"file": ("a.png", dark)}, headers={"Prefer": "respond-async"})
    assert answer.status_code in (201, 202)
    done = client.get(answer.headers["location"], headers={"Prefer": "wait=20"}).json()
    assert done["status"] == "done"


def test_the_same_idempotency_key_gives_the_same_scan(client: TestClient, dark: bytes, bright: bytes):
    def post(picture: bytes):
        return client.post("/v1/scans", files={"file": ("a.png", picture)}, headers={"Idempotency-Key": "once"})

    first, again = post(dark), post(dark)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert problem(post(bright)) == (422, "idempotency_key_reused")


def test_a_field_of_options_that_was_left_empty_asks_for_nothing(client: TestClient, dark: bytes):
    answer = client.post("/v1/scans", files={"file": ("a.png", dark)}, data={"options": ""})
    assert answer.status_code == 201 and answer.json()["options"]["heatmap"] is False


@pytest.mark.parametrize(
    "options",
    [
        '{"heatmap": 0}',
        '{"stability": "true"}',
        '{"fpr": 2}',
        '{"model": "x"}',
        '{"heatmap": "/etc"}',
        "[]",
        "x",
        '{"limits": {}}',
        '{"memory": 1}',
    ],
)
def test_options_that_are_not_the_callers_are_refused(client: TestClient, dark: bytes, options: str):
    answer = client.post("/v1/scans", files={"file": ("a.png", dark)}, data={"options": options})
    assert problem(answer) == (422, "usage")


def test_the_history_can_be_filtered_and_paged(client: TestClient, dark: bytes, bright: bytes):
    for index in range(3):
        send(client, dark, f"page dark {index}.png")
    marked = send(client, bright, "page bright.png")
    page = client.get("/v1/scans?limit=3&name=page").json()
    rest = client.get("/v1/scans", params={"limit": 3, "name": "page", "after": page["next"]}).json()
    assert [item["name"] for item in page["items"] + rest["items"]] == [
        "page bright.png", "page dark 2.png", "page dark 1.png", "page dark 0.png",
    ]  # fmt: skip
    assert (page["total"], rest["next"]) == (4, None)
    for query, count in [
        ("outcome=generated", 1), ("outcome=generated&outcome=no_evidence", 4), ("status=queued", 0),
        (f"sha256={marked['sha256']}", 1), (f"job={'0' * 32}", 0), ("status=done", 4),
    ]:  # fmt: skip
        assert client.get(f"/v1/scans?name=PAGE&{query}").json()["total"] == count, query
    for query in ("after=x", f"after=1-{'g' * 32}", "name=%00", "status=x", f"sha256={'A' * 64}"):
        assert problem(client.get(f"/v1/scans?{query}")) == (422, "usage")
    assert problem(client.get("/v1/scans?limit=1000")) == (422, "usage")


def contents(folder: Path) -> bytes:
    """Every byte on disk below a folder, and every name."""
    return b"".join(str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*"))


def test_deleted_means_gone_from_disk_by_hand_and_by_retention(start: Open, tmp_path: Path):
    """The bytes of the picture, its name, its hash and what was found, in files, tables, logs and file names."""
    client = start()
    picture = tiny.write_picture(tmp_path / "secret.png", tiny.BRIGHT, seed=77).read_bytes()
    scan = send(client, picture, "Zanzibar-marker.png", heatmap=True)
    here = scan["links"]["self"]
    assert client.get(scan["links"]["picture"]).status_code == 200
    marks = [picture[60:160], b"Zanzibar-marker", scan["sha256"].encode(), str(scan["finding"]["logit"]).encode()]
    before = contents(tmp_path / "service")
    assert all(mark in before for mark in marks)
    assert client.delete(here).status_code == 204
    after = contents(tmp_path / "service")
    assert not any(mark in after for mark in marks)
    for path in (here, f"{here}/picture", f"{here}/report.html", f"{here}/overlay/heatmap.png"):
        assert problem(client.get(path)) == (404, "not_found")
    assert problem(client.delete(here)) == (404, "not_found")
    assert scan["id"].encode() in after  # the audit log says that it was there, and that it was deleted

    kept = send(client, picture, "Zanzibar-marker.png")
    service = client.app.state.service
    service.sweep()
    assert client.get(kept["links"]["self"]).status_code == 200
    with service.database.write() as session:
        session.get_one(Scan, kept["id"]).expires = 1  # long ago
    service.sweep()
    assert problem(client.get(kept["links"]["self"])) == (404, "not_found")
    left = contents(tmp_path / "service")
    assert not any(mark in left for mark in marks)
    assert "fauxto_deleted_scans_total 1.0" in client.get("/metrics").text


def test_what_a_crash_left_is_swept_and_what_is_known_is_not(client: TestClient, dark: bytes):
    scan = send(client, dark)
    files = client.app.state.service.files
    files.make("f" * 32).joinpath("original.part").write_bytes(b"x")
    assert files.sweep(client.app.state.service._known, age=3600) == 0
    assert files.sweep(client.app.state.service._known, age=-1) == 1
    assert not files.folder("f" * 32).exists() and files.original(scan["id"]).exists()


def test_what_the_model_cannot_do_is_neither_offered_nor_taken(client: TestClient, dark: bytes):
    """The tiny model of these tests has no thorough reading."""
    assert "thorough" not in client.get("/v1/service").json()["options"]["properties"]
    answer = client.post("/v1/scans", files={"file": ("a.png", dark)}, data={"options": '{"thorough": true}'})
    assert (answer.status_code, answer.json()["fix"]) == (422, "Ask without it.")
