"""Checks of `score` and `network`: shapes, finiteness, determinism, batch invariance, no trace left in the
process.
"""

from __future__ import annotations

import os
import random

import numpy as np
import torch

from fauxto.learn.conformance.fresh import scores_elsewhere
from fauxto.learn.conformance.pictures import few
from fauxto.learn.conformance.report import Outcome, Subject

TOLERANCE = 2e-5
"""Times 1 + |logit|. float32 carries 7 digits; a convolution sums some thousand products, in another order
for another batch size, which moves the last digits by about 1e-6 a layer. A leak between pictures moves whole
logits.
"""


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference of two score vectors relative to 1 + |score|; infinite if shapes differ."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return float("inf")
    return float((np.abs(a - b) / (1 + np.abs(b))).max(initial=0))


def logits(subject: Subject) -> Outcome:
    """`score` gives finite float32 `(n,)`, `network` gives `(n,)`: one logit a picture, also for none and
    one.
    """
    expected = "score: finite float32 (n,) for n = 0, 1, 4; network: (n,) on (n, 3, h, w)"
    fix = "Return one logit a picture; drop the last axis inside the network's forward."
    images = few()
    for count in (0, 1, len(images)):
        scores = subject.detector.score(images[:count])
        if not isinstance(scores, np.ndarray) or scores.shape != (count,) or scores.dtype != np.float32:
            got = f"{getattr(scores, 'dtype', type(scores).__name__)} {getattr(scores, 'shape', '')}"
            return Outcome("logits", False, f"score of {count}: {got}", expected, fix)
        if not np.isfinite(scores).all():
            return Outcome("logits", False, f"score of {count}: {scores}", expected, fix)
    windows = torch.from_numpy(subject.detector.preprocess(images[0]))
    with torch.inference_mode():
        output = subject.network().eval()(torch.cat((windows, windows)))
    shape = tuple(output.shape)
    return Outcome("logits", shape == (2 * len(windows),), f"network: {shape}", expected, fix)


def precision(subject: Subject) -> Outcome:
    """Weights, buffers and logits are float32: what is trained is what is exported and scanned."""
    expected = "float32 weights, buffers and logits (counters may be integers)"
    network = subject.network().eval()
    tensors = [*network.named_parameters(), *network.named_buffers()]
    odd = [
        f"{name} {tensor.dtype}"
        for name, tensor in tensors
        if tensor.is_floating_point() and tensor.dtype != torch.float32
    ]
    if not odd:
        with torch.inference_mode():
            output = network(torch.from_numpy(subject.detector.preprocess(few()[0])))
        odd = [f"logits {output.dtype}"] if output.dtype != torch.float32 else []
    return Outcome(
        "float32",
        not odd,
        odd[0] if odd else "float32 throughout",
        expected,
        "Drop the cast to another type.",
    )


def determinism(subject: Subject) -> Outcome:
    """The same picture scores the same bits twice, and whatever mode the network was left in."""
    expected = "equal bits twice in a row and in whatever mode the network was left"
    fix = "Seed random crops by content hash; put the network in eval mode inside score (nn.scoring does)."
    detector = subject.build()
    subject.network(detector).eval()
    first = detector.score(few())
    apart = _apart(detector.score(few()), first)
    subject.network(detector).train()
    trained = _apart(detector.score(few()), first)
    measured = f"differs by {apart:.1e} the second time, by {trained:.1e} between eval() and train()"
    return Outcome("determinism", apart == 0 and trained == 0, measured, expected, fix)


def fresh_process(subject: Subject) -> Outcome:
    """A new process with another hash seed gives the same scores: nothing hangs on this one's history."""
    expected = f"within {TOLERANCE:g} (1 + |logit|) of this process"
    fix = "Derive no seed from hash(), time, id() or the process; seed by the content's sha256."
    scores = scores_elsewhere(subject)
    if isinstance(scores, str):
        return Outcome("fresh process", False, scores, expected, fix)
    apart = _apart(scores, subject.build().score(few()))
    return Outcome("fresh process", apart <= TOLERANCE, f"differs by {apart:.1e}", expected, fix)


def batch_invariance(subject: Subject) -> Outcome:
    """A picture's score does not depend on its neighbours: alone, among many, in another order, in the
    network's batch.
    """
    expected = f"within {TOLERANCE:g} (1 + |logit|): float32 sums in another order, nothing more"
    fix = "Use no statistic over the batch at evaluation (batch norm in eval mode, no ranking, no batch mean)."
    images = few()
    together = subject.detector.score(images)
    alone = np.concatenate([subject.detector.score([image]) for image in images])
    turned = subject.detector.score(images[::-1])[::-1]
    windows = torch.from_numpy(np.concatenate([subject.detector.preprocess(image) for image in images[:2]]))
    network = subject.network().eval()
    with torch.inference_mode():
        batch = network(windows).numpy()
        single = np.concatenate([network(window[None]).numpy().reshape(-1) for window in windows])
    apart = max(_apart(alone, together), _apart(turned, together), _apart(single, batch))
    return Outcome("batch invariance", apart <= TOLERANCE, f"differs by {apart:.1e}", expected, fix)


def no_trace(subject: Subject) -> Outcome:
    """Preprocessing and scoring leave seeds, threads, default type, gradient mode and folder as they were."""
    expected = "no global state of torch, numpy, random or the process changed"
    fix = "Use a local generator (torch.Generator, np.random.default_rng) and local contexts."
    detector = subject.build()
    before = _state()
    for image in few():
        detector.preprocess(image)
    detector.score(few())
    after = _state()
    changed = [name for name, value in before.items() if after[name] != value]
    _restore(before)
    return Outcome(
        "no trace",
        not changed,
        f"changed: {', '.join(changed)}" if changed else "nothing changed",
        expected,
        fix,
    )


def _state() -> dict[str, object]:
    return {
        "torch seed": torch.get_rng_state().numpy().tobytes(),
        "numpy seed": repr(np.random.get_state(legacy=False)),
        "random seed": random.getstate(),
        "torch threads": torch.get_num_threads(),
        "default dtype": torch.get_default_dtype(),
        "gradient mode": torch.is_grad_enabled(),
        "deterministic mode": torch.are_deterministic_algorithms_enabled(),
        "working folder": os.getcwd(),
        "environment": dict(os.environ),
    }


def _restore(state: dict[str, object]) -> None:
    """Undo what can spoil the checks that follow."""
    torch.set_num_threads(state["torch threads"])  # type: ignore[arg-type]
    torch.set_default_dtype(state["default dtype"])  # type: ignore[arg-type]
    torch.set_grad_enabled(state["gradient mode"])  # type: ignore[arg-type]
    torch.use_deterministic_algorithms(bool(state["deterministic mode"]))
    os.chdir(str(state["working folder"]))
