"""Low-rank updates of a frozen layer, one for each of several streams that share it (Hu et al., LoRA, 2022)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fauxto.errors import ContractError

QUERY_AND_VALUE = ("q_proj", "v_proj", "query", "value")
"""What transformers calls the two projections in CLIP and in DINOv2."""


class ExpertLinear(nn.Module):
    """A frozen linear layer with an update for each expert: `h = W x + (alpha / rank) B_j A_j x` for stream j.

    The streams lie one after the other on the batch axis: `(experts * n, ..., in)` to `(experts * n, ..., out)`. B
    starts at 0, so a new layer is the frozen one to the last bit. One expert is plain LoRA.
    """

    def __init__(self, base: nn.Linear, experts: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.experts, self.scale = experts, alpha / rank
        self.down = nn.Parameter(torch.empty(experts, base.in_features, rank))
        self.up = nn.Parameter(torch.zeros(experts, rank, base.out_features))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.down, -bound, bound)  # what peft and the authors draw: Kaiming-uniform with a = sqrt 5

    def forward(self, x: Tensor) -> Tensor:
        """See the class; n may be anything, the same for every expert."""
        streams = x.reshape(self.experts, -1, self.base.in_features)
        frozen = self.base(x)
        return frozen + self.scale * (streams @ self.down @ self.up).reshape_as(frozen)


def attach_experts(
    network: nn.Module, experts: int, rank: int, alpha: float, names: tuple[str, ...] = QUERY_AND_VALUE
) -> list[ExpertLinear]:
    """Replace every linear layer of `network` that ends on one of `names`, in place; gives the new layers in order.

    Errors: ContractError when there is no such layer.
    """
    found = [
        (parent, name, child)
        for parent in network.modules()
        for name, child in parent.named_children()
        if name in names and isinstance(child, nn.Linear)
    ]
    if not found:
        raise ContractError(
            f"{type(network).__name__} has no linear layer named {', '.join(names)}.",
            fix="Give a vision transformer as the backbone: CLIP or DINOv2.",
        )
    layers = [ExpertLinear(child, experts, rank, alpha) for _, _, child in found]
    for (parent, name, _), layer in zip(found, layers, strict=True):
        setattr(parent, name, layer)
    return layers
