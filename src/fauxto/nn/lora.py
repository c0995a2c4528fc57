"""Low-rank adaptation of linear layers (Hu et al., ICLR 2022) through peft, which replaces them where they stand."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def add_lora(network: nn.Module, layers: Sequence[str], *, rank: int = 8, alpha: int = 16) -> None:
    """Give each linear layer whose name ends on one of `layers` a trainable product of `rank`, scaled alpha / rank.

    Everything else of `network` is frozen. The product starts at 0, so nothing changes before training. Works on the
    towers: `add_lora(tower, ("q_proj", "v_proj"))`.
    """
    from peft import LoraConfig, inject_adapter_in_model  # noqa: PLC0415  takes seconds to import

    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(layers)), network)
