"""FatFormer: a CLIP adapted in space and in wavelet bands, read by prompts that know the picture (Liu, CVPR 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors, load_trained, save_trained
from fauxto.media.crops import CropSpec, to_network
from fauxto.media.squash import squash
from fauxto.nn.attention import Attention
from fauxto.nn.backbone import TINY, open_backbone
from fauxto.nn.clip import (
    ClipTextTower,
    ClipTower,
    build_text_tower,
    build_tower,
    clip_text_tower,
    prompt_tokens,
    tiny_clip_text_tower,
)
from fauxto.nn.clip_layout import from_openai
from fauxto.nn.forgery_adapter import ForgeryAwareAdapter
from fauxto.nn.scoring import score_images
from fauxto.nn.towers import IMAGENET_MEAN, IMAGENET_STD

CARD = Card(
    slug="fatformer",
    kinds=("detector",),
    title="Forgery-aware Adaptive Transformer for Generalizable Synthetic Image Detection",
    venue="CVPR",
    year=2024,
    idea="Frozen CLIP features miss forgeries: adapt them locally and in wavelet bands, and let text say real or fake.",
    input=Input(size=224, resize="required", crop="the whole picture at 256 x 256, aspect lost, then its centre"),
    output="one logit (fake minus real, two cosine terms summed), higher = generated",
    claim="Adapters and picture-conditioned prompts on a frozen CLIP beat a linear probe of it on an unseen family of "
    "fakes.",
    weights=(
        Weights(
            name="fatformer_4class_ckpt.pth",
            url="https://github.com/Michel-liu/FatFormer",
            licence="Apache-2.0",
            layout="under 'model': clip_model.* with OpenAI's names and adapters inside the blocks, "
            "language_guided_alignment.*, text_guided_interactor.*, aliases under image_encoder.* and text_encoder.*",
        ),
    ),
    gmac=107.0,
    parameters=492_591_044,
    choices=(
        "Training code was never released, and the published rate of 4e-4 was reported not to converge: AdamW 2e-5 "
        "here, cross-entropy on the sum of both similarity terms, as at test time.",
        "The text tower runs on all pictures of a batch at once and stops at the end of text: its attention looks back "
        "only, so the result is the same.",
        "A released file holds its own CLIP, which takes the place of the backbone that was given.",
        "The interpolation to 256 is bilinear, by Pillow, widened when it shrinks.",
    ),
    fails_on=("generators newer than the test sets of 2020 to 2023: nothing is published there",),
    source="https://github.com/Michel-liu/FatFormer",
)

RESIZED = 256 / 224
"""The picture is made this much larger than the crop that is then taken from its middle."""

CONTEXT = 8
"""Learned vectors in front of the class word."""

CLASSES = ("real", "fake")
END = 1 + CONTEXT + 2
"""Where the end of text stands: start, context, class word, full stop, end."""


class CrossAttention(nn.Module):
    """Queries look at keys: attention, then a two-layer MLP, each with residual and layer norm behind it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, 4 * width)
        self.linear2 = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """`(q, n, width)` and `(k, n, width)`, sequence first, to `(q, n, width)`."""
        x = self.norm1(queries + self.attention(queries, keys))
        return self.norm2(x + self.linear2(self.linear1(x).relu()))


