"""Make a trained detector into what `fauxto scan` loads: int8 ONNX, calibration, reference populations."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.backends.openvino import open_network
from fauxto.contracts import Detector
from fauxto.data.manifest import Sample
from fauxto.data.places import read_bytes
from fauxto.errors import ContractError, InputError, ResourceError
from fauxto.launder import apply
from fauxto.learn.appearance import FILE, VIEWS, Weighed, answers, weigh
from fauxto.learn.calibrate import fit_platt
from fauxto.learn.export import check_parity, export_onnx, file_sha256, quantize
from fauxto.learn.histories import HISTORIES
from fauxto.media.crops import CropSpec, cut, take
from fauxto.media.decode import decode
from fauxto.nn.appearance import AppearanceNetwork
from fauxto.run.pooling import RULES, middle
from fauxto.verdict.conformal import threshold

ABSTAIN = {"min_side": 96, "min_std": 4.0, "min_colours": 1024, "min_jpeg_quality": 40}
"""Below these the pixels are not asked: short side in pixels, liveliest standard deviation, colours of a window that is
not grey, estimated JPEG quality. Of 50 photographs none has fewer colours; with a palette, or tinted and never
compressed, all have, and without this limit up to 18 of them were called at a bound of 1 in 100.
"""


SETTLE_FPR, SETTLE_RISK = 0.25, 0.01
"""A picture may be settled by what is asked first, the look of the whole or the middle window, where at most this share
of the generated pictures that everything together calls at this bound would be lost. (Nobody asks for a bound of a
quarter, but the order of what is not called counts too.)"""

THOROUGH_RULE = "upper half"
"""How a thorough scan pools its windows (`run.pooling.RULES`)."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """What packaging measured: worst float export difference, and logits of the same crops.

    `float_logits` and `int8_logits` are means over all windows, `scan_logits` what a scan gives, where what is asked
    first settles some pictures alone (`settled`, the share of each step), `thorough_logits` what a thorough scan gives,
    if the detector has one. `appearance` is what was measured of that part, if there is one: the scans count it, the
    means over the windows do not. `skipped` maps the path of each picture that could not be read to the reason.
    """

    skipped: dict[str, str]
    parity: float
    float_logits: np.ndarray
    int8_logits: np.ndarray
    scan_logits: np.ndarray
    settled: list[float]
    thorough_logits: np.ndarray | None
    labels: np.ndarray
    appearance: Weighed | None


def package(
    detector: Detector,
    samples: Sequence[Sample],
    folder: str | Path,
    *,
    version: str,
    descriptions: Mapping[str, str],
    thorough: CropSpec | None = None,
    appearance: AppearanceNetwork | None = None,
) -> Packaged:
    """Write `model.onnx` and `model.json` to `folder` from samples that the detector was never trained on.

    Each sample is shipped through one of `HISTORIES`, read through the detector's own crop rule and scored by the int8
    model as scanning will. Reals become the reference populations, by `family`; reals and fakes together fit the
    calibration. `descriptions` has one sentence a population. With `thorough` the same is done for those windows, for
    `fauxto scan --thorough`. With `appearance` that network is asked, too. Errors: InputError without both classes;
    ContractError when the export differs from the network or ranks real above generated.
    """
    if detector.card.input.resize == "required":
        raise ContractError(
            f"{detector.card.slug} reads whole pictures made smaller; scanning reads windows at native resolution.",
            fix="Score pictures with the system itself; package one that reads crops, such as npr.",
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kept, stacks, views, skipped = _read(detector, samples, looks=appearance is not None)
    if not kept:
        raise InputError("Not one calibration picture could be read.", fix="Check the paths of the manifest.")
    floating, target = folder / "model-float.onnx", folder / "model.onnx"
    export_onnx(detector.network(), floating, detector.crop.size)
    parity = check_parity(detector.network(), floating, np.concatenate(stacks[:16])[:32])
    quantize(floating, target, _batches(stacks))
    float_logits = np.asarray([each.mean() for each in _score(floating, stacks)])
    floating.unlink()
    scores = _score(target, stacks)
    int8_logits = np.asarray([each.mean() for each in scores])
    labels = np.asarray([sample.label for sample in kept])
    weighed = None if appearance is None else weigh(appearance, views, int8_logits, labels, folder)
    if weighed is None:
        logits, asked = int8_logits, [np.concatenate([middle(each) for each in scores])]
    else:
        look = weighed.weight * weighed.whole
        logits, asked = int8_logits + weighed.added, [look, look + int8_logits]
    steps, scan_logits, settled = settle(logits, asked, labels, _populations(kept, logits, descriptions))
    model = {
        "name": detector.card.slug,
        "version": version,
        "system": detector.card.slug,
        "onnx": target.name,
        "sha256": file_sha256(target),
        "input": "float32 NCHW in [0, 1], name 'pixels', dynamic batch",
        "output": "logit",
        "abstain": ABSTAIN,
        **_reading(detector.crop, "mean", kept, scan_logits, descriptions),
        "settle": {"fpr": SETTLE_FPR, "risk": SETTLE_RISK, "steps": steps} if steps else None,
    }
    if weighed is not None:
        model["appearance"] = weighed.entry(folder)
    thorough_logits = None
    if thorough is not None:
        thorough_logits = _thorough_logits(detector, thorough, samples, target)
        if weighed is not None:
            seen = (VIEWS.take(pixels, _windows(pixels, thorough)) for _, pixels in _shipped(samples, {}))
            thorough_logits += weighed.weight * np.add(*answers(folder / FILE, seen))
        model["thorough"] = _reading(thorough, THOROUGH_RULE, kept, thorough_logits, descriptions)
    (folder / "model.json").write_text(json.dumps(model, indent=1) + "\n")
    return Packaged(skipped, parity, float_logits, int8_logits, scan_logits, settled, thorough_logits, labels, weighed)


def settle(
    logits: np.ndarray, asked: Sequence[np.ndarray], labels: np.ndarray, populations: Mapping[str, Any]
) -> tuple[list[dict[str, float]], np.ndarray, list[float]]:
    """The steps that settle pictures early, the logits that a scan then gives, and the share that each step settles.

    `logits` are those of everything together and `asked` what is known of them step by step, `(n,)` each; `labels` 1 =
    generated. Of the generated pictures whose `logits` are called at `SETTLE_FPR` each step loses at most the share
    `SETTLE_RISK`. No steps where there are too few photographs for that bound, or nothing is called.
    """
    bar, left = threshold(populations, SETTLE_FPR), np.ones(len(logits), bool)
    steps: list[dict[str, float]] = []
    scanned = logits.copy()
    shares: list[float] = []
    called = (labels == 1) & (logits > (np.inf if bar is None else bar))
    if bar is None or not called.any():
        return steps, scanned, shares
    for known in asked:
        lowest = np.sort(known[called])[int(SETTLE_RISK * called.sum())]
        below = round(min(float(lowest), bar - _mean(logits - known, labels == 0)) - 5e-5, 4)
        settles = left & (known < below)
        instead = _mean(logits - known, settles & (labels == 0))
        scanned[settles] = known[settles] + instead
        left &= ~settles
        steps.append({"below": below, "instead": instead})
        shares.append(float(settles.mean()))
    return steps, scanned, shares


def _mean(values: np.ndarray, chosen: np.ndarray) -> float:
    """Of the chosen ones, rounded as model.json has it; 0 where there are none."""
    return round(float(values[chosen].mean()), 4) if chosen.any() else 0.0


def _shipped(samples: Sequence[Sample], skipped: dict[str, str]) -> Iterator[tuple[Sample, np.ndarray]]:
    """The samples that can be read, with their pixels after the history of each; why others cannot, in `skipped`."""
    for i, sample in enumerate(samples):
        try:
            pixels = decode(read_bytes(sample.path))
        except (InputError, ResourceError, OSError) as error:
            skipped[sample.path] = str(error)
            continue
        yield sample, apply(pixels, HISTORIES[i % len(HISTORIES)], seed=i)


def _read(
    detector: Detector, samples: Sequence[Sample], *, looks: bool
) -> tuple[list[Sample], list[np.ndarray], list[np.ndarray], dict[str, str]]:
    """The samples that could be read, the preprocessed windows of each after its history, and why others were not.

    With `looks` also what the appearance sees of each.
    """
    skipped: dict[str, str] = {}
    kept, stacks, views = [], [], []
    for sample, pixels in _shipped(samples, skipped):
        kept.append(sample)
        stacks.append(detector.preprocess(pixels))
        if looks:
            views.append(VIEWS.take(pixels, middle(_windows(pixels, detector.crop))))
    return kept, stacks, views, skipped


def _windows(pixels: np.ndarray, crop: CropSpec) -> np.ndarray:
    return take(pixels.shape[1], pixels.shape[0], crop, lambda box: cut(pixels, box))


def _thorough_logits(detector: Detector, crop: CropSpec, samples: Sequence[Sample], onnx: Path) -> np.ndarray:
    """The logits of the samples that can be read by the rule of a thorough scan, picture by picture."""
    reader, network = copy.copy(detector), open_network(onnx)
    reader.crop = crop
    found = [RULES[THOROUGH_RULE](network(reader.preprocess(pixels))) for _, pixels in _shipped(samples, {})]
    return np.asarray(found)


def _reading(
    crop: CropSpec, rule: str, samples: Sequence[Sample], logits: np.ndarray, descriptions: Mapping[str, str]
) -> dict[str, Any]:
    """What model.json says of one way to read a picture. Errors: ContractError for a detector upside down."""
    labels = np.asarray([sample.label for sample in samples])
    calibration = fit_platt(logits, labels)
    if calibration["slope"] <= 0:
        raise ContractError(
            "The detector ranks real above generated on the calibration pictures.",
            fix="Check the labels of the manifest, then train again.",
        )
    return {
        "crop": {"size": crop.size, "count": crop.count, "at": list(crop.at)},
        "pooling": rule,
        "calibration": calibration,
        "populations": _populations(samples, logits, descriptions),
    }


def _batches(stacks: Sequence[np.ndarray], most: int = 150) -> Iterable[np.ndarray]:
    """One window of evenly spread pictures; few, because the activations of all of them are held at once."""
    for i in range(0, len(stacks), max(1, len(stacks) // most)):
        yield stacks[i][:1]


def _score(path: Path, stacks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The logits of each picture's windows."""
    network = open_network(path)
    return [network(stack).astype(np.float64) for stack in stacks]


def _populations(samples: Sequence[Sample], logits: np.ndarray, descriptions: Mapping[str, str]) -> dict[str, Any]:
    populations: dict[str, Any] = {}
    for name in sorted({sample.family for sample in samples if sample.label == 0}):
        own = [float(z) for z, s in zip(logits, samples, strict=True) if s.label == 0 and s.family == name]
        populations[name] = {
            "description": descriptions.get(name, name),
            "n": len(own),
            "logits": [round(z, 4) for z in sorted(own)],
        }
    return populations
