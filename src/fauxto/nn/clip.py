"""CLIP's two towers (Radford et al., 2021) through transformers, from a local folder or an OpenAI state dict."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict
from fauxto.nn.clip_layout import from_openai
from fauxto.nn.towers import EAGER, TransformersTower, fingerprint, no_backbone, read_backbone, read_json, whole_number

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
HEAD_WIDTH = 64
"""Every CLIP of OpenAI has attention heads of 64 numbers; state dicts do not say."""

ACTIVATIONS = ("quick_gelu", "gelu")
VISION = ("vision_model.", "visual_projection.")
TEXT = ("text_model.", "text_projection.", "logit_scale")


class ClipTower(TransformersTower):
    """CLIP's picture side: `forward` is the projected image embedding, not scaled to unit length."""

    def __init__(self, model: Any, identity: str) -> None:
        """`model` is a transformers `CLIPVisionModelWithProjection`."""
        width = model.config.projection_dim
        super().__init__(model, identity, feature_width=width, mean=CLIP_MEAN, std=CLIP_STD)

    def embed(self, pixels: Tensor) -> Tensor:
        """Patches, class token and positions, through the first layer norm."""
        parts = self.model.vision_model.embeddings
        patches = parts.patch_embedding(self.normalised_pixels(pixels)).flatten(2).transpose(1, 2)
        first = parts.class_embedding.expand(patches.shape[0], 1, -1)
        tokens = torch.cat((first, patches), dim=1) + parts.position_embedding.weight
        return self.model.vision_model.pre_layrnorm(tokens)

    def attend(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        layer = self._layer(index)
        return tokens + layer.self_attn(layer.layer_norm1(tokens), attention_mask=None)[0]

    def normalise(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        return self._layer(index).layer_norm2(tokens)

    def feed(self, index: int, normalised: Tensor) -> Tensor:
        """See VisionTower."""
        return self._layer(index).mlp(normalised)

    def project(self, tokens: Tensor) -> Tensor:
        """`ln_post`, then the projection into the space that pictures and texts share."""
        return self.model.visual_projection(self.model.vision_model.post_layernorm(tokens))

    def _layer(self, index: int) -> Any:
        return self.model.vision_model.encoder.layers[index]


class ClipTextTower(nn.Module):
    """CLIP's text side on token embeddings, so that learned vectors can stand in a prompt; `logit_scale` beside it."""

    def __init__(self, model: Any, logit_scale: float, identity: str) -> None:
        """`model` is a transformers `CLIPTextModelWithProjection`."""
        super().__init__()
        self.model = model
        self.identity = identity
        self.width: int = model.config.hidden_size
        self.length: int = model.config.max_position_embeddings
        self.feature_width: int = model.config.projection_dim
        self.logit_scale = nn.Parameter(torch.tensor(float(logit_scale)))

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids `(..., length)` to embeddings `(..., length, width)`, without positions."""
        return self.model.text_model.embeddings.token_embedding(ids)

    def forward(self, embeddings: Tensor, last: int) -> Tensor:
        """Embeddings `(m, length, width)` to features `(m, feature_width)` of the token at `last`, the end of text."""
        text = self.model.text_model
        length = embeddings.shape[1]
        hidden = embeddings + text.embeddings.position_embedding.weight[:length]
        future = torch.full((length, length), -math.inf, device=hidden.device).triu(1)[None, None]
        for layer in text.encoder.layers:
            hidden = layer(hidden, attention_mask=future)
        return self.model.text_projection(text.final_layer_norm(hidden)[:, last])


def clip_tower(backbone: Path | None) -> ClipTower:
    """CLIP's picture side from a Hugging Face folder, or from a file with OpenAI's names. Errors: WeightError."""
    if backbone is None:
        no_backbone("a CLIP vision tower", "openai/clip-vit-large-patch14")
    tensors, config = _read(Path(backbone))
    return build_tower(tensors, config, Path(backbone))


def build_tower(tensors: Mapping[str, Tensor], config: dict[str, Any], source: Path) -> ClipTower:
    """CLIP's picture side from tensors with transformers' names; `source` is named in errors. Errors: WeightError."""
    vision = {name: tensor for name, tensor in tensors.items() if name.startswith(VISION)}
    table = "vision_model.embeddings.position_embedding.weight"
    _require(source, vision, table, "visual_projection.weight", "vision_model.embeddings.patch_embedding.weight")
    patches, width = vision[table].shape
    patch = vision["vision_model.embeddings.patch_embedding.weight"].shape[-1]
    values = _sizes(config.get("vision_config", config), vision, "vision_model", width)
    values |= {"image_size": patch * math.isqrt(patches - 1), "patch_size": patch}
    model = _vision_model(projection_dim=vision["visual_projection.weight"].shape[0], **values)
    load_strict(model, vision, source)
    return ClipTower(model, fingerprint("clip", vision))


def clip_text_tower(backbone: Path | None) -> ClipTextTower:
    """CLIP's text side, from the same places. Errors: WeightError."""
    if backbone is None:
        no_backbone("a CLIP text tower", "openai/clip-vit-large-patch14")
    tensors, config = _read(Path(backbone))
    return build_text_tower(tensors, config, Path(backbone))


def build_text_tower(tensors: Mapping[str, Tensor], config: dict[str, Any], source: Path) -> ClipTextTower:
    """CLIP's text side from tensors with transformers' names; `source` is named in errors. Errors: WeightError."""
    text = {name: tensor for name, tensor in tensors.items() if name.startswith(TEXT)}
    words, places = (f"text_model.embeddings.{name}_embedding.weight" for name in ("token", "position"))
    _require(source, text, words, places, "text_projection.weight", "logit_scale")
    scale = float(text.pop("logit_scale"))
    vocabulary, width = text[words].shape
    values = _sizes(config.get("text_config", {}), text, "text_model", width)
    values |= {"vocab_size": vocabulary, "max_position_embeddings": text[places].shape[0]}
    model = _text_model(projection_dim=text["text_projection.weight"].shape[0], **values)
    load_strict(model, text, source)
    return ClipTextTower(model, scale, fingerprint("clip-text", text))


def prompt_tokens(backbone: Path | None, words: Sequence[str], context: int, length: int) -> Tensor:
    """Token ids `(len(words), length)` of the prompts [start, `context` places, word, full stop, end, padding].

    The ids come from `vocab.json` in the folder of the backbone; without a folder they are those of the tiny tower.
    Each word has to be one token of the vocabulary. Errors: WeightError.
    """
    vocabulary = {"<|startoftext|>": 1, ".</w>": 2, "<|endoftext|>": 3}
    vocabulary |= {f"{word}</w>": 4 + index for index, word in enumerate(words)}
    if backbone is not None:
        vocabulary = read_json(backbone / "vocab.json")
    names = ["<|startoftext|>", ".</w>", "<|endoftext|>", *(f"{word}</w>" for word in words)]
    start, stop, end, *own = (whole_number(vocabulary, name) for name in names)
    rows = [[start, *[0] * context, word, stop, end] for word in own]
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])


