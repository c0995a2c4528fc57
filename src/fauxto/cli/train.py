"""`fauxto train`: fit a detector to a manifest; `fauxto package`: make the result into a model that scans."""

from __future__ import annotations

import json
from pathlib import Path

from fauxto.cli.check import require_lab


def train(
    system: str,
    /,
    *,
    data: Path,
    out: Path,
    steps: int = 1000,
    crop: int = 128,
    seed: int = 0,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    precision: str = "32-true",
    launder: bool = True,
    patches: int = 4,
    workers: int = 1,
) -> int:
    """Train a detector on the pictures of a manifest; run it again to go on where it stopped.

    Writes OUT/weights.safetensors, OUT/training.json and OUT/last.ckpt. A GPU is used when there is one.

    Parameters
    ----------
    system
        A slug such as npr, or your own Python file.
    data
        A manifest (.csv or .parquet). Rows whose split is "calibration" or "test" are left out.
    out
        Folder of the run; the patch store lies there too.
    steps
        Batches in all.
    crop
        Side of a training crop in pixels.
    seed
        Seed of weights, batches and augmentations.
    batch_size
        Instead of the published one.
    learning_rate
        Instead of the published one.
    precision
        Lightning Fabric precision, such as 32-true or bf16-mixed.
    launder
        Ship every crop, real and generated alike, through a random history first.
    patches
        Windows of 256 pixels cut from each picture.
    workers
        Processes that cut and launder crops.
    """
    require_lab()
    from fauxto.catalog import find  # noqa: PLC0415
    from fauxto.data.manifest import read  # noqa: PLC0415
    from fauxto.data.patches import build  # noqa: PLC0415
    from fauxto.learn.augment import Laundering  # noqa: PLC0415
    from fauxto.learn.fit import Plan, fit, initial_state  # noqa: PLC0415

    samples = [sample for sample in read(data) if sample.split not in ("calibration", "test")]
    store = build(samples, out, per_picture=patches, seed=0)
    plan = Plan(
        steps=steps,
        crop=crop,
        seed=seed,
        batch_size=batch_size,
        learning_rate=learning_rate,
        precision=precision,
        workers=workers,
        laundering=Laundering() if launder else None,
    )
    detector = initial_state(find(system), seed)
    fitted = fit(detector, store, plan, out)
    detector.save(str(out / "weights.safetensors"))
    report = {
        "system": detector.card.slug,
        "samples": len(store.samples),
        "patches": len(store.picture),
        "loss": fitted.losses[-1] if fitted.losses else None,
        "seconds": round(fitted.seconds, 1),
        "weights": str(out / "weights.safetensors"),
    }
    (out / "training.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report))
    return 0


def package(system: str, /, *, weights: Path, data: Path, out: Path, version: str = "local") -> int:
    """Make a trained detector into a model folder that `fauxto scan --model OUT` loads.

    Exports to ONNX, checks it against the network, quantizes to int8 and calibrates on the rows of the manifest whose
    split is "calibration": pictures that were never trained on. Their `family` names the reference populations.

    Parameters
    ----------
    system
        A slug such as npr, or your own Python file.
    weights
        What `fauxto train` wrote.
    data
        The manifest with the calibration rows.
    out
        Folder for model.onnx and model.json.
    version
        Goes into every Finding.
    """
    require_lab()
    import numpy as np  # noqa: PLC0415

    from fauxto.catalog import find  # noqa: PLC0415
    from fauxto.data.manifest import read  # noqa: PLC0415
    from fauxto.learn.package import package as make  # noqa: PLC0415

    detector = find(system)()
    detector.load(str(weights))
    samples = [sample for sample in read(data) if sample.split == "calibration"]
    made = make(detector, samples, out, version=version, descriptions={})
    shift = float(np.abs(made.float_logits - made.int8_logits).mean())
    report = {
        "model": str(out),
        "pictures": len(made.labels),
        "skipped": made.skipped,
        "parity": made.parity,
        "int8_shift": shift,
    }
    print(json.dumps(report))
    return 0
