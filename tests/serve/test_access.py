from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fauxto.cli.app import main
from fauxto.errors import PolicyError
from fauxto.serve.access import Limiter
from fauxto.serve.run import check_keys, serve
from fauxto.serve.settings import Settings
from fauxto.serve.store import keys
from tests.serve.conftest import opened, problem


@pytest.fixture(scope="module")
def locked(model: str, tmp_path_factory: pytest.TempPathFactory):
    with opened(tmp_path_factory.mktemp("locked"), model, require_key=True) as client:
        yield client


def key(client: TestClient, *scopes: str, **bounds: int) -> dict[str, str]:
    with client.app.state.service.database.write() as session:
        made = keys.add(session, "test", scopes or keys.DEFAULT_SCOPES, **bounds)
    return {"Authorization": f"Bearer {made}"}


def post(client: TestClient, picture: bytes, headers: dict[str, str]):
    return client.post("/v1/scans", files={"file": ("a.png", picture)}, headers=headers)


def test_without_a_key_nothing_is_given_away(locked: TestClient, dark: bytes):
    here = "/v1/scans/" + "0" * 32
    for answer in (
        post(locked, dark, {}), locked.get("/v1/scans"), locked.get(here), locked.delete(here), locked.get("/metrics"),
        locked.get(f"{here}/picture"), locked.get(f"{here}/report.html"), locked.get(f"{here}/overlay/heatmap.png"),
        locked.get("/v1/jobs/" + "0" * 32 + "/events"),
    ):  # fmt: skip
        assert problem(answer) == (401, "no_key")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for path in ("/", "/healthz", "/v1/service", "/v1/systems", "/v1/ledger", "/openapi.json"):
        assert locked.get(path).status_code == 200


def test_the_audit_log_is_read_by_those_who_run_the_service(locked: TestClient, dark: bytes):
    sender, reader, admin = key(locked, "scan", "delete"), key(locked, "read"), key(locked, "admin")
    here = post(locked, dark, sender).json()
    locked.delete(here["links"]["self"], headers=sender)
    for headers in (sender, reader):
        assert problem(locked.get("/v1/audit", headers=headers)) == (403, "scope")
    assert problem(locked.get("/v1/audit")) == (401, "no_key")

    def log(**query: str | int) -> dict:
        return locked.get("/v1/audit", params=query, headers=admin).json()

    lines = log(subject=here["id"])["items"]
    assert [line["action"] for line in lines] == ["scan.delete", "scan.create"]
    assert lines[0]["actor"] == lines[1]["actor"] != "local" and lines[1]["detail"] == {"bytes": len(dark)}
    first = log(limit=1)
    assert first["next"] == first["items"][0]["id"] and log(limit=1, after=first["next"])["items"] != first["items"]
    assert log(subject=here["id"], action="scan.create", limit=1)["next"] is None
    assert here["name"] not in str(log(limit=1000))
    for query in ({"actor": "' OR 1"}, {"after": 0}, {"limit": 0}, {"after": 2**63}):
        assert problem(locked.get("/v1/audit", params=query, headers=admin)) == (422, "usage")


def test_wrong_keys_are_counted(locked: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(locked.app.state.service, "limiter", Limiter())
    said = [locked.get("/v1/scans", headers={"Authorization": f"Bearer {i}"}) for i in range(32)]
    assert problem(said[0]) == (401, "wrong_key")
    assert problem(said[-1]) == (429, "too_many_requests") and said[-1].headers["retry-after"] == "60"


def test_a_scope_opens_its_own_routes_only(locked: TestClient, dark: bytes):
    sender, reader, monitor = key(locked, "scan"), key(locked, "read"), key(locked, "metrics")
    answer = post(locked, dark, sender)
    assert answer.status_code == 201
    here = answer.json()["links"]["self"]
    for headers in (reader, monitor):
        assert problem(post(locked, dark, headers)) == (403, "scope")
        assert problem(locked.delete(here, headers=headers)) == (403, "scope")
    assert problem(locked.get(here, headers=sender)) == (403, "scope")
    assert locked.get("/metrics", headers=monitor).status_code == 200
    assert problem(locked.get("/metrics", headers=reader)) == (403, "scope")


def test_nobody_sees_what_is_anothers(locked: TestClient, dark: bytes):
    mine, other, admin = key(locked), key(locked), key(locked, "admin")
    scan = post(locked, dark, mine).json()
    job = locked.post("/v1/jobs", files={"file": ("a.png", dark)}, headers=mine).json()
    for path in (
        *(f"{scan['links']['self']}{part}" for part in ("", "/picture", "/report.json", "/report.html")),
        f"{scan['links']['self']}/overlay/heatmap.png", job["links"]["self"], job["links"]["events"],
    ):  # fmt: skip
        assert problem(locked.get(path, headers=other)) == (404, "not_found"), path
    for path in (scan["links"]["self"], job["links"]["self"]):
        assert problem(locked.delete(path, headers=other)) == (404, "not_found")
    assert locked.get("/v1/scans", headers=other).json()["total"] == 0
    assert locked.get("/v1/scans", headers=mine).json()["total"] == 2
    assert locked.get(scan["links"]["self"], headers=admin).status_code == 200
    assert locked.delete(scan["links"]["self"], headers=mine).status_code == 204


def test_requests_and_pictures_are_bounded_and_the_headers_say_so(locked: TestClient, dark: bytes):
    few = key(locked, per_minute=3)
    said = [locked.get("/v1/scans", headers=few) for _ in range(4)]
    assert [answer.status_code for answer in said] == [200, 200, 200, 429]
    assert said[0].headers["ratelimit-policy"] == '"requests";q=3;w=60'
    assert said[0].headers["ratelimit"].startswith('"requests";r=2;t=')
    assert problem(said[3]) == (429, "too_many_requests") and int(said[3].headers["retry-after"]) >= 1
    daily = key(locked, per_day=1)
    first = post(locked, dark, daily)
    assert first.status_code == 201 and ', "pictures";r=0;t=' in first.headers["ratelimit"]
    refused = post(locked, dark, daily)
    assert problem(refused) == (429, "quota") and int(refused.headers["retry-after"]) > 0


def test_keys_are_made_listed_and_revoked_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["keys", *words, "--folder", str(tmp_path)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    code, made = run("add", "newsroom", "--scopes", "scan,read")
    assert code == 0 and made.startswith("fauxto_")
    code, listed = run("list")
    assert "newsroom" in listed and "valid" in listed and made.split("_", 2)[2].strip() not in listed
    assert run("revoke", made.split("_")[1])[0] == 0
    assert "revoked" in run("list")[1]
    assert run("revoke", "nobody")[0] == 2
    assert run("add", "x", "--scopes", "everything")[0] == 2


def test_beyond_loopback_a_key_has_to_be_there_first(tmp_path: Path):
    settings = Settings(tmp_path, host="0.0.0.0", port=0)
    with pytest.raises(PolicyError, match="there is no key yet") as refused:
        serve(settings, print)
    assert "fauxto keys add NAME" in refused.value.fix
    assert settings.keys_needed and not Settings(tmp_path).keys_needed
    assert Settings(tmp_path, hosts=("fauxto.example.org",)).keys_needed, "others come through a proxy"
    from fauxto.serve.store.database import Database  # noqa: PLC0415

    database = Database(settings.url)
    with database.write() as session:
        keys.add(session, "a")
    database.close()
    check_keys(settings)
