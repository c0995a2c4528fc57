"""Adversarial and class losses against their formulas, written out in numpy."""

import numpy as np
import pytest
import torch

from fauxto.generate.gan import adversarial, class_losses
from fauxto.generate.gan.adversarial import OBJECTIVES, best, feature_matching, multi_hinge

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(0.5, 2, 9), RNG.normal(-0.5, 2, 9)


def log_of_one_plus_exp(x):
    return np.logaddexp(0, x)


FORMULAS = {
    "vanilla": (
        lambda r, f: log_of_one_plus_exp(-r).mean() + log_of_one_plus_exp(f).mean(),
        lambda f: log_of_one_plus_exp(-f).mean(),
    ),
    "least_square": (lambda r, f: (0.5 * (r - 1) ** 2 + 0.5 * f**2).mean(), lambda f: (0.5 * (f - 1) ** 2).mean()),
    "hinge": (lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(), lambda f: -f.mean()),
    "wasserstein": (lambda r, f: (f - r).mean(), lambda f: -f.mean()),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_each_objective_is_its_formula(name):
    ours, (of_discriminator, of_generator) = OBJECTIVES[name], FORMULAS[name]
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    assert float(ours.discriminator(real, fake)) == pytest.approx(of_discriminator(REAL, FAKE), rel=1e-12)
    assert float(ours.generator(fake)) == pytest.approx(of_generator(FAKE), rel=1e-12)


def test_every_named_objective_exists():
    assert set(FORMULAS) | {"multi_hinge"} == set(adversarial.ADVERSARIAL_LOSSES)


def test_multi_hinge_is_the_loop_over_pictures():
    logits, labels = RNG.normal(size=(7, 5)), RNG.integers(0, 5, 7)
    losses = [max(0, 1 + max(np.delete(row, y)) - row[y]) for row, y in zip(logits, labels, strict=True)]
    assert float(multi_hinge(torch.tensor(logits), torch.tensor(labels))) == pytest.approx(np.mean(losses), rel=1e-12)


def test_feature_matching_moves_only_the_fakes():
    real, fake = (torch.randn(4, 3, requires_grad=True) for _ in range(2))
    loss = feature_matching(real, fake)
    loss.backward()
    assert loss.item() == pytest.approx((fake.mean(0) - real.mean(0)).abs().mean().item())
    assert real.grad is None and fake.grad is not None


def test_the_best_logits_are_kept():
    assert best(torch.tensor([3.0, -1.0, 2.0, 0.0]), 2).tolist() == [3.0, 2.0]
    assert len(best(torch.zeros(3), 64)) == 3


EMBEDDING, PROXY = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))
LABELS = np.array([0, 1, 0, 2, 1, 0])


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_contrastive_is_its_formula():
    t, losses = 0.7, []
    for i in range(6):
        to_proxy = np.exp(cosine(EMBEDDING[i], PROXY[i]) / t)
        pairs = {j: np.exp(cosine(EMBEDDING[i], EMBEDDING[j]) / t) for j in range(6) if j != i}
        own = to_proxy + sum(v for j, v in pairs.items() if LABELS[j] == LABELS[i])
        losses.append(-np.log(own / (to_proxy + sum(pairs.values()))))
    found = class_losses.contrastive(*map(torch.tensor, (EMBEDDING, PROXY, LABELS)), temperature=t)
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-12)


@pytest.mark.parametrize("released", [True, False])
def test_data_to_data_is_its_formula(released):
    margin, t, losses = 0.9, 0.5, []
    for i in range(6):
        pull = max(0, (margin - cosine(EMBEDDING[i], PROXY[i])) / t)
        raw = {j: (cosine(EMBEDDING[i], EMBEDDING[j]) + margin - 1) / t for j in range(6) if j != i}
        taken = max(raw.values()) if released else 0
        push = sum(np.exp(max(0, v) - taken) for j, v in raw.items() if LABELS[j] != LABELS[i])
        losses.append(pull + np.log(np.exp(-pull) + push))
    arguments = map(torch.tensor, (EMBEDDING, PROXY, LABELS))
    found = class_losses.data_to_data(*arguments, margin=margin, temperature=t, released=released)
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-12)


@pytest.mark.parametrize("loss", [class_losses.contrastive, class_losses.data_to_data])
def test_a_batch_of_one_class_or_one_picture_has_finite_gradients(loss):
    for count in (1, 4):
        embedding = torch.randn(count, 4, requires_grad=True)
        loss(embedding, torch.randn(count, 4), torch.zeros(count, dtype=torch.long)).backward()
        assert embedding.grad.isfinite().all()


def test_gaussian_codes_have_the_likelihood_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    codes, mean, variance = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2)), RNG.uniform(0.5, 2, (5, 2))
    expected = -stats.norm.logpdf(codes, mean, np.sqrt(variance)).sum(1).mean()
    found = class_losses.gaussian_code_loss(*map(torch.tensor, (codes, mean, variance)))
    assert float(found) == pytest.approx(expected, rel=1e-5)
