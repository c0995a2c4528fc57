"""What a crop of a large JPEG costs: the comparison behind `fauxto.media.partial`.

    python benchmarks/jpeg_crop.py [--photo FILE.jpg] [--out FILE.json]

Times the band of three 256-pixel windows of a 4000 x 3000 picture, in CPU milliseconds, best of several:
Pillow's whole picture, simplejpeg's whole picture, `decode` whole, `decode` with the band. Each band is first
checked against Pillow's pixels. Without `--photo` the picture is noise of a photograph's spectrum.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import PIL
import simplejpeg
from PIL import Image, features

from fauxto.media import libjpeg
from fauxto.media.crops import CropSpec, band
from fauxto.media.decode import decode

WIDTH, HEIGHT, ROUNDS = 4000, 3000, 7


def picture(photo: str | None) -> Image.Image:
    """A photograph at 4000 x 3000 with a little sensor noise, or noise that falls off with 1/f."""
    rng = np.random.default_rng(0)
    if photo is not None:
        image = Image.open(photo).convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        pixels = np.asarray(image, np.float32)
    else:
        pixels = np.full((HEIGHT, WIDTH, 3), 128, np.float32)
        for step in (2, 4, 8, 16, 32, 64, 128):
            coarse = rng.normal(0, 2.0 * step**0.5, (-(-HEIGHT // step), -(-WIDTH // step), 3))
            layer = np.asarray(coarse, np.float32)
            pixels += layer.repeat(step, axis=0).repeat(step, axis=1)[:HEIGHT, :WIDTH]
    pixels = pixels + rng.normal(0, 3, (HEIGHT, WIDTH, 1)).astype(np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return round(1000 * min(times), 1)


def measure(image: Image.Image, subsampling: str, progressive: bool) -> dict[str, object]:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, subsampling=subsampling, progressive=progressive)
    data = file.getvalue()
    box = band(WIDTH, HEIGHT, CropSpec(256, 3))

    def pillow() -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    expected = pillow()[box.y : box.y + box.height, box.x : box.x + box.width]
    assert np.array_equal(decode(data, box=box), expected), "the band is not bit-identical"
    row: dict[str, object] = {
        "subsampling": subsampling,
        "progressive": progressive,
        "bytes": len(data),
        "pillow_whole_ms": milliseconds(pillow),
        "simplejpeg_whole_ms": milliseconds(lambda: simplejpeg.decode_jpeg(data, "RGB")),
        "fauxto_whole_ms": (whole := milliseconds(lambda: decode(data))),
        "fauxto_band_ms": (part := milliseconds(lambda: decode(data, box=box))),
        "speedup": round(whole / part, 2),
    }
    print(row)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo")
    parser.add_argument("--out", default="benchmarks/results/jpeg_crop.json")
    arguments = parser.parse_args()
    image = picture(arguments.photo)
    rows = [measure(image, sub, prog) for sub in ("4:2:0", "4:2:2", "4:4:4") for prog in (False, True)]
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.strip(),
        "cpu": cpu[0].split(":")[1].strip() if cpu else platform.processor(),
        "python": platform.python_version(),
        "pillow": PIL.__version__,
        "libjpeg_turbo": features.version("libjpeg_turbo"),
        "simplejpeg": simplejpeg.__version__,
        "binding": libjpeg.available(),
        "picture": "photograph" if arguments.photo else "1/f noise",
        "size": [WIDTH, HEIGHT],
        "rows": rows,
    }
    out = Path(arguments.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
