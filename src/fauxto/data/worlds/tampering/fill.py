"""What removes things: OpenCV's two inpaintings, and a fill with patches of the rest of the picture."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.ndimage import binary_dilation, distance_transform_edt

from fauxto.errors import ResourceError

Method = Literal["telea", "navier-stokes"]

BLOCK, FRAME = 8, 4
"""Side of a filled block, and how many pixels around it are compared with the candidates."""

CANDIDATES = 64
"""Places that a block may be copied from, drawn anew for each block, beside those that go on with its neighbours'."""


def inpaint(original: np.ndarray, region: np.ndarray, method: Method, radius: float = 4.0) -> np.ndarray:
    """The picture with the region filled in from its rim by OpenCV, uint8; all else is the original's.

    Telea (J. Graphics Tools 2004) or Navier-Stokes (Bertalmio et al., CVPR 2001). Errors: ResourceError without OpenCV.
    """
    try:
        import cv2  # noqa: PLC0415  only these two need it
    except ImportError as error:
        raise ResourceError(
            "Inpainting with OpenCV needs opencv-python-headless, which is not installed.",
            fix="pip install opencv-python-headless",
            code="missing_library",
        ) from error
    flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
    top, left, bottom, right = _frame(region, round(4 * radius))
    part = np.ascontiguousarray(original[top:bottom, left:right])
    filled = cv2.inpaint(part, region[top:bottom, left:right].astype(np.uint8), radius, flag)
    result = original.copy()
    result[top:bottom, left:right][region[top:bottom, left:right]] = filled[region[top:bottom, left:right]]
    return result


def exemplar(original: np.ndarray, region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture with the region rebuilt, block by block from its rim inwards, of patches that fit their neighbours.

    Each block of 8 x 8 takes the best of 64 random places outside the region and of those that go on where its
    neighbours were taken from, judged by the known pixels within 4 pixels of it (after Criminisi et al., IEEE TIP 2004,
    without their priorities; the propagation is that of PatchMatch, Barnes et al., SIGGRAPH 2009). uint8 `(h, w, 3)`;
    pixels outside the region are the original's.
    """
    height, width = region.shape
    side = BLOCK + 2 * FRAME
    if height < side or width < side:
        return original
    result, known = original.copy(), ~region
    allowed = _sources(region, side)
    sources = np.argwhere(allowed)
    if not len(sources):
        return original
    shifts: dict[tuple[int, int], np.ndarray] = {}
    windows = np.lib.stride_tricks.sliding_window_view(original, (side, side), axis=(0, 1))
    for y, x in _blocks(region):
        top, left = min(max(0, y - FRAME), height - side), min(max(0, x - FRAME), width - side)
        here = np.s_[top : top + side, left : left + side]
        going_on = [np.add(s, (top, left)) for p in _around(y, x) if (s := shifts.get(p)) is not None]
        inside = [p for p in going_on if (p >= 0).all() and (p < allowed.shape).all() and allowed[tuple(p)]]
        chosen = np.stack([*sources[rng.integers(len(sources), size=CANDIDATES)], *inside])
        patches = windows[chosen[:, 0], chosen[:, 1]]
        apart = (patches.astype(np.float32) - result[here].transpose(2, 0, 1)) * known[here]
        first = int(np.einsum("kcyx,kcyx->k", apart, apart).argmin())
        best, shifts[int(y), int(x)] = patches[first].transpose(1, 2, 0), chosen[first] - (top, left)
        missing = ~known[here]
        missing[: y - top] = missing[y - top + BLOCK :] = False
        missing[:, : x - left] = missing[:, x - left + BLOCK :] = False
        result[here][missing] = best[missing]
        known[here] |= missing
    return result


def _sources(region: np.ndarray, side: int) -> np.ndarray:
    """Which windows, by their first row and column, hold nothing of the region: bool."""
    total = np.pad(region.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    return np.asarray(inside == 0)


def _around(y: int, x: int) -> list[tuple[int, int]]:
    """The corners of the eight blocks beside one."""
    steps = (-BLOCK, 0, BLOCK)
    return [(int(y) + down, int(x) + across) for down in steps for across in steps if down or across]


def _blocks(region: np.ndarray) -> np.ndarray:
    """The corners of the blocks that touch the region, those next to known pixels first."""
    depth = distance_transform_edt(region)
    corners, order = [], []
    for y in range(0, region.shape[0], BLOCK):
        for x in range(0, region.shape[1], BLOCK):
            part = depth[y : y + BLOCK, x : x + BLOCK]
            if part.any():
                corners.append((y, x))
                order.append(float(part[part > 0].mean()))
    return np.asarray(corners)[np.argsort(order, kind="stable")]


def _frame(region: np.ndarray, margin: int) -> tuple[int, int, int, int]:
    """The rows and columns of a region with a margin, inside the picture: top, left, bottom, right."""
    near = binary_dilation(region.any(1), iterations=margin), binary_dilation(region.any(0), iterations=margin)
    rows, columns = np.flatnonzero(near[0]), np.flatnonzero(near[1])
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
