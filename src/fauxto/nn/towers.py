"""Vision towers: pretrained encoders that turn a picture into tokens, block by block, and into one feature."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from fauxto.errors import InputError, WeightError
from fauxto.learn.checkpoint import load_tensors

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
EAGER: dict[str, Any] = {"attn_implementation": "eager"}
"""Plain matrix products: the fused attention of transformers branches on values and cannot be traced for export."""

LARGEST_CONFIG = 1 << 20
"""Bytes of a `config.json` or `vocab.json` that are read; a published vocabulary has 860,000."""


class VisionTower(nn.Module):
    """A vision transformer on square pictures: `depth` blocks on `1 + patches` tokens of `width` numbers.

    `leading` counts the tokens before the patches: the class token, and a distilled network's second.
    `size` is the side of its input in pixels, `patch` that of a patch, `feature_width` the length of its final feature;
    `identity` names its weights, so that a head says what it was trained on. Pixels come in [0, 1]; `mean` and `std`
    are the tower's own normalisation. A block is taken apart (`attend`, `normalise`, `feed`) so that systems can read
    or add something in its middle: `x = attend(i, x); x = x + feed(i, normalise(i, x))` is block i.
    """

    leading = 1
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        size: int,
        patch: int,
        feature_width: int,
        identity: str,
        mean: tuple[float, ...],
        std: tuple[float, ...],
    ) -> None:
        super().__init__()
        self.width, self.depth, self.size, self.patch = width, depth, size, patch
        self.feature_width, self.identity = feature_width, identity
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def embed(self, pixels: Tensor) -> Tensor:
        """`(n, 3, size, size)` in [0, 1] to the tokens `(n, 1 + patches, width)` that enter the first block."""
        raise NotImplementedError

    def attend(self, index: int, tokens: Tensor) -> Tensor:
        """The tokens after the attention of block `index`, its residual included."""
        raise NotImplementedError

    def normalise(self, index: int, tokens: Tensor) -> Tensor:
        """The second layer norm of block `index`: what its MLP is fed."""
        raise NotImplementedError

    def feed(self, index: int, normalised: Tensor) -> Tensor:
        """The MLP of block `index`, without its residual."""
        raise NotImplementedError

    def project(self, tokens: Tensor) -> Tensor:
        """The tokens of the last block to features `(..., feature_width)`: final norm, and projection if there is."""
        raise NotImplementedError

    def block(self, index: int, tokens: Tensor) -> Tensor:
        """Block `index` as a whole, `(n, 1 + patches, width)` to the same shape."""
        tokens = self.attend(index, tokens)
        return tokens + self.feed(index, self.normalise(index, tokens))

    def tokens(self, pixels: Tensor) -> list[Tensor]:
        """The output of every block, each `(n, 1 + patches, width)`; the class token comes first."""
        tokens, outputs = self.embed(pixels), []
        for index in range(self.depth):
            tokens = self.block(index, tokens)
            outputs.append(tokens)
        return outputs

    def layers(self, pixels: Tensor) -> Tensor:
        """One vector a block, `(n, depth, width)`: the class token as the block's MLP is fed it (after `normalise`)."""
        tokens, classes = self.embed(pixels), []
        for index in range(self.depth):
            tokens = self.attend(index, tokens)
            normalised = self.normalise(index, tokens)
            classes.append(normalised[:, 0])
            tokens = tokens + self.feed(index, normalised)
        return torch.stack(classes, dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """The final feature of the class token, `(n, feature_width)`, not scaled to unit length."""
        return self.project(self.tokens(pixels)[-1][:, 0])

    def normalised_pixels(self, pixels: Tensor) -> Tensor:
        """`(n, 3, size, size)` in [0, 1], normalised. Errors: InputError on another side."""
        check_size(pixels, self.size)
        return (pixels - self.mean) / self.std


class TransformersTower(VisionTower):
    """A tower around a `model` of transformers, whose `config` gives the sizes.

    `feature_width` is the length of its final feature where a projection follows the last block.
    """

    def __init__(
        self,
        model: Any,
        identity: str,
        *,
        feature_width: int | None = None,
        mean: tuple[float, ...] = IMAGENET_MEAN,
        std: tuple[float, ...] = IMAGENET_STD,
    ) -> None:
        config = model.config
        super().__init__(
            width=config.hidden_size,
            depth=config.num_hidden_layers,
            size=config.image_size,
            patch=config.patch_size,
            feature_width=feature_width or config.hidden_size,
            identity=identity,
            mean=mean,
            std=std,
        )
        self.model = model


def check_size(pixels: Tensor, size: int) -> None:
    """Refuse pictures that are not `size` pixels on both sides. Errors: InputError."""
    if not torch.jit.is_tracing() and tuple(pixels.shape[-2:]) != (size, size):
        raise InputError(
            f"The backbone reads pictures of {size} x {size} pixels; got {tuple(pixels.shape[-2:])}.",
            fix=f"Train and score with --crop {size}.",
        )


def read_backbone(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The configuration and the float32 tensors of a backbone on disk; nothing is downloaded, no code is run.

    `path` is a folder in the Hugging Face layout (`config.json` and `model.safetensors`), or one file that holds a
    state dict with official names (then the configuration is empty). Errors: WeightError.
    """
    if not path.is_dir():
        return {}, {name: tensor.float() for name, tensor in load_tensors(path).items()}
    config, weights = path / "config.json", path / "model.safetensors"
    for file in (config, weights):
        if not file.is_file():
            raise WeightError(
                f"{path} holds no {file.name}.",
                fix="A backbone folder holds config.json and model.safetensors, as on its model page.",
            )
    values = read_json(config)
    return values, {name: tensor.float() for name, tensor in load_tensors(weights).items()}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object out of a file of at most `LARGEST_CONFIG` bytes. Errors: WeightError."""
    if not path.is_file():
        raise WeightError(f"There is no {path}.", fix="Give the folder of the backbone, as on its model page.")
    with path.open("rb") as opened:
        text = opened.read(LARGEST_CONFIG)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightError(f"{path} is not JSON: {error}", fix="Download it again.") from error
    if not isinstance(values, dict):
        raise WeightError(f"{path} is no JSON object.", fix="Download it again.")
    return values


def whole_number(config: dict[str, Any], name: str, default: int | None = None, most: int = 1 << 20) -> int:
    """A whole number from 1 to `most` out of a configuration. Errors: WeightError."""
    value = config.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise WeightError(
            f"The backbone's JSON says {name} = {value!r}; a whole number from 1 to {most} expected.",
            fix="Download its JSON files again.",
        )
    return value


def fingerprint(kind: str, tensors: Mapping[str, Tensor]) -> str:
    """`kind` and 16 hex digits of the sha256 over names and values: a head fits the features of one tower only."""
    digest = sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return f"{kind}-{digest.hexdigest()[:16]}"


def no_backbone(kind: str, example: str) -> NoReturn:
    """Say that a system needs weights that fauxto neither ships nor downloads, and how to give them."""
    raise WeightError(
        f"This needs the weights of {kind}, which fauxto neither ships nor downloads.",
        fix=f"Give them with --backbone PATH: a folder with config.json and model.safetensors, such as {example} "
        "from Hugging Face. `--backbone tiny` tries the machinery on a small random one.",
    )


def grid(tokens: Tensor, leading: int = 1) -> Tensor:
    """The patch tokens of `(n, leading + side * side, width)` as a map `(n, width, side, side)`; the first are left."""
    side = int((tokens.shape[1] - leading) ** 0.5)
    return tokens[:, leading:].transpose(1, 2).unflatten(2, (side, side))


def renamed_blocks(
    tensors: Mapping[str, Tensor], layers: str, outer: Mapping[str, str], inner: Callable[[str, str], str]
) -> dict[str, Tensor]:
    """timm's, the hub's or Hugging Face's names of a vision transformer to those of the installed transformers.

    `layers` is what blocks are called there, `outer` maps what lies outside of them, and `inner` a part of a block and
    its leaf (`mlp.fc1`, `weight`); `qkv` is split in three. Names that are in none of them stay, for a strict loader.
    """
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        block = re.fullmatch(r"(?:blocks|encoder\.layer|layers)\.(\d+)\.(.+)\.(\w+)", name)
        if block is None:
            renamed[outer.get(name, name)] = tensor
        elif block[2] == "attn.qkv":
            for letter, third in zip("qkv", tensor.chunk(3), strict=True):
                renamed[f"{layers}.{block[1]}.attention.{letter}_proj.{block[3]}"] = third
        else:
            renamed[f"{layers}.{block[1]}.{inner(block[2], block[3])}"] = tensor
    return renamed
