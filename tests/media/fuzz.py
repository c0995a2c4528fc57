"""Fuzz the media room: mutated files of every format must give pixels or one of our errors, and nothing else.

python -m tests.media.fuzz --count 200000 --out benchmarks/results/fuzz_media.json [--folder PICTURES]

Half of the mutated PNGs have their checksums made good again, or the codec would never see the others' harm.

Each file is decoded twice, whole and by a random box: where both succeed the pixels must agree bit by bit,
and a box may fail only where the whole fails. Seeds are made here, and taken from a folder of real files if
there is one (the smallest of each kind).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import struct
import time
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pillow_heif

from fauxto.errors import InputError, ResourceError
from fauxto.media import libjpeg, partial
from fauxto.media.crops import Box
from fauxto.media.decode import decode, probe
from fauxto.media.limits import Limits
from fauxto.media.sniff import sniff
from tests.media.pictures import exif, file_of, noise

LIMITS = Limits(max_pixels=4_000_000)
WORDS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\1")
MARKERS = (0x00, 0xC0, 0xC2, 0xC3, 0xC4, 0xC9, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD, 0xEE)


def made_seeds() -> list[bytes]:
    """One small file of every kind."""
    seeds = [file_of(noise(40, 30, mode), "PNG") for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")]
    seeds += [png(kind=2, depth=16), png(kind=6, depth=16), png(kind=2, depth=8, interlaced=True)]
    for progressive in (False, True):
        for sampling in ("4:4:4", "4:2:2", "4:2:0"):
            options = {"subsampling": sampling, "progressive": progressive, "exif": exif(6)}
            seeds += [file_of(noise(70, 90, seed=seed), "JPEG", **options) for seed in range(2)]
        seeds.append(file_of(noise(64, 80), "JPEG", progressive=progressive, restart_marker_rows=1))
        seeds += [file_of(noise(50, 60, mode), "JPEG", progressive=progressive) for mode in ("L", "CMYK")]
    frames = [noise(30, 30, "P", seed) for seed in range(3)]
    seeds += [file_of(frames[0], format, save_all=True, append_images=frames[1:]) for format in ("GIF", "PNG")]
    seeds += [file_of(noise(40, 30, "RGBA"), "WEBP", lossless=lossless, exif=exif(3)) for lossless in (False, True)]
    seeds += [file_of(noise(40, 30, mode), "BMP") for mode in ("RGB", "P", "1")]
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        seeds.append(file_of(noise(40, 30), "TIFF", compression=compression))
    seeds.append(file_of(noise(40, 30), "TIFF", compression="raw", big_tiff=True))
    seeds.append(file_of(noise(40, 30, "1"), "TIFF", compression="group4"))
    seeds += [file_of(noise(40, 30, mode), "TIFF", compression="tiff_lzw") for mode in ("I;16", "CMYK", "P")]
    moving = [noise(30, 30, seed=seed) for seed in range(3)]
    seeds += [file_of(moving[0], format, save_all=True, append_images=moving[1:]) for format in ("WEBP", "TIFF")]
    seeds.append(file_of(noise(40, 30, "RGBA"), "AVIF", speed=10))
    out = io.BytesIO()
    pillow_heif.from_pillow(noise(64, 48)).save(out, quality=50)
    return [*seeds, out.getvalue()]


def png(kind: int, depth: int, *, interlaced: bool = False) -> bytes:
    """A small PNG that Pillow cannot write: its rows are noise, of filter 0 (interlaced: 8 x 8 pixels)."""
    side, channels = 8, {2: 3, 6: 4}[kind]
    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)] if interlaced else [(side, side)]
    rng = random.Random(depth)
    rows = b"".join(b"\0" + rng.randbytes(width * channels * depth // 8) for width, n in passes for _ in range(n))
    header = struct.pack(">IIBBBBB", side, side, depth, kind, 0, 0, interlaced)
    return resealed(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + name + body + bytes(4)
            for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        )
    )


def resealed(data: bytes) -> bytes:
    """A PNG with the checksum of each chunk made good, as far as there are whole chunks."""
    out, position = bytearray(data), 8
    while position + 12 <= len(out):
        end = position + 8 + int.from_bytes(out[position : position + 4], "big")
        if end + 4 > len(out):
            break
        out[end : end + 4] = zlib.crc32(out[position + 4 : end]).to_bytes(4, "big")
        position = end + 4
    return bytes(out)


def mutate(seed: bytes, rng: random.Random) -> bytes:
    """Flip, overwrite, cut, insert, repeat or truncate, mostly near the front, where headers are."""
    data = bytearray(seed)
    reach = rng.choice([60, 300, len(data), len(data)])
    for _ in range(rng.choice([1, 1, 2, 4, 8, 30])):
        if len(data) < 16:
            break
        at = rng.randrange(min(reach, len(data)))
        match rng.randrange(7):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                data[at : at + 4] = rng.choice(WORDS)
            case 3:
                data[at : at + 2] = bytes([0xFF, rng.choice(MARKERS)])
            case 4:
                del data[at : at + rng.randint(1, 20)]
            case 5:
                data[at:at] = rng.randbytes(rng.randint(1, 20))
            case 6:
                start = rng.randrange(len(data))
                data[at:at] = data[start : start + rng.randint(1, 60)]
    mutated = bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.05 else data)
    return resealed(mutated) if mutated[:4] == b"\x89PNG" and rng.random() < 0.5 else mutated


def attempt(data: bytes, rng: random.Random) -> str:
    """Decode one file whole and by a box; gives "ok" or the code of the error."""
    partial.LEAST_SKIPPED = 0  # the seeds are small, and would be decoded whole
    try:
        header = probe(data, LIMITS)
        width, height = rng.randint(1, header.width), rng.randint(1, header.height)
        box = Box(rng.randint(0, header.width - width), rng.randint(0, header.height - height), width, height)
    except (InputError, ResourceError) as error:
        header, box, outcome = None, None, error.code
    try:
        whole = decode(data, LIMITS)
    except (InputError, ResourceError) as error:
        whole, outcome = None, error.code
    if header is None or box is None:
        assert whole is None, "decode accepts what probe refuses"
        return outcome
    try:
        part = decode(data, LIMITS, box)
    except (InputError, ResourceError) as error:
        assert whole is None, f"the box fails where the whole does not: {error}"
        return outcome
    assert part.shape == (box.height, box.width, 3) and part.dtype == np.uint8
    if whole is None:
        return outcome
    assert whole.shape == (header.height, header.width, 3)
    assert np.array_equal(part, whole[box.y : box.y + box.height, box.x : box.x + box.width]), "pixels differ"
    return "ok"


def run(seeds: list[bytes], count: int, seed: int, crash: Path | None = None) -> dict[str, object]:
    """Try `count` mutations; each is written to `crash` first, so that a dead process leaves its cause."""
    rng, slowest = random.Random(seed), 0.0
    outcomes: dict[str, Counter[str]] = {}
    resident: list[int] = []
    for index in range(count):
        data = mutate(rng.choice(seeds), rng)
        if crash is not None:
            crash.write_bytes(data)
        start = time.process_time()
        outcomes.setdefault(sniff(data) or "none", Counter())[attempt(data, rng)] += 1
        slowest = max(slowest, time.process_time() - start)
        if index in (count // 4, count - 1):
            resident.append(resident_bytes())
    return {
        "mutations": count,
        "seed": seed,
        "outcomes": dict(sum(outcomes.values(), Counter[str]()).most_common()),
        "outcomes_by_format": {name: dict(counts.most_common()) for name, counts in sorted(outcomes.items())},
        "slowest_cpu_seconds": round(slowest, 3),
        "resident_bytes_at_a_quarter_and_at_the_end": resident,
        "parked_threads": libjpeg._parked,
    }


def resident_bytes() -> int:
    """The memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def real_seeds(folder: Path, a_kind: int = 60) -> list[bytes]:
    """The smallest files of each kind in a folder."""
    files = [path for path in folder.rglob("*.*") if path.is_file() and path.suffix != ".csv"]
    kinds: dict[str, list[Path]] = {}
    for path in sorted(files, key=lambda path: (path.stat().st_size, path)):
        kinds.setdefault(path.suffix.lower(), []).append(path)
    return [path.read_bytes() for paths in kinds.values() for path in paths[:a_kind]]


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/fuzz_media.json"))
    parser.add_argument("--crash", type=Path, help="where to keep the file that is being tried")
    arguments = parser.parse_args()
    seeds = made_seeds()
    if arguments.folder is not None:
        seeds += real_seeds(arguments.folder)
    report = run(seeds, arguments.count, arguments.seed, arguments.crash)
    report = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "seeds": len(seeds), **report}
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
