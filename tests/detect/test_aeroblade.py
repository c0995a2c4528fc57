"""AEROBLADE: closed forms of its score, calibration, and the way from a folder to a verdict."""

import numpy as np
import pytest
import torch
from torch import nn

from fauxto.claims.aeroblade import CellProjection
from fauxto.data.worlds.camera import photograph
from fauxto.detect.aeroblade import AEROBLADE
from fauxto.errors import InputError, WeightError
from fauxto.media.crops import CropSpec

PHOTOGRAPHS = [photograph(seed, 64) for seed in range(24)]


def doubled(pixels):
    return pixels[::2, ::2].repeat(2, 0).repeat(2, 1)


def detector(*autoencoders):
    return AEROBLADE(CropSpec(64, 1), backbone=autoencoders)


def test_what_the_autoencoder_made_scores_highest_and_a_perfect_one_gives_zero():
    scores = detector(CellProjection()).score([*PHOTOGRAPHS, *map(doubled, PHOTOGRAPHS)])
    assert scores[24:] == pytest.approx(np.zeros(24), abs=1e-6)
    assert scores[:24].max() < scores[24:].min()
    assert detector(nn.Identity()).score(PHOTOGRAPHS[:3]).tolist() == [0, 0, 0]


def test_of_several_autoencoders_the_nearest_counts():
    class Gray(nn.Module):
        def forward(self, pixels):
            return torch.full_like(pixels, 0.5)

    both = detector(CellProjection(), Gray())
    apart = [detector(one).score(PHOTOGRAPHS[:4]) for one in (CellProjection(), Gray())]
    assert both.score(PHOTOGRAPHS[:4]) == pytest.approx(np.maximum(*apart), abs=1e-6)
    assert both.network().distances(torch.rand(2, 3, 64, 64)).shape == (2, 2)


def test_calibration_puts_zero_where_few_photographs_are(tmp_path):
    one = detector(CellProjection())
    one.calibrate(PHOTOGRAPHS, false_alarms=0.25)
    scores = one.score(PHOTOGRAPHS)
    assert (scores > 0).mean() <= 0.25
    assert (scores >= -1e-5).mean() >= 0.2
    assert scores.std() == pytest.approx(1, rel=1e-3)
    file = str(tmp_path / "threshold.safetensors")
    one.save(file)
    again = detector(CellProjection())
    again.load(file)
    assert np.array_equal(again.score(PHOTOGRAPHS), scores)
    with pytest.raises(WeightError, match="trained on the backbone"):
        detector(nn.Identity()).load(file)


def test_it_says_what_it_needs():
    with pytest.raises(WeightError, match="--backbone"):
        AEROBLADE()
    with pytest.raises(InputError, match="photographs"):
        detector(nn.Identity()).calibrate([])
