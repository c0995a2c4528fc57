"""RIGID against numpy, its limits, its threshold and its direction."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from fauxto.detect.rigid import MINDER_BLUR, MINDER_NOISE, NOISE, RIGID, gaussian_blur
from fauxto.errors import InputError, WeightError
from fauxto.nn.dino import tiny_dinov2_tower

RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8) for _ in range(4)]


def features(tower, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return tower(torch.from_numpy(pixels.astype(np.float32))).double().numpy()


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_the_score_is_one_minus_the_cosine_under_noise_in_normalised_space():
    detector = RIGID(backbone="tiny", draws=2)
    tower = detector.network().sensitivity.backbone
    pixels = np.concatenate([detector.preprocess(picture) for picture in PICTURES])
    generator = torch.Generator().manual_seed(2405)
    delta = torch.randn(2, 3, 32, 32, generator=generator).numpy()
    std = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    mean = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
    noisy = [((pixels - mean) / std + NOISE * d) * std + mean for d in delta]
    expected = np.mean([1 - cosine(features(tower, pixels), features(tower, copy)) for copy in noisy], axis=0)
    np.testing.assert_allclose(detector.score(PICTURES), expected, rtol=2e-3, atol=1e-7)


def test_minder_is_the_smaller_of_two_scores():
    detector = RIGID(backbone="tiny", variant="minder")
    tower = detector.network().sensitivity.backbone
    pixels = np.concatenate([detector.preprocess(picture) for picture in PICTURES])
    soft = gaussian_filter(pixels.astype(np.float64), (0, 0, MINDER_BLUR, MINDER_BLUR), mode="mirror", radius=2)
    blur_score = 1 - cosine(features(tower, soft), features(tower, np.clip(2 * pixels - soft, 0, 1)))
    noise_score = RIGID(backbone="tiny", noise=MINDER_NOISE, space="pixels", draws=3).score(PICTURES)
    np.testing.assert_allclose(detector.score(PICTURES), np.minimum(noise_score, blur_score), rtol=2e-3, atol=1e-7)


def test_the_blur_is_scipys():
    pixels = torch.rand(1, 3, 12, 14, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).float()
    expected = gaussian_filter(pixels.double().numpy(), (0, 0, 0.8, 0.8), mode="mirror", radius=2)
    np.testing.assert_allclose(gaussian_blur(pixels, 0.8).numpy(), expected, atol=1e-6)


def test_no_noise_moves_nothing_and_more_moves_more():
    scores = [RIGID(backbone="tiny", noise=noise).score(PICTURES) for noise in (0.0, 0.02, 0.1, 0.5)]
    assert (scores[0] == 0).all()
    assert (np.diff(np.stack(scores), axis=0) > 0).all()


def test_calibration_keeps_its_false_alarms_and_finds_the_direction(tmp_path):
    rng = np.random.default_rng(1)
    flat = [np.full((32, 32, 3), level, np.uint8) for level in range(60, 100)]
    busy = [rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(40)]
    gaps = []
    for reals, fakes in ((flat, busy), (busy, flat)):
        detector = RIGID(backbone="tiny")
        detector.calibrate(reals, fakes, false_alarms=0.1)
        assert np.mean(detector.score(reals) > 0) <= 0.1
        gaps.append(float(detector.score(fakes).mean() - detector.score(reals).mean()))
        detector.save(str(tmp_path / "rigid.safetensors"))
        again = RIGID(backbone="tiny")
        again.load(str(tmp_path / "rigid.safetensors"))
        np.testing.assert_array_equal(again.score(fakes), detector.score(fakes))
    assert min(gaps) > 0, "whichever class noise moves further, fakes end up above"
    with pytest.raises(WeightError, match="trained on the backbone tiny-dinov2-32x4-patch8-size32-seed0"):
        RIGID(backbone=tiny_dinov2_tower(1)).load(str(tmp_path / "rigid.safetensors"))
    with pytest.raises(InputError, match="real pictures"):
        RIGID(backbone="tiny").calibrate([])


def test_without_a_backbone_it_says_how_to_give_one():
    with pytest.raises(WeightError, match="DINOv2") as caught:
        RIGID()
    assert "facebook/dinov2-large" in caught.value.fix
