"""TriDetect: its loss against a numpy oracle, the identities of its parts, and training on two views."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.metrics import log_loss

from fauxto.data.manifest import Sample
from fauxto.data.patches import PatchStore
from fauxto.detect.tridetect import (
    CARD,
    EPSILON,
    TEMPERATURE,
    TriarchyHead,
    TriDetect,
    generated_logit,
    strong_view,
    swapped_prediction,
    symmetric_divergence,
    triarchy_loss,
)
from fauxto.errors import WeightError
from fauxto.learn.fit import Plan, fit, initial_state
from fauxto.nn.sinkhorn import balanced_codes

LABELS = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 1.0])


def logits(families=2, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(0, 2, (6, 2, 1 + families)), dtype=torch.float32)


def oracle(values, labels, cluster, consistency):
    """The three terms in float64, as the sheet writes them."""
    z = values.numpy().astype(np.float64)
    p = 1 - softmax(z, axis=-1)[..., 0]
    total = (log_loss(labels, p[:, 0]) + log_loss(labels, p[:, 1])) / 2
    fakes = z[labels == 1][..., 1:]
    codes = [balanced_codes(torch.tensor(fakes[:, v] * TEMPERATURE), EPSILON).double().numpy() for v in (0, 1)]
    swapped = [-(codes[v] * log_softmax(fakes[:, 1 - v], axis=1)).sum(1).mean() for v in (0, 1)]
    a, b = softmax(z[:, 0], axis=1), softmax(z[:, 1], axis=1)
    divergence = ((a * np.log(a / b)).sum(1) + (b * np.log(b / a)).sum(1)).mean() / 2
    return total + cluster * np.mean(swapped) + consistency * divergence


@pytest.mark.parametrize(("families", "cluster", "consistency"), [(2, 0.5, 0.5), (3, 1.0, 0.0), (2, 0.0, 2.0)])
def test_the_loss_is_the_sum_of_its_three_terms(families, cluster, consistency):
    values = logits(families)
    ours = float(triarchy_loss(values, LABELS, cluster, consistency))
    assert ours == pytest.approx(oracle(values, LABELS.numpy(), cluster, consistency), abs=1e-5)


def test_the_logit_is_that_of_one_minus_the_softmax_of_real():
    values = logits().flatten(0, 1) * 20
    expected = logsumexp(values.numpy()[:, 1:], axis=1) - values.numpy()[:, 0]
    assert generated_logit(values).numpy() == pytest.approx(expected, rel=1e-5)


def test_the_logit_has_the_gradient_of_log_sum_exp():
    values = logits().flatten(0, 1).double().requires_grad_(True)
    assert torch.autograd.gradcheck(generated_logit, values)


def test_the_cluster_loss_does_not_care_how_families_are_numbered():
    first, second = logits(3)[..., 1:].unbind(1)
    turned = [view[:, [2, 0, 1]] for view in (first, second)]
    assert float(swapped_prediction(*turned)) == pytest.approx(float(swapped_prediction(first, second)), abs=1e-5)


def test_one_family_is_plain_binary_training():
    values = logits(families=1)
    binary = torch.nn.functional.binary_cross_entropy_with_logits(
        values[..., 1] - values[..., 0], LABELS[:, None].expand(6, 2)
    )
    assert float(triarchy_loss(values, LABELS, 5.0, 0.0)) == pytest.approx(float(binary), abs=1e-6)


def test_equal_views_agree_and_one_view_counts_twice():
    first, second = logits().unbind(1)
    assert float(symmetric_divergence(first, first)) == 0
    assert float(symmetric_divergence(first, second)) > 0
    twice = triarchy_loss(torch.stack((first, first), 1), LABELS)
    assert float(triarchy_loss(first, LABELS)) == pytest.approx(float(twice), abs=1e-6)


def test_a_batch_without_fakes_has_no_clusters():
    values = logits()
    none = torch.zeros(6)
    assert float(triarchy_loss(values, none, 5.0, 0.0)) == pytest.approx(float(triarchy_loss(values, none, 0.0, 0.0)))


def test_the_head_gives_cosines_over_temperature():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = TriarchyHead(8, families=2, embedding=5)
        features = torch.randn(4, 8)
    unit = head.embed(features).detach().numpy()
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    prototypes = head.prototypes.detach().numpy()
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    assert head(features).detach().numpy() == pytest.approx(unit @ prototypes.T / TEMPERATURE, abs=1e-5)


def test_the_strong_view_keeps_the_shape_and_changes_the_pixels():
    crop = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    views = [strong_view(crop, np.random.default_rng(seed)) for seed in range(8)]
    assert all(view.shape == crop.shape and view.dtype == np.uint8 for view in views)
    assert len({view.tobytes() for view in views} | {crop.tobytes()}) == 9


def test_without_a_backbone_it_says_how_to_give_one():
    with pytest.raises(WeightError, match="--backbone"):
        TriDetect()


def store_of_noise():
    """Twelve flat and twelve noisy patches: a trace that anything can learn."""
    rng = np.random.default_rng(0)
    flat = np.repeat(rng.integers(40, 200, (12, 1, 1, 3)), 40, 1).repeat(40, 2)
    noisy = rng.integers(0, 256, (12, 40, 40, 3))
    samples = [Sample(path=str(i), label=int(i >= 12), generator="g" if i >= 12 else "") for i in range(24)]
    return PatchStore(np.concatenate((flat, noisy)).astype(np.uint8), np.arange(24), samples)


def test_it_trains_on_two_views_adapts_the_tower_and_comes_back_from_disk(tmp_path):
    detector = initial_state(lambda: TriDetect(backbone="tiny"), seed=0)
    tower = detector.network().encoder.model.state_dict()
    updates = [name for name in tower if name.endswith(".up")]
    assert len(updates) == 2 * detector.network().encoder.depth
    before = {name: value.clone() for name, value in tower.items()}
    plan = Plan(steps=20, crop=32, batch_size=8, workers=0, learning_rate=3e-3, precision="32-true", laundering=None)
    store = store_of_noise()
    fitted = fit(detector, store, plan, tmp_path / "run")
    assert np.mean(fitted.losses[-5:]) < np.mean(fitted.losses[:5])
    after = detector.network().encoder.model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if name.endswith((".up", ".down"))}
    scores = detector.score(list(store.pixels))
    assert scores[12:].min() > scores[:12].max()

    file = str(tmp_path / "tri.safetensors")
    detector.save(file)
    again = TriDetect(backbone="tiny")
    again.load(file)
    assert np.array_equal(again.score(list(store.pixels)), scores)
    posterior = again.families(list(store.pixels[:3]))
    assert posterior.shape == (3, 2)
    assert posterior.sum(1) == pytest.approx(np.ones(3), abs=1e-6)


def test_the_card_counts_the_published_sizes():
    adapted = 24 * 2 * 2 * 1024 * 8
    head = 768 * 768 + 768 + 768 * 256 + 256 + 3 * 256
    assert CARD.parameters == 303_966_208 + adapted + head
