"""NVIDIA's names of StyleGAN3's tensors, turned into ours; their pickles hold code and are never opened."""

from __future__ import annotations

import re
from collections.abc import Mapping as Tensors
from pathlib import Path

import torch
from torch import Tensor

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.style_network import StyleNetwork


def load_nvidia(network: StyleNetwork, path: str | Path) -> None:
    """Fill a StyleGAN3 from a state dict with NVIDIA's names, strictly. Errors: WeightError."""
    load_strict(network, from_nvidia(network, load_tensors(path)), path)


def from_nvidia(network: StyleNetwork, tensors: Tensors[str, Tensor]) -> dict[str, Tensor]:
    """`mapping.fc0.weight`, `synthesis.L0_36_512.weight`, ...; layers are named by number, side and channels.

    Errors: WeightError for a filter other than the one that `network` computes for that layer.
    """
    published = {name: number for number, name in enumerate(network.synthesis.layer_names)}
    kept = {}
    for name, tensor in tensors.items():
        match = re.match(r"synthesis\.(L\d+_\d+_\d+)\.(.*)", name)
        if match is None or match[1] not in published:
            new = re.sub(r"^mapping\.fc(\d+)\.", r"mapping.layers.\1.", name).replace("mapping.w_avg", "mapping.mean")
            kept[new.replace("synthesis.input.freqs", "synthesis.input.frequencies")] = tensor
            continue
        number, leaf = published[match[1]], match[2]
        if leaf in ("up_filter", "down_filter"):
            own = getattr(network.synthesis.layers[number], leaf.replace("filter", "taps"))
            if own is None or own.shape != tensor.shape or not torch.allclose(own, tensor.to(own), atol=1e-6):
                raise WeightError(
                    f"{name} is not the filter that this StyleGAN3 computes for that layer.",
                    fix="Give the resolution and the configuration (t or r) of the file.",
                )
        else:
            kept[f"synthesis.layers.{number}.{leaf.replace('magnitude_ema', 'magnitude')}"] = tensor
    return kept
