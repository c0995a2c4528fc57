"""Pixels from elsewhere: splicing, copy-move and the swap of a face region, with colours matched and edges softened."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation

from fauxto.data.worlds.tampering.shapes import ellipse, feather

RING = 12
"""Width in pixels of the surroundings whose colours a harmonised region takes on."""

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


def splice(
    original: np.ndarray, donor: np.ndarray, region: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A part of another picture in place of the region: the new pixels, uint8 `(h, w, 3)`, and their weight.

    The donor, scaled up only where it is smaller than the region, lies at a random place under it; in half of the
    cases its colours are moved towards those of the surroundings; the edge is hard or soft by up to 3 pixels.
    """
    top, left, bottom, right = _bounds(region)
    patch = _window(donor, bottom - top, right - left, rng)
    new = original.copy()
    new[top:bottom, left:right] = patch
    if rng.random() < 0.5:
        new = harmonised(new, original, region, float(rng.uniform(0.4, 1.0)))
    return blend(original, new, region, rng)


def copy_move(original: np.ndarray, region: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A part of the same picture in another place, turned by up to 30 degrees and scaled by 0.75 to 1.35 half the time.

    Gives the new pixels and their weight. The source lies at least a quarter of the region's own size away.
    """
    height, width = region.shape
    top, left, bottom, right = _bounds(region)
    across, down = right - left, bottom - top
    angle, scale = (float(rng.uniform(-30, 30)), float(rng.uniform(0.75, 1.35))) if rng.random() < 0.5 else (0.0, 1.0)
    x, y = left, top
    for _ in range(20):
        x, y = int(rng.integers(0, max(1, width - across))), int(rng.integers(0, max(1, height - down)))
        if abs(x - left) > across / 4 or abs(y - top) > down / 4:
            break
    if angle == 0 and scale == 1:
        new = np.roll(original, (top - y, left - x), axis=(0, 1))
        return blend(original, new, region, rng)
    cosine, sine = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
    middle_x, middle_y = left + across / 2, top + down / 2
    matrix = (
        *(cosine, sine, x + across / 2 + width - cosine * middle_x - sine * middle_y),
        *(-sine, cosine, y + down / 2 + height + sine * middle_x - cosine * middle_y),
    )
    framed = Image.fromarray(np.pad(original, ((height, height), (width, width), (0, 0)), mode="symmetric"))
    new = np.asarray(framed.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))
    return blend(original, new, region, rng)


def swap_face(
    original: np.ndarray, donor: np.ndarray, box: Box, donor_box: Box, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The face region of another picture over that of this one: new pixels, their weight, and the region.

    Boxes are of faces; the region is the ellipse in the box of `original`. The colours follow the face that was there.
    """
    x, y, across, down = donor_box
    x, y, across, down = _inside(donor, (x, y, across, down))
    face = Image.fromarray(donor[y : y + down, x : x + across])
    left, top, width, height = _inside(original, box)
    new = original.copy()
    new[top : top + height, left : left + width] = np.asarray(face.resize((width, height), Image.Resampling.BICUBIC))
    region = ellipse(original.shape[0], original.shape[1], (left, top, width, height))
    new = _matched(new, original, region, region, 1.0)
    mixed, weight = blend(original, new, region, rng, softest=max(1.0, width / 30))
    return mixed, weight, region


def harmonised(new: np.ndarray, original: np.ndarray, region: np.ndarray, strength: float) -> np.ndarray:
    """New pixels whose mean and deviation a channel move, by `strength`, to those of a ring around the region.

    Reinhard et al. (IEEE CG&A 2001), in RGB. Where the region has no surroundings the pixels stay.
    """
    ring = binary_dilation(region, iterations=RING) & ~region
    return _matched(new, original, region, ring, strength) if ring.sum() >= 16 else new


def blend(
    original: np.ndarray, new: np.ndarray, region: np.ndarray, rng: np.random.Generator, softest: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """`original` with `new` in the region, and the weight of `new`; the edge is hard in a third of all cases.

    Pixels of weight 0 are those of the original to the bit.
    """
    weight = feather(region, 0.0 if rng.random() < 1 / 3 else float(rng.uniform(0.5, softest)))
    weight[weight < 1 / 255] = 0
    mixed = original + weight[..., None] * (new.astype(np.float32) - original)
    return np.rint(mixed).astype(np.uint8), weight


def _matched(
    new: np.ndarray, original: np.ndarray, region: np.ndarray, wanted: np.ndarray, strength: float
) -> np.ndarray:
    inside, like = new[region].astype(np.float32), original[wanted].astype(np.float32)
    deviation = inside.std(0) + 1.0
    moved = (inside - inside.mean(0)) * (like.std(0) + 1.0) / deviation + like.mean(0)
    result = new.astype(np.float32)
    result[region] += strength * (moved - inside)
    return np.rint(np.clip(result, 0, 255)).astype(np.uint8)


def _bounds(region: np.ndarray) -> Box:
    """First and last row and column of a region: top, left, bottom, right."""
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _window(donor: np.ndarray, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A random window of the donor, which is enlarged first where it is too small."""
    scale = max(1.0, height / donor.shape[0], width / donor.shape[1])
    if scale > 1:
        size = (int(np.ceil(donor.shape[1] * scale)), int(np.ceil(donor.shape[0] * scale)))
        donor = np.asarray(Image.fromarray(donor).resize(size, Image.Resampling.BICUBIC))
    top, left = (int(rng.integers(free + 1)) for free in (donor.shape[0] - height, donor.shape[1] - width))
    return donor[top : top + height, left : left + width]


def _inside(picture: np.ndarray, box: Box) -> Box:
    """The part of a box that lies in the picture."""
    x, y = max(0, box[0]), max(0, box[1])
    right, bottom = min(picture.shape[1], box[0] + box[2]), min(picture.shape[0], box[1] + box[3])
    return x, y, max(1, right - x), max(1, bottom - y)
