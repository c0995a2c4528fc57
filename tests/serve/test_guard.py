"""What a browser is told and what a foreign page cannot do."""

import re

import pytest
from starlette.testclient import TestClient

from fauxto.serve.app import UI
from tests.serve.conftest import problem


@pytest.mark.parametrize("path", ["/", "/v1/scans", "/v1/nothing", "/healthz"])
def test_every_answer_carries_the_headers(client: TestClient, path: str):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "set-cookie" not in headers and "server" not in headers
    assert ("no-store" in headers.get("cache-control", "")) == path.startswith("/v1")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254", "", "a b", "[::1"])
def test_another_name_for_this_machine_is_refused(client: TestClient, host: str):
    """DNS rebinding: a page of evil.example has its own name lead to 127.0.0.1."""
    assert problem(client.get("/v1/scans", headers={"Host": host})) == (421, "foreign_host")


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "[::1]:1", "LOCALHOST:80"])
def test_the_names_of_this_machine_are_its_own(client: TestClient, host: str):
    assert client.get("/v1/scans", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    ],
)  # fmt: skip
def test_a_foreign_page_changes_nothing(client: TestClient, dark: bytes, headers: dict[str, str]):
    answer = client.post("/v1/scans", files={"file": ("a.png", dark)}, headers=headers)
    assert problem(answer) == (403, "foreign_origin")
    assert problem(client.delete("/v1/scans/" + "0" * 32, headers=headers)) == (403, "foreign_origin")


def test_the_own_page_may(client: TestClient, dark: bytes):
    headers = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/scans", files={"file": ("a.png", dark)}, headers=headers).status_code == 201


def test_a_flood_of_headers_is_refused(client: TestClient):
    assert client.get("/healthz", headers={"X-Long": "x" * 30_000}).status_code == 200
    for headers in ({"X-Long": "x" * 33_000}, {f"X-{i}": "x" * 400 for i in range(90)}):
        assert problem(client.get("/healthz", headers=headers)) == (431, "headers_too_large")


def test_other_origins_are_given_no_leave_to_read(client: TestClient):
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/v1/scans", headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/..%2f..%2fschema.py", "/%2e%2e/app.py", "//etc/passwd", "/js/../../app.py"]
)
def test_only_the_page_is_served(client: TestClient, path: str):
    answer = client.get(path)
    assert answer.status_code in (404, 422) and "import" not in answer.text


def test_the_page_asks_no_third_party_for_anything():
    loaded = re.compile(
        r"""(?:src|href)\s*=\s*["']\s*(?:https?:)?//|@import|url\(\s*["']?\s*(?:https?:)?//|import\s*\(?\s*["']https?:"""
    )
    for path in UI.rglob("*"):
        if path.suffix in {".html", ".css", ".js", ".svg"}:
            assert not loaded.search(path.read_text("utf-8")), path


def test_the_description_of_the_interface_is_whole(client: TestClient):
    described = client.get("/openapi.json").json()
    text = str(described)
    known = described["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= known.keys()
    assert "/v1/jobs/{job}/events" in described["paths"] and known["Scan"]["examples"]
    assert set(known["ScanOptions"]["properties"]) >= {"fpr", "stability", "heatmap"}
    assert not {"model", "backend", "limits", "memory", "allow_network"} & set(known["ScanOptions"]["properties"])


def test_every_error_is_described_as_the_problem_that_it_is(client: TestClient):
    for path, route in client.get("/openapi.json").json()["paths"].items():
        for method, operation in route.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


def test_the_examples_are_true_to_the_schema():
    from fauxto.serve import schema  # noqa: PLC0415

    for shape in (schema.Scan, schema.Job, schema.Summary, schema.Problem, schema.Address, schema.AuditLine):
        examples = shape.model_json_schema()["examples"]
        assert examples, f"{shape.__name__} shows none"
        for example in examples:
            understood = shape.model_validate(example)
            assert understood.model_dump(mode="json", by_alias=True, exclude_unset=True) == example


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/v1/scans", "GET, POST"), ("/v1/jobs", "POST"), (f"/v1/scans/{'0' * 32}", "DELETE, GET"), ("/", "GET, HEAD")],
)
def test_a_wrong_method_is_told_the_right_ones(client: TestClient, path: str, methods: str):
    for method in ["OPTIONS", "PUT", *(["GET"] if path == "/v1/jobs" else [])]:
        answer = client.request(method, path)
        assert problem(answer) == (405, "method") and answer.headers["allow"] == methods


def test_readiness_and_health(client: TestClient):
    client.get("/v1/scans")
    assert client.get("/healthz").json() == client.get("/readyz").json() == {"status": "ok"}


def test_a_fault_of_ours_is_a_problem_without_details(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    def fault() -> int:
        raise RuntimeError("secret")

    monkeypatch.setattr(client.app.state.service, "depth", fault)
    answer = client.get("/readyz")
    assert problem(answer) == (500, "internal") and "secret" not in answer.text


def test_systems_and_ledger_say_nothing_of_this_machine(client: TestClient):
    systems = client.get("/v1/systems")
    assert {row["slug"] for row in systems.json()} >= {"npr", "house"}
    assert str(UI.parent) not in systems.text
    assert client.get("/v1/systems/npr").json()["card"]["title"]
    assert problem(client.get("/v1/systems/nothing")) == (404, "not_found")
    assert client.get("/v1/ledger").json()["entries"]
