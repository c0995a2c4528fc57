"""Rubbish into every parser: nothing but the documented errors comes out, and every answer is sound JSON."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.provenance import a1111, aigc, comfyui, exif, iim, json_text, json_tools, png_text, read, xmp
from fauxto.provenance.fields import MAX_EXCERPT, Field, Fields, PointsTo, excerpt
from fauxto.provenance.generators import recognise
from fauxto.provenance.manifest import interpret
from fauxto.provenance.result import Provenance
from tests.provenance import files
from tests.provenance.test_generators import ROWS

SEEDS = [data for cases in ROWS.values() for data, _ in cases]
KEYS = [
    *("parameters", "prompt", "workflow", "Comment", "Software", "AIGC", "sd-metadata", "invokeai_metadata"),
    *("Dream", "Description", "Label", "app_id", "image", "sui_image_params", "c", "uc", "model", "sampler"),
    *("seed", "steps", "negative_prompt", "base_model", "UserComment", "Make", "Model", "ImageDescription"),
    *("Artist", "ContentProducer", "generation_mode", "app_version", "type", "nodes", "links"),
]
WORDS = st.sampled_from([*KEYS, "txt2img", "img2img", "1", "Job ID:", "Steps"])
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | WORDS
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=6,
)
POINTS = get_args(PointsTo)
OBJECT = st.dictionaries(WORDS, JSON, max_size=8)
TEXT = st.text(max_size=200) | JSON.map(json.dumps) | st.lists(WORDS).map(": ".join) | st.lists(WORDS).map(", ".join)


def check(found: Provenance) -> None:
    """The answer is JSON that can be encoded, never decisive, and its evidence has words."""
    json.dumps(found.to_dict(prompts=True), ensure_ascii=False, allow_nan=False).encode()
    assert not found.decisive
    assert all(e.statement and e.limits for e in found.evidence())
    json.dumps([e.value for e in found.evidence()], ensure_ascii=False, allow_nan=False).encode()


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_a_mutated_file_is_read_or_refused(seed: bytes, data: st.DataObject) -> None:
    mutated = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 8))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(mutated)) | st.just(len(mutated)))
    try:
        check(read(bytes(mutated[:cut])))
    except InputError as error:
        assert error.code in {"empty", "unknown_format"}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["tEXt", "zTXt", "iTXt", "eXIf", "caBX"]), st.binary(max_size=80)),
        max_size=4,
    )
)
def test_chunks_of_rubbish_are_read(chunks: list[tuple[str, bytes]]) -> None:
    check(read(files.png(*(files.chunk(name, payload) for name, payload in chunks))))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0xE1, 0xEB, 0xED, 0xFE]), st.binary(max_size=80)), max_size=4))
def test_segments_of_rubbish_are_read(segments: list[tuple[int, bytes]]) -> None:
    heads = {0xE1: b"Exif\0\0", 0xED: b"Photoshop 3.0\x008BIM\x04\x04\0\0", 0xEB: b"JP\2\x11", 0xFE: b""}
    check(read(files.jpeg(*(files.segment(m, heads[m] + payload) for m, payload in segments))))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["png-text", "exif", "xmp", "iim", "comment"]), WORDS | st.text(max_size=8), TEXT),
        max_size=6,
    )
)
def test_no_set_of_fields_breaks_a_rule(rows: list[tuple[str, str, str]]) -> None:
    tags = recognise(Fields([Field("here", standard, name, value) for standard, name, value in rows]))  # type: ignore[arg-type]
    check(Provenance(tags=tuple(tags)))


def some(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """An object with some of these fields, any of which may be of another kind."""
    return st.fixed_dictionaries({}, optional={key: kind | JSON for key, kind in fields.items()})


CODES = st.lists(some(code=st.sampled_from(["signingCredential.untrusted", "claimSignature.mismatch"])), max_size=2)
RESULT = some(success=CODES, failure=CODES)
LABEL = st.sampled_from(["a", "b", "c"])
AGENT = some(name=st.sampled_from(["DALL-E", "GPT-4o"])) | st.just("Adobe_Firefly/1.0")
ACTION = some(
    action=st.sampled_from(["c2pa.created", "c2pa.opened", "c2pa.edited"]),
    digitalSourceType=st.sampled_from(["trainedAlgorithmicMedia", "digitalCapture"]),
    softwareAgent=AGENT,
)
ACTIONS = some(label=st.just("c2pa.actions.v2"), data=some(actions=st.lists(ACTION, max_size=3)))
INGREDIENT = some(active_manifest=LABEL, label=LABEL, validation_results=some(activeManifest=RESULT), title=LABEL)
MANIFEST = some(
    label=LABEL,
    assertions=st.lists(ACTIONS, max_size=2),
    ingredients=st.lists(INGREDIENT, max_size=3),
    signature_info=some(issuer=LABEL),
    claim_generator_info=st.lists(some(name=LABEL), max_size=1),
)
DELTA = some(ingredientAssertionURI=LABEL, validationDeltas=RESULT)
STORE = some(
    active_manifest=LABEL,
    manifests=st.dictionaries(LABEL, MANIFEST),
    validation_state=st.sampled_from(["Trusted", "Valid", "Invalid"]),
    validation_results=some(activeManifest=RESULT, ingredientDeltas=st.lists(DELTA, max_size=2)),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORE, st.booleans())
def test_no_manifest_store_breaks_its_reading(store: dict, anchored: bool) -> None:
    found = interpret(store, anchored=anchored)
    assert found.state != "trusted" or (anchored and not found.failures)
    assert found.proved == "none" or found.state == "trusted"
    json.dumps(Provenance(found).to_dict(), ensure_ascii=False, allow_nan=False).encode()


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_no_text_breaks_a_text_parser(text: str) -> None:
    line = excerpt(text)
    assert len(line) <= MAX_EXCERPT and not {unicodedata.category(c) for c in line.encode().decode()} & {"Cc", "Cs"}
    for found in (a1111.parse("Steps: 20, " + text), a1111.parse(text)):
        assert found is None or isinstance(found, a1111.Parameters)
    assert aigc.read("Label" + text) is None or isinstance(aigc.read("Label" + text), aigc.Label)
    assert isinstance(json_text.load_object("{" + text + "}"), dict | None)


@settings(max_examples=150, deadline=None)
@given(OBJECT)
def test_no_object_breaks_a_json_reader(value: dict) -> None:
    for tool in (*json_tools.TOOLS, json_tools.invokeai_3):
        settings_found = tool(value)
        assert settings_found is None or isinstance(settings_found, json_tools.Settings)
    if comfyui.is_prompt(value):
        assert comfyui.read_prompt(value) in POINTS and all(isinstance(text, str) for text in comfyui.texts(value))
    if comfyui.is_workflow(value):
        assert comfyui.read_workflow(value) in POINTS


NODE = st.fixed_dictionaries(
    {
        "class_type": st.sampled_from(["KSampler", "LoadImage", "VAEEncode", "SaveImage"]),
        "inputs": st.dictionaries(
            st.sampled_from(["latent_image", "samples", "pixels", "text"]),
            JSON | st.tuples(st.sampled_from("12345"), st.just(0)).map(list),
        ),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from("12345"), NODE, min_size=1))
def test_a_graph_with_circles_ends(graph: dict) -> None:
    assert comfyui.is_prompt(graph)
    assert comfyui.read_prompt(graph) in {"generated", "edited"}


@pytest.mark.parametrize(
    ("parse", "allowed"),
    [
        (lambda raw: list(exif.fields(b"II*\0\x08\0\0\0" + raw)), ()),
        (exif.user_comment, ()),
        (lambda raw: list(iim.fields(b"Photoshop 3.0\0" + raw)), ()),
        (lambda raw: list(iim.records(memoryview(raw))), ()),
        (lambda raw: list(xmp.properties(raw)), xmp.BadPacket),
        (lambda raw: png_text.read_text("tEXt", raw), png_text.BadText),
        (lambda raw: png_text.read_text("zTXt", b"k\0\0" + raw), png_text.BadText),
        (lambda raw: png_text.read_text("iTXt", b"k\0" + raw), png_text.BadText),
    ],
)
def test_no_bytes_break_a_parser(parse: Callable[[bytes], object], allowed: type[Exception]) -> None:
    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=200))
    def run(raw: bytes) -> None:
        try:
            parse(raw)
        except allowed as error:
            assert str(error)

    run()
