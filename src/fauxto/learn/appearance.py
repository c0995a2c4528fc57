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
from fauxto.learn.export import check_parity, export_onnx, file_sha256, halve
from fauxto.media.crops import to_network
from fauxto.nn.appearance import AppearanceNetwork
from fauxto.run.appearance import Views

VIEWS = Views(256, 224)
FILE = "appearance.onnx"


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the appearance says of each picture, and what that counts beside the texture.

    `whole` and `parts`, `(n,)`, add up to its logit; `parity` is the worst difference of the export from the network.
    """

    whole: np.ndarray
    parts: np.ndarray
    weight: float
    parity: float

    @property
    def added(self) -> np.ndarray:
        """What each picture's logit gains, `(n,)`."""
        return self.weight * (self.whole + self.parts)

    def entry(self, folder: Path) -> dict[str, Any]:
        """Its part of model.json."""
        return {
            "onnx": FILE,
            "sha256": file_sha256(folder / FILE),
            "short": VIEWS.short,
            "size": VIEWS.size,
            "weight": self.weight,
        }


def weigh(
    network: AppearanceNetwork, pictures: Sequence[np.ndarray], texture: np.ndarray, labels: np.ndarray, folder: Path
) -> Weighed:
    """Write the network's ONNX to `folder`, and weigh it beside the logits of the texture, `(n,)`.

    `pictures` are the views of each, uint8 `(1 + k, size, size, 3)`. Errors: ContractError when the export differs from
    the network, or its logit speaks against what it should speak for.
    """
    export_onnx(network, folder / FILE, VIEWS.size)
    some = to_network(np.concatenate(pictures[:16])[:32])
    parity = check_parity(network, folder / FILE, some)
    halve(folder / FILE)
    check_parity(network, folder / FILE, some, tolerance=0.05)
    whole, parts = answers(folder / FILE, pictures)
    return Weighed(whole, parts, weight_beside(texture, whole + parts, labels), parity)


def answers(onnx: Path, pictures: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """What the whole and what the parts of each picture say, `(n,)`, from views uint8 `(1 + k, size, size, 3)`."""
    network = open_network(onnx)
    each = [np.stack([network(to_network(view[None])) for view in views]).astype(np.float64) for views in pictures]
    return np.asarray([own[0, 0] for own in each]), np.asarray([own[1:, 1].mean() for own in each])


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