class FatFormerNetwork(nn.Module):
    """Adapted CLIP and conditioned prompts: `(n, 3, size, size)` in [0, 1] to `(n,)` logits."""

    prefix: Tensor
    suffix: Tensor
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: ClipTower,
        text: ClipTextTower,
        words: Tensor,
        adapters: int = 3,
        *,
        frequency: bool = True,
        interactor: bool = True,
    ) -> None:
        """`words` `(2, text.length)` are the token ids of both prompts; the two switches are the paper's ablations."""
        super().__init__()
        if backbone.feature_width != text.width or backbone.depth % adapters:
            raise WeightError(
                f"FatFormer wants features as wide as the text tower and a depth that {adapters} divides; got "
                f"{backbone.feature_width} and {text.width}, depth {backbone.depth}.",
                fix="Give openai/clip-vit-large-patch14.",
            )
        heads = max(1, text.width // 64) if text.width >= 64 else 4
        self.backbone, self.text = backbone, text
        step = backbone.depth // adapters
        self.places = {(index + 1) * step - 1: index for index in range(adapters)}
        self.adapters = nn.ModuleList(ForgeryAwareAdapter(backbone.width, frequency=frequency) for _ in self.places)
        self.context = nn.Parameter(0.02 * torch.randn(CONTEXT, text.width))
        self.enhancer = CrossAttention(text.width, heads)
        self.interactor = CrossAttention(text.width, heads) if interactor else None
        with torch.no_grad():
            embedded = text.embed(words).detach().clone()
        self.register_buffer("prefix", embedded[:, :1])
        self.register_buffer("suffix", embedded[:, 1 + CONTEXT :])
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Fake minus real, both terms summed."""
        return torch.stack(self.terms(pixels)).sum(0)

    def terms(self, pixels: Tensor) -> list[Tensor]:
        """The logit of each similarity term, `(n,)`: the class token, then the patches that looked at the texts."""
        image = self.encode(pixels)
        texts = self.encode_prompts(image)
        unit = functional.normalize(texts, dim=2)
        terms = [self._compare(image[:, 0], unit)]
        if self.interactor is not None:
            guided = self.interactor(image[:, 1:].transpose(0, 1), texts.transpose(0, 1))
            terms.append(self._compare(guided.mean(0), unit))
        return terms

    def encode(self, pixels: Tensor) -> Tensor:
        """All tokens behind the adapted tower and its projection, `(n, 1 + patches, feature_width)`."""
        # ImageNet's normalisation, as published, through a tower that undoes CLIP's
        pixels = (pixels - self.mean) / self.std * self.backbone.std + self.backbone.mean
        tokens = self.backbone.embed(pixels)
        for index in range(self.backbone.depth):
            tokens = self.backbone.attend(index, tokens)
            adapted = self.adapters[self.places[index]](tokens) if index in self.places else None
            tokens = tokens + self.backbone.feed(index, self.backbone.normalise(index, tokens))
            tokens = tokens + adapted if adapted is not None else tokens
        return self.backbone.project(tokens)

    def encode_prompts(self, image: Tensor) -> Tensor:
        """The texts "real" and "fake" with a context that has seen the picture, `(n, 2, feature_width)`."""
        count = image.shape[0]
        context = self.context[:, None].expand(-1, count, -1)
        context = self.enhancer(context, image.transpose(0, 1)).transpose(0, 1)
        tail = self.suffix[:, : END - CONTEXT]
        prompts = [
            torch.cat(
                (
                    self.prefix[index].expand(count, -1, -1),
                    context,
                    tail[index].expand(count, -1, -1),
                ),
                dim=1,
            )
            for index in range(len(CLASSES))
        ]
        return torch.stack([self.text(prompt, END) for prompt in prompts], dim=1)

    def _compare(self, image: Tensor, texts: Tensor) -> Tensor:
        similarity = (functional.normalize(image, dim=1)[:, None] * texts).sum(2)
        return self.text.logit_scale.exp() * (similarity[:, 1] - similarity[:, 0])


class FatFormer:
    """The detector: squeezed picture, adapted CLIP, language-guided alignment, cross-entropy."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"backbone": "tiny"}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adamw",
        "learning_rate": 2e-5,
        "weight_decay": 0.05,
        "batch_size": 256,
        "schedule": "cosine",
        "epochs": 25,
    }

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        backbone: str | Path | None = None,
        adapters: int | None = None,
        frequency: bool = True,
        interactor: bool = True,
    ) -> None:
        """`backbone` is a folder of CLIP with vocab.json, or "tiny"; `adapters` None is 3, in the tiny one 2.

        Errors: WeightError without a backbone.
        """
        tower = open_backbone(backbone, "clip")
        if not isinstance(tower, ClipTower):
            raise WeightError(
                "FatFormer reads text: it needs both towers of a CLIP.", fix="Give --backbone PATH to one."
            )
        tiny = backbone == TINY
        text = tiny_clip_text_tower() if tiny else clip_text_tower(Path(str(backbone)))
        words = prompt_tokens(None if tiny else Path(str(backbone)), CLASSES, CONTEXT, text.length)
        network = FatFormerNetwork(
            tower,
            text.requires_grad_(False).eval(),
            words,
            adapters or (2 if tiny else 3),
            frequency=frequency,
            interactor=interactor,
        )
        self._adopt(network, crop)

    def _adopt(self, network: FatFormerNetwork, crop: CropSpec | None = None) -> None:
        self._network = network
        self._identity = f"{network.backbone.identity}+{network.text.identity}"
        self.crop = crop or CropSpec(network.backbone.size, 1)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(1, 3, size, size)` in [0, 1]: squeezed, then the centre."""
        side = self.crop.size
        whole = squash(image, round(side * RESIZED))
        start = (len(whole) - side) // 2
        return to_network(whole[None, start : start + side, start : start + side])

    def network(self) -> nn.Module:
        """The module `(n, 3, size, size)` to `(n,)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Horizontal flip with probability one half; uint8 HWC in and out."""
        return crop[:, ::-1] if rng.random() < 0.5 else crop

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the two summed similarities, written for their difference `(n,)`; label 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load the released file, which brings its own CLIP, or our own, strictly. Errors: WeightError."""
        tensors = load_tensors(path)
        if "language_guided_alignment.ctx" not in tensors:
            load_trained(self._network, path, backbone=self._identity)
            return
        clip, own = split_released(tensors)
        source = Path(path)
        adapters = len({name.split(".")[1] for name in own if name.startswith("adapters.")})
        text = build_text_tower(clip, {}, source).requires_grad_(False).eval()
        words = torch.zeros(len(CLASSES), text.length, dtype=torch.long)  # the file holds their embeddings
        network = FatFormerNetwork(build_tower(clip, {}, source).requires_grad_(False).eval(), text, words, adapters)
        frozen = {n: t for n, t in network.state_dict().items() if n.startswith(("backbone.", "text."))}
        load_strict(network, {**own, **frozen}, path)
        self._adopt(network)

    def save(self, path: str) -> None:
        """Write what was trained, with the identity of both towers."""
        save_trained(path, self._network, backbone=self._identity, system=self.card.slug)


