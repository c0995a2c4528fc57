"""DiffAugment, ADA and APA: exact cases, numpy twins, and the controller's arithmetic."""

import numpy as np
import pytest
import torch

from fauxto.generate.gan import ada, affine
from fauxto.generate.gan.adaptive import Controller, deceived
from fauxto.generate.gan.diffaugment import diffaugment, recoloured, with_hole
from fauxto.generate.gan.resampling import SYM2, SYM6, band_filtered, band_filters, warped


@pytest.fixture
def pictures():
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_wavelets_are_pywavelets():
    pywt = pytest.importorskip("pywt")
    np.testing.assert_allclose(SYM6, pywt.Wavelet("sym6").dec_lo, atol=1e-12)
    np.testing.assert_allclose(SYM2, pywt.Wavelet("sym2").dec_lo, atol=1e-12)


def test_no_map_changes_nothing(pictures):
    torch.testing.assert_close(warped(pictures, torch.eye(3).repeat(6, 1, 1)), pictures, atol=1e-5, rtol=0)


def test_whole_shifts_are_exact_and_turns_and_flips_nearly(pictures):
    def one(matrix, images=pictures):
        return warped(images, matrix.repeat(len(images), 1, 1))

    padded = np.pad(pictures.numpy(), ((0, 0), (0, 0), (3, 3), (2, 2)), mode="reflect")
    expected = torch.from_numpy(padded[:, :, 6:22, 0:16])
    torch.testing.assert_close(one(affine.translate(torch.tensor([[-2.0, 3.0]]))), expected, atol=2e-5, rtol=0)
    x = torch.arange(16.0) - 7.5
    smooth = (torch.cos(x / 4 + 1)[None, :] * torch.sin(x / 5 + 1)[:, None]).expand(1, 3, 16, 16)
    quarter = affine.rotate(torch.tensor([torch.pi / 2]))  # sym6 is not quite symmetric, so these cannot be exact
    for matrix, turned in (
        (affine.scale(torch.tensor([[-1.0, 1.0]])), smooth.flip(-1)),
        (quarter, torch.rot90(smooth, 1, (2, 3))),
        (quarter @ quarter, smooth.flip(-1).flip(-2)),
    ):
        torch.testing.assert_close(one(matrix, smooth)[..., 2:-2, 2:-2], turned[..., 2:-2, 2:-2], atol=0.03, rtol=0)


def test_a_smooth_picture_is_sampled_where_it_should_be():
    x = torch.arange(32.0) - 15.5
    wave = torch.cos(x / 5)[None, :] * torch.sin(x / 7 + 1)[:, None]
    turn = affine.rotate(torch.tensor([0.3])) @ affine.scale(torch.tensor([[0.9, 0.9]]))
    found = warped(wave.expand(1, 3, 32, 32), turn)[0, 0, 8:24, 8:24]
    places = torch.stack(torch.meshgrid(x[8:24], x[8:24], indexing="xy"), -1) @ turn[0, :2, :2].T
    expected = torch.cos(places[..., 0] / 5) * torch.sin(places[..., 1] / 7 + 1)
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0)


def test_colours_are_the_formulas_of_numpy():
    rng = np.random.default_rng(0)
    colour, angle, factor = rng.normal(size=3), 0.7, 1.8
    axis = np.ones(3) / np.sqrt(3)
    turned = (
        colour * np.cos(angle) + np.cross(axis, colour) * np.sin(angle) + axis * (axis @ colour) * (1 - np.cos(angle))
    )
    found = affine.about_grey(torch.tensor([angle], dtype=torch.double))[0, :3, :3].numpy() @ colour
    np.testing.assert_allclose(found, turned, atol=1e-6)
    grey = colour.mean()
    saturated = affine.grey_and_colour(torch.ones(1, dtype=torch.double), torch.tensor([factor], dtype=torch.double))
    np.testing.assert_allclose(saturated[0, :3, :3].numpy() @ colour, grey + (colour - grey) * factor, atol=1e-12)
    flipped = affine.grey_and_colour(-torch.ones(1, dtype=torch.double), torch.ones(1, dtype=torch.double))
    np.testing.assert_allclose(flipped[0, :3, :3].numpy() @ colour, colour - 2 * grey, atol=1e-12)


