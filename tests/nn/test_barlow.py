"""Barlow Twins' loss against numpy, and the two properties that make it one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.nn.barlow import TwinProjector, cross_correlation, redundancy

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.standard_normal((2, 40, 5))


def tensors(*tables):
    return [torch.from_numpy(np.asarray(table, dtype=np.float32)) for table in tables]


def test_it_is_the_correlation_of_numpy():
    expected = np.corrcoef(FIRST.T, SECOND.T)[:5, 5:]
    np.testing.assert_allclose(cross_correlation(*tensors(3 * FIRST + 1, SECOND)), expected, atol=1e-4)


def test_the_loss_of_a_matrix():
    matrix = RNG.standard_normal((5, 5))
    expected = ((np.diag(matrix) - 1) ** 2).sum() + 0.0051 * (matrix**2).sum() - 0.0051 * (np.diag(matrix) ** 2).sum()
    assert float(redundancy(*tensors(matrix))) == pytest.approx(expected, rel=1e-5)
    assert float(redundancy(torch.eye(5))) == 0


def test_the_order_of_samples_says_nothing_and_decorrelated_views_cost_nothing():
    order = RNG.permutation(40)
    torch.testing.assert_close(
        cross_correlation(*tensors(FIRST, SECOND)), cross_correlation(*tensors(FIRST[order], SECOND[order]))
    )
    white, _ = np.linalg.qr(FIRST - FIRST.mean(0))
    white -= white.mean(0)
    assert float(redundancy(cross_correlation(*tensors(white, 2 * white)))) == pytest.approx(0, abs=1e-3)
    assert float(redundancy(cross_correlation(*tensors(white, -white)))) == pytest.approx(4 * 5, rel=1e-2)


def test_the_projector_has_no_offsets_but_batch_norms():
    projector = TwinProjector(6, 8)
    assert sum(p.numel() for p in projector.parameters()) == 6 * 8 + 8 * 8 + 8 * 8 + 2 * (8 + 8)
    assert projector(torch.randn(4, 6)).shape == (4, 8)
