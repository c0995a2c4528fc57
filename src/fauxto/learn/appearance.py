"""The appearance beside the texture: exported, weighed on pictures that neither was trained on, and described."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from fauxto.backends.openvino import open_network
from fauxto.errors import ContractError
from fauxto.learn.export import check_parity, export_onnx, file_sha256, quantize
from fauxto.media.crops import to_network
from fauxto.nn.appearance import AppearanceNetwork
from fauxto.run.appearance import Views, combine

VIEWS = Views(256, 224)
FILE = "appearance.onnx"
CALIBRATED = 60
"""Views that the ranges of activations are taken from: those of all of them are held at once, 40 MB a view."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the appearance says of each picture, `logits`, and what that counts beside the texture.

    `float_logits` are those of the export before it was quantized; `parity` is its worst difference from the network.
    """

    logits: np.ndarray
    float_logits: np.ndarray
    weight: float
    parity: float

    @property
    def added(self) -> np.ndarray:
        """What each picture's logit gains, `(n,)`."""
        return self.weight * self.logits

    def entry(self, folder: Path, settled: float) -> dict[str, Any]:
        """Its part of model.json; `settled` stands for it, weighted, where the texture settles a picture."""
        return {
            "onnx": FILE,
            "sha256": file_sha256(folder / FILE),
            "short": VIEWS.short,
            "size": VIEWS.size,
            "weight": self.weight,
            "settled": settled,
        }


def weigh(
    network: AppearanceNetwork, pictures: Sequence[np.ndarray], texture: np.ndarray, labels: np.ndarray, folder: Path
) -> Weighed:
    """Write the network's int8 ONNX to `folder`, and weigh it beside the logits of the texture, `(n,)`.

    `pictures` are the views of each, uint8 `(1 + k, size, size, 3)`. Errors: ContractError when the export differs from
    the network, or its logit speaks against what it should speak for.
    """
    floating, step = folder / "appearance-float.onnx", max(1, len(pictures) // CALIBRATED)
    export_onnx(network, floating, VIEWS.size)
    parity = check_parity(network, floating, to_network(np.concatenate(pictures[:16])[:32]))
    quantize(floating, folder / FILE, (to_network(each[i % 2 :][:1]) for i, each in enumerate(pictures[::step])))
    float_logits = answers(floating, pictures)
    floating.unlink()
    logits = answers(folder / FILE, pictures)
    return Weighed(logits, float_logits, weight_beside(texture, logits, labels), parity)


def answers(onnx: Path, pictures: Iterable[np.ndarray]) -> np.ndarray:
    """The logit of each picture from its views, uint8 `(1 + k, size, size, 3)`."""
    network = open_network(onnx)
    return np.asarray([combine(network(to_network(views)).reshape(-1, 2)) for views in pictures])


def weight_beside(texture: np.ndarray, appearance: np.ndarray, labels: np.ndarray) -> float:
    """How much a logit of the appearance counts where one of the texture counts 1, by logistic regression on both.

    Errors: ContractError unless both speak for what is generated.
    """
    model = LogisticRegression(C=100.0, class_weight="balanced")
    beside, own = model.fit(np.stack([texture, appearance], 1), labels).coef_[0]
    if beside <= 0 or own <= 0:
        raise ContractError(
            "Texture and appearance contradict each other on the calibration pictures.",
            fix="Check the labels of the manifest, then train again.",
        )
    return round(float(own / beside), 4)
