"""The forgery-aware adapter of FatFormer (Liu et al., CVPR 2024): a local bottleneck and attention on Haar bands."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fauxto.nn.attention import Attention
from fauxto.nn.towers import grid
from fauxto.nn.wavelet import haar_merge, haar_split

LOCAL_SCALE = 0.1
CHANNELS_A_GROUP = 8
"""128 groups of 1,024 channels, as published; a group spans all positions of all four bands."""


class ForgeryAwareAdapter(nn.Module):
    """Tokens `(n, 1 + side * side, width)`, side even, to what is added to them, of the same shape.

    Parameter names are the published ones. There `intra_band` attends across the four bands at each position and
    `inter_band` across the positions inside each band: the names are swapped, the weights fit the names.
    """

    def __init__(
        self, width: int, bottleneck: int = 64, heads: int = 8, dropout: float = 0.1, *, frequency: bool = True
    ) -> None:
        """Without `frequency` the adapter is its local half, for the ablation."""
        super().__init__()
        self.first_conv_layer = nn.Conv1d(width, bottleneck, 1)
        self.second_conv_layer = nn.Conv1d(bottleneck, width, 1)
        self.dropout = nn.Dropout(dropout)
        self.frequency = frequency
        if not frequency:
            return
        self.freq_scale = nn.Parameter(torch.zeros(1))
        self.dwt_norm = nn.GroupNorm(width // CHANNELS_A_GROUP, width)
        self.intra_band = Attention(width, heads)
        self.norm_intra = nn.LayerNorm(width)
        self.inter_band = Attention(width, heads)
        self.norm_inter = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, 4 * width)
        self.linear2 = nn.Linear(4 * width, width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """The local branch on all tokens; the frequency branch, scaled from 0, on all but the class token."""
        local = self.dropout(self.first_conv_layer(tokens.transpose(1, 2)).relu())
        output = LOCAL_SCALE * self.second_conv_layer(local).transpose(1, 2)
        if not self.frequency:
            return output
        details = self.freq_scale * self.in_bands(grid(tokens)).flatten(2).transpose(1, 2)
        return torch.cat((output[:, :1], output[:, 1:] + details), dim=1)

    def in_bands(self, maps: Tensor) -> Tensor:
        """`(n, width, side, side)` to the same shape: split, attend across bands, then positions, feed, merge."""
        bands = haar_split(maps)
        side = bands.shape[-1]
        # contiguous: torch 2.13's channels-last gradient of group norm crashes where the input, frozen, wants none
        normed = self.dwt_norm(bands.flatten(-2).contiguous()).permute(0, 2, 3, 1)  # (n, 4, positions, width)
        mixed = self.across_positions(self.across_bands(normed))
        fed = self.linear2(self.dropout(self.linear1(mixed).relu()))
        mixed = self.norm3(mixed + self.dropout(fed))
        return haar_merge(mixed.permute(0, 3, 1, 2).unflatten(-1, (side, side)))

    def across_bands(self, x: Tensor) -> Tensor:
        """`(n, 4, positions, width)` to the same: each position attends to itself in the other bands."""
        sequence = x.transpose(0, 1).flatten(1, 2)
        mixed = self.intra_band(sequence, sequence)
        mixed = mixed.unflatten(1, (-1, x.shape[2])).transpose(0, 1)
        return self.norm_intra(x + self.dropout(mixed))

    def across_positions(self, x: Tensor) -> Tensor:
        """`(n, 4, positions, width)` to the same: each band attends to its own positions."""
        sequence = x.flatten(0, 1).transpose(0, 1)
        mixed = self.inter_band(sequence, sequence)
        return self.norm_inter(x + self.dropout(mixed.transpose(0, 1).unflatten(0, (-1, 4))))
