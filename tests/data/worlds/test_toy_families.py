"""The toy families: repeatable, honest about random state, and smooth where the squared error rules."""

import numpy as np
import torch

from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.toy_families import FAMILIES, redraw_noisy, train_member

PHOTOGRAPHS = [photograph(seed, 32) for seed in range(12)]


def test_members_repeat_and_leave_the_global_seed():
    for family in FAMILIES:
        before = torch.get_rng_state()
        a, b = (train_member(PHOTOGRAPHS, family, "nearest", 3, steps=2, batch=4) for _ in range(2))
        assert torch.equal(before, torch.get_rng_state())
        fakes = [redraw_noisy(model, PHOTOGRAPHS, 0) for model in (a, b)]
        assert all(np.array_equal(x, y) for x, y in zip(*fakes, strict=True))
        assert fakes[0][0].shape == PHOTOGRAPHS[0].shape and fakes[0][0].dtype == np.uint8


def test_a_redrawn_picture_keeps_its_coarse_content_and_gets_new_detail():
    coarse = np.stack(PHOTOGRAPHS).reshape(12, 4, 8, 4, 8, 3).mean((2, 4))
    for family in FAMILIES:
        model = train_member(PHOTOGRAPHS, family, "transposed", 0, steps=20, batch=4)
        drawn, again = (np.stack(redraw_noisy(model, PHOTOGRAPHS, seed)) for seed in (0, 1))
        assert np.abs(drawn.reshape(12, 4, 8, 4, 8, 3).mean((2, 4)) - coarse).mean() < 25
        assert not np.array_equal(drawn, again)
        assert not np.array_equal(drawn, np.stack(PHOTOGRAPHS))
