"""The parameter text of AUTOMATIC1111's web UI, Forge and the many tools that copy its form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fauxto.provenance.fields import PointsTo

_PAIR = re.compile(r'\s*([A-Za-z][\w \-/]{0,60}):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
_MAX_PAIRS = 200
_MAX_LINE = 65_536
_KNOWN = {
    "Steps",
    "Sampler",
    "Schedule type",
    "CFG scale",
    "Distilled CFG Scale",
    "Seed",
    "Size",
    "Model hash",
    "Model",
    "Version",
    "Denoising strength",
    "Clip skip",
    "Face restoration",
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The prompt, the pairs of the settings line in order, and whether it all started from a picture."""

    prompt: str
    pairs: dict[str, str]
    points_to: PointsTo


def parse(text: str) -> Parameters | None:
    """Read a parameter text, or None for any other text.

    The last line counts only with "Steps" and at least two other pairs that these tools write. "Size:
    512x768" also gives "Size-1" and "Size-2".

    >>> parse("a cat\\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768").pairs["Size-2"]
    '768'
    >>> parse("Steps: 20 down to the harbour") is None
    True
    """
    if "Steps: " not in text:
        return None
    lines = text.strip().splitlines()
    # Extensions may add lines below: the settings are the last line that begins with "Steps:".
    at = next((i for i in reversed(range(len(lines))) if lines[i].startswith("Steps: ")), None)
    if at is None or len(lines[at]) > _MAX_LINE:
        return None
    pairs = _pairs(lines[at])
    if "Steps" not in pairs or len(_KNOWN & pairs.keys()) < 3:
        return None
    size = _SIZE.fullmatch(pairs.get("Size", ""))
    if size:
        pairs |= {"Size-1": size[1], "Size-2": size[2]}
    prompt = "\n".join(lines[:at]).split("\nNegative prompt:")[0]
    return Parameters(prompt, pairs, "edited" if _from_picture(pairs) else "generated")


def _pairs(line: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    position = 0
    while len(pairs) < _MAX_PAIRS and (found := _PAIR.match(line, position)):
        if found.end() == position:
            break
        pairs[found[1]] = found[2].strip()
        position = found.end()
    return pairs


def _from_picture(pairs: dict[str, str]) -> bool:
    """A denoising strength without a high-resolution second pass means image-to-image or inpainting."""
    second_pass = any(key.startswith(("Hires", "First pass")) for key in pairs)
    return "Mask blur" in pairs or ("Denoising strength" in pairs and not second_pass)
