"""Cross attention against numpy, head by head."""

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from fauxto.nn.cross_attention import CrossAttention


def test_it_is_multi_head_attention_and_starts_as_nothing():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        part = CrossAttention(width=6, context_width=5, inner=8, heads=2)
        queries, context = torch.randn(2, 3, 6), torch.randn(2, 4, 5)
        assert not part(queries, context).any()
        nn.init.normal_(part.out.weight)
        nn.init.normal_(part.out.bias)

    def linear(layer, x):
        bias = 0 if layer.bias is None else layer.bias.detach().numpy()
        return x @ layer.weight.detach().numpy().T + bias

    def norm(x):
        x = x.numpy()
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)

    q, k, v = linear(part.query, norm(queries)), linear(part.key, norm(context)), linear(part.value, norm(context))
    read = np.empty_like(q)
    for head in (np.s_[..., :4], np.s_[..., 4:]):
        read[head] = softmax(q[head] @ k[head].transpose(0, 2, 1) / 2, axis=-1) @ v[head]
    np.testing.assert_allclose(part(queries, context).detach().numpy(), linear(part.out, read), atol=1e-5)
