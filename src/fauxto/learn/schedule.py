"""Optimizers and learning rates by the words of a recipe."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from fauxto.errors import ContractError


def make_optimizer(module: nn.Module, recipe: dict[str, Any], rate: float) -> torch.optim.Optimizer:
    """The optimizer of a recipe over the parameters that ask for a gradient.

    "adam", "sgd" and "rmsprop" decay every weight, as the originals do; "adamw" spares biases and norms. `betas`,
    `eps`, `fused` and `momentum` are torch's where the recipe names none. Errors: ContractError.
    """
    wanted = [p for p in module.parameters() if p.requires_grad]
    decay = recipe["weight_decay"]
    match recipe["optimizer"]:
        case "adam":
            chosen = {name: recipe[name] for name in ("betas", "eps", "fused") if name in recipe}
            return torch.optim.Adam(wanted, lr=rate, weight_decay=decay, **chosen)
        case "sgd":
            return torch.optim.SGD(wanted, lr=rate, momentum=recipe.get("momentum", 0.0), weight_decay=decay)
        case "rmsprop":
            return torch.optim.RMSprop(wanted, lr=rate, momentum=recipe.get("momentum", 0.0), weight_decay=decay)
        case "adamw":
            decayed = [p for p in wanted if p.ndim > 1]
            free = [p for p in wanted if p.ndim <= 1]
            groups = [{"params": decayed, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}]
            return torch.optim.AdamW(groups, lr=rate)
        case other:
            raise ContractError(
                f"There is no optimizer {other!r}.", fix="Write adam, adamw, rmsprop or sgd in the recipe."
            )


def set_rate(
    optimizer: torch.optim.Optimizer, schedule: str, step: int, steps: int, *, peak: float, warmup: float
) -> None:
    """Linear warm-up over the share `warmup` of the steps, then half a cosine or a constant."""
    warm = max(1, round(warmup * steps))
    rate = peak * min(1.0, (step + 1) / warm)
    if schedule == "cosine" and step >= warm:
        rate = peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
    for group in optimizer.param_groups:
        group["lr"] = rate
