"""Given quantization tables: Pillow's `qtables` to the byte, and read back by our own header reader."""

import io

import numpy as np
import pytest
from PIL import Image

from fauxto import launder
from fauxto.errors import InputError
from fauxto.launder.jpeg_tables import PRESETS, tables_of, text_of
from fauxto.media.jpeg import read_header
from fauxto.media.quantization import STANDARD_CHROMA, STANDARD_LUMA, scaled

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (41, 58, 3), dtype=np.uint8)
OWN = [tuple(int(value) for value in rng.integers(1, 256, 64)) for _ in range(3)]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(("word", "pillow"), [("420", "4:2:0"), ("422", "4:2:2"), ("444", "4:4:4")])
def test_the_file_is_pillows_with_qtables(count, word, pillow):
    buffer = io.BytesIO()
    Image.fromarray(X).save(buffer, "JPEG", qtables=OWN[:count], subsampling=pillow)
    shipped = launder.ship(X, f"jpeg_tables:{text_of(OWN[:count])},{word}")
    assert shipped.data == buffer.getvalue()
    assert np.array_equal(shipped.pixels, np.asarray(Image.open(buffer)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_tables_in_the_file_are_those_given(count):
    shipped = launder.ship(X, f"jpeg_tables:{text_of(OWN[:count])},444,progressive")
    header = read_header(shipped.data)
    assert [header.quantization[plane.table] for plane in header.components] == (
        OWN[:count] + 2 * OWN[count - 1 : count]
    )[:3]
    assert header.progressive and header.subsampling == "4:4:4"


@pytest.mark.parametrize("name", PRESETS)
def test_photoshops_tables_are_in_the_file_as_pillow_has_them(name):
    found = Image.open(io.BytesIO(launder.ship(X, f"jpeg_tables:{name}").data)).quantization
    assert [tuple(found[i]) for i in sorted(found)] == list(PRESETS[name])


@pytest.mark.parametrize("quality", [10, 50, 83, 100])
def test_the_standard_tables_given_are_the_quality(quality):
    tables = text_of([scaled(STANDARD_LUMA, quality), scaled(STANDARD_CHROMA, quality)])
    assert launder.ship(X, f"jpeg_tables:{tables}").data == launder.ship(X, f"jpeg:{quality}").data


def test_the_record_spells_the_tables_out_and_replays():
    shipped = launder.ship(X, f"jpeg_tables:{text_of(OWN).replace('/', '  /  ')},mode=progressive|jpeg_tables:low")
    assert shipped.record.steps[0]["step"] == f"jpeg_tables:tables={text_of(OWN)},subsampling=420,mode=progressive"
    assert np.array_equal(launder.replay(X, shipped.record), shipped.pixels)
    assert tables_of(text_of(OWN)) == OWN


@pytest.mark.parametrize(
    "text",
    ["web", "", "1 2 3", " ".join(["0"] * 64), " ".join(["256"] * 64), "/".join([text_of(OWN[:1])] * 4), "-1 " * 64],
)
def test_what_is_no_table_is_refused(text):
    with pytest.raises(InputError, match="64 whole numbers from 1 to 255") as caught:
        launder.parse(f"jpeg_tables:tables={text}")
    assert "web_high" in caught.value.fix
