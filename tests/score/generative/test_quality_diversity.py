"""Quality and diversity of samples whose answer is known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from fauxto.errors import InputError
from fauxto.score.generative.quality_diversity import QualityDiversity, Read, quality_diversity

CENTRES = np.eye(3) * 10


def read(count: int, seed: int, scale: float = 1.0) -> Read:
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    return Read(CENTRES[classes] + scale * rng.standard_normal((count, 3)), classes)


KNOWN, REAL = read(300, 0), read(300, 1)


def test_unseen_real_samples_have_the_quality_they_are_to_have():
    score = quality_diversity(KNOWN, REAL, REAL, 3)
    assert (score.quality, score.diversity) == (pytest.approx(0.95), pytest.approx(1))


def test_noise_has_no_quality_and_one_sample_no_diversity():
    assert quality_diversity(KNOWN, REAL, read(300, 2, scale=500.0), 3).quality < 0.02
    same = Read(np.repeat(KNOWN.features[:1], 90, 0), np.zeros(90, int))
    score = quality_diversity(KNOWN, REAL, same, 3)
    assert score.quality == 1 and score.diversity == pytest.approx(0, abs=1e-6)
    assert QualityDiversity(0.81, 0.25).combined == pytest.approx(0.45)


def test_the_definition_by_scipy():
    fake = read(200, 3, scale=0.6)
    fake = Read(fake.features[:150], fake.classes[:150])
    distances = [
        np.array([cdist(f[None], KNOWN.features[c == KNOWN.classes]).min() for f, c in zip(*part, strict=True)])
        for part in (REAL, fake)
    ]
    quality = np.mean(distances[1] <= np.quantile(distances[0], 0.95))
    ratios = [
        pdist(fake.features[fake.classes == k]).mean() / pdist(REAL.features[REAL.classes == k]).mean()
        for k in range(3)
    ]
    score = quality_diversity(KNOWN, REAL, fake, 3)
    assert score.quality == pytest.approx(quality)
    assert score.diversity == pytest.approx(np.mean(np.minimum(ratios, 1)), rel=1e-6)


def test_too_few_real_samples_are_refused():
    with pytest.raises(InputError, match="two real samples"):
        quality_diversity(KNOWN, Read(REAL.features[:4], REAL.classes[:4]), REAL, 3)
