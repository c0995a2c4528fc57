"""Every row of the generator table, in the carriers it uses, each with three files or more."""

from __future__ import annotations

import json

import pytest

from fauxto.provenance import read
from fauxto.provenance.generators import EXACT
from tests.provenance import files
from tests.provenance.files import SOURCE_TYPE

SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768, Model hash: e3edb8a26f, Model: v1-5"
WEBUI = f"a lighthouse, storm\nNegative prompt: blurry, lowres\n{SETTINGS}"
HIRES = f"a lighthouse\n{SETTINGS}, Denoising strength: 0.5, Hires upscale: 2, Version: v1.9.4"
IMG2IMG = f"a lighthouse\n{SETTINGS}, Denoising strength: 0.75"
FORGE = 'a lighthouse\nSteps: 4, Sampler: Euler, Distilled CFG Scale: 3.5, Seed: 1, Lora hashes: "a: 1, b: 2"'
UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
SIGNATURE = "Signature: " + "QUJD" * 24 + "=="

NODES = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "m.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse", "clip": ["1", 1]}},
    "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512}},
    "4": {
        "class_type": "KSampler",
        "inputs": {"model": ["1", 0], "positive": ["2", 0], "latent_image": ["3", 0]},
    },
    "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0]}},
}
LOADED = {
    "7": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}},
    "3": {"class_type": "VAEEncode", "inputs": {"pixels": ["7", 0]}},
}
STEERED = {"7": LOADED["7"], "8": {"class_type": "ControlNetApply", "inputs": {"image": ["7", 0]}}}
UPSCALED = {"7": LOADED["7"], "9": {"class_type": "ImageUpscaleWithModel", "inputs": {"image": ["7", 0]}}}
WORKFLOW = {"nodes": [{"id": 1, "type": "KSampler"}], "links": [], "version": 0.4}

SWARM = {"sui_image_params": {"prompt": "a lighthouse", "model": "flux", "seed": 1}}
SWARM_EDIT = {"sui_image_params": {"prompt": "a lighthouse", "model": "flux", "initimagecreativity": 0.6}}
INVOKE_3 = {
    "app_version": "4.2.0",
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "p",
    "model": {"name": "m"},
}
INVOKE_2 = {
    "model": "stable diffusion",
    "app_id": "invoke-ai/InvokeAI",
    "app_version": "v2.3",
    "image": {
        "prompt": [{"prompt": "a lighthouse", "weight": 1.0}],
        "steps": 50,
        "seed": 1,
        "type": "txt2img",
    },
}
NOVELAI = {
    "prompt": "a lighthouse",
    "uc": "lowres",
    "steps": 28,
    "sampler": "k_euler",
    "seed": 1,
    "scale": 11,
}
FOOOCUS = {
    "prompt": "a lighthouse",
    "negative_prompt": "",
    "base_model": "juggernaut",
    "seed": "1",
    "version": "v2.1",
}
EASY = {
    "prompt": "a lighthouse",
    "negative_prompt": "blurry",
    "seed": "1",
    "use_stable_diffusion_model": "sd-v1-4",
    "num_inference_steps": "25",
}
DRAW = {
    "c": "a lighthouse",
    "uc": "blurry",
    "model": "flux_1.ckpt",
    "sampler": "Euler A",
    "strength": 1,
    "seed": 2,
}
AIGC = {"Label": "1", "ContentProducer": "0011", "ProduceID": "x", "ReservedCode1": "", "PropagateID": "y"}


def comfy(**changes: object) -> str:
    return json.dumps(NODES | changes)


def comment(value: str) -> bytes:
    return files.jpeg(files.segment(0xFE, value.encode()))


def gif_comment(value: str) -> bytes:
    plain, raw = files.picture("GIF"), value.encode()
    blocks = b"".join(bytes([len(raw[i : i + 255])]) + raw[i : i + 255] for i in range(0, len(raw), 255))
    start = 13 + 3 * 2 ** ((plain[10] & 7) + 1)
    return plain[:start] + b"\x21\xfe" + blocks + b"\0" + plain[start:]


def user_comment(value: str, order: str = "be") -> bytes:
    return files.jpeg_exif(UserComment=files.user_comment(value, order))


