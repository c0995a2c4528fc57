"""From a picture of any size to one map: the loop over tiles that every localizer shares."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from fauxto.media.crops import to_network
from fauxto.media.tiles import assemble, cut_tile, fill_tile, tile_boxes


def map_picture(
    network: nn.Module, image: np.ndarray, size: int, overlap: int, step: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The map of a uint8 HWC picture, float32 `(h, w)`, and the image logits of its tiles, float32 `(tiles,)`.

    `network` maps `(n, 3, size, size)` to maps `(n, size, size)` and logits `(n,)`; it sees one tile at a time, so that
    nothing depends on a batch, and is put in evaluation mode and back. `step` as in `media.tiles.cut_tile`.
    """
    height, width = image.shape[:2]
    boxes = tile_boxes(width, height, size, overlap)
    training = network.training
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    network.eval()
    maps, logits = [], []
    try:
        with torch.inference_mode():
            for box in boxes:
                tile = torch.from_numpy(to_network(cut_tile(image, box, size, step)[None])).to(device)
                drawn, logit = network(tile)
                maps.append(fill_tile(drawn[0].cpu().numpy(), size))
                logits.append(float(logit[0]))
    finally:
        network.train(training)
    return assemble(maps, boxes, width, height, size), np.asarray(logits, np.float32)
