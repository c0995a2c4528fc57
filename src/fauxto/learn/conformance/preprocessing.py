"""Checks of `preprocess` and `augment`: shapes, type, range, and that they leave their input alone."""

from __future__ import annotations

import numpy as np

from fauxto.learn.conformance.pictures import awkward, few, picture
from fauxto.learn.conformance.report import Outcome, Subject


def windows(subject: Subject) -> Outcome:
    """Pictures of every size become float32 `(k, 3, h, w)` in [0, 1], k at most the crop's count."""
    expected = "float32 (k, 3, h, w) in [0, 1], 1 <= k <= crop.count, for every size down to 8x8 and up to 4000x3000"
    wrong, count = [], 0
    for count, (name, image) in enumerate(awkward(), start=1):  # noqa: B007  the last count is the number of pictures
        found = _fault(subject, image)
        if found:
            wrong.append(f"{name}: {found}")
    measured = "; ".join(wrong[:3]) if wrong else f"{count} kinds of picture"
    fix = "Use media.crops.take, which mirrors what is too small, and nn.scoring.to_network."
    return Outcome("preprocess", not wrong, measured, expected, fix)


def _fault(subject: Subject, image: np.ndarray) -> str:
    """What is wrong with the windows of one picture, or nothing."""
    try:
        array = subject.detector.preprocess(image)
    except Exception as error:  # whatever a stranger's code raises is the finding
        return f"{type(error).__name__}: {error}"
    counts = range(1, subject.detector.crop.count + 1)
    if not isinstance(array, np.ndarray) or array.dtype != np.float32:
        return f"{getattr(array, 'dtype', type(array).__name__)} instead of float32"
    if array.ndim != 4 or array.shape[1] != 3 or len(array) not in counts or min(array.shape) < 1:
        return f"shape {array.shape}"
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        return f"values from {array.min():.3g} to {array.max():.3g}"
    return ""


def purity(subject: Subject) -> Outcome:
    """`preprocess` and `augment` change nothing of the picture and work on one that cannot be changed."""
    expected = "the picture is as before, also a read-only one and one that is a view of a larger array"
    fix = "Copy before writing: `pixels = image.copy()`."
    image = picture(301, 283)
    before = image.copy()
    subject.detector.preprocess(image)
    if subject.trainable:
        subject.detector.augment(image[:256, :256], np.random.default_rng(0))
    if not np.array_equal(image, before):
        changed = int((image != before).any(2).sum())
        return Outcome("purity", False, f"{changed} pixels of the input changed", expected, fix)
    view = picture(602, 283)[:, ::2]
    view.setflags(write=False)
    same = np.array_equal(subject.detector.preprocess(view), subject.detector.preprocess(view.copy()))
    return Outcome("purity", same, "unchanged" if same else "a view gives another result than its copy", expected, fix)


def augmentation(subject: Subject) -> Outcome:
    """`augment` keeps shape and type and draws from the generator that it is given, and from nothing else."""
    expected = "uint8 of the same shape; equal for equal generators, not always equal for others"
    fix = "Draw every random number from the `rng` argument."
    if not subject.trainable:
        return Outcome("augment", True, "nothing to train", expected, fix)
    augment, size = subject.detector.augment, subject.detector.crop.size
    image = picture(size, size)
    outputs = [augment(image.copy(), np.random.default_rng(seed)) for seed in range(8)]
    wrong = [f"{o.dtype} {o.shape}" for o in outputs if o.dtype != np.uint8 or o.shape != image.shape]
    if wrong:
        return Outcome("augment", False, wrong[0], expected, fix)
    again = [augment(image.copy(), np.random.default_rng(seed)) for seed in range(8)]
    same = sum(np.array_equal(a, b) for a, b in zip(outputs, again, strict=True))
    return Outcome("augment", same == 8, f"{same} of 8 seeds repeat", expected, fix)


def input_types(subject: Subject) -> Outcome:
    """A picture that is not uint8 HWC RGB is refused, not scored as if it were."""
    expected = "an error on float, grayscale HW and RGBA arrays"
    image = few()[0]
    accepted = []
    for name, wrong in (
        ("float", image / 255),
        ("HW", image[..., 0]),
        ("RGBA", np.dstack([image, image[..., :1]])),
    ):
        try:
            subject.detector.preprocess(wrong)
        except Exception:  # any error is a refusal
            continue
        accepted.append(name)
    measured = f"accepts {', '.join(accepted)}" if accepted else "all refused"
    return Outcome("input", not accepted, measured, expected, "Use media.crops.take, which checks its pixels.")
