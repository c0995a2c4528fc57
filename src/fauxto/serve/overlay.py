"""The score of a picture's regions as a transparent layer; drawn from numbers, without the picture."""

from __future__ import annotations

import io

from PIL import Image

from fauxto.finding import Finding
from fauxto.report.picture import scale
from fauxto.verdict.heatmap import layer

SIDE = 512
"""Of the longer side; a map of windows has no finer detail."""


def heatmap(finding: Finding) -> bytes | None:
    """A PNG with alpha of the aspect ratio of the picture; None where the Finding has no regions."""
    if not finding.regions:
        return None
    out = io.BytesIO()
    Image.fromarray(layer(finding.regions, *scale(finding), max_side=SIDE), "RGBA").save(out, "PNG")
    return out.getvalue()
