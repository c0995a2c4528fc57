"""Regularizers on functions whose slopes are known, and against finite differences."""

import numpy as np
import pytest
import torch
from torch import nn

from fauxto.generate.gan import penalties
from fauxto.generate.gan.consistency import agreement, flipped_and_shifted, mirrored, shifted
from fauxto.generate.gan.latent_step import improved
from fauxto.generate.gan.lecam import LeCam
from fauxto.generate.gan.path_length import PathLength
from fauxto.generate.gan.weight_bounds import clip_weights, orthogonality

DIRECTION = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0)).double()
SLOPE = float(DIRECTION.norm())
PICTURES = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(1)).double()


def linear(pictures):
    return (pictures * DIRECTION).sum((1, 2, 3))


def quadratic(pictures):
    return pictures.square().sum((1, 2, 3)) / 2  # its slope is the picture


def test_penalties_of_functions_with_a_known_slope():
    assert float(penalties.unit_slope(linear, PICTURES)) == pytest.approx((SLOPE - 1) ** 2)
    assert float(penalties.steepest(linear, PICTURES)) == pytest.approx(SLOPE**2)
    assert float(penalties.flat(linear, PICTURES)) == pytest.approx(SLOPE**2 / 2)
    squares = PICTURES.flatten(1).square().sum(1)
    assert float(penalties.flat(quadratic, PICTURES)) == pytest.approx(float(squares.mean()) / 2)
    assert float(penalties.steepest(quadratic, PICTURES)) == pytest.approx(float(squares.max()))
    assert float(penalties.unit_slope(quadratic, PICTURES)) == pytest.approx(
        float((squares.sqrt() - 1).square().mean())
    )


def test_a_penalty_is_differentiated_by_the_weights_as_finite_differences_say():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 6), nn.Softplus(), nn.Linear(6, 1), nn.Flatten(0)).double()
    weight = network[1].weight

    def penalty():
        return penalties.unit_slope(network, PICTURES)

    penalty().backward()
    found = float(weight.grad[2, 7])
    step = 1e-5
    with torch.no_grad():
        weight[2, 7] += step
    above = float(penalty().detach())
    with torch.no_grad():
        weight[2, 7] -= 2 * step
    assert found == pytest.approx((above - float(penalty().detach())) / (2 * step), rel=1e-5)


def test_a_flat_function_gives_finite_gradients():
    scale = torch.zeros((), dtype=torch.double, requires_grad=True)
    penalties.unit_slope(lambda pictures: scale * linear(pictures), PICTURES).backward()
    assert scale.grad.isfinite()


def test_points_between_and_around():
    torch.manual_seed(0)
    real, fake = torch.zeros(100, 1, 2, 2), torch.ones(100, 1, 2, 2)
    points = penalties.between(real, fake)
    assert float(points.flatten(1).std(1).max()) == 0
    assert 0 <= float(points.min()) < 0.1 and 0.9 < float(points.max()) <= 1
    noisy = torch.randn(200, 1, 4, 4)
    moved = penalties.around(noisy) - noisy
    assert float(moved.min()) >= -1e-6 and 0.4 < float(moved.max() / noisy.std()) <= 0.5


def test_lecam_penalises_beyond_the_other_sides_average():
    anchor = LeCam(decay=0.9)
    anchor.follow(torch.tensor([1.0, 3.0]), torch.tensor([-2.0, 0.0]))
    assert (float(anchor.real), float(anchor.fake)) == (2.0, -1.0)
    anchor.follow(torch.tensor([12.0]), torch.tensor([9.0]))
    assert (float(anchor.real), float(anchor.fake)) == (pytest.approx(3.0), pytest.approx(0.0, abs=1e-6))
    assert float(anchor(torch.tensor([2.0, -5.0]), torch.tensor([1.0, 7.0]))) == pytest.approx(
        (4 + 0) / 2 + (4 + 0) / 2
    )


def test_the_path_length_of_a_linear_generator():
    torch.manual_seed(0)
    scale = 3.0
    styles = torch.randn(4, 2, 48, requires_grad=True)
    pictures = scale * (styles[:, 0] + styles[:, 1]).reshape(4, 3, 4, 4)
    torch.manual_seed(5)
    noise = torch.randn(4, 3, 4, 4) / 4
    lengths = scale * noise.flatten(1).norm(dim=1)  # both layers have the same gradient
    torch.manual_seed(5)
    regularizer = PathLength(decay=0.5)
    found = regularizer(pictures, styles)
    mean = float(lengths.mean()) / 2
    assert float(regularizer.mean) == pytest.approx(mean, rel=1e-5)
    assert float(found) == pytest.approx(float((lengths - mean).square().mean()), rel=1e-5)


def test_a_latent_step_climbs_and_stays_in_bounds():
    torch.manual_seed(0)
    target = torch.tensor([0.5, -0.5, 0.9])
    latents = torch.zeros(200, 3)
    moved, cost = improved(latents, lambda z: -(z - target).square().sum(1) / 2, rate=0.8, alpha=0.9, beta=0.1)
    step = 0.9 * target / (0.1 + target.square().sum())
    still = (moved == 0).all(1)
    assert 0.1 < float(still.float().mean()) < 0.3
    torch.testing.assert_close(moved[~still], step.clamp(-1, 1).expand(int((~still).sum()), 3))
    assert float(cost) == pytest.approx(float(step.square().sum()), rel=1e-5)


def test_shifts_are_slices_of_the_reflection():
    torch.manual_seed(0)
    pictures = torch.arange(2 * 3 * 8 * 8.0).view(2, 3, 8, 8)
    padded = np.pad(pictures.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect")
    windows = [[padded[i, :, r : r + 8, c : c + 8] for r in range(5) for c in range(5)] for i in range(2)]
    seen = set()
    for _ in range(40):
        for i, picture in enumerate(shifted(pictures, 0.25).numpy()):
            seen.add(next(k for k, window in enumerate(windows[i]) if np.array_equal(window, picture)))
    assert len(seen) > 15
    assert torch.equal(shifted(pictures, 0.0), pictures)


def test_mirroring_is_by_chance():
    torch.manual_seed(0)
    pictures = torch.rand(400, 1, 4, 4)
    turned = (mirrored(pictures) == pictures.flip(-1)).flatten(1).all(1)
    assert 0.4 < float(turned.float().mean()) < 0.6
    assert flipped_and_shifted(pictures).shape == pictures.shape


def test_agreement_sums_over_outputs():
    first, second = (torch.zeros(2), torch.zeros(2, 3)), (torch.ones(2), torch.full((2, 3), 2.0))
    assert float(agreement(first, second)) == 5.0


def test_weight_bounds():
    layer = nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -3.0]]))
    assert float(orthogonality(layer)) == 2 * 2.0**2
    clip_weights(layer, 0.5)
    assert float(layer.weight.detach().abs().max()) == 0.5
