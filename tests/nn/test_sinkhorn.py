"""Sinkhorn-Knopp against the textbook iteration, linear programming in the sharp limit, and two processes."""

import multiprocessing

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment, minimize
from torch import distributed

from fauxto.errors import ContractError
from fauxto.nn.sinkhorn import balanced_codes


def scores_of(n, k, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, k))


def textbook(scores, epsilon, iterations):
    """The iteration as SwAV writes it, on the matrix itself in float64."""
    q = np.exp(scores / epsilon)
    n, k = q.shape
    q /= q.sum()
    for _ in range(iterations):
        q /= q.sum(0, keepdims=True) * k
        q /= q.sum(1, keepdims=True) * n
    return q * n


@pytest.mark.parametrize(("n", "k", "epsilon", "iterations"), [(32, 2, 0.05, 3), (7, 5, 0.3, 1), (64, 3, 1.0, 20)])
def test_it_is_the_textbook_iteration(n, k, epsilon, iterations):
    scores = scores_of(n, k)
    ours = balanced_codes(torch.tensor(scores), epsilon, iterations).numpy()
    np.testing.assert_allclose(ours, textbook(scores, epsilon, iterations), atol=2e-6)


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_distributions_and_columns_hold_equal_mass(seed):
    codes = balanced_codes(torch.tensor(scores_of(60, 3, seed)), 0.25, 50)
    assert codes.sum(1).numpy() == pytest.approx(np.ones(60), abs=1e-5)
    assert codes.sum(0).numpy() == pytest.approx(np.full(3, 20.0), rel=0.01)


def test_shares_set_the_mass_of_the_clusters():
    codes = balanced_codes(torch.tensor(scores_of(60, 3)), 0.25, 100, torch.tensor([0.5, 0.3, 0.2]))
    assert codes.sum(0).numpy() == pytest.approx([30, 18, 12], rel=0.01)


def test_a_large_epsilon_gives_the_uniform_assignment():
    codes = balanced_codes(torch.tensor(scores_of(20, 4)), 1e6)
    assert codes.numpy() == pytest.approx(np.full((20, 4), 0.25), abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_small_epsilon_gives_the_best_balanced_hard_assignment(seed):
    scores = scores_of(24, 3, seed)
    rows, columns = linear_sum_assignment(-np.repeat(scores, 8, axis=1))
    best = columns[np.argsort(rows)] // 8
    codes = balanced_codes(torch.tensor(scores), 0.002, 5000).numpy()
    assert (codes.argmax(1) == best).all()
    assert (codes * scores).sum() == pytest.approx(scores[np.arange(24), best].sum(), abs=0.02)


def test_it_solves_the_entropic_problem():
    scores, epsilon = scores_of(6, 2), 0.5

    def loss(q):
        q = np.clip(q.reshape(6, 2), 1e-12, None)
        return -(q * scores).sum() + epsilon * (q * np.log(q)).sum()

    constraints = [
        {"type": "eq", "fun": lambda q: q.reshape(6, 2).sum(1) - 1},
        {"type": "eq", "fun": lambda q: q.reshape(6, 2).sum(0)[:1] - 3},
    ]
    solved = minimize(loss, np.full(12, 0.5), bounds=[(0, 1)] * 12, constraints=constraints, tol=1e-12)
    assert solved.success
    ours = balanced_codes(torch.tensor(scores), epsilon, 200).numpy()
    np.testing.assert_allclose(ours, solved.x.reshape(6, 2), atol=1e-4)


def test_extreme_scores_stay_finite_also_from_half_precision():
    scores = torch.tensor([[60.0, -60.0], [50.0, -50.0], [40.0, -40.0], [30.0, -30.0]]).half()
    codes = balanced_codes(scores, 0.05, 3)
    assert codes.dtype == torch.float32
    assert codes.isfinite().all()
    assert codes.sum(1).numpy() == pytest.approx(np.ones(4), abs=1e-5)


def test_no_gradient_passes():
    assert not balanced_codes(torch.rand(4, 2, requires_grad=True)).requires_grad


def test_one_cluster_takes_all():
    assert torch.equal(balanced_codes(torch.rand(5, 1)), torch.ones(5, 1))


@pytest.mark.parametrize(
    ("scores", "shares"),
    [(torch.rand(4), None), (torch.rand(0, 3), None), (torch.rand(4, 2), torch.tensor([0.9, 0.9]))],
)
def test_what_is_no_assignment_problem_is_refused(scores, shares):
    with pytest.raises(ContractError):
        balanced_codes(scores, shares=shares)


def half_of_the_batch(rank, rendezvous, scores, answers):
    distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=2)
    answers.put((rank, balanced_codes(scores[rank * 20 : rank * 20 + 20], 0.1, 10).tolist()))
    distributed.destroy_process_group()


def test_two_processes_balance_their_batch_together(tmp_path):
    scores = torch.tensor(scores_of(40, 2)).float() + torch.tensor([0.4, 0.0])
    fork = multiprocessing.get_context("fork")  # nothing so small starts a thread pool, which a fork would break
    answers = fork.Queue()
    ranks = [fork.Process(target=half_of_the_batch, args=(r, str(tmp_path / "meet"), scores, answers)) for r in (0, 1)]
    for process in ranks:
        process.start()
    found = dict(answers.get(timeout=60) for _ in ranks)
    for process in ranks:
        process.join(60)
    together = balanced_codes(scores, 0.1, 10)
    assert np.array(found[0] + found[1]) == pytest.approx(together.numpy(), abs=1e-5)
    alone = balanced_codes(scores[:20], 0.1, 10)
    assert float((alone - together[:20]).abs().max()) > 0.01
