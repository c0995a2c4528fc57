"""Join the development pool and what was made from it into the one manifest that the house detector is trained on.

    python benchmarks/house_data.py --pool POOL --extra EXTRA --out manifest.csv [--everything]

POOL is a folder of originals with a `manifest.csv` (columns path, label, generator, source, content, license, blob).
EXTRA holds what the machine made or what packages ship: `randomface/*.png` (MobileStyleGAN faces),
`taef2/<source>/<blob>.png` (real patches through the FLUX.2 tiny autoencoder), `deb/<collection>/*` (photographs, art
and renders from Debian packages), `packages/*/*/*` (what `house_packages.py` unpacks). Splits are by group: a group is
one generator family or one source of photographs, and a fold of the search holds out whole groups.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

from fauxto.data.manifest import PICTURES, Sample, write
from house_packages import index

GROUPS = {
    "stable-diffusion-1": "sd1", "stable-diffusion-beta": "sd1", "sd15": "sd1", "sd-horde": "sd1",
    "stable-diffusion-2": "sd21", "sdxl": "sdxl",
    "latent-diffusion": "ldm", "glid-3-xl": "ldm", "majesty": "ldm", "simulacra": "ldm", "disco": "disco",
    "dalle-mini": "vqgan", "vqgan": "vqgan", "stylegan2": "stylegan", "midjourney": "midjourney",
    "dalle-2": "dalle2", "dalle-3": "dalle3", "gpt-image": "chat", "gpt-4o": "chat", "nano-banana": "chat",
    "bsrgan": "upscaled", "esrgan": "upscaled", "realsr": "upscaled",
    "flux": "modern", "qwen": "modern", "hunyuan": "modern", "hidream": "modern", "cosmos": "modern",
    "stable-cascade": "modern", "stable-diffusion-3": "modern", "chroma": "modern", "auraflow": "modern",
    "lumina": "modern", "omnigen": "modern", "grok": "modern", "z-image": "modern",
}  # fmt: skip
"""The family of a generator by the start of its name: what shares a decoder or a maker is held out together."""
POPULATIONS = {
    "EliSchwartz/imagenet-sample-images": "web", "BIDS/BSDS500": "corel", "google/dreambooth": "phone",
    "drewnoakes/metadata-extractor-images": "camera", "shantrm/photo-portfolio": "camera",
    "alicevision/dataset_monstree": "camera", "openMVG/ImageDataset_SceauxCastle": "camera",
    "elementary/wallpapers": "camera", "chandrikadeb7/Face-Mask-Detection": "people",
    "zzzDavid/ICDAR-2019-SROIE": "scan", "ltdrdata/ComfyUI-extension-tutorials": "screenshot",
}  # fmt: skip
COLLECTIONS = {
    "gcompris-webp": "webp",
    "opencv-doc": "screenshot",
    "backgrounds": "art",
    "plasma": "art",
    "tuxpaint": "art",
    "wesnoth": "paintings",
}
"""What the folders of package pictures hold: WebP photographs, manual figures and screenshots, renders and drawings,
and portraits that people painted for a game (never trained on: 200 of wesnoth-1.16-data, first by content hash)."""


def pool(folder: Path) -> list[Sample]:
    """The pictures of the pool whose group is known; spliced composites and test fixtures are left out."""
    samples = []
    for row in csv.DictReader((folder / "manifest.csv").open()):
        if row["label"] == "real":
            group = POPULATIONS.get(row["source"], "")
        else:
            group = next((g for prefix, g in GROUPS.items() if row["generator"].startswith(prefix)), "")
        if group:
            samples.append(
                Sample(
                    path=str((folder / row["path"]).absolute()),
                    label=int(row["label"] != "real"),
                    generator=row["generator"] if row["label"] != "real" else "",
                    source=row["source"],
                    family=group,
                    content=row["content"],
                    license=row["license"],
                    sha256=row["blob"],
                )
            )
    return samples


def made(folder: Path) -> list[Sample]:
    """Faces, autoencoder round trips (whose parent is the photograph) and package pictures."""
    samples = [
        Sample(str(path.absolute()), 1, "mobilestylegan-ffhq", "random-face", "stylegan")
        for path in sorted((folder / "randomface").glob("*.png"))
    ]
    samples += [
        Sample(str(path.absolute()), 1, "taef2", path.parent.name, "taef2", parent=path.stem)
        for path in sorted((folder / "taef2").glob("*/*.png"))
    ]
    for path in sorted((folder / "deb").rglob("*")):
        if path.suffix.lower() in PICTURES and path.is_file():
            collection = path.relative_to(folder / "deb").parts[0]
            samples.append(Sample(str(path.absolute()), 0, "", f"debian/{collection}", COLLECTIONS[collection]))
    chosen = {row["sha256"]: row for row in index()}
    for path in sorted((folder / "packages").glob("*/*/*")):
        row = chosen[path.stem]
        samples.append(
            Sample(
                path=str(path.absolute()),
                label=0,
                source=f"packages/{row['group']}",
                family="packages",
                content=row["package"],
                split="calibration" if row["split"] == "reference" else row["split"],
                license="by package: house_packages.csv",
                sha256=row["sha256"],
            )
        )
    return samples


def unique(samples: list[Sample]) -> list[Sample]:
    """One sample per content: the first wins."""
    seen: set[str] = set()
    kept = []
    for sample in samples:
        if digest(sample) not in seen:
            seen.add(digest(sample))
            kept.append(sample)
    return kept


WHOLE = {"phone": "calibration", "scan": "calibration", "paintings": "calibration", "modern": "test", "dalle3": "test"}
"""Groups that are never trained on: whole sources of photographs, and whole families of generators."""
WHOLE_SOURCES = {"shantrm/photo-portfolio": "calibration"}
CALIBRATION = {"web": 300, "corel": 150, "people": 250, "camera": 60, "screenshot": 46, "webp": 20, "art": 10}
"""How many pictures of a source that is also trained on are set aside: the first by content hash."""
CALIBRATION_FAKES = 0.14
FIRST_STAGE = {
    "needleful/ai-art-gallery", "pumbers/game-manglement", "jamez-bondos/awesome-gpt4o-images", "cszn/BSRGAN",
    "apple/ml-stable-diffusion", "a312863063/generators-with-stylegan2", "nerdyrodent/AVeryComfyNerd",
}  # fmt: skip
"""Sources of fakes that the first stage of training saw whole, by other splits: none of them calibrates."""
SCREENSHOTS_FIRST = "ltdrdata/ComfyUI-extension-tutorials"
"""Figures of manuals show what image filters put out: they train, but only screenshots are references."""
REFERENCES = {
    "phone": "camera", "corel": "camera",
    "scan": "graphics", "screenshot": "graphics", "webp": "graphics", "art": "graphics", "paintings": "graphics",
}  # fmt: skip
"""Fewer than 199 pictures can vouch for a bound of 1 % by the most synthetic-looking of them only. So what cameras,
phones and film scanners wrote is one population of references, and what is no plain photograph is another."""


def with_splits(samples: list[Sample], *, everything: bool = False) -> list[Sample]:
    """Every sample with its split; what was made from a set-aside photograph is dropped from training.

    With `everything` the families of generators that stood apart whole are trained on as well, but for one picture in
    five (by content hash), which calibrates.
    """
    taken: dict[str, int] = {}
    split = {}
    for sample in sorted(samples, key=lambda s: (s.source != SCREENSHOTS_FIRST, digest(s))):
        name = sample.split or WHOLE_SOURCES.get(sample.source) or WHOLE.get(sample.family)
        if name is None:
            seen = taken.get(sample.family, 0)
            wanted = CALIBRATION.get(sample.family, 0)
            if sample.label:
                wanted = int(CALIBRATION_FAKES * sum(s.family == sample.family for s in samples))
            excluded = sample.family == "taef2" or sample.source in FIRST_STAGE
            name = "calibration" if seen < wanted and not excluded else "train"
            taken[sample.family] = seen + 1
        if everything and name == "test" and sample.label:
            name = "train" if int(sample.sha256[:8], 16) % 5 else "calibration"
        split[sample.path] = name
    apart = {s.sha256[:12] for s in samples if s.sha256 and split[s.path] != "train"}
    kept = [replace(s, split=split[s.path]) for s in samples if not (s.parent and s.parent in apart)]
    return [replace(s, family=REFERENCES.get(s.family, s.family)) if s.split != "train" else s for s in kept]


def digest(sample: Sample) -> str:
    """An order that has nothing to do with names or folders."""
    return hashlib.sha256(Path(sample.path).read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pool", type=Path, required=True, action="append")
    parser.add_argument("--extra", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--everything", action="store_true", help="train on the families that stood apart as well")
    options = parser.parse_args()
    found = unique([s for folder in options.pool for s in pool(folder)] + made(options.extra))
    samples = with_splits(found, everything=options.everything)
    write(samples, options.out)
    counts = Counter(("fake" if s.label else "real", s.family, s.split) for s in samples)
    for (label, family, split), count in sorted(counts.items()):
        print(f"{label}  {family:12} {split:12} {count}")


if __name__ == "__main__":
    main()
