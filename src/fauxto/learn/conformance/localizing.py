"""Checks of a localizer: its map, its image rule, its loss, and the way to the scanner."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import openvino
import torch

from fauxto.contracts import Localizer
from fauxto.learn.conformance.pictures import few, picture
from fauxto.learn.conformance.report import SEED, Outcome, Subject
from fauxto.learn.conformance.training import stir
from fauxto.learn.export import INPUT, export_localizer

SIZES = ((8, 8), (9, 7), (64, 64), (200, 150), (300, 40), (1, 120))
"""Width and height in pixels: tiny, odd, exact, common, panorama, one line."""

TOLERANCE = 2e-3
"""Times 1 + |value|: other kernels fuse batch norm into the convolutions and sum in another order."""

PARTS = ("card", "recipe", "tile", "overlap", "network", "mask", "score", "augment", "loss", "load", "save")


def shape_of_class(subject: Subject) -> Outcome:
    """The class is built without arguments and has every part of the Protocol."""
    missing = [name for name in PARTS if not hasattr(subject.detector, name)]
    measured = f"missing: {', '.join(missing)}" if missing else Localizer.__name__
    expected = f"the parts of contracts.Localizer: {', '.join(PARTS)}"
    return Outcome("protocol", not missing, measured, expected, "Add the missing parts; see localize/fakelocator.py.")


def maps(subject: Subject) -> Outcome:
    """`mask` gives float32 in [0, 1] at the picture's own size, for every size, and leaves the picture alone."""
    expected = "float32 (h, w) in [0, 1] at native size, for every size down to 8x8; the picture unchanged"
    wrong = []
    for name, image in _pictures():
        before = image.copy()
        found = subject.detector.mask(image)
        if not isinstance(found, np.ndarray) or found.dtype != np.float32 or found.shape != image.shape[:2]:
            wrong.append(f"{name}: {getattr(found, 'dtype', type(found).__name__)} {getattr(found, 'shape', '')}")
        elif not np.isfinite(found).all() or found.min() < 0 or found.max() > 1:
            wrong.append(f"{name}: values from {found.min():.3g} to {found.max():.3g}")
        if not np.array_equal(image, before):
            wrong.append(f"{name}: the picture was changed")
    fix = "Tile with media.tiles, assemble, and squash to [0, 1] last."
    return Outcome("mask", not wrong, "; ".join(wrong[:3]) or f"{len(SIZES) + 2} pictures", expected, fix)


def scores(subject: Subject) -> Outcome:
    """`score` gives finite float32 `(n,)`; a picture's score and map do not depend on its neighbours or the mode."""
    expected = "finite float32 (n,) for n = 0, 1, 4; equal bits alone, among others, twice, and in either mode"
    fix = "See one picture at a time; put the network in eval mode inside (nn.localizing does)."
    images = few()
    for count in (0, 1, len(images)):
        found = subject.detector.score(images[:count])
        if not isinstance(found, np.ndarray) or found.shape != (count,) or found.dtype != np.float32:
            got = f"{getattr(found, 'dtype', type(found).__name__)} {getattr(found, 'shape', '')}"
            return Outcome("score", False, f"score of {count}: {got}", expected, fix)
    alone = np.concatenate([subject.detector.score([image]) for image in images])
    subject.network().train()
    drawn = subject.detector.mask(images[0])
    subject.network().eval()
    apart = max(float(np.abs(found - alone).max()), float(np.abs(subject.detector.mask(images[0]) - drawn).max()))
    finite = bool(np.isfinite(found).all())
    return Outcome("score", finite and apart == 0, f"finite: {finite}; differs by {apart:.1e}", expected, fix)


def input_types(subject: Subject) -> Outcome:
    """A picture that is not uint8 HWC RGB is refused, not mapped as if it were."""
    expected = "an error on float, grayscale HW and RGBA arrays"
    image, accepted = few()[0], []
    for name, wrong in (("float", image / 255), ("HW", image[..., 0]), ("RGBA", np.dstack([image, image[..., :1]]))):
        try:
            subject.detector.mask(wrong)
        except Exception:  # any error is a refusal
            continue
        accepted.append(name)
    measured = f"accepts {', '.join(accepted)}" if accepted else "all refused"
    return Outcome("input", not accepted, measured, expected, "Use media.tiles or media.squash, which check.")


