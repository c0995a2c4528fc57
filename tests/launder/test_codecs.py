"""JPEG and WebP against the published IJG formula and against Pillow reading the file back."""

import io

import numpy as np
import pytest
from PIL import Image

from fauxto import launder
from fauxto.errors import InputError

# The luminance table of the JPEG standard (Annex K.1), row by row.
LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def picture(height: int = 40, width: int = 56, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("quality", range(1, 101))
def test_quantization_table_is_the_ijg_formula(quality: int) -> None:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    expected = np.clip((LUMINANCE * scale + 50) // 100, 1, 255)
    table = opened(launder.ship(picture(8, 8), f"jpeg:{quality}").data).quantization[0]
    assert sorted(table) == sorted(expected.ravel().tolist())
    assert table[0] == expected[0, 0] and table[1] in (expected[0, 1], expected[1, 0])


@pytest.mark.parametrize(("word", "sampling"), [("420", (2, 2)), ("422", (2, 1)), ("444", (1, 1))])
@pytest.mark.parametrize("quality", [30, 75, 100])
def test_subsampling_is_in_the_frame_header(word: str, sampling: tuple[int, int], quality: int) -> None:
    image = opened(launder.ship(picture(), f"jpeg:{quality},subsampling={word}").data)
    assert image.layer[0][1:3] == sampling  # type: ignore[attr-defined]


def test_subsampling_is_420_unless_told_otherwise() -> None:
    image = opened(launder.ship(picture(), "jpeg:100").data)
    assert image.layer[0][1:3] == (2, 2)  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["baseline", "progressive"])
def test_mode_changes_the_file_and_not_the_pixels(mode: str) -> None:
    shipment = launder.ship(picture(), f"jpeg:75,mode={mode}")
    assert bool(opened(shipment.data).info.get("progressive")) == (mode == "progressive")
    assert np.array_equal(shipment.pixels, launder.apply(picture(), "jpeg:75"))


@pytest.mark.parametrize("chain", ["jpeg:60", "webp:60"])
def test_pixels_are_those_of_the_file(chain: str) -> None:
    shipment = launder.ship(picture(), chain)
    assert np.array_equal(shipment.pixels, np.asarray(opened(shipment.data).convert("RGB")))
    assert shipment.record.steps[-1]["bytes"] == len(shipment.data or b"")


@pytest.mark.parametrize("codec", ["jpeg", "webp"])
def test_lower_quality_is_a_smaller_file_and_a_larger_error(codec: str) -> None:
    x = np.asarray(Image.fromarray(picture(16, 16)).resize((128, 128), Image.Resampling.BICUBIC))
    shipments = [launder.ship(x, f"{codec}:{quality}") for quality in (95, 60, 20)]
    sizes = [len(shipment.data or b"") for shipment in shipments]
    errors = [np.abs(shipment.pixels.astype(int) - x).mean() for shipment in shipments]
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)


def test_png_is_the_identity() -> None:
    assert np.array_equal(launder.apply(picture(), "png"), picture())


def test_a_side_longer_than_the_codec_holds_is_refused() -> None:
    with pytest.raises(InputError, match="16383"):
        launder.apply(np.zeros((1, 16384, 3), np.uint8), "webp:80")
