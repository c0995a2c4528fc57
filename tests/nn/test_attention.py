"""The plain attention against torch's own, with the same parameters."""

from __future__ import annotations

import torch

from fauxto.nn.attention import Attention


def test_attention_equals_torchs_and_shares_its_names():
    torch.manual_seed(0)
    theirs, mine = torch.nn.MultiheadAttention(24, 4), Attention(24, 4)
    mine.load_state_dict(theirs.state_dict())
    queries, keys = torch.rand(5, 3, 24), torch.rand(7, 3, 24)
    torch.testing.assert_close(mine(queries, keys), theirs(queries, keys, keys)[0])
