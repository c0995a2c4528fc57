"""Previews for a report: the pixels that were scanned, or the reason why there are none."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fauxto
from fauxto.errors import ResourceError
from fauxto.run.options import Options
from fauxto.run.pool import Pool
from fauxto.run.preview import Previews
from tests.run import tiny


def test_the_pixels_are_those_of_the_file_even_if_its_name_is_no_text(tmp_path: Path, model: str):
    path = tiny.write_picture(tmp_path / "a.png", 60)
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9 \\x41.png")
    os.link(path, odd)
    found = [fauxto.scan(path, model=model), fauxto.scan(os.fsdecode(odd), model=model)]
    with Previews(Options(model=model)) as previews:
        assert np.array_equal(previews(found[0]), np.asarray(Image.open(path)))
        assert previews(replace(found[0], path="http://localhost/a.png")) is None
        path.write_bytes(tiny.write_picture(tmp_path / "b.png", 90).read_bytes())
        with pytest.raises(ResourceError, match="not the file that was scanned"):
            previews(found[0])
        os.unlink(odd)
        with pytest.raises(ResourceError, match="no such file"):
            previews(found[1])


def test_an_odd_name_is_found_again(tmp_path: Path, model: str):
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")
    os.rename(tiny.write_picture(tmp_path / "a.png", 60), odd)
    found = fauxto.scan(os.fsdecode(odd), model=model)
    with Previews(Options(model=model)) as previews:
        assert previews(found).shape == (48, 48, 3)


@pytest.mark.parametrize("answer", [None, b"", b"=", b"=\0\0\0\x09", b"=\xff\xff\xff\xff\xff\xff\xff\xff1234", b"x"])
def test_an_answer_that_is_no_picture_is_an_error(monkeypatch: pytest.MonkeyPatch, answer: bytes | None):
    monkeypatch.setattr(Pool, "map", lambda self, jobs: [(None, answer)])
    with Previews(Options()) as previews, pytest.raises(ResourceError):
        previews(fauxto.Finding("a.png", sha256="0" * 64))
