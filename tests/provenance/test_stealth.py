"""Settings in the lowest bits: an encoder of our own, bit by bit as the format is described."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.provenance.stealth import read_stealth
from tests.provenance.test_generators import NOVELAI, WEBUI


def hide(pixels: np.ndarray, mark: str, payload: bytes, bits: int | None = None) -> np.ndarray:
    """Write the stream one bit at a time: x outer, y inner, then the channels of the plane."""
    stream = mark.encode() + (8 * len(payload) if bits is None else bits).to_bytes(4, "big") + payload
    values = [byte >> shift & 1 for byte in stream for shift in range(7, -1, -1)]
    channels = [3] if "png" in mark else [0, 1, 2]
    places = ((y, x, c) for x in range(pixels.shape[1]) for y in range(pixels.shape[0]) for c in channels)
    marked = pixels.copy()
    for place, value in zip(places, values, strict=False):
        marked[place] = marked[place] & 0xFE | value
    return marked


def noise(height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(61, 97), (97, 61), (128, 40)])
@pytest.mark.parametrize(
    ("mark", "channels"),
    [("stealth_pnginfo", 4), ("stealth_pngcomp", 4), ("stealth_rgbinfo", 3), ("stealth_rgbcomp", 4)],
)
def test_hidden_settings_are_read(shape: tuple[int, int], mark: str, channels: int) -> None:
    payload = gzip.compress(WEBUI.encode()) if mark.endswith("comp") else WEBUI.encode()
    (tag,) = read_stealth(hide(noise(*shape, channels), mark, payload))
    assert (tag.standard, tag.generator, tag.points_to) == ("stealth", "Stable Diffusion web UI", "generated")
    assert tag.prompt == "a lighthouse, storm"


def test_novelai_hides_its_texts_as_one_object() -> None:
    payload = gzip.compress(json.dumps({"Software": "NovelAI", "Comment": json.dumps(NOVELAI)}).encode())
    tags = read_stealth(hide(noise(80, 80, 4), "stealth_pngcomp", payload))
    assert {tag.generator for tag in tags} == {"NovelAI"}


def test_one_lost_column_or_another_order_hides_it_for_good() -> None:
    marked = hide(noise(128, 64, 4), "stealth_pnginfo", WEBUI.encode())
    assert read_stealth(marked)
    assert read_stealth(marked[:, 1:]) == []
    assert read_stealth(np.ascontiguousarray(marked.transpose(1, 0, 2))) == []


@pytest.mark.parametrize("bits", [0, 7, 2**32 - 1])
def test_a_false_length_is_bounded(bits: int) -> None:
    for mark in ("stealth_pnginfo", "stealth_pngcomp"):
        assert len(read_stealth(hide(noise(32, 32, 4), mark, b"", bits))) <= 1


def test_a_bomb_inflates_no_further_than_the_limit() -> None:
    payload = gzip.compress(bytes(64 * 2**20))
    (tag,) = read_stealth(hide(noise(800, 800, 4), "stealth_pngcomp", payload))
    assert tag.generator is None


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4]), st.binary(max_size=64))
def test_no_picture_and_no_payload_raises(height: int, width: int, channels: int, payload: bytes) -> None:
    plain = noise(height, width, channels)
    assert read_stealth(plain) == []
    for mark in ("stealth_rgbinfo", "stealth_rgbcomp"):
        read_stealth(hide(plain, mark, payload))


def test_pixels_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError):
        read_stealth(np.zeros((4, 4), np.uint8))
