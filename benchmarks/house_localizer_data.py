"""Make the altered patches that the house localizer is trained on, with exact masks and untouched twins.

    python benchmarks/house_localizer_data.py --data house.csv --extra EXTRA --out BANK [--pairs 5500]

`house.csv` is the manifest of `house_data.py`. Only photographs of its training split are altered and lent from, so the
photographs of its calibration split stay unseen. Half of what is spliced in comes from generated pictures of the
training split (not from inpainted ones: they are a test). EXTRA is the folder of `house_data.py`; with it some decoder
patches come from a real autoencoder (round trips of windows of the same photographs), else all come from toy decoders.

An alteration and its untouched twin go through one journey, and one window is cut from both, on the 8 x 8 grid. Writes
BANK/pixels.npy uint8 `(n, 192, 192, 3)`, BANK/masks.npy bool `(n, 192, 192)` and BANK/rows.json, patches in pairs:
altered, untouched.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample, read
from fauxto.data.places import read_bytes
from fauxto.data.worlds.tampering import Composite, Kind, Tampered, compose, journey, past, ship
from fauxto.data.worlds.tampering.faces import find_faces
from fauxto.data.worlds.tampering.paste import blend
from fauxto.data.worlds.tampering.shapes import outline
from fauxto.data.worlds.toy_fakes import UPSAMPLERS, redraw, train_toy
from fauxto.errors import FauxtoError
from fauxto.launder import apply
from fauxto.media.decode import decode

SIDE = 192
"""Pixels a side of a patch."""
WINDOW = 280
"""Pixels a side of what is altered: large enough that a patch is left after shrinking by 0.7."""

SHARES: dict[str, float] = {
    "splice": 0.40, "copy-move": 0.13, "telea": 0.06, "navier-stokes": 0.06, "exemplar": 0.06, "decoder": 0.18,
    "face-swap": 0.03, "nothing": 0.08,
}  # fmt: skip
"""`nothing`: two windows of drawings, screenshots or photographs, neither altered."""
POPULATIONS = ("web", "corel", "people", "camera", "webp")
HELD_OUT_DECODER = "bilinear"
"""The toy decoder that is only tested on."""


def window(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray | None:
    """A random window, on the grid of a JPEG in seven of ten cases; None where the picture is too small."""
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        return None
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    if rng.random() < 0.7:
        top, left = top // 8 * 8, left // 8 * 8
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def history(pixels: np.ndarray, chain: str) -> np.ndarray:
    """What a picture went through before, if anything."""
    return apply(pixels, chain) if chain else pixels


def shrunk(pixels: np.ndarray, rng: np.random.Generator, low: int = 600, high: int = 1600) -> np.ndarray:
    """A large picture at the size of a web page, in six of ten cases: a window of it then has as much in it."""
    longest = int(np.exp(rng.uniform(np.log(low), np.log(high))))
    if max(pixels.shape[:2]) <= longest or rng.random() > 0.6:
        return pixels
    scale = longest / max(pixels.shape[:2])
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def toy_decoders(pictures: list[np.ndarray], names: tuple[str, ...]) -> list[Callable[[np.ndarray], np.ndarray]]:
    """One decoder an up-sampler, fitted to real windows."""
    made = []
    for name in names:
        model = train_toy(pictures, name, 0, steps=100, crop=32, batch=8)
        made.append(lambda picture, model=model: redraw(model, [picture])[0])
    return made


def round_trip(sample: Sample, pixels: np.ndarray) -> np.ndarray:
    """The window of a photograph whose round trip `sample` is; place and size follow from the blob's name."""
    height, width = pixels.shape[:2]
    side = min(320, height // 8 * 8, width // 8 * 8)
    rng = np.random.default_rng(int(Path(sample.path).stem[:8], 16))
    top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def pixels_of(sample: Sample) -> np.ndarray | None:
    """The decoded picture, or None where it cannot be read."""
    try:
        return decode(read_bytes(sample.path))
    except (FauxtoError, OSError):
        return None


class Maker:
    """Draws alterations from photographs, donors and decoders."""

    def __init__(self, rows: list[Sample], seed: int, trips: bool) -> None:
        order = np.random.default_rng(seed)
        self.photographs = [row for row in rows if row.label == 0 and row.family in POPULATIONS]
        self.generated = [row for row in rows if row.label == 1 and row.family not in ("dalle2", "taef2", "upscaled")]
        self.drawn = [row for row in rows if row.label == 0 and row.family in ("art", "screenshot")]
        for group in (self.photographs, self.generated, self.drawn):
            order.shuffle(group)  # type: ignore[arg-type]
        self.trips = [row for row in rows if row.family == "taef2"] if trips else []
        self.people = [row for row in self.photographs if row.family == "people"]
        self.by_blob = {row.sha256[:12]: row for row in self.photographs}
        self.seed = seed
        lessons = [w for s in self.photographs[:24] if (w := self._cut(s, SIDE, order)) is not None]
        self.decoders = toy_decoders(lessons, tuple(u for u in UPSAMPLERS if u != HELD_OUT_DECODER))

    def make(self, number: int, kind: str) -> tuple[Composite, str] | None:
        """Composite `number` and the family of its photograph; None where a source does not serve."""
        rng = np.random.default_rng((self.seed, number))
        seed = self.seed * 1_000_000 + number
        if kind == "face-swap":
            return self._faces(seed, rng)
        if kind == "decoder" and self.trips and rng.random() < 0.4:
            return self._trip(self.trips[int(rng.integers(len(self.trips)))], seed, rng)
        group = self.drawn if kind == "nothing" and number % 4 else self.photographs
        photograph = group[number % len(group)]
        original = self._cut(photograph, WINDOW, rng)
        if original is None:
            return None
        original = history(original, past(seed, 3))
        if kind == "nothing":
            return Composite(original, original, np.zeros(original.shape[:2], bool), "splice"), photograph.family
        donor = self._donor(seed, rng) if kind == "splice" else None
        if kind == "splice" and donor is None:
            return None
        decoder = self.decoders[int(rng.integers(len(self.decoders)))]
        return compose(original, _kind(kind), seed, donor=donor, redraw=decoder), photograph.family

    def _donor(self, seed: int, rng: np.random.Generator) -> np.ndarray | None:
        """A window of another picture, generated in half of all cases, with a JPEG and in half a resize behind it."""
        lenders = self.generated if rng.random() < 0.5 else self.photographs
        whole = pixels_of(lenders[int(rng.integers(len(lenders)))])
        if whole is None:
            return None
        scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.5)))) if rng.random() < 0.5 else 1.0
        side = min(*whole.shape[:2], max(SIDE, round(WINDOW / scale)))
        donor = window(whole, side, rng) if side >= SIDE else None
        if donor is None:
            return None
        donor = history(donor, past(seed, 4))
        return donor if scale == 1 else apply(donor, f"resize:{scale:.3f}")

    def _trip(self, trip: Sample, seed: int, rng: np.random.Generator) -> tuple[Composite, str] | None:
        photograph = self.by_blob.get(trip.parent[:12])
        whole, drawn = (pixels_of(photograph) if photograph else None), pixels_of(trip)
        if photograph is None or whole is None or drawn is None:
            return None
        original = round_trip(trip, whole)
        region = outline(*original.shape[:2], np.random.default_rng((0x7A3, seed, 0)))
        altered, weight = blend(original, drawn, region, rng)
        return Composite(altered, original, weight >= 0.5, "decoder"), photograph.family

    def _faces(self, seed: int, rng: np.random.Generator) -> tuple[Composite, str] | None:
        found = []
        for sample in (self.people[int(i)] for i in rng.integers(len(self.people), size=2)):
            whole = pixels_of(sample)
            boxes = find_faces(whole) if whole is not None else []
            if whole is None or not boxes:
                return None
            found.append((whole, boxes[0], sample))
        (here, box, photograph), (there, other, _) = found
        middle_x, middle_y = box[0] + box[2] // 2, box[1] + box[3] // 2
        side = min(max(WINDOW, int(1.8 * box[2])), *here.shape[:2])
        left = int(np.clip(middle_x - side // 2, 0, here.shape[1] - side))
        top = int(np.clip(middle_y - side // 2, 0, here.shape[0] - side))
        part = np.ascontiguousarray(here[top : top + side, left : left + side])
        boxes_there = (box[0] - left, box[1] - top, box[2], box[3]), other
        return compose(part, "face-swap", seed, donor=there, faces=boxes_there), photograph.family

    def _cut(self, sample: Sample, side: int, rng: np.random.Generator) -> np.ndarray | None:
        whole = pixels_of(sample)
        return None if whole is None else window(shrunk(whole, rng), side, rng)


def _kind(name: str) -> Kind:
    return name  # type: ignore[return-value]  # the caller sorted out "nothing"


def patch(shipped: Tampered, empty: bool, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """One window of both twins and the mask, on the grid, turned or mirrored alike: at most half of it is altered."""
    height, width = shipped.mask.shape
    if min(height, width) < SIDE:
        return None
    for _ in range(12):
        top, left = (int(rng.integers((length - SIDE) // 8 + 1)) * 8 for length in (height, width))
        here = np.s_[top : top + SIDE, left : left + SIDE]
        if empty or 0.01 < shipped.mask[here].mean() < 0.5:
            break
    else:
        return None
    turns, flip = int(rng.integers(4)), rng.random() < 0.5
    parts = [np.rot90(each[here], turns) for each in (shipped.pixels, shipped.untouched, shipped.mask)]
    altered, untouched, mask = (part[:, ::-1] if flip else part for part in parts)
    return altered, untouched, mask


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--extra", type=Path)
    parser.add_argument("--pairs", type=int, default=5500)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    maker = Maker([row for row in read(chosen.data) if row.split == "train"], chosen.seed, chosen.extra is not None)
    kinds = np.random.default_rng(chosen.seed).choice(list(SHARES), size=chosen.pairs, p=list(SHARES.values()))
    shape = 2 * chosen.pairs, SIDE, SIDE
    pixels = np.lib.format.open_memmap(chosen.out / "pixels.npy", "w+", np.uint8, (*shape, 3))
    masks = np.lib.format.open_memmap(chosen.out / "masks.npy", "w+", np.bool_, shape)
    rows: list[list[object]] = []
    started = time.time()
    for number, kind in enumerate(map(str, kinds)):
        made = maker.make(number, kind)
        seed = chosen.seed * 1_000_000 + number
        cut = None
        if made is not None:
            chain = journey(seed)
            cut = patch(ship(made[0], chain, seed), kind == "nothing", np.random.default_rng((chosen.seed, number, 8)))
        if made is not None and cut is not None:
            at = 2 * len(rows)
            pixels[at], pixels[at + 1], masks[at] = cut
            rows.append([kind, made[1], chain])
        if number % 200 == 199:
            (chosen.out / "rows.json").write_text(json.dumps(rows))
            print(number, len(rows), f"{time.time() - started:.0f} s", f"{time.process_time():.0f} cpu", flush=True)
    (chosen.out / "rows.json").write_text(json.dumps(rows))
    print(f"{len(rows)} pairs in {chosen.out}")


if __name__ == "__main__":
    main()
