"""`fauxto train`: fit a detector to a manifest; `fauxto package`: make the result into a model that scans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fauxto.cli.check import options, require_lab
from fauxto.cli.parameters import Seed
from fauxto.errors import InputError


def train(
    system: str,
    /,
    *,
    data: Path,
    out: Path,
    steps: int = 1000,
    backbone: str | None = None,
    crop: int | None = None,
    seed: Seed = 0,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    precision: str = "32-true",
    launder: bool = True,
    patches: int = 4,
    workers: int = 1,
    devices: int = 1,
    save_every: int = 200,
    false_alarms: float = 0.05,
) -> int:
    """Train a detector or localizer on the pictures of a manifest; run it again to go on where it stopped.

    Writes OUT/weights.safetensors, OUT/training.json and OUT/last.ckpt. A GPU is used when there is one. Of a detector
    such as rigid or aeroblade nothing is trained: its threshold is set on the real pictures instead, in one pass.

    Parameters
    ----------
    system
        A slug such as npr, or your own Python file.
    data
        A manifest (.csv or .parquet). Rows whose split is "calibration" or "test" are left out. A localizer needs
        the path of a mask in the column "mask" of every row that is not real.
    out
        Folder of the run; the patch store lies there too.
    steps
        Batches in all.
    backbone
        For systems on a pretrained backbone: its folder or file, efficientnet-lite0, or tiny.
    crop
        Side of a training crop in pixels; 128, or what the backbone reads.
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
        Windows of 256 pixels cut from each picture; a system that reads whole pictures gets those instead.
    workers
        Processes that cut and launder crops, for each device.
    devices
        GPUs, or processes where there is none, that share each batch.
    save_every
        Steps between two checkpoints; a run that dies goes on from the last one.
    false_alarms
        For a detector that is not trained: the share of the real pictures that may lie above its threshold.
    """
    require_lab()
    from fauxto.catalog import find  # noqa: PLC0415
    from fauxto.data.manifest import read  # noqa: PLC0415
    from fauxto.data.training import reads_whole, side_read, training_rows, training_store  # noqa: PLC0415
    from fauxto.learn.augment import Laundering  # noqa: PLC0415
    from fauxto.learn.fit import Plan, check_fittable, fit, initial_state  # noqa: PLC0415
    from fauxto.learn.threshold import calibrate, is_only_calibrated  # noqa: PLC0415

    samples = read(data)
    kind = find(system)
    arguments = options(kind, backbone)
    detector = initial_state(lambda: kind(**arguments), seed)
    if is_only_calibrated(detector):
        told = calibrate(detector, training_rows(samples, both=False), false_alarms, histories=launder)
        return _calibrated(detector, told, out)
    samples = training_rows(samples)
    check_fittable(detector)
    size, whole = side_read(detector), reads_whole(detector)
    if whole and crop not in (None, size):
        raise InputError(f"{detector.card.slug} reads whole pictures of {size} pixels.", fix="Leave --crop out.")
    store = training_store(detector, samples, out, per_picture=patches)
    history = Laundering(resize=0) if whole else Laundering()  # a squeezed picture has no pixels to spare
    plan = Plan(
        steps=steps,
        crop=crop if crop is not None else (size if whole or backbone else 128),
        seed=seed,
        batch_size=batch_size,
        learning_rate=learning_rate,
        precision=precision,
        workers=workers,
        laundering=history if launder and kind.recipe.get("launder", True) else None,
        save_every=save_every,
        devices=devices,
    )
    fitted = fit(detector, store, plan, out)
    detector.save(str(out / "weights.safetensors"))
    report = {
        "system": detector.card.slug,
        "samples": len(store.samples),
        "left_out": len(samples) - len(store.samples),
        "patches": len(store.picture),
        "loss": fitted.losses[-1] if fitted.losses else None,
        "seconds": round(fitted.seconds, 1),
        "loader_crops_per_second": round(fitted.loader_rate, 1),
        "network_crops_per_second": round(fitted.network_rate, 1),
        "waited_for_loader": round(fitted.waited, 3),
        "weights": str(out / "weights.safetensors"),
    }
    (out / "training.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report))
    return 0


def _calibrated(detector: Any, told: dict[str, Any], out: Path) -> int:
    """Write what a detector was calibrated to, and say that nothing was trained."""
    out.mkdir(parents=True, exist_ok=True)
    detector.save(str(out / "weights.safetensors"))
    skipped = told.pop("skipped")
    report = {
        "system": detector.card.slug,
        "trained": False,
        "steps": 0,
        **told,
        "left_out": len(skipped),
        "weights": str(out / "weights.safetensors"),
    }
    (out / "training.json").write_text(json.dumps(report | {"skipped": skipped}, indent=1) + "\n")
    print(json.dumps(report))
    return 0


def package(
    system: str,
    /,
    *,
    weights: Path,
    data: Path,
    out: Path,
    backbone: str | None = None,
    appearance: Path | None = None,
    version: str = "local",
    describe: Path | None = None,
) -> int:
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
    backbone
        The one that the system was trained on.
    appearance
        Weights of a network of whole pictures (what `benchmarks/house_appearance.py` wrote), asked beside the system.
    version
        Goes into every Finding.
    describe
        JSON: one sentence for each reference population, shown with its p-value.
    """
    require_lab()
    import numpy as np  # noqa: PLC0415

    from fauxto.catalog import find  # noqa: PLC0415
    from fauxto.data.manifest import read  # noqa: PLC0415
    from fauxto.learn.package import package as make  # noqa: PLC0415
    from fauxto.nn.appearance import load_appearance  # noqa: PLC0415
    from fauxto.score.roc import auc  # noqa: PLC0415

    kind = find(system)
    detector = kind(**options(kind, backbone))
    detector.load(str(weights))
    samples = [sample for sample in read(data) if sample.split == "calibration"]
    wide = getattr(detector, "thorough", None)
    beside = None if appearance is None else load_appearance(appearance)
    made = make(
        detector, samples, out, version=version, descriptions=_sentences(describe), thorough=wide, appearance=beside
    )
    shift = float(np.abs(made.float_logits - made.int8_logits).mean())
    scored = {"float": made.float_logits, "int8": made.int8_logits, "scan": made.scan_logits}
    if made.thorough_logits is not None:
        scored["thorough"] = made.thorough_logits
    if made.appearance is not None:
        scored["appearance"] = made.appearance.added
    areas = {f"auc_{name}": auc(z[made.labels == 0], z[made.labels == 1]) for name, z in scored.items()}
    report = {
        "model": str(out),
        "pictures": len(made.labels),
        "skipped": made.skipped,
        "parity": made.parity,
        "int8_shift": shift,
        **{name: round(area, 4) for name, area in areas.items()},
        "settled": [round(share, 3) for share in made.settled],
    }
    print(json.dumps(report))
    return 0


def _sentences(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        sentences = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {error}.", fix="Give a JSON object of name to sentence.") from error
    if not isinstance(sentences, dict) or not all(isinstance(text, str) for text in sentences.values()):
        raise InputError(f"{path} is no object of name to sentence.", fix='Write {"web": "Photographs from the web."}')
    return sentences
