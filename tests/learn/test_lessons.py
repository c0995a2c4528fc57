"""The lessons of small classifiers: rates, copies against a loop, and that they teach, repeat and complain."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from fauxto.errors import FauxtoError, InputError
from fauxto.learn.lessons import Lessons, teach, varied


def test_the_rate_falls_at_the_published_epochs():
    lessons = Lessons(steps=200)
    rates = {0: 0.1, 59: 0.1, 60: 0.02, 119: 0.02, 120: 0.004, 159: 0.004, 160: 0.0008, 199: 0.0008}
    assert {step: lessons.rate_at(step) for step in rates} == pytest.approx(rates)


def test_copies_are_moved_over_black_and_mirrored_by_half():
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 256, (200, 6, 5, 3)).astype(np.uint8)
    found, again = (varied(pixels, 2, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(found, again)
    assert found.shape == pixels.shape and found.dtype == np.uint8
    seen = set()
    for made, own in zip(found, pixels, strict=True):
        framed = np.pad(own, ((2, 2), (2, 2), (0, 0)))
        places = [(top, left, flip) for top in range(5) for left in range(5) for flip in (1, -1)]
        fits = [p for p in places if np.array_equal(made, framed[p[0] : p[0] + 6, p[1] : p[1] + 5][:, :: p[2]])]
        assert len(fits) == 1
        seen |= set(fits)
    assert len(seen) > 45  # of 50
    flipped = np.array_equal(varied(pixels[:1], 0, np.random.default_rng(0)), pixels[:1, :, ::-1])
    assert flipped or np.array_equal(varied(pixels[:1], 0, np.random.default_rng(0)), pixels[:1])


def halves(count: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Pictures whose upper or lower half is bright."""
    rng, labels = np.random.default_rng(0), np.arange(count) % 2
    pixels = rng.integers(0, 100, (count, 8, 8, 3)).astype(np.uint8)
    for picture, label in zip(pixels, labels, strict=True):
        picture[4 * label : 4 * label + 4] += 120
    return pixels, labels


def network() -> torch.nn.Module:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.AvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(12, 2), torch.nn.Dropout(0.1))


def test_lessons_teach_repeat_and_leave_the_callers_chance_alone():
    pixels, labels = halves()
    before, taught = torch.get_rng_state(), []
    lessons = Lessons(steps=30, batch=16, shift=1)
    for seed in (0, 0, 1):
        learner = network()
        torch.set_rng_state(before)
        teach(learner, lambda x, y, learner=learner: cross_entropy(learner(x), y), pixels, labels, lessons, seed=seed)
        assert torch.equal(before, torch.get_rng_state()) and not learner.training
        taught.append(learner)
    weights = [learner[2].weight.detach() for learner in taught]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    shown = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        assert float((taught[0](shown).argmax(1).numpy() == labels).mean()) > 0.95
        assert float((network().eval()(shown).argmax(1).numpy() == labels).mean()) < 0.9


def test_every_picture_comes_once_before_one_comes_twice():
    pixels, seen = np.zeros((10, 4, 4, 3), np.uint8), []
    learner = torch.nn.Linear(1, 1)

    def loss(shown, labels):
        seen.extend(labels.tolist())
        return learner.weight.sum()

    teach(learner, loss, pixels, np.arange(10), Lessons(steps=4, batch=5))
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10)) and seen[:10] != seen[10:]


def test_too_few_pictures_and_divergence_are_said():
    pixels, labels = halves(8)
    learner = network()
    with pytest.raises(InputError, match="8 pictures are fewer than one batch of 128"):
        teach(learner, lambda x, _: learner(x).sum(), pixels, labels, Lessons(steps=1))
    with pytest.raises(FauxtoError, match="diverged at step 1"):
        teach(learner, lambda x, _: learner(x).sum() * torch.nan, pixels, labels, Lessons(steps=2, batch=4))
