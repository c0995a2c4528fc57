"""A detector as it enters a protocol: with weights of its own, or to be trained by the protocol on equal terms."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch.utils.flop_counter import FlopCounterMode

from fauxto.catalog import find
from fauxto.contracts import Detector, Loadable, Trainable
from fauxto.data.manifest import Sample, fingerprint
from fauxto.data.patches import PatchStore
from fauxto.data.training import reads_whole, training_store
from fauxto.errors import ContractError, InputError, WeightError
from fauxto.learn.fit import Plan, fit, initial_state
from fauxto.media.crops import CropSpec


@dataclass(frozen=True, slots=True)
class Contender:
    """A name for the table, how to build the detector, and its weights where it is not to be trained here.

    One that is `bound` to a backbone reads pictures of that size alone, in training too.
    """

    name: str
    build: Callable[[], Detector]
    weights: Path | None = None
    bound: bool = False

    def loaded(self) -> Detector:
        """The detector with its own weights. Errors: InputError when it came without, WeightError when they misfit."""
        if self.weights is None:
            raise InputError(f"{self.name} has no weights to test.", fix=f"Give them: {self.name}=weights.safetensors")
        detector = self.build()
        if not isinstance(detector, Loadable):
            raise ContractError(f"{self.name} cannot load weights.", fix="Give it `load(path)`.")
        detector.load(str(self.weights))
        return detector


def contenders(names: Sequence[str], window: int | None = None) -> list[Contender]:
    """Read "npr", "my_file.py", "univfd@efficientnet-lite0" or any of them with "=weights.safetensors" behind.

    What follows an @ is the backbone: a folder or file, efficientnet-lite0, or tiny. With `window` every detector reads
    one central window of so many pixels instead of its own, but for those on a backbone: equal evidence, and quicker.
    Errors: InputError for an unknown system, a backbone that it does not take, a missing file of weights, or a name
    that is there twice; WeightError for a system on a backbone that came without.
    """
    found = []
    for text in names:
        place, _, weights = text.partition("=")
        if weights and not Path(weights).is_file():
            raise InputError(f"There are no weights at {weights}.", fix="fauxto train writes some.")
        system, _, backbone = place.partition("@")
        kind: Callable[..., Detector] = find(system)
        takes = "backbone" in inspect.signature(kind).parameters
        if backbone and not takes:
            raise InputError(f"{system} stands on no backbone.", fix=f"Name it without @: {system}")
        build = partial(kind, backbone=backbone) if backbone else kind
        name = f"{Path(system).stem}@{Path(backbone).name}" if backbone else Path(system).stem
        bound = bool(backbone) and _frozen(build)
        if takes and not backbone:
            _check_backbone(system, build)
        if window is not None and not bound:
            build = partial(build, crop=CropSpec(window, 1))
        found.append(Contender(name, build, Path(weights) if weights else None, bound))
    taken = [one.name for one in found]
    if not found or len(set(taken)) < len(taken):
        raise InputError(f"Expected detectors with different names; got {taken}.", fix="Name each once.")
    return found


def _check_backbone(system: str, build: Callable[[], Detector]) -> None:
    """Errors: WeightError, in this verb's own words, for a system that cannot be built without a backbone."""
    try:
        build()
    except WeightError as error:
        raise WeightError(error.what, fix=f"Name it with @: {system}@PATH, or {system}@tiny to try it.") from error


def _frozen(build: Callable[[], Detector]) -> bool:
    """Whether part of the network is a frozen tower, made for one size of picture."""
    return any(not parameter.requires_grad for parameter in build().network().parameters())


@dataclass(frozen=True, slots=True)
class Lessons:
    """The training pictures of a protocol, cut once for all contenders that read them alike and kept in `folder`."""

    samples: Sequence[Sample]
    folder: Path
    patches: int = 4

    def of(self, detector: Detector) -> PatchStore:
        """What a detector is trained on; see `data.training.training_store`."""
        return training_store(detector, self.samples, self.folder, per_picture=self.patches)


