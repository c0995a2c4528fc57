import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fauxto.run.options import Options
from fauxto.serve.app import create_app
from fauxto.serve.settings import Settings
from tests.run import tiny
from tests.run.conftest import model
from tests.serve import postgres

__all__ = ["model"]

HOME = "http://127.0.0.1:8765"
Open = Callable[..., TestClient]


@pytest.fixture(scope="session")
def dark(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return tiny.write_picture(tmp_path_factory.mktemp("dark") / "a.png", tiny.DARK).read_bytes()


@pytest.fixture(scope="session")
def bright(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return tiny.write_picture(tmp_path_factory.mktemp("bright") / "a.png", tiny.BRIGHT).read_bytes()


@contextmanager
def opened(folder: Path, model: str, **settings: Any) -> Iterator[TestClient]:
    """A running service of one worker, and a client of it."""
    options = settings.pop("options", Options(model=model))
    app = create_app(Settings(folder, workers=1, options=options, **settings))
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def client(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service for all tests that do not mind what others have sent."""
    with opened(tmp_path_factory.mktemp("service"), model, max_bytes=200_000, max_files=6) as client:
        yield client


@pytest.fixture
def start(model: str, tmp_path: Path) -> Iterator[Open]:
    """Opens services with settings of their own, in `tmp_path / "service"`."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(opened(tmp_path / "service", model, **settings))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a private PostgreSQL server."""
    with postgres.cluster() as url:
        yield url


def send(client: TestClient, picture: bytes, name: str = "a.png", **options: Any) -> dict[str, Any]:
    """The answer to one picture."""
    answer = client.post("/v1/scans", files={"file": (name, picture)}, data={"options": json.dumps(options)})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def problem(answer: Any) -> tuple[int, str]:
    """Status and code of a problem, which has to be complete."""
    said = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["status"] == answer.status_code and said["title"] and said["detail"] and said["fix"]
    assert said["type"] == f"urn:fauxto:{said['code']}"
    return answer.status_code, said["code"]