def augmentation(subject: Subject) -> Outcome:
    """`augment` keeps shapes and types, moves crop and mask alike, and draws from the generator that it is given."""
    expected = (
        "uint8 and float32 of the same shapes, equal for equal generators; the mask of a marked corner follows it"
    )
    fix = "Apply every flip and turn to both; draw every random number from `rng`."
    size = subject.detector.tile
    crop, mask = np.zeros((size, size, 3), np.uint8), np.zeros((size, size), np.float32)
    crop[: size // 4, : size // 8], mask[: size // 4, : size // 8] = 255, 1
    for seed in range(8):
        first, own = subject.detector.augment(crop.copy(), mask.copy(), np.random.default_rng(seed))
        again, _ = subject.detector.augment(crop.copy(), mask.copy(), np.random.default_rng(seed))
        if first.shape != crop.shape or first.dtype != np.uint8 or own.shape != mask.shape or own.dtype != np.float32:
            return Outcome("augment", False, f"{first.dtype} {first.shape}, {own.dtype} {own.shape}", expected, fix)
        if not np.array_equal(first, again):
            return Outcome("augment", False, f"seed {seed} gives two results", expected, fix)
        if ((first[..., 0] > 127) != (own > 0.5)).mean() > 0.01:
            return Outcome("augment", False, f"seed {seed}: the mask does not lie on the marked corner", expected, fix)
    return Outcome("augment", True, "8 seeds repeat, and the mask follows", expected, fix)


def gradients(subject: Subject) -> Outcome:
    """The loss is lower for the right map, and reaches every parameter that asks for a gradient."""
    expected = "a finite, non-zero gradient for every trained parameter; a loss that falls when the map is learned"
    fix = "Use every layer in forward; detach nothing on the way; label 1 = altered."
    network = copy.deepcopy(subject.network()).train()
    stir(network)
    size = subject.detector.tile
    pixels = torch.from_numpy(np.stack([picture(size, size, seed) for seed in range(4)])).movedim(-1, -3).float() / 255
    masks = torch.zeros(4, size, size)
    masks[:2, : size // 2] = 1
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=1e-3)
    losses = []
    for step in range(4):
        loss = subject.detector.loss(network(pixels), masks)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if not step:
            wanting = {name: p.grad for name, p in network.named_parameters() if p.requires_grad}
            bad = [n for n, g in wanting.items() if g is None or not g.isfinite().all() or not g.any()]
            if bad:
                return Outcome("gradients", False, f"none or zero at {', '.join(bad[:3])}", expected, fix)
        optimizer.step()
    measured = f"{len(wanting)} tensors; loss {losses[0]:.3f} to {losses[-1]:.3f} in three steps"
    return Outcome("gradients", losses[-1] < losses[0], measured, expected, fix)


def round_trip(subject: Subject) -> Outcome:
    """Weights written by `save` and read by `load` into a new localizer give the same bits of map."""
    expected = "equal maps after loading into a localizer with other weights"
    fix = "Save the whole state dict with learn.checkpoint.save and load it with load_strict."
    image = few()[0]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "weights.safetensors")
        original = subject.build()
        stir(original.network())
        original.save(file)
        copied = subject.build(SEED + 1)
        copied.load(file)
    apart = float(np.abs(original.mask(image) - copied.mask(image)).max())
    return Outcome("save and load", apart == 0, f"maps differ by {apart:.1e}", expected, fix)


def export_parity(subject: Subject) -> Outcome:
    """The exported network agrees with torch in both runtimes, map and logit, on batches of one and three."""
    expected = f"ONNX Runtime and OpenVINO in fp32 within {TOLERANCE:g} (1 + |value|) of torch, batch dimension free"
    fix = "Keep to operators that ONNX knows, with static shapes except the batch; see learn/export.py."
    network = copy.deepcopy(subject.network()).eval()
    size = subject.detector.tile
    tiles = np.stack([picture(size, size, seed) for seed in range(3)]).transpose(0, 3, 1, 2).astype(np.float32) / 255
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = str(Path(folder) / "model.onnx")
        export_localizer(network, file, size)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        compiled = openvino.Core().compile_model(file, "CPU", settings)
        worst = {"ONNX Runtime": 0.0, "OpenVINO": 0.0}
        for batch in (tiles[:1], tiles):
            with torch.inference_mode():
                own = [part.numpy() for part in network(torch.from_numpy(batch))]
            others = {
                "ONNX Runtime": session.run(None, {INPUT: batch}),
                "OpenVINO": list(compiled({INPUT: batch}).values()),
            }
            for name, parts in others.items():
                for part, reference in zip(parts, own, strict=True):
                    worst[name] = max(worst[name], float((np.abs(part - reference) / (1 + np.abs(reference))).max()))
    measured = ", ".join(f"{name} differs by {apart:.1e}" for name, apart in worst.items())
    return Outcome("export", max(worst.values()) <= TOLERANCE, measured, expected, fix)


def _pictures() -> Iterator[tuple[str, np.ndarray]]:
    for width, height in SIZES:
        yield f"{width}x{height}", picture(width, height)
    yield "black", np.zeros((100, 150, 3), np.uint8)
    yield "white", np.full((100, 150, 3), 255, np.uint8)
