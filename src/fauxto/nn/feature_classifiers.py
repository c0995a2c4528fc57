"""Classifiers of a few numbers a picture, as torch modules: a small perceptron, nearest neighbours, a support vector
machine. Each standardises its features and gives one logit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.svm import SVC
from torch import Tensor, nn

from fauxto.errors import InputError


class Perceptron(nn.Module):
    """Two hidden layers of ten logistic units: `(n, features)` to `(n,)`. Trained by gradient.

    The features are standardised by the mean and deviation over all training batches, each counted alike.
    """

    def __init__(self, features: int = 3, width: int = 10) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(features, affine=False, momentum=None)
        self.layers = nn.Sequential(
            nn.Linear(features, width), nn.Sigmoid(), nn.Linear(width, width), nn.Sigmoid(), nn.Linear(width, 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        """The logits."""
        return self.layers(self.standardise(features))[:, 0]


class _Fitted(nn.Module):
    """A classifier whose memory is a set of stored examples; `fit` fills it at once, no gradient does."""

    mean: Tensor
    deviation: Tensor
    examples: Tensor
    weights: Tensor

    def __init__(self, features: int = 3) -> None:
        super().__init__()
        for name, shape in (("mean", (features,)), ("examples", (1, features)), ("weights", (1,))):
            self.register_buffer(name, torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(features))

    def standardise(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation

    def adopt(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the number of stored examples from a state dict, so that it loads strictly."""
        for name in ("examples", "weights"):
            if name in tensors:
                setattr(self, name, torch.zeros_like(tensors[name]))

    def _prepare(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Standardise the training features; errors: InputError unless both labels occur."""
        if set(np.unique(labels)) != {0, 1} or len(features) != len(labels):
            raise InputError("Features of both labels, 0 and 1, are needed.", fix="Give real and generated pictures.")
        self.mean = torch.from_numpy(features.mean(0)).float()
        self.deviation = torch.from_numpy(features.std(0)).clamp_min(1e-12).float()
        return (features - features.mean(0)) / np.maximum(features.std(0), 1e-12)


class NearestNeighbours(_Fitted):
    """The vote of the `count` nearest training examples: `(n, features)` to `(n,)`.

    The logit is that of (fake votes + 1/2) / (count + 1), so that no vote is certain; above 0 is a majority of fakes.
    Neighbours are counted in the standardised features; the earlier of two equally near ones.
    """

    def __init__(self, count: int = 5, features: int = 3) -> None:
        super().__init__(features)
        self.count = count

    def fit(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Remember `(m, features)` and their labels `(m,)`, m at least `count`. Errors: InputError."""
        if len(features) < self.count:
            raise InputError(f"{self.count} neighbours need as many examples; got {len(features)}.", fix="Give more.")
        self.examples = torch.from_numpy(self._prepare(features, labels)).float()
        self.weights = torch.from_numpy(np.asarray(labels)).float()

    def forward(self, features: Tensor) -> Tensor:
        """The logits of the votes."""
        apart = (self.standardise(features)[:, None] - self.examples).square().sum(2)
        nearest = apart.topk(min(self.count, self.examples.shape[0]), dim=1, largest=False).indices
        votes = self.weights[nearest].sum(1)
        return ((votes + 0.5) / (self.count - votes + 0.5)).log()


class SupportVectors(_Fitted):
    """A support vector machine with a Gaussian kernel: `(n, features)` to its decision function `(n,)`.

    C = 1, gamma = 1 / (features x variance), the defaults of scikit-learn, which fits it; above 0 is generated.
    """

    gamma: Tensor
    offset: Tensor

    def __init__(self, features: int = 3) -> None:
        super().__init__(features)
        self.register_buffer("gamma", torch.ones(()))
        self.register_buffer("offset", torch.zeros(()))

    def fit(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Fit to `(m, features)` and their labels `(m,)`. Errors: InputError."""
        standard = self._prepare(features, labels)
        machine = SVC(kernel="rbf", C=1.0, gamma="scale").fit(standard, labels)
        self.examples = torch.from_numpy(machine.support_vectors_).float()
        self.weights = torch.from_numpy(machine.dual_coef_[0]).float()
        self.gamma = torch.tensor(1 / (standard.shape[1] * standard.var()), dtype=torch.float32)
        self.offset = torch.tensor(machine.intercept_[0], dtype=torch.float32)

    def forward(self, features: Tensor) -> Tensor:
        """The decision function."""
        apart = (self.standardise(features)[:, None] - self.examples).square().sum(2)
        return (-self.gamma * apart).exp() @ self.weights + self.offset
