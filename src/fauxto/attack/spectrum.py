"""Counterexamples to spectral detectors: only the last up-sampling of the generator is replaced
(Chandrasegaran et al., 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from torch import nn

from fauxto.attack import Budget, Step
from fauxto.catalog import Card, Input, Weights
from fauxto.contracts import Detector
from fauxto.data.worlds.toy_fakes import redraw, train_toy
from fauxto.errors import InputError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.dcgan import ConvDiscriminator, ConvGenerator
from fauxto.nn.last_upsampler import SETUPS

CARD = Card(
    slug="fourier",
    kinds=("attack",),
    title="A Closer Look at Fourier Spectrum Discrepancies for CNN-generated Images Detection",
    venue="CVPR",
    year=2021,
    idea="What high-frequency detectors see belongs to the last up-sampler; end on interpolation and it is gone.",
    input=Input(size=None, resize="forbidden", crop="pictures of one even side"),
    output="pictures redrawn by a decoder that ends on another up-sampler, and what the detector said to each set-up",
    claim="A generator that ends on interpolation and a convolution evades the spectral detector that was trained on "
    "its twin with a transposed convolution; one that ends on zero insertion does not.",
    weights=(
        Weights(
            name="epoch=*-fid10k=*.ckpt",
            url="https://github.com/sutd-visual-computing-group/Fourier-Discrepancies-CNN-Detection",
            licence="MIT",
            layout="Lightning checkpoint; under 'state_dict' G.net.* (generator of one set-up) and D.net.*",
        ),
    ),
    parameters=3_837_379,
    choices=(
        "The published attack trains a generator from noise. Here a small decoder is trained on the pictures at hand "
        "and redraws them, so that the attack gives as many pictures as it got; the published generators load too.",
        "Of the set-ups that are tried, the one with the lowest mean logit is kept: the detector is queried, its "
        "gradient never.",
    ),
    fails_on=("detectors of more than the spectrum's decay: a CNN on pixels still sees the decoder",),
    source="https://github.com/sutd-visual-computing-group/Fourier-Discrepancies-CNN-Detection",
)

EVADING = ("N.1.5", "B.1.5")
"""The two set-ups of the paper's main figure that follow the spectrum of photographs."""


class LastUpsampling:
    """The attack: for each set-up train one small decoder, redraw the pictures, keep the set-up that evades best."""

    card: ClassVar[Card] = CARD

    def __init__(self, setups: Sequence[str] = EVADING) -> None:
        unknown = [setup for setup in setups if setup not in SETUPS]
        if unknown or not setups:
            raise InputError(f"No such set-ups: {unknown or 'none given'}.", fix=f"Use some of {', '.join(SETUPS)}.")
        self.setups = tuple(setups)

    def __call__(
        self, detector: Detector, images: Sequence[np.ndarray], budget: Budget
    ) -> tuple[list[np.ndarray], list[Step]]:
        """Redraw uint8 HWC `images` (even sides of at least 32 pixels); one step of the trace a set-up.

        `budget.steps` trains each decoder, `budget.queries` is shared by the set-ups.
        Errors: InputError for no pictures, odd or small sides, or fewer queries than set-ups.
        """
        if not images or any(side % 2 or side < 32 for image in images for side in image.shape[:2]):
            raise InputError("Pictures of even sides of at least 32 pixels are needed.", fix="Crop them.")
        each = min(len(images), budget.queries // len(self.setups))
        if each == 0:
            raise InputError(f"{len(self.setups)} set-ups need as many queries.", fix="Give a larger budget.")
        drawn: dict[str, list[np.ndarray]] = {}
        trace = []
        for setup in self.setups:
            decoder = train_toy(images, setup, budget.seed, steps=budget.steps, crop=32)
            drawn[setup] = redraw(decoder, images)
            trace.append(Step(setup, float(detector.score(drawn[setup][:each]).mean()), each))
        return drawn[min(trace, key=lambda step: step.logit).tried], trace


def load_pair(path: str, setup: str) -> tuple[ConvGenerator, ConvDiscriminator]:
    """The published generator and discriminator of one set-up from a Lightning checkpoint, strictly.

    The discriminator's norm is read off the names: batch norm for DCGAN and LSGAN, one group for WGAN-GP.
    Errors: WeightError, InputError for an unknown set-up.
    """
    tensors = load_tensors(path)
    generator = ConvGenerator(setup).eval()
    batch = any(name.startswith("D.") and name.endswith("running_mean") for name in tensors)
    discriminator = ConvDiscriminator(norm="batch" if batch else "layer").eval()
    load_strict(nn.ModuleDict({"G": generator, "D": discriminator}), tensors, path)
    return generator, discriminator
