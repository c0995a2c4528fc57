"""OpenAI's names of CLIP's tensors, and those of transformers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor


def from_openai(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenAI's names and shapes to those of transformers: `in_proj` is split in three, projections are transposed.

    Names that transformers uses already are kept; tensors of neither are kept under their own name, for a strict
    loader to refuse.
    """
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in ("input_resolution", "context_length", "vocab_size") or name.endswith("position_ids"):
            continue  # constants that some files store as tensors
        side, rest = (
            ("vision_model", name.removeprefix("visual.")) if name.startswith("visual.") else ("text_model", name)
        )
        block = re.fullmatch(r"transformer\.resblocks\.(\d+)\.(.+)", rest)
        if block:
            start = f"{side}.encoder.layers.{block[1]}."
            part, _, kind = block[2].rpartition(".")
            if part == "attn" and kind.startswith("in_proj_"):
                for letter, third in zip("qkv", tensor.chunk(3), strict=True):
                    renamed[f"{start}self_attn.{letter}_proj.{kind.removeprefix('in_proj_')}"] = third
            else:
                renamed[f"{start}{OPENAI_PARTS.get(part, part)}.{kind}"] = tensor
        elif name in OPENAI_NAMES:
            target, transposed = OPENAI_NAMES[name]
            renamed[target] = tensor.T if transposed else tensor
        else:
            renamed[name] = tensor
    return renamed


OPENAI_PARTS = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
OPENAI_NAMES: dict[str, tuple[str, bool]] = {
    "visual.class_embedding": ("vision_model.embeddings.class_embedding", False),
    "visual.positional_embedding": ("vision_model.embeddings.position_embedding.weight", False),
    "visual.conv1.weight": ("vision_model.embeddings.patch_embedding.weight", False),
    "visual.ln_pre.weight": ("vision_model.pre_layrnorm.weight", False),
    "visual.ln_pre.bias": ("vision_model.pre_layrnorm.bias", False),
    "visual.ln_post.weight": ("vision_model.post_layernorm.weight", False),
    "visual.ln_post.bias": ("vision_model.post_layernorm.bias", False),
    "visual.proj": ("visual_projection.weight", True),
    "token_embedding.weight": ("text_model.embeddings.token_embedding.weight", False),
    "positional_embedding": ("text_model.embeddings.position_embedding.weight", False),
    "ln_final.weight": ("text_model.final_layer_norm.weight", False),
    "ln_final.bias": ("text_model.final_layer_norm.bias", False),
    "text_projection": ("text_projection.weight", True),
}
