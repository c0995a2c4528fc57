"""Where metadata sits in each container, and what hostile metadata may cost."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zlib

import pillow_heif
import pytest
from PIL import Image

from fauxto.errors import InputError, ResourceError
from fauxto.media.limits import Limits
from fauxto.provenance import exif, json_text, png_text, read, xmp
from tests.provenance import files
from tests.provenance.test_generators import WEBUI

CREDIT = "Made with Google AI"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_an_exif_block_that_pillow_wrote_is_read(format: str) -> None:
    block = Image.Exif()
    block[0x0131] = "AI generated;txt2img;flux"
    block.get_ifd(0x8769)[0x9286] = files.user_comment(WEBUI)
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, format, exif=block)
    found = read(out.getvalue())
    assert {tag.generator for tag in found.tags} == {"Black Forest Labs", "Stable Diffusion web UI"}


def test_a_heif_carries_both() -> None:
    block = Image.Exif()
    block[0x0131] = "AI generated;txt2img;flux"
    out = io.BytesIO()
    picture = pillow_heif.from_pillow(Image.new("RGB", (16, 16)))
    picture.save(out, exif=block.tobytes(), xmp=files.xmp(photoshop__Credit=CREDIT))
    assert {tag.generator for tag in read(out.getvalue()).tags} == {"Black Forest Labs", "Google AI"}


def test_the_xmp_block_of_a_gif_is_read() -> None:
    """Adobe's trick: the packet lies bare, and 256 descending bytes lead any reader of blocks out of it."""
    plain, packet = files.picture("GIF"), files.xmp(photoshop__Credit=CREDIT)
    start = 13 + 3 * 2 ** ((plain[10] & 7) + 1)
    block = b"\x21\xff\x0bXMP DataXMP" + packet + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    assert [tag.generator for tag in read(plain[:start] + block + plain[start:]).tags] == ["Google AI"]


def test_the_directories_of_a_tiff_are_its_exif() -> None:
    bare = files.exif(Software="AI generated;txt2img;flux", UserComment=files.user_comment(WEBUI))
    assert {tag.generator for tag in read(bare).tags} == {"Black Forest Labs", "Stable Diffusion web UI"}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_xmp_packet_that_pillow_wrote_is_read(format: str) -> None:
    packet = files.xmp(photoshop__Credit=CREDIT)
    out = io.BytesIO()
    if format == "PNG":
        out.write(files.png_xmp(photoshop__Credit=CREDIT))
    elif format == "TIFF":
        Image.new("RGB", (16, 16)).save(out, format, tiffinfo={700: packet})
    else:
        Image.new("RGB", (16, 16)).save(out, format, xmp=packet)
    assert [tag.generator for tag in read(out.getvalue()).tags] == ["Google AI"]


def test_extended_xmp_is_put_together_by_offset() -> None:
    packet = files.xmp(photoshop__Credit=CREDIT)
    half = len(packet) // 2
    pieces = [
        b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">II", len(packet), at) + piece
        for at, piece in ((half, packet[half:]), (0, packet[:half]))
    ]
    found = read(files.jpeg(*(files.segment(0xE1, piece) for piece in pieces)))
    assert [tag.generator for tag in found.tags] == ["Google AI"]


@pytest.mark.parametrize(
    ("key", "block"),
    [
        ("Raw profile type exif", b"Exif\0\0" + files.exif(Make="Ideogram AI")),
        ("Raw profile type APP1", b"Exif\0\0" + files.exif(Make="Ideogram AI")),
        ("Raw profile type xmp", files.xmp(photoshop__Credit=CREDIT)),
    ],
)
@pytest.mark.parametrize("kind", ["tEXt", "zTXt"])
def test_a_raw_profile_is_unwrapped(key: str, block: bytes, kind: str) -> None:
    text = f"\nexif\n{len(block):8}\n" + "\n".join(block.hex()[i : i + 72] for i in range(0, 2 * len(block), 72))
    found = read(files.png(files.text(key, text, kind)))
    assert found.summary == "ai_generated"


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt compressed"])
def test_pillow_agrees_on_png_texts(kind: str) -> None:
    data = files.png(files.text("parameters", WEBUI, kind))
    assert Image.open(io.BytesIO(data)).text["parameters"] == WEBUI  # type: ignore[attr-defined]
    (tag,) = read(data).tags
    assert tag.prompt == "a lighthouse, storm"


def test_later_duplicates_are_reported_beside_the_first() -> None:
    other = WEBUI.replace("Seed: 42", "Seed: 43")
    tags = read(files.png(files.text("parameters", WEBUI), files.text("parameters", other))).tags
    assert len(tags) == 2
    assert {"Seed: 42" in tag.value for tag in tags} == {True, False}