def ready(
    contender: Contender, lessons: Lessons, samples: Sequence[Sample], plan: Plan, *, crops: int, folder: Path
) -> Detector:
    """The contender with the weights that it came with, or trained on as many crops as every other one.

    Errors: those of `Contender.loaded` and `train`.
    """
    if contender.weights is not None:
        return contender.loaded()
    return train(contender, lessons, samples, equal_plans(contender, plan, crops), folder)


def train(contender: Contender, lessons: Lessons, samples: Sequence[Sample], plan: Plan, folder: Path) -> Trainable:
    """The contender trained on the patches of `samples`, or read back where the same was trained before.

    A detector that reads whole pictures is trained on these at its own size, never made smaller again, and one bound to
    a backbone on crops of the backbone's size, whatever the plan says. A run that was stopped goes on where it was.
    Errors: ContractError when the contender cannot be trained.
    """
    if not isinstance(contender.build(), Trainable):
        raise ContractError(
            f"{contender.name} cannot be trained: it lacks recipe, augment, loss, load or save.",
            fix=f"Give weights ({contender.name}=FILE), or leave it out.",
        )
    new = cast("Callable[[], Trainable]", contender.build)
    source = hashlib.sha256(_source(new).encode()).hexdigest()[:16]
    detector = initial_state(new, plan.seed)
    store = lessons.of(detector)
    if contender.bound:
        plan = replace(plan, crop=detector.crop.size)
    if reads_whole(detector):
        milder = plan.laundering and replace(plan.laundering, resize=0)
        plan = replace(plan, crop=detector.crop.size, laundering=milder)
    what = {"samples": fingerprint(samples), "patches": len(store.picture), "plan": asdict(plan), "source": source}
    key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
    run = folder / f"{contender.name}-{key}"
    weights = run / "weights.safetensors"
    if weights.is_file():
        detector.load(str(weights))
        return detector
    fit(detector, store.subset({sample.path for sample in samples}), plan, run)
    partial = run / "weights.partial.safetensors"
    detector.save(str(partial))
    partial.replace(weights)
    (run / "last.ckpt").unlink(missing_ok=True)  # as large as the weights thrice over
    return detector


def equal_plans(contender: Contender, plan: Plan, crops: int) -> Plan:
    """The plan that shows this contender `crops` crops, in batches of its recipe's size (at least ten of them)."""
    detector = contender.build()
    published = detector.recipe["batch_size"] if isinstance(detector, Trainable) else 32
    batch = plan.batch_size or min(published, max(2, crops // 10))  # one of each class at least
    return replace(plan, steps=max(1, crops // batch), batch_size=batch)


def cost(detector: Detector) -> tuple[float, int]:
    """GMAC for one picture of the detector's own size (all its windows), and the number of its parameters."""
    import numpy as np  # noqa: PLC0415

    side = 4 * detector.crop.size * detector.crop.count
    windows = torch.from_numpy(detector.preprocess(np.zeros((detector.crop.size, side, 3), np.uint8)))
    network = detector.network().eval()
    # the counter hangs on autograd: without gradients it refuses modules that are given a parameter
    with torch.enable_grad(), FlopCounterMode(display=False) as counter:
        network(windows)
    return round(counter.get_total_flops() / 2e9, 3), sum(p.numel() for p in network.parameters())


def _source(build: Callable[[], Detector]) -> str:
    """What is trained: the text of the file that defines it; of a partial, its arguments and what it wraps."""
    inner = getattr(build, "func", build)
    module = inspect.getmodule(inner)
    text = f"{inner.__name__}\n{inspect.getsource(module) if module else ''}"
    for name, value in getattr(build, "keywords", {}).items():
        text += f"\n{name} = {_source(value) if callable(value) else value!r}"
    return text
