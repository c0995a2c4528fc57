"""Checks of what a detector says of itself: the card, the direction of its logit, the shape of its class."""

from __future__ import annotations

import inspect
import re

import torch

from fauxto.catalog.source import read_card
from fauxto.contracts import Detector, Trainable
from fauxto.errors import ContractError
from fauxto.learn.conformance.report import Outcome, Subject

DIRECTION = re.compile(
    r"higher\s*(=|means|is)\s*(more likely )?(generated|fake|synthetic|manipulated|altered)", re.IGNORECASE
)


def literal_card(subject: Subject) -> Outcome:
    """CARD can be read without running the file and is the card that the class carries."""
    expected = "CARD of literals, the same when read from source and when imported"
    fix = "Write CARD = Card(...) with literals only, and `card = CARD` in the class."
    try:
        read = read_card(subject.path)
    except ContractError as error:
        return Outcome("card", False, error.what, expected, error.fix)
    same = read == subject.kind.card
    return Outcome(
        "card",
        same,
        f"{read.slug}, {'the same' if same else 'not the card that was imported'}",
        expected,
        fix,
    )


def shape_of_class(subject: Subject) -> Outcome:
    """The class is built without arguments and has every part of the Protocol."""
    contract = Trainable if subject.trainable else Detector
    wanted = ["card", "crop", "preprocess", "network", "score"]
    if subject.trainable:
        wanted += ["recipe", "augment", "loss", "load", "save"]
    missing = [name for name in wanted if not hasattr(subject.detector, name)]
    return Outcome(
        "protocol",
        not missing,
        f"missing: {', '.join(missing)}" if missing else contract.__name__,
        f"the parts of contracts.{contract.__name__}: {', '.join(wanted)}",
        "Add the missing parts; `fauxto new detector NAME` shows each.",
    )


def direction(subject: Subject) -> Outcome:
    """The card says that higher means generated, and the loss (if there is one) agrees: label 1 wants a high
    logit.
    """
    expected = "output says 'higher = generated', and loss(+4, label 1) < loss(-4, label 1), the reverse for label 0"
    fix = "Say 'higher = generated' in CARD.output; flip the sign in your file if the network means it so."
    output = subject.kind.card.output
    if not DIRECTION.search(output):
        return Outcome("direction", False, f"output: {output!r}", expected, fix)
    if not subject.trainable or "detector" not in subject.kind.card.kinds:  # a localizer's loss is checked elsewhere
        return Outcome("direction", True, "stated; nothing to train", expected, fix)
    high, low = torch.full((2,), 4.0), torch.full((2,), -4.0)
    loss = subject.detector.loss
    gains = [
        float(loss(wrong, labels)) - float(loss(right, labels))
        for labels, right, wrong in ((torch.ones(2), high, low), (torch.zeros(2), low, high))
    ]
    measured = f"stated; the right side lowers the loss by {gains[0]:.3g} for label 1 and {gains[1]:.3g} for label 0"
    return Outcome("direction", min(gains) > 0, measured, expected, fix)


def docstring(subject: Subject) -> Outcome:
    """Class and file say in a sentence what they are: the pages are made from them."""
    module = inspect.getmodule(subject.kind)
    texts = {"file": module.__doc__ if module else None, "class": vars(subject.kind).get("__doc__")}
    bare = [name for name, text in texts.items() if not (text or "").strip()]
    return Outcome(
        "docstring",
        not bare,
        f"none on the {' and the '.join(bare)}" if bare else "file and class",
        "one sentence on the file and on the class",
        "Write them.",
    )