def split_released(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A released state dict to the tensors of its CLIP and to ours, each under the names that we use.

    Aliases of one tensor must agree; buffers of the wavelet library are left out. Errors: WeightError.
    """
    whole: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        target = name
        for alias, original in ALIASES.items():
            if name.startswith(alias):
                target = original + name.removeprefix(alias)
        if target in whole and not torch.equal(whole[target], tensor):
            raise WeightError(f"{name} differs from {target}, of which it is a copy.", fix="Download the file again.")
        whole[target] = tensor.float()
    clip: dict[str, Tensor] = {}
    own: dict[str, Tensor] = {}
    blocks = sorted({int(name.split(".")[4]) for name in whole if ADAPTER in name})
    for name, tensor in whole.items():
        if "dwt_transform." in name:
            continue
        if ADAPTER in name:
            place = blocks.index(int(name.split(".")[4]))
            own[f"adapters.{place}.{name.split(ADAPTER)[1]}"] = tensor
        elif name.startswith("clip_model."):
            clip[name.removeprefix("clip_model.")] = tensor
        else:
            start = next((start for start in OWN if name.startswith(start)), None)
            own[OWN[start] + name.removeprefix(start) if start else name] = tensor
    return from_openai(clip), own


ADAPTER = ".forgery_aware_adapter."
ALIASES = {
    "image_encoder.": "clip_model.visual.",
    "text_encoder.": "clip_model.",
    "logit_scale": "clip_model.logit_scale",
}
OWN = {
    "language_guided_alignment.ctx": "context",
    "language_guided_alignment.token_": "",
    "language_guided_alignment.patch_basaed_enhancer.": "enhancer.attention.",
    "language_guided_alignment.": "enhancer.",
    "text_guided_interactor.": "interactor.attention.",
    "norm": "interactor.norm",
    "linear": "interactor.linear",
}
"""The start of a released name, first match, and what we call it; the misspelt one is real."""
