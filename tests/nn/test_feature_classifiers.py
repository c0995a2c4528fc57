"""The feature classifiers against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fauxto.errors import InputError
from fauxto.nn.feature_classifiers import NearestNeighbours, Perceptron, SupportVectors


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    scale, shift = np.array([1.0, 300.0, 0.01]), np.array([-2.0, 50.0, 0.0])
    labels = np.repeat([0, 1], 40)
    features = (rng.standard_normal((80, 3)) + labels[:, None]) * scale + shift
    queries = (rng.standard_normal((50, 3)) + 0.5) * scale + shift
    return features.astype(np.float32), labels, queries.astype(np.float32)


def test_nearest_neighbours_vote_as_scikit_learns(problem):
    features, labels, queries = problem
    ours = NearestNeighbours()
    ours.fit(features, labels)
    oracle = make_pipeline(StandardScaler(), KNeighborsClassifier(5)).fit(features, labels)
    votes = 6 * torch.sigmoid(ours(torch.from_numpy(queries))) - 0.5
    np.testing.assert_allclose(votes, 5 * oracle.predict_proba(queries)[:, 1], atol=1e-4)


def test_the_support_vector_machine_decides_as_scikit_learns(problem):
    features, labels, queries = problem
    ours = SupportVectors()
    ours.fit(features, labels)
    oracle = make_pipeline(StandardScaler(), SVC()).fit(features, labels)
    np.testing.assert_allclose(ours(torch.from_numpy(queries)), oracle.decision_function(queries), atol=1e-3)


@pytest.mark.parametrize("kind", [NearestNeighbours, SupportVectors])
def test_a_fitted_state_is_adopted_and_one_label_refused(problem, kind):
    features, labels, queries = problem
    fitted, fresh = kind(), kind()
    fitted.fit(features, labels)
    fresh.adopt(fitted.state_dict())
    fresh.load_state_dict(fitted.state_dict())
    assert torch.equal(fresh(torch.from_numpy(queries)), fitted(torch.from_numpy(queries)))
    with pytest.raises(InputError, match="both labels"):
        kind().fit(features, np.zeros(80))


def test_too_few_examples_are_refused():
    with pytest.raises(InputError, match="5 neighbours"):
        NearestNeighbours().fit(np.zeros((4, 3)), np.array([0, 0, 1, 1]))


def test_the_perceptron_standardises_by_all_batches_alike():
    network, generator = Perceptron(), torch.Generator().manual_seed(0)
    batches = [torch.randn(50, 3, generator=generator) * scale + 7 for scale in (1.0, 2.0, 3.0)]
    for batch in batches:
        network(batch)
    expected = torch.stack([batch.mean(0) for batch in batches]).mean(0)
    torch.testing.assert_close(network.standardise.running_mean, expected)
    assert sum(p.numel() for p in network.parameters()) == 161
