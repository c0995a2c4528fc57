"""DINOv2 (Oquab et al., 2023) through transformers, from a local folder or a state dict with the hub's names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict
from fauxto.nn.towers import (
    EAGER,
    TransformersTower,
    fingerprint,
    no_backbone,
    read_backbone,
    renamed_blocks,
    whole_number,
)

HEAD_WIDTH = 64
INTERPOLATE_OFFSET = 0.1
"""The hub stretches the position table by (side + 0.1) / side; without it features differ slightly from published."""

POSITIONS = "embeddings.position_embeddings"


class Dinov2Tower(TransformersTower):
    """DINOv2's encoder: `forward` is the class token after the final layer norm.

    Its `model` is a transformers `Dinov2Model` whose position table fits `model.config.image_size`.
    """

    def embed(self, pixels: Tensor) -> Tensor:
        """Patches, class token and positions."""
        parts = self.model.embeddings
        patches = parts.patch_embeddings.projection(self.normalised_pixels(pixels)).flatten(2).transpose(1, 2)
        tokens = torch.cat((parts.cls_token.expand(patches.shape[0], -1, -1), patches), dim=1)
        return tokens + parts.position_embeddings

    def attend(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        layer = self._layer(index)
        return tokens + layer.layer_scale1(layer.attention(layer.norm1(tokens), attention_mask=None)[0])

    def normalise(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        return self._layer(index).norm2(tokens)

    def feed(self, index: int, normalised: Tensor) -> Tensor:
        """See VisionTower."""
        layer = self._layer(index)
        return layer.layer_scale2(layer.mlp(normalised))

    def project(self, tokens: Tensor) -> Tensor:
        """The final layer norm."""
        return self.model.layernorm(tokens)

    def _layer(self, index: int) -> Any:
        return self.model.encoder.layer[index]


def dinov2_tower(backbone: Path | None, size: int = 224) -> Dinov2Tower:
    """DINOv2 for pictures of `size` pixels, from a Hugging Face folder or a file with the hub's names.

    The position table is stretched once, as the hub does it. Errors: WeightError.
    """
    if backbone is None:
        no_backbone("a DINOv2 vision tower", "facebook/dinov2-large")
    config, tensors = read_backbone(Path(backbone))
    tensors = from_hub(tensors)
    kernel = tensors.get("embeddings.patch_embeddings.projection.weight")
    if kernel is None or POSITIONS not in tensors or tensors[POSITIONS].ndim != 3:
        raise WeightError(
            f"{backbone} is no DINOv2 backbone: its patch or position embedding is missing.",
            fix="Give the folder of a DINOv2 model, such as facebook/dinov2-large.",
        )
    identity = fingerprint("dinov2", tensors)
    width, patch = kernel.shape[0], kernel.shape[-1]
    tensors[POSITIONS] = stretch(tensors[POSITIONS], size // patch)
    heads = whole_number(config, "num_attention_heads", max(1, width // HEAD_WIDTH), most=1024)
    blocks = {match[1] for name in tensors if (match := re.match(r"encoder\.layer\.(\d+)\.", name))}
    first = tensors.get("encoder.layer.0.mlp.fc1.weight")
    model = dinov2_model(
        hidden_size=width,
        num_hidden_layers=len(blocks),
        mlp_ratio=first.shape[0] // width if first is not None else 4,
        num_attention_heads=heads,
        image_size=size // patch * patch,
        patch_size=patch,
        use_swiglu_ffn="encoder.layer.0.mlp.weights_in.weight" in tensors,
        use_mask_token="embeddings.mask_token" in tensors,
    )
    load_strict(model, tensors, backbone)
    return Dinov2Tower(model, identity)


def tiny_dinov2_tower(seed: int = 0, *, size: int = 32, patch: int = 8, width: int = 32, depth: int = 4) -> Dinov2Tower:
    """A small DINOv2 with random weights of `seed`, for tests and claims."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = dinov2_model(
            hidden_size=width,
            num_hidden_layers=depth,
            num_attention_heads=4,
            image_size=size,
            patch_size=patch,
            mlp_ratio=2,
        )
    return Dinov2Tower(model, f"tiny-dinov2-{width}x{depth}-patch{patch}-size{size}-seed{seed}")


def stretch(positions: Tensor, side: int, offset: float = INTERPOLATE_OFFSET) -> Tensor:
    """A position table `(1, 1 + old * old, width)` for a grid of `side` patches; bicubic, the class token's is kept."""
    old = math.isqrt(positions.shape[1] - 1)
    if old == side:
        return positions
    table = positions[:, 1:].unflatten(1, (old, old)).permute(0, 3, 1, 2)
    scale = (side + offset) / old
    table = functional.interpolate(table, scale_factor=(scale, scale), mode="bicubic", align_corners=False)
    return torch.cat((positions[:, :1], table.permute(0, 2, 3, 1).flatten(1, 2)), dim=1)


def from_hub(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The hub's, timm's or Hugging Face's own names to those of the installed transformers; `qkv` is split in three.

    Unknown names stay as they are, for a strict loader to refuse.
    """

    def inner(part: str, leaf: str) -> str:
        return f"layer_scale{part[-1]}.lambda1" if part in ("ls1", "ls2") else f"{INNER.get(part, part)}.{leaf}"

    named = {name.removeprefix("dinov2."): tensor for name, tensor in tensors.items()}
    return renamed_blocks(named, "encoder.layer", OUTER, inner)


OUTER = {
    "cls_token": "embeddings.cls_token",
    "mask_token": "embeddings.mask_token",
    "pos_embed": POSITIONS,
    "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
    "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
    "norm.weight": "layernorm.weight",
    "norm.bias": "layernorm.bias",
}
INNER = {
    "attn.proj": "attention.o_proj",
    "attention.attention.query": "attention.q_proj",
    "attention.attention.key": "attention.k_proj",
    "attention.attention.value": "attention.v_proj",
    "attention.output.dense": "attention.o_proj",
    "mlp.w12": "mlp.weights_in",
    "mlp.w3": "mlp.weights_out",
}


def dinov2_model(**values: Any) -> Any:
    """A transformers `Dinov2Model` of these sizes in evaluation mode, with the attention that can be exported."""
    from transformers import Dinov2Config, Dinov2Model  # noqa: PLC0415  takes seconds to import

    return Dinov2Model(Dinov2Config(**EAGER, **values)).eval()
