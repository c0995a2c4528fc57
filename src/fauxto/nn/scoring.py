"""From pictures to one logit each: the loop that every detector shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn


def score_images(
    network: nn.Module, preprocess: Callable[[np.ndarray], np.ndarray], images: Iterable[np.ndarray]
) -> np.ndarray:
    """The mean logit over the windows of each picture, `(len(images),)` float32.

    One picture is one forward pass, so its score cannot depend on what else is in the batch. The network is put in
    evaluation mode and put back.
    """
    training = network.training
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    network.eval()
    try:
        with torch.inference_mode():
            logits = [network(torch.from_numpy(preprocess(image)).to(device)).mean().item() for image in images]
    finally:
        network.train(training)
    return np.asarray(logits, dtype=np.float32)
