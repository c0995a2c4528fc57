"""Signed manifests: made with a chain of our own, read with and without its anchor, whole and altered."""

from __future__ import annotations

import io
import json
import socket
import sys
import threading
import zlib
from collections.abc import Iterator

import pytest
from c2pa import C2paError, Context, Reader
from PIL import Image

from fauxto.errors import InputError
from fauxto.media.container import walk
from fauxto.provenance import c2pa, read
from tests.provenance import files
from tests.provenance.signing import CAPTURE, TRAINED, Authority, authority, manifest, sign

CREATED = {"action": "c2pa.created", "digitalSourceType": TRAINED, "softwareAgent": {"name": "Model 1"}}
SHOT = {"action": "c2pa.created", "digitalSourceType": CAPTURE}
EDIT = {"action": "c2pa.color_adjustments"}


@pytest.fixture(scope="module")
def alpha() -> Authority:
    return authority("Alpha")


@pytest.fixture(scope="module")
def beta() -> Authority:
    return authority("Beta")


def signed_png(by: Authority, *actions: dict[str, object]) -> bytes:
    return sign(files.picture("PNG"), "image/png", manifest(*actions or (CREATED,)), by)


def edited_png(by: Authority, parent: bytes, **kwargs: bytes) -> bytes:
    return sign(files.picture("PNG"), "image/png", manifest(EDIT), by, parent=parent, **kwargs)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF", "HEIF"])
def test_an_anchor_makes_an_intact_manifest_decisive_and_nothing_else_does(
    format: str, alpha: Authority, beta: Authority
) -> None:
    data = sign(files.picture(format), f"image/{format.lower()}", manifest(CREATED), alpha)
    trusted = read(data, trust_anchors=alpha.anchors)
    assert (trusted.state, trusted.summary, trusted.decisive) == ("trusted", "ai_generated", True)
    assert (trusted.c2pa.issuer, trusted.c2pa.generator) == ("Alpha", "Test Generator")
    assert trusted.c2pa.digital_source_type == "trainedAlgorithmicMedia"
    assert [e.strength for e in trusted.evidence()] == ["proof"]
    for anchors in (None, beta.anchors):
        unknown = read(data, trust_anchors=anchors)
        assert (unknown.state, unknown.summary) == ("valid_unknown_signer", "ai_generated")
        assert not unknown.decisive
        assert unknown.c2pa.failures == ("signingCredential.untrusted",)
        assert [e.strength for e in unknown.evidence()] == ["strong"]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF", "AVIF", "HEIF"])
def test_one_altered_pixel_byte_breaks_the_manifest(format: str, alpha: Authority) -> None:
    plain = files.picture(format, 64)
    data = bytearray(sign(plain, f"image/{format.lower()}", manifest(CREATED), alpha))
    # Some bytes from the middle of the coded picture: flip one of them.
    middle = len(plain) * 2 // 3
    data[data.index(plain[middle : middle + 12])] ^= 1
    found = read(bytes(data), trust_anchors=alpha.anchors)
    assert (found.state, found.decisive) == ("broken", False)
    assert any(code.endswith("Hash.mismatch") for code in found.c2pa.failures)
    assert [e.strength for e in found.evidence()] == ["weak"]


def test_a_byte_changed_inside_the_manifest_never_changes_what_is_trusted(alpha: Authority) -> None:
    """Padding may change without harm; a statement may not."""
    data = signed_png(alpha)
    whole = read(data, trust_anchors=alpha.anchors)
    store = next(part for part in walk(data).parts if part.name == "caBX")
    refused = 0
    for offset in range(store.offset, store.offset + store.length, 29):
        altered = bytearray(data)
        altered[offset] ^= 0x20
        found = read(bytes(altered), trust_anchors=alpha.anchors)
        assert found.c2pa == whole.c2pa or not found.decisive, offset
        refused += found.state in {"broken", "unreadable"}
    assert refused > 40


def test_a_trusted_camera_is_decisive_for_a_camera(alpha: Authority) -> None:
    found = read(signed_png(alpha, SHOT), trust_anchors=alpha.anchors)
    assert (found.summary, found.decisive) == ("camera", True)