def tiny_clip_tower(seed: int = 0, *, size: int = 32, patch: int = 8, width: int = 32, depth: int = 4) -> ClipTower:
    """A small CLIP vision tower with random weights of `seed`, for tests and claims; feature of `width` numbers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _vision_model(
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=depth,
            num_attention_heads=4,
            image_size=size,
            patch_size=patch,
            projection_dim=width,
        )
    return ClipTower(model, f"tiny-clip-{width}x{depth}-patch{patch}-size{size}-seed{seed}")


def tiny_clip_text_tower(seed: int = 0, *, width: int = 32, depth: int = 2, words: int = 16) -> ClipTextTower:
    """A small CLIP text tower with random weights of `seed`: 16 tokens, prompts of up to 16, feature of `width`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _text_model(
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=depth,
            num_attention_heads=4,
            vocab_size=words,
            max_position_embeddings=16,
            projection_dim=width,
            bos_token_id=1,
            eos_token_id=3,
            pad_token_id=0,
        )
    return ClipTextTower(model, math.log(1 / 0.07), f"tiny-clip-text-{width}x{depth}-seed{seed}")


def _read(backbone: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    config, tensors = read_backbone(backbone)
    return from_openai(tensors), config


def _require(source: Path, tensors: Mapping[str, Tensor], *names: str) -> None:
    for name in names:
        if name not in tensors:
            raise WeightError(
                f"{source} is no CLIP backbone: {name} is missing.",
                fix="Give the folder of a CLIP model, such as openai/clip-vit-large-patch14.",
            )


def _sizes(config: Any, tensors: Mapping[str, Tensor], side: str, width: int) -> dict[str, Any]:
    """What a configuration and the shapes of the tensors say of one side; only known fields are looked at."""
    config = config if isinstance(config, dict) else {}
    layers = {match[1] for name in tensors if (match := re.match(rf"{side}\.encoder\.layers\.(\d+)\.", name))}
    first = tensors.get(f"{side}.encoder.layers.0.mlp.fc1.weight")
    activation = config.get("hidden_act", ACTIVATIONS[0])
    heads = whole_number(config, "num_attention_heads", max(1, width // HEAD_WIDTH), most=1024)
    if activation not in ACTIVATIONS or width % heads:
        raise WeightError(
            f"config.json says hidden_act {activation!r} and {heads} heads for a width of {width}.",
            fix=f"Use one of {ACTIVATIONS} and a number of heads that divides the width.",
        )
    return {
        "hidden_size": width,
        "intermediate_size": len(first) if first is not None else 4 * width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": heads,
        "hidden_act": activation,
    }


def _vision_model(**values: Any) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection  # noqa: PLC0415  takes seconds to import

    return CLIPVisionModelWithProjection(CLIPVisionConfig(**EAGER, **values)).eval()


def _text_model(**values: Any) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection  # noqa: PLC0415  takes seconds to import

    return CLIPTextModelWithProjection(CLIPTextConfig(**EAGER, **values)).eval()
