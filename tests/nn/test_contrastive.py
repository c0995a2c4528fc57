"""The contrastive losses against loops in numpy, closed forms, and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from fauxto.nn.contrastive import self_contrastive, supervised_contrastive


def loops(vectors: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """The definition, anchor by anchor."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    losses = []
    for i in range(len(unit)):
        others = [j for j in range(len(unit)) if j != i]
        total = sum(math.exp(unit[i] @ unit[j] / temperature) for j in others)
        positives = [j for j in others if labels[j] == labels[i]]
        if positives:
            losses.append(-np.mean([unit[i] @ unit[p] / temperature - math.log(total) for p in positives]))
    return float(np.mean(losses)) if losses else 0.0


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 1, 0], [0, 1, 2, 3, 4, 4], [7, 7, 7, 7, 7, 7]])
def test_supcon_equals_the_loops(labels, temperature):
    vectors = np.random.default_rng(len(set(labels))).standard_normal((6, 5))
    found = supervised_contrastive(torch.from_numpy(vectors), torch.tensor(labels), temperature)
    assert float(found) == pytest.approx(loops(vectors, np.array(labels), temperature), rel=1e-9)


def test_selfcon_equals_the_loops_over_all_outputs_of_all_pictures():
    outputs = np.random.default_rng(0).standard_normal((4, 2, 5))
    labels = np.array([0, 1, 1, 2])
    expected = loops(outputs.reshape(8, 5), labels.repeat(2), 0.07)
    assert float(self_contrastive(torch.from_numpy(outputs), torch.from_numpy(labels))) == pytest.approx(expected)


def test_selfcon_without_an_exit_is_supcon():
    vectors, labels = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3
    assert torch.equal(self_contrastive(vectors[:, None], labels), supervised_contrastive(vectors, labels))


def test_one_class_on_one_point_has_the_closed_form():
    """All similarities are equal, so each of the n - 1 others has the probability 1 / (n - 1)."""
    found = supervised_contrastive(torch.ones(5, 3), torch.zeros(5, dtype=torch.long))
    assert float(found) == pytest.approx(math.log(4))


def test_the_scale_of_the_vectors_does_not_matter_and_no_positive_means_no_loss():
    vectors = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(6) % 2
    torch.testing.assert_close(supervised_contrastive(vectors * 9, labels), supervised_contrastive(vectors, labels))
    lone = vectors.clone().requires_grad_(True)
    supervised_contrastive(lone, torch.arange(6)).backward()
    assert lone.grad is not None and lone.grad.abs().max() == 0


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_vectors_give_a_loss_of_zero_with_a_finite_gradient(count):
    vectors = torch.randn(count, 4, requires_grad=True)
    loss = supervised_contrastive(vectors, torch.zeros(count, dtype=torch.long))
    loss.backward()
    assert float(loss.detach()) == 0
    assert vectors.grad is None or bool(vectors.grad.isfinite().all())


def test_the_gradient_equals_finite_differences():
    vectors = torch.randn(5, 3, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(2))
    labels = torch.tensor([0, 0, 1, 1, 2])
    assert torch.autograd.gradcheck(lambda v: supervised_contrastive(v, labels, 0.2), vectors)


def test_chunked_gradients_equal_the_direct_ones():
    """Gradient caching: the loss's gradient with respect to all outputs, then a backward pass chunk by chunk."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4))
    inputs, labels = torch.randn(12, 6), torch.arange(12) % 3
    supervised_contrastive(network(inputs), labels).backward()
    direct = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    outputs = network(inputs).detach().requires_grad_(True)
    supervised_contrastive(outputs, labels).backward()
    for start in range(0, 12, 5):
        network(inputs[start : start + 5]).backward(outputs.grad[start : start + 5])
    for parameter, expected in zip(network.parameters(), direct, strict=True):
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-5, atol=1e-5)
