"""DINO (Caron et al., ICCV 2021): a plain vision transformer, so DINOv2's tower with layer scales of one."""

from __future__ import annotations

import math
import re
from pathlib import Path

import torch
from torch import Tensor

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.dino import HEAD_WIDTH, POSITIONS, Dinov2Tower, dinov2_model, from_hub, stretch
from fauxto.nn.towers import fingerprint

PUBLISHED = "dino_deitsmall8_pretrain.pth"
LAST = 4
"""Blocks whose class tokens stand side by side in the feature, as in the authors' linear evaluation of small models."""


class DinoTower(Dinov2Tower):
    """`forward` is the class tokens of the last four blocks behind the final norm, `(n, 4 width)`: 1,536 for ViT-S."""

    def __init__(self, model: object, identity: str) -> None:
        super().__init__(model, identity)
        self.last = min(LAST, self.depth)
        self.feature_width = self.last * self.width

    def forward(self, pixels: Tensor) -> Tensor:
        """`(n, 3, size, size)` in [0, 1]."""
        return torch.cat([self.project(tokens[:, 0]) for tokens in self.tokens(pixels)[-self.last :]], dim=1)


def dino_tower(path: Path, size: int = 224) -> DinoTower:
    """DINO's ViT from a file with the authors' names, such as dino_deitsmall8_pretrain.pth. Errors: WeightError."""
    official = {name: tensor.float() for name, tensor in load_tensors(path).items()}
    tensors = from_hub(official)
    kernel = tensors.get("embeddings.patch_embeddings.projection.weight")
    if kernel is None or POSITIONS not in tensors or tensors[POSITIONS].ndim != 3:
        raise WeightError(
            f"{path} is no DINO backbone: its patch or position embedding is missing.",
            fix=f"Give the backbone of the authors, such as {PUBLISHED}.",
        )
    if any("layer_scale" in name for name in tensors):
        raise WeightError(f"{path} has layer scales, so it is DINOv2.", fix="Use --backbone dinov2.")
    width, patch = kernel.shape[0], kernel.shape[-1]
    blocks = {match[1] for name in tensors if (match := re.match(r"encoder\.layer\.(\d+)\.", name))}
    tensors |= {f"encoder.layer.{i}.layer_scale{half}.lambda1": torch.ones(width) for i in blocks for half in (1, 2)}
    old = math.isqrt(tensors[POSITIONS].shape[1] - 1)
    tensors[POSITIONS] = stretch(tensors[POSITIONS], size // patch) if old != size // patch else tensors[POSITIONS]
    first = tensors.get("encoder.layer.0.mlp.fc1.weight")
    model = dinov2_model(
        hidden_size=width,
        num_hidden_layers=len(blocks),
        mlp_ratio=first.shape[0] // width if first is not None else 4,
        num_attention_heads=max(1, width // HEAD_WIDTH),
        image_size=size // patch * patch,
        patch_size=patch,
        use_mask_token="embeddings.mask_token" in tensors,
    )
    load_strict(model, tensors, path)
    return DinoTower(model, fingerprint("dino", official))
