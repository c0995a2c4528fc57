"""Checks of what training and attacks need: gradients that flow, and weights that survive the disk."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from fauxto.learn.checkpoint import trained_tensors
from fauxto.learn.conformance.pictures import few
from fauxto.learn.conformance.report import SEED, Outcome, Subject


def parameter_gradients(subject: Subject) -> Outcome:
    """One step of the loss reaches every parameter that asks for a gradient."""
    expected = "a finite gradient, not all zero, for every parameter with requires_grad"
    fix = "Use every layer in forward; freeze what should stay; detach nothing on the way."
    if not subject.trainable:
        return Outcome("gradients", True, "nothing to train", expected, fix)
    network = copy.deepcopy(subject.network()).train()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():  # a layer that starts at zero by design hides those before it: move all a little off
        for parameter in network.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
    windows = torch.from_numpy(np.concatenate([subject.detector.preprocess(image)[:1] for image in few()]))
    loss = subject.detector.loss(network(windows), torch.tensor([0.0, 1.0, 1.0, 0.0]))
    loss.backward()
    wanting = {name: p.grad for name, p in network.named_parameters() if p.requires_grad}
    bad = [name for name, grad in wanting.items() if grad is None or not grad.isfinite().all() or not grad.any()]
    measured = f"none or zero at {', '.join(bad[:3])}" if bad else f"{len(wanting)} of {len(wanting)} tensors"
    return Outcome("gradients", not bad, measured, expected, fix)


def input_gradient(subject: Subject) -> Outcome:
    """The logit has a gradient with respect to the pixels: attacks and explanations need it."""
    expected = "a finite, non-zero gradient of the logit in eval mode"
    fix = "Keep forward differentiable: no numpy, rounding, detach or inference_mode in the network."
    windows = torch.from_numpy(subject.detector.preprocess(few()[0])).requires_grad_(True)
    output = subject.network().eval()(windows)
    if not output.requires_grad:
        return Outcome("input gradient", False, "the logit is cut off from its input", expected, fix)
    (gradient,) = torch.autograd.grad(output.sum(), windows, allow_unused=True)
    if gradient is None or not gradient.isfinite().all():
        return Outcome("input gradient", False, "none" if gradient is None else "not finite", expected, fix)
    largest = float(gradient.abs().max())
    return Outcome("input gradient", largest > 0, f"largest {largest:.2e}", expected, fix)


def round_trip(subject: Subject) -> Outcome:
    """Weights written by `save` and read by `load` into a new detector give the same bits of score."""
    expected = "a safetensors file; equal scores after loading it into a detector with other weights"
    fix = "Save the network's whole state dict with learn.checkpoint.save and load it with load_strict."
    if not subject.trainable:
        return Outcome("save and load", True, "nothing to train", expected, fix)
    images = few()[:2]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "weights.safetensors")
        original = subject.build()
        stir(subject.network(original))
        scores = original.score(images)
        original.save(file)
        try:
            with safe_open(file, "pt") as opened:
                count = len(opened.keys())
        except (SafetensorError, OSError) as error:
            return Outcome("save and load", False, f"no safetensors file: {error}", expected, fix)
        copied = subject.build(SEED + 1)  # a frozen part that hung on the seed would differ
        copied.load(file)
        again = copied.score(images)
    apart = float(np.abs(scores - again).max())
    return Outcome("save and load", apart == 0, f"{count} tensors, scores differ by {apart:.1e}", expected, fix)


def stir(network: torch.nn.Module) -> None:
    """Move weights and running statistics off their initial values, so that whatever is not saved shows.

    What is frozen stays: it belongs to a backbone that the file names instead of holding it.
    """
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in trained_tensors(network).values():
            if tensor.is_floating_point():
                tensor.mul_(1 + 0.1 * torch.rand(tensor.shape, generator=generator))
                tensor.add_(0.01 * torch.rand(tensor.shape, generator=generator))
