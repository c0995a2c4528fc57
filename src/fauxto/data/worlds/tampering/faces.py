"""Where faces are, by the boosted cascade of local binary patterns that scikit-image ships: no weights to fetch."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fauxto.data.worlds.tampering.paste import Box
from fauxto.errors import ResourceError

READ_AT = 240
"""The long side at which faces are looked for: the cascade is slow, and only large frontal faces are wanted."""


def find_faces(pixels: np.ndarray) -> list[Box]:
    """Boxes (x, y, width, height) of large frontal faces of a uint8 picture, largest first; it misses many.

    Liao et al. (ICB 2007). Errors: ResourceError without scikit-image.
    """
    try:
        from skimage.data import lbp_frontal_face_cascade_filename  # noqa: PLC0415
        from skimage.feature import Cascade  # noqa: PLC0415
    except ImportError as error:
        raise ResourceError(
            "Finding faces needs scikit-image, which is not installed.",
            fix="pip install scikit-image",
            code="missing_library",
        ) from error
    height, width = pixels.shape[:2]
    scale = min(1.0, READ_AT / max(height, width))
    small = Image.fromarray(pixels).resize((max(1, round(width * scale)), max(1, round(height * scale))))
    side = min(small.size)
    if side < 48:
        return []
    found = Cascade(lbp_frontal_face_cascade_filename()).detect_multi_scale(
        np.asarray(small), scale_factor=1.25, step_ratio=1.3, min_size=(side // 5, side // 5), max_size=(side, side)
    )
    boxes = [tuple(round(face[name] / scale) for name in ("c", "r", "width", "height")) for face in found]
    return sorted(boxes, key=lambda box: -box[2] * box[3])
