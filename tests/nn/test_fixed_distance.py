"""The fixed distance against its formula in numpy, and what it must ignore."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from fauxto.data.worlds.camera import photograph
from fauxto.nn.fixed_distance import FixedDistance
from fauxto.nn.srm import srm_bank

PAIR = [torch.tensor(photograph(seed, 32)).permute(2, 0, 1)[None].double() / 255 for seed in (1, 2)]


def formula(first, second):
    bank = srm_bank().double().numpy()
    lumas = [np.tensordot((0.299, 0.587, 0.114), p.numpy()[0], 1) for p in (first, second)]
    total = []
    for _ in range(3):
        units = []
        for luma in lumas:
            detail = np.stack([ndimage.correlate(luma, kernel, mode="mirror") for kernel in bank])
            units.append(detail / np.sqrt((detail**2).sum(0) + (4 / 255) ** 2))
        total.append(((units[0] - units[1]) ** 2).sum(0).mean())
        lumas = [luma.reshape(len(luma) // 2, 2, -1, 2).mean((1, 3)) for luma in lumas]
    return np.mean(total)


def test_it_is_the_formula():
    assert FixedDistance().double()(*PAIR).item() == pytest.approx(formula(*PAIR), rel=1e-5)


def test_it_is_a_symmetric_distance_that_grows_with_noise():
    distance = FixedDistance().double()
    assert distance(PAIR[0], PAIR[0]).item() == 0
    assert distance(*PAIR).item() == pytest.approx(distance(*PAIR[::-1]).item())
    noise = torch.randn(PAIR[0].shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = [distance(PAIR[0], PAIR[0] + strength * noise).item() for strength in (0.01, 0.03, 0.1)]
    assert found == sorted(found) and 0 < found[0] < found[-1] < 4
