"""The service does what its OpenAPI says: schemathesis makes requests from it and checks the answers."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.serve.server import Server

EXAMPLES = 2
"""Random requests for each operation; `st run ADDRESS/openapi.json` makes a hundred."""

CONFIG = """
[[operations]]
include-name = ["POST /v1/scans", "POST /v1/jobs"]
checks.positive_data_acceptance.enabled = false
"""
"""All requests come with one Idempotency-Key, whatever their bodies: a service has to refuse that, and ours says so."""


@pytest.fixture
def address(tmp_path: Path, model: str):
    server = Server(tmp_path / "service", model)
    yield str(server.client.base_url).rstrip("/")
    server.kill()


def test_requests_made_from_the_description_are_answered_as_it_says(address: str, tmp_path: Path):
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    st = Path(sys.executable).with_name("st")
    words = ["--seed", "1", "--max-examples", str(EXAMPLES), "--phases", "examples,coverage,fuzzing", "--no-color"]
    run = subprocess.run(
        [st, "--config-file", config, "run", f"{address}/openapi.json", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Tested: " in run.stdout, run.stdout + run.stderr
    assert run.returncode == 0, run.stdout + run.stderr
