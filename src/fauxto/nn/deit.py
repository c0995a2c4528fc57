"""DeiT (Touvron et al., ICML 2021), distilled: a vision transformer whose patches follow two tokens instead of one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

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

HEAD_WIDTH, MLP_RATIO, EPSILON = 64, 4, 1e-6
EXAMPLE = "facebook/deit-base-distilled-patch16-224"
POSITIONS, PATCHES = "embeddings.position_embeddings", "embeddings.patch_embeddings.projection.weight"
HEADS = ("cls_classifier", "distillation_classifier", "head", "head_dist")
"""The two ImageNet classifiers of a published file, which a tower leaves behind."""


class DeitTower(TransformersTower):
    """The encoder of a distilled DeiT: `forward` is the class token after the final layer norm.

    Its tokens are class, distillation, and the patches from index 2 on: `leading` is 2. Its `model` is a transformers
    `DeiTModel` without a pooler.
    """

    leading = 2

    def embed(self, pixels: Tensor) -> Tensor:
        """Patches, both tokens and positions, `(n, 2 + patches, width)`."""
        parts = self.model.embeddings
        patches = parts.patch_embeddings.projection(self.normalised_pixels(pixels)).flatten(2).transpose(1, 2)
        leading = [token.expand(len(patches), -1, -1) for token in (parts.cls_token, parts.distillation_token)]
        return torch.cat((*leading, patches), dim=1) + parts.position_embeddings

    def attend(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        layer = self.model.layers[index]
        return tokens + layer.attention(layer.layernorm_before(tokens), None)[0]

    def normalise(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        return self.model.layers[index].layernorm_after(tokens)

    def feed(self, index: int, normalised: Tensor) -> Tensor:
        """See VisionTower."""
        return self.model.layers[index].mlp(normalised)

    def project(self, tokens: Tensor) -> Tensor:
        """The final layer norm."""
        return self.model.layernorm(tokens)


def deit_tower(backbone: Path | None) -> DeitTower:
    """A distilled DeiT from a Hugging Face folder, or from one file with timm's names; its classifiers are left behind.

    The side of its pictures is that of its position table. Errors: WeightError, also for a DeiT without distillation.
    """
    if backbone is None:
        no_backbone("a distilled DeiT", EXAMPLE)
    config, official = read_backbone(Path(backbone))
    tensors = from_published(official)
    kernel, positions = tensors.get(PATCHES), tensors.get(POSITIONS)
    if kernel is None or positions is None or (kernel.ndim, positions.ndim) != (4, 3):
        raise WeightError(
            f"{backbone} is no DeiT: its patch or position embedding is missing.",
            fix=f"Give the folder of a distilled DeiT, such as {EXAMPLE}.",
        )
    side = math.isqrt(max(0, positions.shape[1] - DeitTower.leading))
    if "embeddings.distillation_token" not in tensors or side**2 + DeitTower.leading != positions.shape[1]:
        raise WeightError(
            f"{backbone} is not distilled: it has no second token.",
            fix=f"Give the folder of a distilled DeiT, such as {EXAMPLE}.",
        )
    width, patch = kernel.shape[0], kernel.shape[-1]
    first = tensors.get("layers.0.mlp.fc1.weight")
    model = deit_model(
        hidden_size=width,
        num_hidden_layers=len({match[1] for name in tensors if (match := re.match(r"layers\.(\d+)\.", name))}),
        num_attention_heads=whole_number(config, "num_attention_heads", max(1, width // HEAD_WIDTH), most=1024),
        intermediate_size=MLP_RATIO * width if first is None else first.shape[0],
        image_size=side * patch,
        patch_size=patch,
    )
    load_strict(model, tensors, backbone)
    return DeitTower(model, fingerprint("deit", tensors))


def tiny_deit_tower(seed: int = 0, *, size: int = 32, patch: int = 8, width: int = 32, depth: int = 4) -> DeitTower:
    """A small distilled DeiT with random weights of `seed`, for tests and claims."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = deit_model(
            hidden_size=width,
            num_hidden_layers=depth,
            num_attention_heads=4,
            intermediate_size=2 * width,
            image_size=size,
            patch_size=patch,
        )
    return DeitTower(model, f"tiny-deit-{width}x{depth}-patch{patch}-size{size}-seed{seed}")


def from_published(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Hugging Face's published names, or timm's, to those of the installed transformers; `qkv` is split in three.

    Both classifiers are left out; unknown names stay as they are, for a strict loader to refuse.
    """
    named = {name.removeprefix("deit."): tensor for name, tensor in tensors.items()}
    kept = {name: tensor for name, tensor in named.items() if name.split(".")[0] not in HEADS}
    return renamed_blocks(kept, "layers", OUTER, lambda part, leaf: f"{INNER.get(part, part)}.{leaf}")


OUTER = {
    "cls_token": "embeddings.cls_token",
    "dist_token": "embeddings.distillation_token",
    "pos_embed": POSITIONS,
    "patch_embed.proj.weight": PATCHES,
    "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
    "norm.weight": "layernorm.weight",
    "norm.bias": "layernorm.bias",
}
INNER = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attn.proj": "attention.o_proj",
    "attention.attention.query": "attention.q_proj",
    "attention.attention.key": "attention.k_proj",
    "attention.attention.value": "attention.v_proj",
    "attention.output.dense": "attention.o_proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
}


def deit_model(**values: Any) -> Any:
    """A transformers `DeiTModel` of these sizes in evaluation mode, with the attention that can be exported."""
    from transformers import DeiTConfig, DeiTModel  # noqa: PLC0415  takes seconds to import

    return DeiTModel(DeiTConfig(**EAGER, layer_norm_eps=EPSILON, **values), add_pooling_layer=False).eval()
