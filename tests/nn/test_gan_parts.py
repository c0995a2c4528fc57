"""The small parts of GANs: conditional norm, self-attention, mapping network, deviation within the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.errors import InputError
from fauxto.nn.conditional_norm import ConditionalBatchNorm
from fauxto.nn.mapping import LabelMapping, Mapping
from fauxto.nn.minibatch_stddev import MinibatchStddev
from fauxto.nn.self_attention import SelfAttention


def test_conditional_norm_scales_and_shifts_a_plain_one():
    torch.manual_seed(0)
    norm, c = ConditionalBatchNorm(3, 2), torch.randn(4, 2)
    x = 0.1 + 0.02 * torch.randn(4, 3, 6, 6)  # so narrow that the epsilon counts
    values = x.numpy()
    plain = (values - values.mean((0, 2, 3), keepdims=True)) / np.sqrt(values.var((0, 2, 3), keepdims=True) + 1e-4)
    gain, offset = (c.numpy() @ layer.weight.detach().numpy().T for layer in (norm.gain, norm.offset))
    expected = plain * (1 + gain)[:, :, None, None] + offset[:, :, None, None]
    np.testing.assert_allclose(norm(x, c).detach(), expected, rtol=1e-4, atol=1e-5)
    unconditional = ConditionalBatchNorm(3)
    np.testing.assert_allclose(unconditional(x).detach(), plain, rtol=1e-4, atol=1e-5)
    assert unconditional.norm.affine and not norm.norm.affine


def test_self_attention_is_a_weighted_mean_over_pooled_positions():
    torch.manual_seed(0)
    attention, x = SelfAttention(8), torch.randn(2, 8, 4, 6)
    assert torch.equal(attention(x), x)  # the strength starts at 0
    with torch.no_grad():
        attention.strength.fill_(0.7)
        query, key, value = (layer(x) for layer in (attention.query, attention.key, attention.value))
        pooled_key = key.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))
        pooled_value = value.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))
        expected = torch.empty(2, 4, 4, 6)
        for n in range(2):
            for i in range(4):
                for j in range(6):
                    scores = torch.einsum("c,chw->hw", query[n, :, i, j], pooled_key[n])
                    weights = (scores - scores.max()).exp()
                    weights = weights / weights.sum()
                    expected[n, :, i, j] = torch.einsum("hw,chw->c", weights, pooled_value[n])
        torch.testing.assert_close(attention(x), x + 0.7 * attention.out(expected))


def test_the_deviation_is_that_within_each_group():
    x = torch.randn(6, 3, 2, 2)
    found = MinibatchStddev(3)(x)
    assert torch.equal(found[:, :3], x)
    for group in range(2):
        members = x[group::2].numpy()
        expected = np.sqrt(members.var(0) + 1e-8).mean()
        np.testing.assert_allclose(found[group::2, 3], expected, rtol=1e-5)
    for count, size in ((5, 1), (4, 2), (1, 1)):
        assert MinibatchStddev(3)(x[:count])[0, 3, 0, 0].item() == pytest.approx(
            np.sqrt(x[:count][:: count // size].numpy().var(0) + 1e-8).mean(), rel=1e-4
        )


def test_mapping_normalises_embeds_and_follows_the_mean():
    torch.manual_seed(0)
    mapping, z, y = Mapping(4, 3, 5, 2, decay=0.9), torch.randn(8, 4), torch.arange(8) % 3
    with torch.no_grad():
        first = mapping(z, y)
        torch.testing.assert_close(first, mapping(7 * z, y))  # the length of a latent does not count
        torch.testing.assert_close(mapping.mean, (1 - 0.9**2) * first.mean(0))
        mapping.tracking = False
        before = mapping.mean.clone()
        mapping(z, y)
        assert torch.equal(mapping.mean, before)
        mapping.tracking = True
        mapping.eval()(z, y)
        assert torch.equal(mapping.mean, before)
        assert not torch.allclose(mapping(z, y), mapping(z, (y + 1) % 3))
    with pytest.raises(InputError, match="labels"):
        mapping(z)
    labels = LabelMapping(3, 5, layers=1)
    assert labels(y).shape == (8, 5)
    torch.testing.assert_close(labels(y)[:3], labels(y)[3:6])
