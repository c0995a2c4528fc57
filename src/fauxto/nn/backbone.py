"""Which frozen backbone a system stands on: a folder on this machine, the one from PyPI, or a tiny random one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fauxto.nn.clip import clip_tower, tiny_clip_tower
from fauxto.nn.dino import dinov2_tower, tiny_dinov2_tower
from fauxto.nn.efficientnet_lite import EfficientNetTower, efficientnet_lite0_tower
from fauxto.nn.towers import VisionTower

TINY, LITE = "tiny", "efficientnet-lite0"
Tower = VisionTower | EfficientNetTower


def open_backbone(backbone: str | Path | Tower | None, kind: Literal["clip", "dinov2"]) -> Tower:
    """The frozen tower in evaluation mode: `backbone` is a path, "efficientnet-lite0", "tiny", or a tower itself.

    Errors: WeightError when nothing is given, or what is given does not fit.
    """
    if isinstance(backbone, VisionTower | EfficientNetTower):
        tower: Tower = backbone
    elif backbone == LITE:
        tower = efficientnet_lite0_tower()
    elif backbone == TINY:
        tower = tiny_clip_tower() if kind == "clip" else tiny_dinov2_tower()
    else:
        path = Path(backbone) if backbone is not None else None
        tower = clip_tower(path) if kind == "clip" else dinov2_tower(path)
    return tower.requires_grad_(False).eval()
