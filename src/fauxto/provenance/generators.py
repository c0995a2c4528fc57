"""One table of generators, and how each is recognised in declared metadata.

Every rule looks at one named field of one standard and asks for the whole of its value or for a complete
structure. No rule looks for a word inside free text: a caption may speak of any generator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fauxto.finding import Strength
from fauxto.provenance import a1111, aigc, comfyui, json_tools, source_type, xmp
from fauxto.provenance.fields import Field, Fields, PointsTo, Standard, Tag, excerpt, fold
from fauxto.provenance.json_text import load_object

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SIGNATURE = re.compile(r"Signature: [A-Za-z0-9+/_\-]{40,}={0,2}\s*")
_DREAM_FLAGS = re.compile(r"(?:^|\s)-([sSWHCAfIU])\s?(?=\S)")


@dataclass(frozen=True, slots=True)
class Exact:
    """A generator that writes its own name: the whole folded value of the field must match `pattern`."""

    generator: str
    standard: Standard
    field: str
    pattern: str
    points_to: PointsTo = "generated"
    strength: Strength = "declared"


_VERSION = r"(?: ?[v/(]? ?\d.{0,60})?"
EXACT: tuple[Exact, ...] = (
    Exact("Black Forest Labs", "exif", "Software", r"ai generated;txt2img;.{1,60}"),
    Exact("Black Forest Labs", "exif", "Software", r"ai generated;img2img;.{1,60}", "edited"),
    Exact("Black Forest Labs", "exif", "Make", r"black forest labs"),
    Exact("Ideogram", "exif", "Make", r"ideogram ai"),
    Exact("Google AI", "xmp", xmp.PHOTOSHOP + "Credit", r"made with google ai"),
    Exact("Google AI", "xmp", xmp.PHOTOSHOP + "Credit", r"edited with google ai", "edited"),
    Exact("Google AI", "iim", "Credit", r"made with google ai"),
    Exact("Google AI", "iim", "Credit", r"edited with google ai", "edited"),
    Exact("Adobe Firefly", "xmp", xmp.BASIC + "CreatorTool", r"adobe firefly" + _VERSION),
    Exact("DALL-E", "exif", "UserComment", r"made with openai labs"),
    Exact("DALL-E", "exif", "MakerNote", r"openai imagegeneration generation \w{16,40}"),
    Exact("DALL-E", "png-text", "exif:UserComment", r"made with openai labs"),
    Exact("NovelAI", "png-text", "Software", r"novelai"),
    Exact("Fooocus", "exif", "Software", r"fooocus" + _VERSION),
    Exact("Midjourney", "exif", "Software", r"midjourney" + _VERSION),
    Exact("DALL-E", "exif", "Software", r"(?:openai )?dall[ ·]?e" + _VERSION),
    Exact("Midjourney", "xmp", xmp.BASIC + "CreatorTool", r"midjourney" + _VERSION),
    Exact("DALL-E", "xmp", xmp.BASIC + "CreatorTool", r"(?:openai )?dall[ ·]?e" + _VERSION),
    Exact("VQGAN+CLIP", "xmp", xmp.DUBLIN_CORE + "creator", r"vqgan\+clip"),
    Exact("a hosted job", "png-text", "hf-job-id", r".{8,}", "generated", "weak"),
)
_BY_FIELD: dict[tuple[str, str], list[Exact]] = {}
for _row in EXACT:
    _BY_FIELD.setdefault((_row.standard, _row.field), []).append(_row)


def _names(fields: Fields) -> Iterator[Tag]:
    for field in fields:
        for row in _BY_FIELD.get((field.standard, field.name), ()):
            if re.fullmatch(row.pattern, fold(field.value)):
                yield _tag(field, row.generator, row.points_to, row.strength)


def _parameters(fields: Fields) -> Iterator[Tag]:
    """AUTOMATIC1111 and its kin: PNG `parameters`, an Exif UserComment, or a comment."""
    places = [*fields.of("png-text", "parameters"), *fields.of("exif", "UserComment"), *fields.of("comment")]
    for field in places:
        found = a1111.parse(field.value)
        if found:
            shown = {k: v for k, v in found.pairs.items() if k in {"Steps", "Sampler", "Seed", "Size", "Model"}}
            value = ", ".join(f"{key}: {item}" for key, item in shown.items())
            yield _tag(field, "Stable Diffusion web UI", found.points_to, "strong", value, prompt=found.prompt)
    for field in fields.of("png-text", "postprocessing", "extras"):
        if field.value.startswith(("Postprocess ", "Upscale", "Size")):
            yield _tag(field, "Stable Diffusion web UI", "edited", "declared")


def _comfyui(fields: Fields) -> Iterator[Tag]:
    """ComfyUI: PNG texts `prompt` and `workflow`; elsewhere an Exif text that begins with that word.

    What ComfyUI makes holds both; a PNG with `workflow` alone may be a screenshot of the editor, and is weak.
    """
    for field in fields:
        name, text = field.name, field.value
        if field.standard == "exif":
            name, _, text = text.partition(":")
        elif field.standard != "png-text":
            continue
        if name not in {"prompt", "workflow"} or not (graph := load_object(text)):
            continue
        if name == "prompt" and comfyui.is_prompt(graph):
            typed = " | ".join(comfyui.texts(graph))
            yield _tag(field, "ComfyUI", comfyui.read_prompt(graph), "strong", f"{len(graph)} nodes", prompt=typed)
        elif name == "workflow" and comfyui.is_workflow(graph) and not fields.first("png-text", "prompt"):
            strength: Strength = "weak" if field.standard == "png-text" else "declared"
            yield _tag(field, "ComfyUI", comfyui.read_workflow(graph), strength, f"{len(graph['nodes'])} nodes")


def _json_tools(fields: Fields) -> Iterator[Tag]:
    """Tools that write one JSON object, under their own key or as a comment."""
    for field in fields.of("png-text", "invokeai_metadata"):
        found = json_tools.invokeai_3(load_object(field.value) or {})
        if found:
            yield _tag(field, found.generator, found.points_to, "strong", found.detail, prompt=found.prompt)
    places = [
        *fields.of("png-text", "parameters", "Comment", "sd-metadata"),
        *fields.of("exif", "UserComment", "Model"),
        *fields.of("xmp", xmp.EXIF + "UserComment"),
        *fields.of("comment"),
    ]
    for field in places:
        value = load_object(field.value)
        for tool in json_tools.TOOLS if value else ():
            found = tool(value or {})
            if found:
                yield _tag(field, found.generator, found.points_to, "strong", found.detail, prompt=found.prompt)
                break


def _flat_keys(fields: Fields) -> Iterator[Tag]:
    """Easy Diffusion writes each setting as a PNG text of its own."""
    texts = {field.name: field.value for field in fields.of("png-text")}
    found = json_tools.easy_diffusion(texts)
    if found:
        field = next(f for f in fields.of("png-text") if fold(f.name) == "negative prompt")
        yield _tag(field, found.generator, found.points_to, "strong", found.detail, prompt=found.prompt)


def _dream(fields: Fields) -> Iterator[Tag]:
    """InvokeAI 1: the quoted prompt and its command-line flags; -I names a picture to start from."""
    for field in fields.of("png-text", "Dream"):
        flags = set(_DREAM_FLAGS.findall(field.value[-2000:]))
        if len(flags & set("sSWHCA")) >= 3:
            points_to: PointsTo = "edited" if "I" in flags else "generated"
            prompt = field.value.removeprefix('"').split('"')[0]
            value = "flags -" + " -".join(sorted(flags))
            yield _tag(field, "InvokeAI", points_to, "strong", value, prompt=prompt)


def _midjourney(fields: Fields) -> Iterator[Tag]:
    """Midjourney: a description that ends in its job number."""
    places = [
        *fields.of("png-text", "Description"),
        *fields.of("exif", "ImageDescription"),
        *fields.of("xmp", xmp.DUBLIN_CORE + "description"),
        *fields.of("iim", "Caption"),
    ]
    for field in places:
        prompt, _, job = field.value.rpartition("Job ID:")
        if re.fullmatch(UUID, job.strip(), re.IGNORECASE):
            settled = re.search(r"\s--(?:v|ar|niji|style|s)\s", prompt)
            strength: Strength = "strong" if settled else "declared"
            yield _tag(field, "Midjourney", "generated", strength, "Job ID:" + job, prompt=prompt)


def _xai(fields: Fields) -> Iterator[Tag]:
    """xAI Grok: a signature as description and a UUID as artist in one Exif block; one alone is nothing."""
    for field in fields.of("exif", "ImageDescription"):
        artists = [f for f in fields.of("exif", "Artist") if f.carrier == field.carrier]
        if _SIGNATURE.fullmatch(field.value[:4096]) and any(re.fullmatch(UUID, f.value.strip(), re.I) for f in artists):
            yield _tag(field, "xAI Grok", "generated", "strong", "a signature and a UUID")


def _source_types(fields: Fields) -> Iterator[Tag]:
    """The IPTC source type (Meta AI, Google, Midjourney, Photoshop, cameras ...) and the AI fields of IPTC
    2025.1.
    """
    for field in fields.of("xmp", xmp.IPTC_EXT + "DigitalSourceType", xmp.IPTC_EXT + "DigitalSourcetype"):
        word = source_type.term(field.value)
        if word:
            points_to = source_type.TERMS[word]
            yield _tag(field, None, points_to, "declared", word)
    for field in fields.of("xmp", xmp.IPTC_EXT + "AISystemUsed"):
        if field.value:
            yield _tag(field, excerpt(field.value, 60), "edited", "declared")


def _aigc(fields: Fields) -> Iterator[Tag]:
    """The Chinese label, in a PNG text, XMP, a UserComment or a comment."""
    places = [
        *fields.of("png-text", "AIGC"),
        *fields.of("xmp", xmp.TC260 + "AIGC"),
        *fields.of("exif", "UserComment"),
        *fields.of("comment"),
    ]
    for field in places:
        label = aigc.read(field.value)
        if label:
            producer = f", producer {label.producer}" if label.producer else ""
            yield _tag(field, "AIGC label", label.points_to, label.strength, f"{label.words}{producer}")


def _camera(fields: Fields) -> Iterator[Tag]:
    """A camera names itself by maker and model; exposure data beside them are mentioned."""
    for make in fields.of("exif", "Make"):
        model = next((f for f in fields.of("exif", "Model") if f.carrier.split()[0] == make.carrier.split()[0]), None)
        named = make.value.strip() and model is not None and model.value.strip()
        if not named or model is None or max(len(make.value), len(model.value)) > 80:
            continue
        if any(re.fullmatch(row.pattern, fold(make.value)) for row in _BY_FIELD[("exif", "Make")]):
            continue
        exposed = any(fields.of("exif", "ExposureTime", "FNumber", "ISOSpeedRatings"))
        value = f"{make.value.strip()} {model.value.strip()}" + (", with exposure data" if exposed else "")
        yield _tag(make, None, "camera", "weak", value)
        return


RECOGNISERS: tuple[Callable[[Fields], Iterator[Tag]], ...] = (
    _names,
    _parameters,
    _comfyui,
    _json_tools,
    _flat_keys,
    _dream,
    _midjourney,
    _xai,
    _source_types,
    _aigc,
    _camera,
)
"""Every rule there is, in the order of the report."""


def recognise(fields: Fields) -> list[Tag]:
    """Every tag that some rule recognises; a file may carry several, and they may disagree."""
    return [tag for rule in RECOGNISERS for tag in rule(fields)]


def _tag(
    field: Field,
    generator: str | None,
    points_to: PointsTo,
    strength: Strength,
    value: str | None = None,
    *,
    prompt: str | None = None,
) -> Tag:
    return Tag(
        field.carrier,
        field.standard,
        field.name,
        excerpt(field.value if value is None else value),
        generator,
        points_to,
        strength,
        excerpt(prompt) if prompt and prompt.strip() else None,
    )
