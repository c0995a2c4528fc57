"""Swin Transformer (Liu et al., ICCV 2021) through transformers, from a file with the authors' names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.resnet import ImageNetNormalised
from fauxto.nn.towers import EAGER, check_size, fingerprint

PUBLISHED = "swin_base_patch4_window7_224_22kto1k.pth"
"""What StudioGAN calls Swin-T is this Swin-B: distances in its space are not those of Swin-T."""

CONSTANT = re.compile(r".*\.(relative_position_index|attn_mask)")
"""Tables that follow from the window size and lie in the files all the same."""

NAMES = {
    "patch_embed.proj": "embeddings.patch_embeddings.projection",
    "patch_embed.norm": "embeddings.norm",
    "norm": "layernorm",
}
PARTS = {
    "attn.proj": "attention.o_proj",
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}


class SwinFeatures(nn.Module):
    """Pixels `(n, 3, size, size)` in [0, 1] to the mean of the last normalised tokens, `(n, feature_width)`."""

    def __init__(self, model: Any, identity: str) -> None:
        """`model` is a transformers `SwinModel`."""
        super().__init__()
        self.model, self.identity = model, identity
        self.normalise = ImageNetNormalised()
        self.size: int = model.config.image_size
        self.feature_width: int = model.num_features

    def forward(self, pixels: Tensor) -> Tensor:
        """Errors: InputError on another side."""
        check_size(pixels, self.size)
        return self.model(self.normalise(pixels)).pooler_output


def swin(path: Path, size: int = 224) -> tuple[SwinFeatures, tuple[Tensor, Tensor] | None]:
    """The network and, where the file has one, its classifier (weight, bias). Errors: WeightError."""
    tensors = {name: tensor.float() for name, tensor in load_tensors(path).items() if not CONSTANT.fullmatch(name)}
    head = (tensors.pop("head.weight"), tensors.pop("head.bias")) if "head.weight" in tensors else None
    kernel = tensors.get("patch_embed.proj.weight")
    depths = _counts(tensors)
    if kernel is None or not depths:
        raise WeightError(
            f"{path} is no Swin Transformer: its patch embedding or its blocks are missing.",
            fix=f"Give the file of the authors, such as {PUBLISHED}.",
        )
    tables = [tensors.get(f"layers.{i}.blocks.0.attn.relative_position_bias_table") for i in range(len(depths))]
    if any(table is None or table.ndim != 2 for table in tables):
        raise WeightError(f"{path} lacks a table of relative positions.", fix="Download it again.")
    found = [table for table in tables if table is not None]
    model = _model(
        image_size=size,
        patch_size=kernel.shape[-1],
        embed_dim=kernel.shape[0],
        depths=depths,
        num_heads=[table.shape[1] for table in found],
        window_size=(math.isqrt(found[0].shape[0]) + 1) // 2,
    )
    load_strict(model, from_authors(tensors), path)
    return SwinFeatures(model, fingerprint("swin", tensors)), head


def from_authors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' names to those of transformers; `qkv` is split in three, unknown names stay to be refused."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        block = re.fullmatch(r"layers\.(\d+)\.blocks\.(\d+)\.(.+)", name)
        part, _, kind = name.rpartition(".")
        if block is None:
            renamed[f"{NAMES[part]}.{kind}" if part in NAMES else _downsample(name)] = tensor
            continue
        start = f"encoder.layers.{block[1]}.blocks.{block[2]}."
        part, _, kind = block[3].rpartition(".")
        if part == "attn.qkv":
            for letter, third in zip("qkv", tensor.chunk(3), strict=True):
                renamed[f"{start}attention.{letter}_proj.{kind}"] = third
        elif block[3] == "attn.relative_position_bias_table":
            renamed[f"{start}attention.relative_position_bias.relative_position_bias_table"] = tensor
        else:
            renamed[f"{start}{PARTS.get(part, part)}.{kind}"] = tensor
    return renamed


def _downsample(name: str) -> str:
    return f"encoder.{name}" if re.match(r"layers\.\d+\.downsample\.", name) else name


def _counts(tensors: Mapping[str, Tensor]) -> list[int]:
    """Blocks in each layer."""
    found = {(int(m[1]), int(m[2])) for name in tensors if (m := re.match(r"layers\.(\d+)\.blocks\.(\d+)\.", name))}
    return [sum(layer == index for layer, _ in found) for index in range(len({layer for layer, _ in found}))]


def tiny_swin(seed: int = 0) -> SwinFeatures:
    """A small Swin with random weights of `seed` for pictures of 56 pixels, for tests."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _model(image_size=56, patch_size=4, embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=7)
    return SwinFeatures(model, f"tiny-swin-seed{seed}")


def _model(**values: Any) -> Any:
    from transformers import SwinConfig, SwinModel  # noqa: PLC0415  takes seconds to import

    return SwinModel(SwinConfig(**EAGER, **values)).eval()
