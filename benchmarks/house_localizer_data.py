"""Make the altered pictures that the house localizer is trained on, with masks and untouched twins.

    python benchmarks/house_localizer_data.py --data house.csv --out DIR [--extra EXTRA] [--pairs 1200]

`house.csv` is the manifest of `house_data.py`. Only photographs of its training split are altered and lent from, so the
photographs of its calibration split stay unseen. Half of what is spliced in comes from generated pictures of the
training split (not from inpainted ones: they are a test). EXTRA is the folder of `house_data.py`; with it some decoder
patches come from a real autoencoder (round trips of windows of the same photographs), else all come from toy decoders.

Every pair is shipped through two journeys, altered and untouched alike. Writes DIR/*.png and DIR/manifest.csv, for

    fauxto train house-localizer --data DIR/manifest.csv --out RUN --no-launder --steps 2000
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample, read, write
from fauxto.data.places import read_bytes
from fauxto.data.worlds.tampering import Composite, Kind, compose, journey, past, ship
from fauxto.data.worlds.tampering.faces import find_faces
from fauxto.data.worlds.tampering.paste import blend
from fauxto.data.worlds.tampering.shapes import outline
from fauxto.data.worlds.toy_fakes import UPSAMPLERS, redraw, train_toy
from fauxto.errors import FauxtoError
from fauxto.launder import apply
from fauxto.media.decode import decode

SIDE = 192
"""Pixels a side of an altered patch: the picture is cut first, so that nothing is resized after."""

SHARES: dict[Kind, float] = {
    "splice": 0.38, "copy-move": 0.14, "telea": 0.07, "navier-stokes": 0.07, "exemplar": 0.05, "decoder": 0.24,
    "face-swap": 0.05,
}  # fmt: skip
POPULATIONS = ("web", "corel", "people", "camera", "webp")
HELD_OUT_DECODER = "bilinear"
"""The toy decoder that is only tested on."""


def window(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray | None:
    """A random window; None where the picture is too small."""
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        return None
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def history(pixels: np.ndarray, chain: str) -> np.ndarray:
    """What a picture went through before, if anything."""
    return apply(pixels, chain) if chain else pixels


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
    """Draws pairs from photographs, donors and decoders."""

    def __init__(self, photographs: list[Sample], generated: list[Sample], trips: list[Sample], seed: int) -> None:
        self.photographs, self.generated, self.seed = photographs, generated, seed
        self.trips = trips
        self.by_blob = {sample.sha256[:12]: sample for sample in photographs}
        lessons = [w for s in photographs[:24] if (w := self._cut(s, SIDE, 0)) is not None]
        self.decoders = toy_decoders(lessons, tuple(u for u in UPSAMPLERS if u != HELD_OUT_DECODER))
        self.people = [s for s in photographs if s.family == "people"]

    def pair(self, number: int, kind: Kind) -> tuple[Composite, Sample] | None:
        """Composite `number`, and the photograph that it stands on; None where a source is too small."""
        rng = np.random.default_rng((self.seed, number))
        seed = self.seed * 1_000_000 + number
        if kind == "face-swap":
            return self._faces(seed, rng)
        if kind == "decoder" and self.trips and rng.random() < 0.4:
            return self._trip(self.trips[number % len(self.trips)], seed, rng)
        photograph = self.photographs[number % len(self.photographs)]
        original = self._cut(photograph, SIDE, number)
        if original is None:
            return None
        donor = None
        if kind == "splice":
            lenders = self.generated if self.generated and rng.random() < 0.5 else self.photographs
            donor = self._cut(lenders[int(rng.integers(len(lenders)))], SIDE, number + 1)
            if donor is None:
                return None
            donor = history(donor, past(seed, 4))
            if rng.random() < 0.5:
                donor = apply(donor, f"resize:{rng.uniform(0.7, 1.5):.3f}")
        original = history(original, past(seed, 3))
        decoder = self.decoders[int(rng.integers(len(self.decoders)))]
        return compose(original, kind, seed, donor=donor, redraw=decoder), photograph

    def _trip(self, trip: Sample, seed: int, rng: np.random.Generator) -> tuple[Composite, Sample] | None:
        photograph = self.by_blob.get(trip.parent[:12])
        whole, drawn = (pixels_of(photograph) if photograph else None), pixels_of(trip)
        if photograph is None or whole is None or drawn is None:
            return None
        original = round_trip(trip, whole)
        top, left = (int(rng.integers(max(1, length - SIDE + 1))) for length in original.shape[:2])
        original, drawn = (np.ascontiguousarray(p[top : top + SIDE, left : left + SIDE]) for p in (original, drawn))
        region = outline(*original.shape[:2], np.random.default_rng((0x7A3, seed, 0)))
        altered, weight = blend(original, drawn, region, rng)
        return Composite(altered, original, weight >= 0.5, "decoder"), photograph

    def _faces(self, seed: int, rng: np.random.Generator) -> tuple[Composite, Sample] | None:
        found = []
        for sample in (self.people[int(i)] for i in rng.integers(len(self.people), size=2)):
            whole = pixels_of(sample)
            boxes = find_faces(whole) if whole is not None else []
            if whole is None or not boxes:
                return None
            found.append((whole, boxes[0], sample))
        (here, box, photograph), (there, other, _) = found
        middle_x, middle_y = box[0] + box[2] // 2, box[1] + box[3] // 2
        side = min(max(SIDE, int(1.8 * box[2])), *here.shape[:2])
        left = int(np.clip(middle_x - side // 2, 0, here.shape[1] - side))
        top = int(np.clip(middle_y - side // 2, 0, here.shape[0] - side))
        part = np.ascontiguousarray(here[top : top + side, left : left + side])
        boxes_there = (box[0] - left, box[1] - top, box[2], box[3]), other
        return compose(part, "face-swap", seed, donor=there, faces=boxes_there), photograph

    def _cut(self, sample: Sample, side: int, number: int) -> np.ndarray | None:
        whole = pixels_of(sample)
        return None if whole is None else window(whole, side, np.random.default_rng((self.seed, number, 7)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--extra", type=Path)
    parser.add_argument("--pairs", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    rows = [row for row in read(chosen.data) if row.split == "train"]
    order = np.random.default_rng(chosen.seed)
    photographs = [row for row in rows if row.label == 0 and row.family in POPULATIONS]
    generated = [row for row in rows if row.label == 1 and row.family not in ("dalle2", "taef2", "upscaled")]
    for group in (photographs, generated):
        order.shuffle(group)  # type: ignore[arg-type]
    trips = [row for row in rows if row.family == "taef2"] if chosen.extra else []
    maker = Maker(photographs, generated, trips, chosen.seed)
    kinds = order.choice(list(SHARES), size=chosen.pairs, p=list(SHARES.values()))
    samples: list[Sample] = []
    started = time.time()
    for number, kind in enumerate(kinds):
        made = maker.pair(number, str(kind))  # type: ignore[arg-type]
        if made is None or made[0].mask.mean() < 0.005:
            continue
        composite, photograph = made
        for version in (0, 1):
            seed = (chosen.seed * 1_000_000 + number) * 2 + version
            shipped = ship(composite, journey(seed), seed)
            stem = str(chosen.out / f"{number:05d}-{version}")
            for name, pixels in (("altered", shipped.pixels), ("untouched", shipped.untouched)):
                Image.fromarray(pixels).save(f"{stem}-{name}.png", compress_level=1)
            Image.fromarray(shipped.mask).save(f"{stem}-mask.png", compress_level=1)
            common = {"source": photograph.source, "family": photograph.family, "license": photograph.license}
            samples.append(
                Sample(f"{stem}-altered.png", 1, composite.kind, mask=f"{stem}-mask.png", split="train",
                       manipulation="edited", **common)
            )  # fmt: skip
            samples.append(Sample(f"{stem}-untouched.png", 0, split="train", **common))
        if number % 100 == 0:
            print(number, len(samples), f"{time.time() - started:.0f} s", f"{time.process_time():.0f} cpu", flush=True)
            write(samples, chosen.out / "manifest.csv")
    write(samples, chosen.out / "manifest.csv")
    print(f"{len(samples)} pictures in {chosen.out}")


if __name__ == "__main__":
    main()
