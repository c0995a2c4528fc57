"""Forgeries with exact masks, each beside its control: the same picture, saved and treated alike, but not forged.

Each kind is what one tool of `fauxto.forensics` is made for. A forged area is an ellipse of 6 to 20 percent.
"""

from __future__ import annotations

import cv2
import numpy as np

from fauxto.media.decode import decode
from fauxto.media.encode import encode


def ellipse(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A random ellipse well inside the picture, bool `(h, w)`."""
    across, down = width * rng.uniform(0.14, 0.25), height * rng.uniform(0.14, 0.25)
    x, y = rng.uniform(across + 8, width - across - 8), rng.uniform(down + 8, height - down - 8)
    rows, columns = np.mgrid[0:height, 0:width]
    return ((columns - x) / across) ** 2 + ((rows - y) / down) ** 2 < 1


def fitted(donor: np.ndarray, height: int, width: int) -> np.ndarray:
    """A donor cut, or else repeated by mirroring, to a size."""
    donor = donor[:height, :width]
    rest = ((0, height - donor.shape[0]), (0, width - donor.shape[1]), (0, 0))
    return np.pad(donor, rest, mode="symmetric")


def saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    """The pixels after a save as JPEG, 4:4:4."""
    return decode(encode(pixels, quality=quality, subsampling="4:4:4"))


def mosaicked(pixels: np.ndarray) -> np.ndarray:
    """The pixels as a sensor with an RGGB mosaic and bilinear demosaicing would give them."""
    raw = np.empty(pixels.shape[:2], np.uint8)
    for y, x, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        raw[y::2, x::2] = pixels[y::2, x::2, channel]
    return cv2.cvtColor(raw, cv2.COLOR_BayerBG2BGR)[..., ::-1]


def clean(pixels: np.ndarray) -> np.ndarray:
    """A picture of half the size, without traces of earlier saves as JPEG."""
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return half if min(half.shape[:2]) >= 256 else cv2.resize(pixels, (320, 320), interpolation=cv2.INTER_AREA)


def forge(  # noqa: PLR0911
    kind: str, host: np.ndarray, donor: np.ndarray, rng: np.random.Generator
) -> tuple[bytes, bytes, np.ndarray]:
    """A forged file, its control, and the mask of the forgery. Pixels are uint8 `(h, w, 3)`."""
    host, donor = clean(host), clean(donor)
    height, width = host.shape[:2]
    mask = ellipse(height, width, rng)
    donor = fitted(donor, height, width)

    def pasted(base: np.ndarray, patch: np.ndarray) -> np.ndarray:
        return np.where(mask[..., None], patch, base).astype(np.uint8)

    match kind:
        case "jpeg-splice":  # another quality on another grid, kept without loss
            base, y, x = saved(host, 90), int(rng.integers(1, 8)), int(rng.integers(1, 8))
            patch = np.roll(saved(donor, 65), (y, x), axis=(0, 1))
            return encode(pasted(base, patch), "png"), encode(base, "png"), mask
        case "resaved-splice":  # a host saved before, a patch never saved, both saved at a higher quality
            base = saved(host, 70)
            return encode(pasted(base, donor), quality=92), encode(base, quality=92), mask
        case "copy-move":
            for _ in range(50):
                other = ellipse(height, width, rng)
                shift = (int(rng.integers(-height // 2, height // 2)), int(rng.integers(-width // 2, width // 2)))
                source, target = other, np.roll(other, shift, axis=(0, 1))
                if np.hypot(*shift) > 60 and not (source & target).any() and target.sum() == source.sum():
                    break
            forged = np.where(target[..., None], np.roll(host, shift, axis=(0, 1)), host)
            return encode(forged, quality=92), encode(host, quality=92), source | target
        case "resampled":
            factor = rng.uniform(1.15, 1.6)
            large = cv2.resize(donor, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)[:height, :width]
            return encode(pasted(host, large), "png"), encode(host, "png"), mask
        case "noise":
            patch = cv2.GaussianBlur(donor, (0, 0), 0.7)
            base = np.clip(host + rng.normal(0, 4, host.shape), 0, 255).astype(np.uint8)
            return encode(pasted(base, patch), "png"), encode(base, "png"), mask
        case "mosaic":
            base = mosaicked(host)
            return encode(pasted(base, donor), "png"), encode(base, "png"), mask
        case "inpainted":
            base = saved(host, 85)
            filled = cv2.inpaint(base, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA)
            return encode(filled, quality=95), encode(base, quality=95), mask
    raise ValueError(f"no kind of forgery is called {kind!r}")


KINDS = ("jpeg-splice", "resaved-splice", "copy-move", "resampled", "noise", "mosaic", "inpainted")