def test_a_prompt_is_kept_short_and_redacted_unless_asked_for() -> None:
    secret = "my neighbour " * 500
    found = read(files.png_texts(parameters=WEBUI.replace("a lighthouse, storm", secret)))
    shown = json.dumps([found.to_dict(), [e.value for e in found.evidence()], [e.statement for e in found.evidence()]])
    assert "neighbour" not in shown
    assert "[redacted]" in shown
    asked = found.to_dict(prompts=True)["tags"][0]["prompt"]
    assert asked.startswith("my neighbour")
    assert len(asked) <= 200


def test_hostile_characters_come_out_as_encodable_printable_text() -> None:
    lone = json.dumps({"prompt": "p", "negative_prompt": "", "base_model": "a\ud800\u202eb\0c", "x": float("nan")})
    found = read(files.png_texts(Comment=lone))
    text = json.dumps(found.to_dict(prompts=True), ensure_ascii=False, allow_nan=False)
    assert text.encode().isascii() or "\\ud800" not in text
    assert found.tags[0].value == "a? b c"


# What cannot be read is said, and costs little.


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta",
        b"<a/><b/>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
        b'<?xml version="1.0" encoding="no-such-thing"?><a/>',
        b"<unbound:a/>",
    ],
)
def test_a_packet_that_is_no_sound_xml_is_unreadable(packet: bytes) -> None:
    found = read(files.webp(XMP=packet))
    assert [(tag.strength, tag.points_to) for tag in found.tags] == [("none", "none")]
    assert found.summary == "unknown"
    assert [e.strength for e in found.evidence()] == ["none"]


def test_a_billion_laughs_do_not_expand() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE l [<!ENTITY l0 "ha">{entities}]><l>&l9;</l>'.encode()
    with pytest.raises(xmp.BadPacket, match="document type"):
        list(xmp.properties(bomb))


def test_deeply_nested_xml_and_json_are_harmless() -> None:
    deep = b"<a>" * 200_000 + b"</a>" * 200_000
    assert read(files.webp(XMP=deep)).summary == "unknown"
    assert json_text.load_object('{"a":' * 200_000 + "1" + "}" * 200_000) is None
    assert json_text.load_object('{"a": ' + "9" * 10_000 + "}") is None


@pytest.mark.parametrize("kind", ["zTXt", "iTXt compressed"])
def test_a_zip_bomb_costs_no_more_than_the_limit(kind: str) -> None:
    bomb = files.text("parameters", "a" * 64 * 2**20, kind)
    data = files.png(*[bomb] * 30)
    tracemalloc.start()
    found = read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {tag.strength for tag in found.tags} == {"none"}
    assert peak < 8 * png_text.MAX_TEXT


@pytest.mark.parametrize(
    "chunk",
    [
        files.chunk("tEXt", b""),
        files.chunk("tEXt", b"no keyword ends"),
        files.chunk("zTXt", b"key\0\0not deflate"),
        files.chunk("zTXt", b"key\0\7" + zlib.compress(b"x")),
        files.chunk("zTXt", b"key\0\0" + zlib.compress(b"x" * 1000)[:-6]),
        files.chunk("iTXt", b"key\0\1\7\0\0" + zlib.compress(b"x")),
        files.chunk("iTXt", b"key\0"),
    ],
)
def test_a_malformed_text_chunk_is_unreadable_and_the_rest_is_read(chunk: bytes) -> None:
    found = read(files.png(chunk, files.text("parameters", WEBUI)))
    assert sorted(tag.strength for tag in found.tags) == ["none", "strong"]
    assert found.summary == "ai_generated"


def test_directories_that_point_in_circles_end() -> None:
    block = bytearray(files.exif(Make="Ideogram AI"))
    struct.pack_into("<I", block, 8 + 2 + 12, 8)  # the next directory is this one
    assert list(exif.fields(bytes(block))) == [("Make", "Ideogram AI")]


def test_thousands_of_tags_over_the_same_bytes_are_read_up_to_the_budget() -> None:
    entry = struct.pack("<HHII", 0x010E, 2, 2**20, 65_536)
    block = (b"II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entry * 5000).ljust(65_536, b"\0")
    values = list(exif.fields(block + b"a" * 2**20))
    assert len(values) == exif.MAX_BLOCK // 2**20
    assert read(files.png(files.chunk("eXIf", block + b"a" * 2**20))).summary == "unknown"


def test_too_many_texts_are_cut_off_with_a_note() -> None:
    found = read(files.png(*[files.text("a", "b")] * 2000, files.text("parameters", WEBUI)))
    assert [tag.strength for tag in found.tags] == ["none"]


def test_metadata_over_the_limits_is_a_tag_and_a_file_over_them_an_error() -> None:
    data = files.png(files.text("parameters", "a" * 5000))
    found = read(data, limits=Limits(max_metadata=1000))
    assert (found.summary, [tag.strength for tag in found.tags]) == ("unknown", ["none"])
    with pytest.raises(ResourceError):
        read(data, limits=Limits(max_bytes=1000))


@pytest.mark.parametrize("data", [b"", b"rubbish", b"%PDF-1.7"])
def test_what_is_no_picture_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError):
        read(data)
