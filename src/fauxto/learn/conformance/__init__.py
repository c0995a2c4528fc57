"""The conformance sweep behind `fauxto check`: what a detector must be to appear in every other part of
fauxto.

Each check is a small function from a `Subject` to an `Outcome`; `sweep` runs them all. Needs the `lab` extra
(torch). Loading the file executes it: check your own code, or code that you have read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from fauxto.catalog import find, list_systems
from fauxto.errors import ContractError, FauxtoError, InputError
from fauxto.learn.conformance import card, deployment, localizing, preprocessing, scoring, training
from fauxto.learn.conformance.report import Check, Outcome, Subject

CHECKS: dict[str, Check] = {
    "card": card.literal_card,
    "docstring": card.docstring,
    "protocol": card.shape_of_class,
    "direction": card.direction,
    "preprocess": preprocessing.windows,
    "input": preprocessing.input_types,
    "purity": preprocessing.purity,
    "augment": preprocessing.augmentation,
    "logits": scoring.logits,
    "float32": scoring.precision,
    "determinism": scoring.determinism,
    "fresh process": scoring.fresh_process,
    "batch invariance": scoring.batch_invariance,
    "no trace": scoring.no_trace,
    "gradients": training.parameter_gradients,
    "input gradient": training.input_gradient,
    "save and load": training.round_trip,
    "export": deployment.export_parity,
    "throughput": deployment.throughput,
}
"""Every check of a detector by name, in the order in which a reader would ask."""

LOCALIZER_CHECKS: dict[str, Check] = {
    "card": card.literal_card,
    "docstring": card.docstring,
    "protocol": localizing.shape_of_class,
    "direction": card.direction,
    "mask": localizing.maps,
    "input": localizing.input_types,
    "score": localizing.scores,
    "augment": localizing.augmentation,
    "gradients": localizing.gradients,
    "save and load": localizing.round_trip,
    "export": localizing.export_parity,
    "throughput": deployment.throughput,
}
"""Likewise of a localizer."""

__all__ = ["CHECKS", "LOCALIZER_CHECKS", "Outcome", "Subject", "run_check", "subject", "sweep"]


def subject(name: str | Path, small: bool = False, backbone: str | None = None) -> Subject:
    """The detector under check, by slug or `.py` file (which is executed); with `small`, its small sibling.

    `backbone` is handed to a system that stands on one. Errors: InputError when there is no such system,
    ContractError when the file cannot be loaded or is no detector.
    """
    before = _settings()
    kind = find(name)
    changed = [key for key, value in _settings().items() if before[key] != value]
    if changed:
        raise ContractError(f"Importing {name} changed torch's {', '.join(changed)}.", fix="Set nothing on import.")
    if not {"detector", "localizer"} & set(kind.card.kinds):
        kinds = ", ".join(kind.card.kinds)
        raise InputError(f"{name} is {kinds}; the sweep knows detectors and localizers.", fix="Give one of those.")
    if str(name).endswith(".py"):
        return Subject(kind, Path(name).resolve(), str(Path(name).resolve()), small, backbone)
    path = next(system.path for system in list_systems() if system.slug == name)
    if path is None:
        raise InputError(f"{name} has no file.", fix="`fauxto systems` lists the files.")
    return Subject(kind, path, str(name), small, backbone)


def sweep(under_check: Subject) -> Iterator[Outcome]:
    """Run every check in order; each outcome is given as soon as it is known."""
    for name in checks_of(under_check):
        yield run_check(name, under_check)


def checks_of(under_check: Subject) -> dict[str, Check]:
    """The checks of its kind: those of a detector for whatever is one, else those of a localizer."""
    return CHECKS if "detector" in under_check.kind.card.kinds else LOCALIZER_CHECKS


def run_check(name: str, under_check: Subject) -> Outcome:
    """Run one check. An error raised by the code under check is a failed outcome that quotes it."""
    try:
        return checks_of(under_check)[name](under_check)
    except Exception as error:  # whatever a stranger's code raises is the finding
        text = error.what if isinstance(error, FauxtoError) else str(error)
        first = text.strip().splitlines()[0] if text.strip() else "no message"
        summary = (checks_of(under_check)[name].__doc__ or "").splitlines()[0]
        return Outcome(name, False, f"{type(error).__name__}: {first}", summary, "Make it run without an error first.")


def _settings() -> dict[str, object]:
    return {
        "seed": torch.initial_seed(),
        "thread count": torch.get_num_threads(),
        "default type": torch.get_default_dtype(),
        "gradient mode": torch.is_grad_enabled(),
    }
