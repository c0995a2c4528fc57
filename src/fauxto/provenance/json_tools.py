"""Generation settings that tools write as one JSON object: each is told by the keys that only it writes
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fauxto.provenance.fields import PointsTo, excerpt
from fauxto.provenance.json_text import nested, text_of

_Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """Whose settings these are, what they say, a word on how, and the prompt."""

    generator: str
    points_to: PointsTo
    detail: str
    prompt: str


def swarmui(value: _Object) -> Settings | None:
    """SwarmUI: everything under `sui_image_params`; an init image makes it an edit."""
    params = nested(value, "sui_image_params")
    if not params:
        return None
    edited = "initimage" in params or "initimagecreativity" in params
    return _settings("SwarmUI", params, "model", edited=edited)


def invokeai_3(value: _Object) -> Settings | None:
    """InvokeAI 3 and later, key `invokeai_metadata`: `generation_mode` or `app_version` beside a model."""
    mode = text_of(value.get("generation_mode"))
    if not mode and not {"app_version", "model"} <= value.keys():
        return None
    return _settings(
        "InvokeAI", value, "generation_mode", edited="2img" in mode.replace("txt2img", "") or "paint" in mode
    )


def invokeai_2(value: _Object) -> Settings | None:
    """InvokeAI 1.15 to 2, key `sd-metadata`: an `app_id` and an `image` with its settings."""
    image = nested(value, "image")
    if "app_id" not in value or not {"steps", "seed"} & image.keys():
        return None
    kind = text_of(image.get("type"))
    prompts = image.get("prompt")
    first = prompts[0] if isinstance(prompts, list) and prompts else prompts
    text = text_of(first.get("prompt") if isinstance(first, dict) else first)
    return Settings("InvokeAI", "edited" if kind == "img2img" else "generated", excerpt(kind), excerpt(text))


def novelai(value: _Object) -> Settings | None:
    """NovelAI's `Comment`."""
    if not {"prompt", "uc", "steps", "sampler", "seed"} <= value.keys():
        return None
    return _settings("NovelAI", value, "sampler", edited="strength" in value and "image" in value)


def fooocus(value: _Object) -> Settings | None:
    """Fooocus and its forks."""
    keys = {key.casefold().replace(" ", "_") for key in value}
    if not {"prompt", "negative_prompt", "base_model"} <= keys:
        return None
    lowered = {key.casefold().replace(" ", "_"): item for key, item in value.items()}
    return _settings("Fooocus", lowered, "base_model", edited=False)


def easy_diffusion(value: _Object) -> Settings | None:
    """Easy Diffusion: flat keys in PNG texts, or the same as one object in a UserComment."""
    keys = {key.casefold().replace(" ", "_") for key in value}
    model = {"use_stable_diffusion_model", "stable_diffusion_model"} & keys
    if not {"prompt", "negative_prompt", "seed"} <= keys or not model:
        return None
    lowered = {key.casefold().replace(" ", "_"): item for key, item in value.items()}
    edited = "init_image" in keys or "prompt_strength" in keys
    return _settings("Easy Diffusion", lowered, model.pop(), edited=edited)


def draw_things(value: _Object) -> Settings | None:
    """Draw Things, in XMP exif:UserComment: `c` is the prompt, `uc` the negative one."""
    if not {"c", "uc", "model", "sampler"} <= value.keys():
        return None
    strength = value.get("strength")
    edited = isinstance(strength, int | float) and 0 < strength < 1
    return Settings(
        "Draw Things",
        "edited" if edited else "generated",
        excerpt(text_of(value["model"])),
        excerpt(text_of(value["c"])),
    )


TOOLS = (swarmui, invokeai_2, novelai, fooocus, easy_diffusion, draw_things)
"""Readers for an object whose place in the file does not name its writer (a comment, a UserComment)."""


def _settings(generator: str, value: _Object, detail: str, *, edited: bool) -> Settings:
    prompt = value.get("prompt", value.get("positive_prompt", ""))
    return Settings(
        generator,
        "edited" if edited else "generated",
        excerpt(text_of(value.get(detail))),
        excerpt(text_of(prompt)),
    )