def test_a_model_in_a_later_action_or_an_ingredient_is_an_edit(alpha: Authority) -> None:
    fill = {"action": "c2pa.edited", "digitalSourceType": TRAINED}
    assert read(signed_png(alpha, SHOT, fill), trust_anchors=alpha.anchors).summary == "ai_edited"
    placed = sign(files.picture("PNG"), "image/png", manifest(SHOT, EDIT), alpha, part=signed_png(alpha))
    for data in (placed, edited_png(alpha, signed_png(alpha))):
        found = read(data, trust_anchors=alpha.anchors)
        assert (found.state, found.summary, found.decisive) == ("trusted", "ai_edited", True)
        assert len(found.c2pa.ingredients_ai) == 1


def test_an_ingredient_signed_by_a_stranger_is_no_proof(alpha: Authority, beta: Authority) -> None:
    """Anyone can sign a false statement and have a trusted editor take the file up."""
    found = read(edited_png(alpha, signed_png(beta)), trust_anchors=alpha.anchors)
    assert (found.state, found.summary, found.decisive) == ("trusted", "ai_edited", False)
    both = read(edited_png(alpha, signed_png(beta)), trust_anchors=alpha.anchors + beta.anchors)
    assert both.decisive


def test_a_manifest_that_only_wraps_speaks_with_the_voice_of_what_it_wraps(alpha: Authority, beta: Authority) -> None:
    wrapped = sign(files.picture("PNG"), "image/png", manifest(), alpha, parent=signed_png(alpha))
    found = read(wrapped, trust_anchors=alpha.anchors)
    assert (found.summary, found.decisive) == ("ai_generated", True)
    foreign = sign(files.picture("PNG"), "image/png", manifest(), alpha, parent=signed_png(beta))
    assert not read(foreign, trust_anchors=alpha.anchors).decisive


def test_forgeable_tags_move_a_trusted_manifest_in_no_direction(alpha: Authority) -> None:
    camera = files.jpeg_exif(Make="Canon", Model="EOS R5", FNumber="")
    made = sign(camera, "image/jpeg", manifest(CREATED), alpha)
    found = read(made, trust_anchors=alpha.anchors)
    assert (found.summary, found.decisive) == ("ai_generated", True)
    assert {tag.points_to for tag in found.tags} == {"camera"}
    assert read(made).summary == "conflict"


def test_a_file_without_manifest_never_reaches_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the native library was called")

    monkeypatch.setattr("c2pa.Reader.__init__", fail)
    for format in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF"):
        assert read(files.picture(format)).state == "none"


@pytest.mark.parametrize("junk", [b"", b"junk", b"\0\0\0\x20jumb" + b"\xff" * 24, b"\0\0\0\x08jumb" * 100])
def test_a_manifest_that_the_library_refuses_is_unreadable(junk: bytes) -> None:
    jpeg_box = b"JP\x02\x11\0\0\0\1" + struct_box(junk)
    for data in (files.png(files.chunk("caBX", junk)), files.jpeg(files.segment(0xEB, jpeg_box))):
        found = read(data)
        assert found.state in {"unreadable", "none"}
        assert not found.decisive
    assert read(files.png(files.chunk("caBX", b"junk" * 9))).state == "unreadable"


def struct_box(payload: bytes) -> bytes:
    return (len(payload) + 8).to_bytes(4, "big") + b"jumb" + payload


def test_a_manifest_over_the_limit_is_not_given_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c2pa, "MAX_MANIFEST", 100)
    found = read(files.png(files.chunk("caBX", bytes(101))))
    assert found.state == "unreadable"
    assert "101 bytes" in found.c2pa.reason


def test_anchors_may_have_comments_between_them(alpha: Authority, beta: Authority) -> None:
    text = f"# Bêta\n{beta.anchors}\n# Alpha, Inc.\n{alpha.anchors}"
    assert read(signed_png(alpha), trust_anchors=text).decisive


@pytest.mark.parametrize(
    "anchors", ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_anchors_without_a_sound_certificate_are_refused(anchors: str) -> None:
    with pytest.raises(InputError) as caught:
        read(files.picture("PNG"), trust_anchors=anchors)
    assert caught.value.code == "trust_anchors"


@pytest.fixture
def server() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine that notes what it is asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                request = connection.recv(1000)
                if request == b"stop":
                    return
                asked.append(request)

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    yield port, asked
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"stop")
    thread.join()
    listener.close()


