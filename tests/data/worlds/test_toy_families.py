"""The toy families: repeatable, honest about random state, and smooth where the squared error rules."""

import numpy as np
import torch

from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.toy_families import FAMILIES, redraw_noisy, train_member

PHOTOGRAPHS = [photograph(seed, 32) for seed in range(12)]


def roughness(pictures):
    return np.abs(np.diff(np.stack(pictures).astype(float), axis=2)).mean()


def test_members_repeat_and_leave_the_global_seed():
    for family in FAMILIES:
        before = torch.get_rng_state()
        a, b = (train_member(PHOTOGRAPHS, family, "nearest", 3, steps=2, batch=4) for _ in range(2))
        assert torch.equal(before, torch.get_rng_state())
        fakes = [redraw_noisy(model, PHOTOGRAPHS, 0) for model in (a, b)]
        assert all(np.array_equal(x, y) for x, y in zip(*fakes, strict=True))
        assert fakes[0][0].shape == PHOTOGRAPHS[0].shape and fakes[0][0].dtype == np.uint8


def test_an_adversary_makes_rougher_pictures_than_the_squared_error():
    drawn = {f: redraw_noisy(train_member(PHOTOGRAPHS, f, "transposed", 0, steps=40), PHOTOGRAPHS, 0) for f in FAMILIES}
    assert roughness(drawn["adversarial"]) > roughness(drawn["denoising"])
