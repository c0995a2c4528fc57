"""A Fréchet distance cheap enough to choose a checkpoint by; `fauxto generate evaluate` is for figures to publish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from fauxto.data.picture_set import PictureSet
from fauxto.generate.gan.networks import Pair
from fauxto.generate.gan.run_folder import to_uint8
from fauxto.nn.feature_network import FeatureNetwork
from fauxto.score.generative.frechet import frechet_of


class Watch:
    """Call it with a generator: the distance of `count` of its pictures to as many real ones, lower is better.

    Always the same latents and the same reals, so that two steps of a run differ by the generator alone. Pictures are
    brought to the network's side by bilinear interpolation, which no published convention does.
    """

    def __init__(self, network: FeatureNetwork, pictures: PictureSet, pair: Pair, count: int = 2048) -> None:
        self.network, self.pair = network, pair
        rng = np.random.default_rng(0)
        self.count = min(count, len(pictures))
        chosen = np.sort(rng.choice(len(pictures), self.count, replace=False))
        self.real = np.concatenate([self._features(pictures.pixels[part]) for part in _parts(chosen)])

    @torch.no_grad()
    def __call__(self, generator: Any) -> float:
        """The distance; the generator is left in the mode that it was in."""
        training = generator.training
        generator.eval()
        device = next(generator.parameters()).device
        random, found = torch.Generator().manual_seed(0), []
        for start in range(0, self.count, 64):
            drawn = self.pair.draw(min(64, self.count - start), random)
            told = drawn.labels if self.pair.recipe.generator_conditioning != "none" else None
            made = generator(drawn.latents.to(device), None if told is None else told.to(device))
            found.append(self._features(to_uint8(made.float())))
        generator.train(training)
        return frechet_of(self.real, np.concatenate(found))

    def _features(self, pixels: np.ndarray) -> np.ndarray:
        images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
        return features_of(self.network)(images).numpy()


def features_of(network: FeatureNetwork) -> Callable[[Tensor], Tensor]:
    """Pictures `(n, 3, h, w)` in [0, 255] to features `(n, f)`, after bilinear interpolation to the network's side."""
    side = network.shape.size

    def features(images: Tensor) -> Tensor:
        if images.shape[-1] != side:
            images = interpolate(images, size=(side, side), mode="bilinear", antialias=True)
        return torch.from_numpy(network.features(images.numpy()))

    return features


def _parts(chosen: np.ndarray) -> list[np.ndarray]:
    return [chosen[start : start + 64] for start in range(0, len(chosen), 64)]
