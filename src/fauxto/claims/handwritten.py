"""Handwritten digits of 8 x 8 (Alpaydin and Kaynak, 1998; they come with scikit-learn) and a classifier of them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from torch import Tensor

from fauxto.score.generative.quality_diversity import Read

TRAIN = 1200
"""Of the 1,797: what generators and the classifier learn from; the rest is unseen."""


class Digits(NamedTuple):
    """Digits of 8 x 8 in [-1, 1], `(n, 64)`, and a classifier of the first of them."""

    samples: Tensor
    labels: np.ndarray
    reader: MLPClassifier

    def read(self, samples: Tensor) -> Read:
        """What the classifier says of samples `(n, 64)`."""
        values = samples.numpy()
        hidden = np.maximum(values @ self.reader.coefs_[0] + self.reader.intercepts_[0], 0)
        return Read(hidden.astype(np.float64), self.reader.predict(values))


@lru_cache(maxsize=1)
def handwritten() -> Digits:
    """The digits."""
    values, labels = load_digits(return_X_y=True)
    values = (values / 8 - 1).astype(np.float32)
    reader = MLPClassifier((64,), early_stopping=True, random_state=0).fit(values[:TRAIN], labels[:TRAIN])
    return Digits(torch.from_numpy(values), labels, reader)
