"""The statistics that a generator gathers while it runs: not gathered for a while, or gathered anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from fauxto.generate.gan.interface import Generator
from fauxto.generate.gan.latents import Draw, draw
from fauxto.nn.tracked import Tracked


@contextmanager
def untracked(network: nn.Module) -> Iterator[None]:
    """Passes inside use the batch's statistics in training mode but leave no trace in the running ones.

    So the discriminator's step can draw pictures without a say in the statistics that evaluation will use: batch norm's
    mean and variance, StyleGAN's mean style and input magnitudes.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    tracked = [module for module in network.modules() if isinstance(module, Tracked)]
    before = [(norm, norm.track_running_stats) for norm in norms]
    followed = [(module, module.tracking) for module in tracked]
    for norm in norms:
        norm.track_running_stats = False
    for module in tracked:
        module.tracking = False
    try:
        yield
    finally:
        for norm, flag in before:
            norm.track_running_stats = flag
        for module, flag in followed:
            module.tracking = flag


@torch.no_grad()
def standing_statistics(
    generator: nn.Module,
    passes: int,
    largest_batch: int,
    random: torch.Generator | None = None,
    *,
    draws: Callable[[Generator, int, torch.Generator | None], Draw] = draw,
    cumulative: bool = False,
) -> None:
    """Forget the statistics of all batch norms and gather them over `passes` batches of 1 to `largest_batch` pictures.

    Brock et al. (BigGAN, ICLR 2019, appendix). As in StudioGAN the momentum stays 0.1, so that the last batches count
    most; `cumulative` takes the plain mean of all batches instead. A generator without batch norm is left as it was.
    The generator ends in evaluation mode. One picture alone has no variance at a 1x1 map: the smallest map here is 4x4.
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    if norms:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None if cumulative else norm.momentum
        generator.train()
        device = next(generator.parameters()).device
        for _ in range(passes):
            count = int(torch.randint(1, largest_batch + 1, (1,), generator=random))
            batch = draws(generator, count, random)  # type: ignore[arg-type]
            generator(batch.latents.to(device), None if batch.labels is None else batch.labels.to(device))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    generator.eval()