ROWS: dict[str, list[tuple[bytes, str]]] = {
    "Stable Diffusion web UI": [
        (files.png_texts(parameters=WEBUI), "ai_generated"),
        (files.png(files.text("parameters", WEBUI, "iTXt")), "ai_generated"),
        (files.png(files.text("parameters", FORGE, "zTXt")), "ai_generated"),
        (files.png_texts(parameters=HIRES), "ai_generated"),
        (files.png_texts(parameters=IMG2IMG), "ai_edited"),
        (user_comment(WEBUI), "ai_generated"),
        (user_comment(WEBUI, "le"), "ai_generated"),
        (files.webp(EXIF=files.exif(">", UserComment=files.user_comment(WEBUI))), "ai_generated"),
        (gif_comment(WEBUI), "ai_generated"),
        (
            files.png_texts(postprocessing="Postprocess upscale by: 4, Postprocess upscaler: R-ESRGAN 4x+"),
            "ai_edited",
        ),
        (files.png_texts(extras="Postprocess upscale by: 2, Postprocess upscaler: SwinIR"), "ai_edited"),
    ],
    "ComfyUI": [
        (files.png_texts(prompt=comfy(), workflow=json.dumps(WORKFLOW)), "ai_generated"),
        (files.png_texts(prompt=comfy(**LOADED)), "ai_edited"),
        (files.png_texts(prompt=comfy(**STEERED)), "ai_generated"),
        (files.png_texts(prompt=json.dumps(UPSCALED)), "ai_edited"),
        (files.png_texts(prompt=comfy().replace("512", "NaN")), "ai_generated"),
        (files.png_texts(workflow=json.dumps(WORKFLOW)), "unknown"),
        (
            files.webp(EXIF=files.exif(Make="workflow:" + json.dumps(WORKFLOW), Model="prompt:" + comfy())),
            "ai_generated",
        ),
        (files.jpeg_exif(ImageDescription="prompt:" + comfy(**LOADED)), "ai_edited"),
    ],
    "SwarmUI": [
        (files.png_texts(parameters=json.dumps(SWARM)), "ai_generated"),
        (files.png_texts(parameters=json.dumps(SWARM_EDIT)), "ai_edited"),
        (user_comment(json.dumps(SWARM), "le"), "ai_generated"),
        (files.jpeg_exif(Model=json.dumps(SWARM)), "ai_generated"),
    ],
    "InvokeAI": [
        (files.png_texts(invokeai_metadata=json.dumps(INVOKE_3)), "ai_generated"),
        (
            files.png_texts(invokeai_metadata=json.dumps(INVOKE_3 | {"generation_mode": "img2img"})),
            "ai_edited",
        ),
        (
            files.png_texts(invokeai_metadata=json.dumps(INVOKE_3 | {"generation_mode": "flux_inpaint"})),
            "ai_edited",
        ),
        (files.png(files.text("sd-metadata", json.dumps(INVOKE_2))), "ai_generated"),
        (files.png_texts(Dream='"a lighthouse" -s 50 -S 1957 -W 512 -H 512 -C 7.5 -A k_lms'), "ai_generated"),
        (files.png_texts(Dream="a lighthouse -s50 -S1957 -W512 -H512 -C7.5 -I photo.png -f0.6"), "ai_edited"),
    ],
    "NovelAI": [
        (
            files.png_texts(Title="AI generated image", Software="NovelAI", Comment=json.dumps(NOVELAI)),
            "ai_generated",
        ),
        (files.png_texts(Software="NovelAI"), "ai_generated"),
        (files.png(files.text("Comment", json.dumps(NOVELAI), "iTXt")), "ai_generated"),
    ],
    "Fooocus": [
        (files.png_texts(Comment=json.dumps(FOOOCUS)), "ai_generated"),
        (comment(json.dumps(FOOOCUS)), "ai_generated"),
        (files.png_texts(parameters=json.dumps(FOOOCUS)), "ai_generated"),
        (files.jpeg_exif(Software="Fooocus v2.5.5"), "ai_generated"),
    ],
    "Easy Diffusion": [
        (files.png_texts(**EASY), "ai_generated"),
        (
            files.png_texts(
                **{k.replace("_", " ").title(): v for k, v in EASY.items()} | {"Stable Diffusion model": "sd-v1-4"}
            ),
            "ai_generated",
        ),
        (user_comment(json.dumps(EASY)), "ai_generated"),
        (user_comment(json.dumps(EASY | {"init_image": "data:"})), "ai_edited"),
    ],
    "Draw Things": [
        (files.png_xmp(exif__UserComment=json.dumps(DRAW)), "ai_generated"),
        (files.png_xmp("list", exif__UserComment=json.dumps(DRAW)), "ai_generated"),
        (files.jpeg_xmp(exif__UserComment=json.dumps(DRAW | {"strength": 0.6})), "ai_edited"),
    ],
    "Midjourney": [
        (
            files.png_texts(Description=f"a lighthouse --v 6.1 --ar 3:2 Job ID: {UUID}", Author="someone"),
            "ai_generated",
        ),
        (files.png_texts(Description=f"a lighthouse Job ID: {UUID.upper()}"), "ai_generated"),
        (files.jpeg_xmp("list", dc__description=f"a lighthouse --v 6 Job ID: {UUID}"), "ai_generated"),
        (files.jpeg_exif(ImageDescription=f"a lighthouse --niji 5 Job ID: {UUID}"), "ai_generated"),
        (files.jpeg_exif(Software="Midjourney"), "ai_generated"),
        (files.jpeg_xmp(xmp__CreatorTool="Midjourney v6.1"), "ai_generated"),
    ],
    "xAI Grok": [
        (files.jpeg_exif(ImageDescription=SIGNATURE, Artist=UUID), "ai_generated"),
        (files.jpeg_exif(">", ImageDescription=SIGNATURE, Artist=UUID.upper()), "ai_generated"),
        (files.webp(EXIF=b"Exif\0\0" + files.exif(ImageDescription=SIGNATURE, Artist=UUID)), "ai_generated"),
    ],
    "Black Forest Labs": [
        (
            files.jpeg_exif(Software="AI generated;txt2img;flux", Make="Black Forest Labs", Model="flux-dev"),
            "ai_generated",
        ),
        (files.png(files.chunk("eXIf", files.exif(Software="AI generated;txt2img;flux"))), "ai_generated"),
        (files.jpeg_exif(Software="AI generated;img2img;flux"), "ai_edited"),
    ],
    "Ideogram": [
        (files.jpeg_exif(Make="Ideogram AI"), "ai_generated"),
        (files.jpeg_exif(">", Make="Ideogram AI", Model="v2"), "ai_generated"),
        (files.webp(EXIF=files.exif(Make="ideogram_ai")), "ai_generated"),
    ],
    "Google AI": [
        (files.jpeg_xmp(photoshop__Credit="Made with Google AI"), "ai_generated"),
        (files.png_xmp("attribute", photoshop__Credit="Made with Google AI"), "ai_generated"),
        (files.webp_xmp(photoshop__Credit="Edited with Google AI"), "ai_edited"),
        (files.iim(r110="Made with Google AI"), "ai_generated"),
    ],
    "Adobe Firefly": [
        (files.jpeg_xmp(xmp__CreatorTool="Adobe Firefly"), "ai_generated"),
        (files.png_xmp("attribute", xmp__CreatorTool="Adobe_Firefly/1.0"), "ai_generated"),
        (files.webp_xmp(xmp__CreatorTool="Adobe Firefly 2.1"), "ai_generated"),
    ],
    "DALL-E": [
        (files.png(files.chunk("eXIf", files.exif(UserComment=b"ASCII\0\0\0Made with OpenAI Labs"))), "ai_generated"),
        (files.jpeg_exif(MakerNote="OpenAI--ImageGeneration--generation-Fm5YpAol2ob3e09010oTqT9T"), "ai_generated"),
        (files.png(files.text("exif:UserComment", "Made with OpenAI Labs")), "ai_generated"),
        (files.webp(EXIF=files.exif(UserComment=b"Made with OpenAI Labs")), "ai_generated"),
        (files.jpeg_exif(Software="DALL-E 3"), "ai_generated"),
        (files.png_xmp("attribute", xmp__CreatorTool="OpenAI DALL\u00b7E"), "ai_generated"),
    ],
    "VQGAN+CLIP": [
        (files.png_xmp("list", dc__creator="VQGAN+CLIP"), "ai_generated"),
        (files.jpeg_xmp("list", dc__creator="VQGAN+CLIP"), "ai_generated"),
        (files.webp_xmp("list", dc__creator="vqgan+clip"), "ai_generated"),
    ],
    "AIGC label": [
        (files.png_texts(AIGC=json.dumps(AIGC)), "ai_generated"),
        (files.jpeg_xmp(AIGC__AIGC=json.dumps(AIGC)), "ai_generated"),
        (files.png_xmp("attribute", AIGC__AIGC=json.dumps(AIGC)), "ai_generated"),
        (user_comment(json.dumps({"AIGC": AIGC})), "ai_generated"),
        (comment("AIGC" + json.dumps(AIGC)), "ai_generated"),
        (files.png_texts(AIGC=json.dumps(AIGC | {"Label": "3"})), "unknown"),
    ],
    "a hosted job": [
        (files.png(files.text("hf-job-id", UUID)), "unknown"),
        (files.png(files.text("hf-job-id", UUID, "iTXt")), "unknown"),
        (files.png(files.text("hf-job-id", UUID, "zTXt")), "unknown"),
    ],
}
CASES = [(generator, index, *case) for generator, cases in ROWS.items() for index, case in enumerate(cases)]