def test_bands_add_up_and_the_lowest_keeps_a_grey_picture(pictures):
    bank = band_filters()
    whole = bank.sum(0)
    assert whole.argmax() == len(whole) // 2
    np.testing.assert_allclose(whole, np.eye(len(whole))[len(whole) // 2], atol=1e-12)
    np.testing.assert_allclose(bank.sum(1), [1, 0, 0, 0], atol=1e-12)
    torch.testing.assert_close(band_filtered(pictures, torch.ones(6, 4)), pictures, atol=1e-5, rtol=0)
    grey = torch.full((1, 3, 16, 16), 0.4)
    gains = torch.tensor([[2.0, 5.0, 7.0, 9.0]])
    torch.testing.assert_close(band_filtered(grey, gains), 4 * grey, atol=1e-4, rtol=0)  # once along each axis


def test_band_gains_keep_the_power_of_a_natural_picture():
    torch.manual_seed(0)
    gains = ada.band_gains(ada.Draws(50, 1.0), ada.Strengths())
    power = torch.tensor([10.0, 1, 1, 1]) / 13
    assert float(gains.std(0).min()) > 0.1
    single = ada.band_gains(ada.Draws(50, 0.0), ada.Strengths())
    torch.testing.assert_close(single, torch.ones(50, 4))
    torch.testing.assert_close((power * single.square()).sum(1), torch.ones(50))


@pytest.mark.parametrize("policy", ada.POLICIES)
def test_every_policy_changes_pictures_and_passes_gradients(policy, pictures):
    torch.manual_seed(0)
    pictures.requires_grad_(True)
    assert ada.augment(pictures, 0.0, policy) is pictures
    changed = ada.augment(pictures, 1.0, policy)
    assert changed.shape == pictures.shape and changed.isfinite().all()
    assert not torch.equal(changed, pictures)
    changed.square().sum().backward()
    assert pictures.grad.isfinite().all() and float(pictures.grad.abs().max()) > 0
    small = ada.augment(torch.zeros(2, 3, 8, 8), 1.0, policy)
    assert small.shape == (2, 3, 8, 8)


def test_each_change_is_made_with_probability_p():
    torch.manual_seed(0)
    draw = ada.Draws(4000, 0.3)
    changed = draw.when(draw.uniform(1, 2), 0.0) > 0
    assert float(changed.float().mean()) == pytest.approx(0.3, abs=0.03)
    turned = ada.inverse_map(draw, 16, 16, ("geom",), ada.Strengths(scale=0, stretch=0, shift=0))
    share = float((turned - torch.eye(3)).abs().flatten(1).amax(1).gt(1e-6).float().mean())
    assert share == pytest.approx(0.3, abs=0.03)  # two turns, and at least one of them with probability p


def test_cutout_removes_a_quarter_at_most(pictures):
    torch.manual_seed(0)
    kept = ada.augment(torch.ones(200, 3, 16, 16), 1.0, "cutout")[:, 0].mean((1, 2))
    assert 0.74 < float(kept.min()) < 0.76 and float(kept.max()) <= 1
    hole = (with_hole(torch.ones(200, 3, 16, 16), 0.5) == 0)[:, 0].float().mean((1, 2))
    assert 0.24 < float(hole.max()) <= 0.26 and float(hole.min()) > 0


def test_recolouring_is_brightness_then_saturation_then_contrast(pictures):
    torch.manual_seed(3)
    found = recoloured(pictures).numpy()
    torch.manual_seed(3)
    b, s, c = torch.rand(3, 6, 1, 1, 1).numpy()
    x = pictures.numpy() + b - 0.5
    x = (x - x.mean(1, keepdims=True)) * 2 * s + x.mean(1, keepdims=True)
    x = (x - x.mean((1, 2, 3), keepdims=True)) * (c + 0.5) + x.mean((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(found, x, atol=1e-5)
    pictures.requires_grad_(True)
    diffaugment(pictures).sum().backward()
    assert float(pictures.grad.abs().max()) > 0


def test_the_controller_follows_the_sign_of_real_logits():
    control = Controller(target=0.6, kilo_images=1, interval=2)
    control.see(8, 10)
    control.adjust(1)
    assert control.p == 0 and control.seen == 10
    control.see(8, 10)
    control.adjust(2)
    assert control.p == pytest.approx(0.02) and control.seen == 0
    control.see(-30, 30)
    control.adjust(4)
    assert control.p == 0
    control.see(2000, 2000)
    control.adjust(6)
    assert control.p == 1


def test_apa_replaces_real_pictures_by_generated_ones():
    torch.manual_seed(0)
    real, fake = torch.zeros(500, 1, 2, 2), torch.ones(500, 1, 2, 2, requires_grad=True)
    assert deceived(real, fake, 0.0) is real
    mixed = deceived(real, fake, 0.3)
    assert not mixed.requires_grad
    assert float(mixed.mean()) == pytest.approx(0.3, abs=0.05)
