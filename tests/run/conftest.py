from pathlib import Path

import pytest

from tests.run import tiny


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.write_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures: two dark, two bright."""
    for index, level in enumerate([tiny.DARK, tiny.BRIGHT, tiny.DARK, tiny.BRIGHT]):
        tiny.write_picture(tmp_path / "pictures" / f"{index}.png", level, seed=index)
    return tmp_path / "pictures"
