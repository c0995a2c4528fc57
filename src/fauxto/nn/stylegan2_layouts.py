"""Published names of StyleGAN2's tensors, turned into ours: NVIDIA's and rosinality's layout.

Of NVIDIA's pickles only tensors are read, and the code in them is never run. Fixed filters that a file holds are
compared with ours and left behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Tensors
from pathlib import Path

import torch
from torch import Tensor

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_part, load_strict, load_tensors
from fauxto.learn.nvidia_pickle import open_nvidia
from fauxto.nn.equalized import binomial
from fauxto.nn.style_network import StyleNetwork


def load_nvidia(network: StyleNetwork, path: str | Path) -> None:
    """Fill a StyleGAN2 from an official pickle, or a file with NVIDIA's names, strictly. Errors: WeightError."""
    load_strict(network, from_nvidia(open_nvidia(path)), path)


def load_rosinality(network: StyleNetwork, path: str | Path, *, part: str = "g_ema") -> None:
    """Fill a StyleGAN2 from a checkpoint of rosinality's program, strictly; `part` is the generator's key in it.

    Training checkpoints do not hold the mean style: it is then gathered from 4096 latents. Errors: WeightError.
    """
    mean = load_part(path, "latent_avg")
    tensors = from_rosinality(load_part(path, part) or load_tensors(path))
    tensors["mapping.mean"] = mean["latent_avg"].flatten() if mean else network.mapping.mean
    load_strict(network, tensors, path)
    if not mean:
        network.gather_mean(random=torch.Generator().manual_seed(0))


def from_nvidia(tensors: Tensors[str, Tensor]) -> dict[str, Tensor]:
    """`mapping.fc0.weight`, `synthesis.b8.conv0.weight`, ...: names of the official PyTorch generators.

    Errors: WeightError for a resampling filter other than the published one.
    """
    kept = {}
    for name, tensor in tensors.items():
        if name.endswith("resample_filter"):
            _same_filter(name, tensor)
        else:
            kept[_nvidia_name(name)] = tensor
    return kept


NVIDIA_WORDS = (
    (r"^mapping\.fc(\d+)\.", r"mapping.layers.\1."),
    (r"^mapping\.w_avg$", "mapping.mean"),
    (r"^synthesis\.stages\.0\.const$", "synthesis.start"),
    (r"\.stages\.0\.conv1\.", ".stages.0.layers.0."),
    (r"\.conv([01])\.", r".layers.\1."),
    (r"\.torgb\.", ".to_colours."),
    (r"\.noise_const$", ".noise"),
)


def _nvidia_name(name: str) -> str:
    """Our name of one of NVIDIA's tensors; blocks there are named by their side."""
    name = re.sub(r"^synthesis\.b(\d+)\.", lambda m: f"synthesis.stages.{int(m[1]).bit_length() - 3}.", name)
    for theirs, ours in NVIDIA_WORDS:
        name = re.sub(theirs, ours, name)
    return name


ROSINALITY_LEAVES = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}


def from_rosinality(tensors: Tensors[str, Tensor]) -> dict[str, Tensor]:
    """`style.1.weight`, `convs.0.conv.weight`, `to_rgbs.0.bias`, `noises.noise_0`, ...

    Weights there have a leading 1, scalars are vectors. Errors: WeightError for an unknown name, or a filter other than
    the published one.
    """
    kept = {}
    for name, tensor in tensors.items():
        if name.endswith("kernel"):
            _same_filter(name, tensor)
        else:
            new = _rosinality_name(name)
            kept[new] = tensor if new.startswith("mapping") else _without_ones(tensor)
    return kept


def _rosinality_name(name: str) -> str:
    """Our name of one of rosinality's tensors; layers there are numbered."""
    head, _, leaf = name.partition(".")
    digits = re.match(r"(?:noise_)?(\d+)", leaf)
    index = int(digits[1]) if digits else 0
    if head == "style":
        return f"mapping.layers.{index - 1}.{leaf.partition('.')[2]}"
    if name == "input.input":
        return "synthesis.start"
    if head == "noises":
        return f"{_layer(index)}.noise"
    first = head in ("conv1", "to_rgb1")
    inner = leaf if first else leaf.partition(".")[2]
    if head not in ("conv1", "convs", "to_rgb1", "to_rgbs") or inner not in ROSINALITY_LEAVES:
        raise WeightError(
            f"A StyleGAN2 in rosinality's layout has no tensor {name}.",
            fix="Give the part of the checkpoint that is the generator, as published under g_ema.",
        )
    place = 0 if first else index + 1
    owner = f"synthesis.stages.{place}.to_colours" if head.startswith("to_rgb") else _layer(place)
    return f"{owner}.{ROSINALITY_LEAVES[inner]}"


def _without_ones(tensor: Tensor) -> Tensor:
    """Without the axes of length 1 in front; a bias that was laid out as a picture becomes a vector."""
    while tensor.ndim and tensor.shape[0] == 1:
        tensor = tensor[0]
    return tensor.flatten() if tensor.ndim == 3 and tensor.shape[1:] == (1, 1) else tensor


def _layer(number: int) -> str:
    """Our name of the convolution of that number, from 0: one at 4 pixels, then two a stage."""
    stage, place = divmod(number + 1, 2)
    return f"synthesis.stages.{stage}.layers.{place if stage else 0}"


def _same_filter(name: str, found: Tensor) -> None:
    """Errors: WeightError."""
    found, taps = found / found.sum(), binomial()
    expected = taps if found.ndim == 1 else torch.outer(taps, taps)
    if found.shape != expected.shape or not torch.allclose(found.float(), expected, atol=1e-6):
        raise WeightError(
            f"{name} is not the filter [1, 3, 3, 1] that this StyleGAN2 resamples with.",
            fix="Use a checkpoint with the published filter.",
        )