def test_no_remote_manifest_is_fetched(server: tuple[int, list[bytes]]) -> None:
    port, asked = server
    url = f"http://127.0.0.1:{port}/manifest.c2pa"
    data = files.jpeg_xmp(dcterms__provenance=url)
    found = read(data)
    assert (found.state, found.c2pa.remote_url) == ("none", url)
    assert [e.points_to for e in found.evidence()] == ["none"]
    with pytest.raises(C2paError, match="Remote"), Context.from_dict(c2pa.settings(None)) as context:
        Reader("image/jpeg", io.BytesIO(data), context=context)
    assert asked == []
    # The control: with the library's own settings the same file makes it ask.
    with pytest.raises(C2paError, match="Remote"), Context.from_dict({}) as context:
        Reader("image/jpeg", io.BytesIO(data), context=context)
    assert len(asked) == 1
    assert asked[0].startswith(b"GET /manifest.c2pa")


def test_the_settings_allow_no_connection() -> None:
    settings = json.loads(json.dumps(c2pa.settings("PEM")))
    assert settings["verify"]["remote_manifest_fetch"] is False
    assert settings["verify"]["ocsp_fetch"] is False
    assert settings["core"]["allowed_network_hosts"] == []
    assert settings["trust"] == {"trust_anchors": "PEM"}


def test_reading_opens_no_socket(alpha: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    data = signed_png(alpha)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert read(data, trust_anchors=alpha.anchors).decisive


def shrink_padding(store: bytes, by: int) -> bytes:
    """The manifest store with `by` bytes less of signature padding, which no hash covers; every box length
    follows.
    """
    out = bytearray(store)
    pad = out.rindex(b"\x63pad\x59")

    def enclosing(start: int, end: int) -> Iterator[int]:
        while start + 8 <= end:
            length = int.from_bytes(out[start : start + 4], "big")
            if start <= pad < start + length:
                yield start
                if out[start + 4 : start + 8] == b"jumb":
                    yield from enclosing(start + 8, start + length)
            start += max(length, 8)

    fields = [(box, 4) for box in enclosing(0, len(out))] + [(pad + 5, 2)]
    for place, size in fields:
        value = int.from_bytes(out[place : place + size], "big") - by
        out[place : place + size] = value.to_bytes(size, "big")
    del out[pad + 7 : pad + 7 + by]
    return bytes(out)


def test_a_picture_smuggled_into_the_padding_of_a_manifest_is_not_trusted(alpha: Authority) -> None:
    """The bytes of the manifest are not hashed; what is put in their place must not pass for signed."""
    png = signed_png(alpha, SHOT)
    part = next(p for p in walk(png).parts if p.name == "caBX")
    pixels = files.chunk("IDAT", zlib.compress((b"\0" + bytes([255, 0, 0]) * 16) * 16))
    small = files.chunk("caBX", shrink_padding(bytes(part.data), len(pixels)))
    swapped = png[: part.offset - 8] + small + pixels + png[part.offset + part.length + 4 :]
    assert len(swapped) == len(png)
    assert Image.open(io.BytesIO(swapped)).convert("RGB").getpixel((0, 0)) == (255, 0, 0)

    jpeg = sign(files.picture("JPEG"), "image/jpeg", manifest(SHOT), alpha)
    part = next(p for p in walk(jpeg).parts if p.name == "APP11")
    tables = files.segment(0xFE, b"\xff\xdb" + bytes(60))
    box = shrink_padding(bytes(part.data[8:]), len(tables))
    held = files.segment(0xEB, bytes(part.data[:8]) + box) + tables
    filled = jpeg[: part.offset - 4] + held + jpeg[part.offset + part.length :]
    assert len(filled) == len(jpeg)

    for data in (swapped, filled):
        found = read(data, trust_anchors=alpha.anchors)
        assert (found.state, found.decisive) == ("broken", False)


def test_a_library_that_is_missing_costs_the_manifest_and_not_the_scan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = read(files.png(files.chunk("caBX", b"manifest")))
    assert found.state == "unreadable"
    assert "cannot be loaded" in found.evidence()[0].statement
