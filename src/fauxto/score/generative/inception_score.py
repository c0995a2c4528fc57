"""The Inception Score (Salimans et al., NeurIPS 2016): how sure a classifier is, and of how many classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fauxto.errors import InputError
from fauxto.score.generative.features import as_features


@dataclass(frozen=True, slots=True)
class InceptionScore:
    """Mean and standard deviation (of the population, as published) over the splits."""

    mean: float
    std: float
    splits: int


class ClassSums:
    """What one split needs to remember, in constant memory: sums of p and of p log p over the pictures; mergeable."""

    def __init__(self, classes: int) -> None:
        self.count, self.information, self.probability = 0, 0.0, np.zeros(classes)

    def add(self, logits: np.ndarray) -> None:
        """Take in logits `(n, classes)`."""
        log_p = log_softmax(as_features(logits, "logits"))
        p = np.exp(log_p)
        self.count += len(p)
        self.information += float((p * log_p).sum())
        self.probability += p.sum(0)

    def merge(self, other: ClassSums) -> None:
        """Take in what another process has seen."""
        self.count += other.count
        self.information += other.information
        self.probability += other.probability

    def score(self) -> float:
        """exp of the mean divergence of p from its average. Errors: InputError without pictures."""
        if not self.count:
            raise InputError("An Inception Score needs pictures; got none.", fix="Give more pictures than splits.")
        average = self.probability / self.count
        present = average > 0
        entropy = -float((average[present] * np.log(average[present])).sum())
        return float(np.exp(self.information / self.count + entropy))


def inception_score(logits: np.ndarray, splits: int = 10) -> InceptionScore:
    """The score of logits `(n, classes)` in their order, cut into `splits` runs of equal length.

    10 splits are the convention of the paper and of torch-fidelity, 1 that of StudioGAN; on the same pictures more
    splits score lower. Errors: InputError when there are fewer pictures than splits.
    """
    logits = as_features(logits, "logits")
    if not 1 <= splits <= len(logits):
        raise InputError(
            f"{len(logits)} pictures cannot be cut into {splits} splits.",
            fix="Give more pictures or fewer splits.",
            code="too_few_pictures",
        )
    scores = []
    for index in range(splits):
        sums = ClassSums(logits.shape[1])
        sums.add(logits[index * len(logits) // splits : (index + 1) * len(logits) // splits])
        scores.append(sums.score())
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)), splits)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities `(n, classes)`; a probability that underflows costs no NaN."""
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
