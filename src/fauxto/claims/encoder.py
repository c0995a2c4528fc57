"""A small encoder that has seen photographs only: what stands in for a published one where none can be had."""

from __future__ import annotations

import numpy as np
import torch

from fauxto.claims.experiment import to_tensor
from fauxto.data.worlds.camera import photograph
from fauxto.nn.contrastive import supervised_contrastive
from fauxto.nn.towers import VisionTower


def learn_by_contrast(tower: VisionTower, seed: int, steps: int) -> VisionTower:
    """Train `tower` in place, then freeze it: two crops of one photograph attract, those of others repel.

    No generated picture is shown, and no view is noisy or blurred: those are what detectors ask about afterwards.
    """
    rng = np.random.default_rng((0xD140, seed))
    margin = tower.size // 2
    scenes = [photograph(seed * 1_000_000 + 500_000 + index, tower.size + margin) for index in range(200)]
    optimizer = torch.optim.AdamW(tower.parameters(), lr=2e-3)
    for _ in range(steps):
        chosen = rng.integers(len(scenes), size=32)
        views = [_view(scenes[index], tower.size, rng) for _ in range(2) for index in chosen]
        loss = supervised_contrastive(tower(to_tensor(views)), torch.from_numpy(np.tile(chosen, 2)), temperature=0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tower.requires_grad_(False)
    return tower.eval()


def _view(pixels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A crop, maybe mirrored, with another brightness and contrast."""
    top, left = rng.integers(len(pixels) - size + 1, size=2)
    crop = pixels[top : top + size, left : left + size]
    crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    return np.clip((crop - 128.0) * rng.uniform(0.6, 1.4) + 128 + rng.uniform(-30, 30), 0, 255).astype(np.uint8)
