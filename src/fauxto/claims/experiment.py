"""What the claims share: fit a small network on crops, measure its AUC, compare two arms over seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from scipy import stats
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from fauxto.catalog import Card
from fauxto.claims import Check, ClaimResult
from fauxto.nn.views import through_views

Draw = Callable[[int, np.random.Generator], np.ndarray]
"""`draw(index, rng)` gives sample `index` of the training set as uint8 `(s, s, 3)`, cropped and augmented
afresh, or its views `(v, s, s, 3)`.
"""


def fit(
    network: nn.Module,
    draw: Draw,
    labels: np.ndarray,
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    seed: int,
    epochs: int,
    learning_rate: float,
    weight_decay: float = 0.0,
    batch: int = 32,
) -> None:
    """Train `network` in place with AdamW and a half-cosine schedule; the last step is kept, nothing is
    selected.
    """
    rng = np.random.default_rng((0xF17, seed))
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    batches = len(labels) // batch
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches)
    network.train()
    for _ in range(epochs):
        order = rng.permutation(len(labels))
        for start in range(0, batches * batch, batch):
            chosen = order[start : start + batch]
            pixels = to_tensor([draw(int(index), rng) for index in chosen])
            optimizer.zero_grad()
            loss(through_views(network, pixels), torch.from_numpy(labels[chosen]).float()).backward()
            optimizer.step()
            schedule.step()
    network.eval()


def auc(network: nn.Module, real_images: Sequence[np.ndarray], fake_images: Sequence[np.ndarray]) -> float:
    """Area under the ROC curve of the logits, fake positive; uint8 pictures of one size. `network` is in eval
    mode.
    """
    logits = []
    with torch.inference_mode():
        for images in (real_images, fake_images):
            for start in range(0, len(images), 64):
                logits.append(network(to_tensor(images[start : start + 64])).numpy())
    labels = np.repeat([0, 1], [len(real_images), len(fake_images)])
    return float(roc_auc_score(labels, np.concatenate(logits)))


def to_tensor(images: Sequence[np.ndarray]) -> Tensor:
    """uint8 HWC pictures of one size to float32 NCHW in [0, 1]; views in front of them stay in front."""
    return torch.from_numpy(np.stack(images)).movedim(-1, -3).float() / 255


def seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A network with initial weights from `seed`; torch's global random state is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


@dataclass(frozen=True, slots=True)
class Margin:
    """How far one arm lies above another over paired seeds: mean, seed spread, 95 % t-interval."""

    measured: float
    control: float
    margin: float
    spread: float
    interval: tuple[float, float]

    @property
    def holds(self) -> bool:
        """Whether the margin is above the seed spread."""
        return self.margin > self.spread

    def to_dict(self) -> dict[str, Any]:
        """The margin as plain JSON types, for the details of a claim with several controls."""
        return {**asdict(self), "interval": list(self.interval), "holds": self.holds}


def compare(measured: Sequence[float], control: Sequence[float]) -> Margin:
    """Compare two arms run on the same seeds, at least two.

    >>> compare([0.9, 0.92, 0.94], [0.8, 0.81, 0.85]).holds
    True
    """
    a, b = np.asarray(measured, float), np.asarray(control, float)
    difference = a - b
    half = stats.t.ppf(0.975, len(a) - 1) * difference.std(ddof=1) / np.sqrt(len(a))
    middle = float(difference.mean())
    return Margin(
        round(float(a.mean()), 4),
        round(float(b.mean()), 4),
        round(middle, 4),
        round(float(max(a.std(ddof=1), b.std(ddof=1))), 4),
        (round(float(middle - half), 4), round(float(middle + half), 4)),
    )


def smoke_result(
    card: Card,
    measured: float,
    control: float,
    *,
    statement: str,
    unit: str,
    rule: str,
    holds: bool,
    checks: tuple[Check, ...],
    details: Mapping[str, Any] | None = None,
    note: str = "",
) -> ClaimResult:
    """What a smoke run found: one measurement against its control. It holds when `holds` and every check do."""
    return ClaimResult(
        slug=card.slug,
        scale="smoke",
        statement=statement,
        unit=unit,
        rule=rule,
        measured=round(measured, 4),
        control=round(control, 4),
        margin=round(measured - control, 4),
        holds=bool(holds) and all(check.passed for check in checks),
        checks=checks,
        details=dict(details or {}),
        note=note,
    )


def laptop_result(
    card: Card,
    margin: Margin,
    *,
    unit: str,
    rule: str,
    seeds: tuple[int, ...],
    checks: tuple[Check, ...],
    holds: bool | None = None,
    details: Mapping[str, Any] | None = None,
    note: str = "",
) -> ClaimResult:
    """What a laptop run found: the claim of the card, by the margin of one arm over another on the same seeds.

    It holds when every check does and `holds`, by default that the margin is above the seed spread.
    """
    return ClaimResult(
        slug=card.slug,
        scale="laptop",
        statement=card.claim,
        unit=unit,
        rule=rule,
        measured=margin.measured,
        control=margin.control,
        margin=margin.margin,
        spread=margin.spread,
        interval=margin.interval,
        seeds=seeds,
        holds=(margin.holds if holds is None else bool(holds)) and all(check.passed for check in checks),
        checks=checks,
        details=dict(details or {}),
        note=note,
    )
