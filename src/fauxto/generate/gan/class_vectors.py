"""What a pretrained network knows of classes, one vector each: where a conditional projected GAN begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fauxto.errors import InputError, WeightError
from fauxto.learn.checkpoint import load_tensors
from fauxto.learn.nvidia_pickle import load_nvidia_pickle
from fauxto.nn.pyramid import Pyramid

PART = "embed"
"""The name of the table in the file beside HP-GAN's code."""


@torch.no_grad()
def class_vectors(pyramid: Pyramid, pixels: np.ndarray, labels: np.ndarray, classes: int, batch: int = 32) -> Tensor:
    """The mean over each class' pictures of the coarsest map's average, `(classes, channels)`, of mean square 1.

    `pixels` is uint8 `(n, h, w, 3)`, `labels` `(n,)` below `classes`. Errors: InputError for a class without pictures.
    """
    counts = np.bincount(labels, minlength=classes)
    if len(counts) > classes or not counts.all():
        raise InputError(
            f"Of {classes} classes {int((counts[:classes] > 0).sum())} have pictures.",
            fix="Leave empty classes out, or give the vectors of the classes.",
        )
    device = next((p.device for p in pyramid.parameters()), torch.device("cpu"))
    sums: Tensor | None = None
    for start in range(0, len(labels), batch):
        part = torch.from_numpy(np.ascontiguousarray(pixels[start : start + batch])).permute(0, 3, 1, 2)
        seen = pyramid(part.to(device).float() / 255)[-1].mean((2, 3)).cpu().double()
        sums = torch.zeros(classes, seen.shape[1], dtype=torch.float64) if sums is None else sums
        sums.index_add_(0, torch.from_numpy(np.asarray(labels[start : start + batch])).long(), seen)
    assert sums is not None
    means = sums / torch.from_numpy(counts)[:, None]
    return (means / (means.square().mean() + 1e-12).sqrt()).float()


def open_class_vectors(path: str | Path) -> Tensor:
    """A table `(classes, v)` of its own file: HP-GAN's pickle, of which only tensors are read, or any one tensor.

    The published one is of ImageNet's thousand classes, 320 numbers each. Errors: WeightError.
    """
    tensors = load_nvidia_pickle(path, PART) if Path(path).suffix == ".pkl" else load_tensors(path)
    tables = [tensor for tensor in tensors.values() if tensor.ndim == 2]
    if len(tensors) != 1 or not tables:
        raise WeightError(
            f"{path} holds {len(tensors)} tensors; one table, a row a class, is expected.",
            fix="Give in_embeddings/tf_efficientnet_lite0.pkl of HP-GAN's code, or a table as safetensors.",
        )
    return tables[0].float()