@pytest.mark.parametrize(("generator", "index", "data", "summary"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_the_generator_is_recognised(generator: str, index: int, data: bytes, summary: str) -> None:
    found = read(data)
    assert {t.generator for t in found.tags if t.generator} == {generator}
    assert found.summary == summary
    assert not found.decisive
    assert len(found.evidence()) == len(found.tags)
    assert all(e.limits for e in found.evidence())


def test_every_row_of_the_table_has_three_files() -> None:
    assert {row.generator for row in EXACT} <= ROWS.keys()
    assert min(len(cases) for cases in ROWS.values()) >= 3


@pytest.mark.parametrize("form", ["attribute", "element", "resource", "list"])
@pytest.mark.parametrize("build", [files.jpeg_xmp, files.png_xmp, files.webp_xmp])
@pytest.mark.parametrize(
    ("word", "summary"),
    [
        ("trainedAlgorithmicMedia", "ai_generated"),
        ("compositeWithTrainedAlgorithmicMedia", "ai_edited"),
        ("digitalCapture", "camera"),
        ("algorithmicMedia", "unknown"),
    ],
)
def test_the_source_type_counts_in_every_form_and_carrier(form: str, build, word: str, summary: str) -> None:
    found = read(build(form, Iptc4xmpExt__DigitalSourceType=SOURCE_TYPE + word))
    assert found.summary == summary
    assert [tag.value for tag in found.tags] == [word]


def test_the_namespace_counts_and_the_prefix_does_not() -> None:
    renamed = files.xmp(
        "element",
        {"Iptc4xmpExt": "iptcExt"},
        Iptc4xmpExt__DigitalSourceType=SOURCE_TYPE + "trainedAlgorithmicMedia",
    )
    assert read(files.webp(XMP=renamed)).summary == "ai_generated"
    foreign = renamed.replace(b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/", b"http://example.org/other/")
    assert foreign != renamed
    assert read(files.webp(XMP=foreign)).summary == "unknown"


def test_a_source_type_of_an_ingredient_is_not_that_of_the_picture() -> None:
    inner = "<Iptc4xmpExt:DigitalSourceType>" + SOURCE_TYPE + "trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>"
    packet = files.xmp("element", Iptc4xmpExt__DigitalSourceType="X", dc__relation="Y").decode()
    packet = packet.replace("<Iptc4xmpExt:DigitalSourceType>X</Iptc4xmpExt:DigitalSourceType>", "")
    nested = packet.replace(">Y<", f"><rdf:Description>{inner}</rdf:Description><")
    assert inner in nested
    found = read(files.webp(XMP=nested.encode()))
    assert (found.summary, found.tags) == ("unknown", ())


def test_a_camera_beside_a_generator_is_a_conflict_and_beside_an_edit_is_not() -> None:
    camera = files.segment(0xE1, b"Exif\0\0" + files.exif(Make="Canon", Model="EOS R5", FNumber=""))

    def typed(word: str) -> bytes:
        packet = files.xmp(Iptc4xmpExt__DigitalSourceType=SOURCE_TYPE + word)
        return files.jpeg(camera, files.segment(0xE1, files.JPEG_XMP + packet))

    assert read(files.jpeg(camera)).summary == "camera"
    assert read(typed("digitalCapture")).summary == "camera"
    assert read(typed("compositeWithTrainedAlgorithmicMedia")).summary == "ai_edited"
    conflict = read(typed("trainedAlgorithmicMedia"))
    assert (conflict.summary, conflict.decisive) == ("conflict", False)
    assert {e.points_to for e in conflict.evidence()} == {"camera", "generated"}


def test_a_camera_is_weak_evidence_with_its_exposure() -> None:
    (tag,) = read(files.jpeg_exif(">", Make="NIKON", Model="Z 8", FNumber="")).tags
    assert (tag.points_to, tag.strength, tag.value) == ("camera", "weak", "NIKON Z 8, with exposure data")


CAPTION = "Not Midjourney, DALL-E, Firefly, flux or Imagen: Steps: 3 down to the sea. Made with Google AI? No."
NEAR_MISSES = {
    "a caption in Exif": files.jpeg_exif(ImageDescription=CAPTION),
    "a caption in XMP": files.jpeg_xmp("list", dc__description=CAPTION),
    "a caption in IPTC": files.iim(r120=CAPTION, r5="Midjourney"),
    "a comment": comment(CAPTION),
    "a GIF comment": gif_comment(CAPTION),
    "a PNG description": files.png_texts(Description=CAPTION, Title="firefly", Comment="trainedAlgorithmicMedia"),
    "an artist called Firefly": files.jpeg_exif(Artist="Firefly", Software="Firefly Photo 2"),
    "a tool called flux": files.jpeg_exif(Software="flux"),
    "a tool for Midjourney's pictures": files.jpeg_exif(Software="Midjourney Downloader 2"),
    "a creator tool that only begins alike": files.jpeg_xmp(xmp__CreatorTool="Adobe Firefly fan club"),
    "a credit that only contains the words": files.jpeg_xmp(photoshop__Credit="Not Made with Google AI"),
    "a source type in a caption": files.jpeg_xmp(dc__description=SOURCE_TYPE + "trainedAlgorithmicMedia"),
    "an unknown source type": files.jpeg_xmp(Iptc4xmpExt__DigitalSourceType=SOURCE_TYPE + "trainedAlgorithmicMediaX"),
    "a job number without its shape": files.png_texts(Description="Job ID: 1234"),
    "a job number in the middle": files.png_texts(Description=f"Job ID: {UUID} is the invoice"),
    "half of the xAI pair, artist": files.jpeg_exif(Artist=UUID),
    "half of the xAI pair, signature": files.jpeg_exif(ImageDescription=SIGNATURE),
    "parameters of a microscope": files.png_texts(parameters="Steps: 12, Objective: 40x, Exposure: 3"),
    "parameters in prose": files.png_texts(parameters="Steps: we walked 20, Sampler: of cheeses"),
    "a prompt that is no graph": files.png_texts(prompt="a lighthouse", workflow="see the wiki"),
    "a prompt that is another object": files.png_texts(prompt='{"a": {"b": 1}}', workflow='{"nodes": "none"}'),
    "words about OpenAI Labs": user_comment("Not made with OpenAI Labs"),
    "a maker's note of words": files.jpeg_exif(MakerNote="OpenAI--ImageGeneration--generation"),
    "a Dream": files.png_texts(Dream="I had -s one -S last night"),
    "an empty AIGC": files.png_texts(AIGC='{"Label": "1"}'),
    "AIGC in words": comment("AIGC Label: content"),
    "a comment in JSON": comment('{"prompt": "a lighthouse", "seed": 1}'),
    "bytes after the end": files.picture("PNG") + files.text("parameters", WEBUI),
    "the packet after the end": files.picture("JPEG") + files.xmp(photoshop__Credit="Made with Google AI"),
    "words in the pixels": files.png(files.chunk("zzZz", WEBUI.encode())),
    "a plain JPEG": files.picture("JPEG"),
    "a plain TIFF": files.picture("TIFF"),
    "a plain AVIF": files.picture("AVIF"),
}


@pytest.mark.parametrize("data", NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_words_that_only_sound_like_a_generator_are_nothing(data: bytes) -> None:
    found = read(data)
    assert (found.summary, found.evidence()) == ("unknown", [])
