"""Latents, statistics, averages, and the tools that look at a latent space, each against a closed form."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

from fauxto.errors import InputError
from fauxto.generate.gan.architectures import ARCHITECTURES
from fauxto.generate.gan.ema import WeightAverage, ramped_decay
from fauxto.generate.gan.interface import Codes, Judgement
from fauxto.generate.gan.interpolate import lerp, slerp
from fauxto.generate.gan.langevin import langevin
from fauxto.generate.gan.latents import draw, truncated_normal
from fauxto.generate.gan.neighbours import nearest
from fauxto.generate.gan.sefa import directions, entry_weights, walk
from fauxto.generate.gan.statistics import standing_statistics, untracked
from fauxto.nn.spectral_norm import parametrizations, spectrally_normalise


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def dcgan(**more) -> nn.Module:
    torch.manual_seed(0)
    return ARCHITECTURES["dcgan"].generator(**(ARCHITECTURES["dcgan"].tiny_generator | more))


def test_the_same_seed_gives_the_same_draw():
    generator = dcgan(classes=3, conditioning="norm", codes=Codes(2, 4, 3))
    first, second = (draw(generator, 5, seeded(1)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert first.latents.shape == (5, 8 + 2 * 4 + 3)
    one_hot = first.latents[:, 8:16].unflatten(1, (2, 4))
    assert torch.equal(one_hot.argmax(2), first.discrete) and torch.equal(one_hot.sum(2), torch.ones(5, 2))
    assert torch.equal(first.latents[:, 16:], first.continuous) and first.continuous.abs().max() <= 1
    assert set(draw(generator, 200, seeded()).labels.tolist()) == {0, 1, 2}
    chosen = torch.tensor([2, 2])
    assert torch.equal(draw(generator, 2, seeded(), labels=chosen).labels, chosen)
    plain = draw(dcgan(), 3, seeded(), prior="uniform")
    assert plain.labels is None and plain.latents.abs().max() <= 1
    assert draw(dcgan(), 3, seeded(), classes=2).labels is not None


def test_truncated_latents_follow_the_truncated_normal():
    for threshold in (0.5, 2.0):
        drawn = truncated_normal(200, 100, threshold, seeded()).numpy().ravel()
        assert np.abs(drawn).max() <= threshold
        assert scipy.stats.kstest(drawn, scipy.stats.truncnorm(-threshold, threshold).cdf).pvalue > 0.01
    with pytest.raises(InputError, match="positive"):
        truncated_normal(1, 1, 0.0)


def test_standing_statistics_forget_and_gather():
    generator = dcgan()
    norm = generator.norms[0].norm
    norm.running_mean.fill_(100.0)
    standing_statistics(generator, 30, 32, seeded(), cumulative=True)
    assert not generator.training and norm.momentum == 0.1
    with torch.no_grad():
        z = torch.randn(800, 8, generator=seeded(5))
        maps = generator.ups[0](generator.start(z).unflatten(1, (-1, 4, 4)))
    torch.testing.assert_close(norm.running_mean, maps.mean((0, 2, 3)), atol=0.05, rtol=0.05)
    torch.testing.assert_close(norm.running_var, maps.var((0, 2, 3)), atol=0.05, rtol=0.1)


def test_standing_statistics_leave_a_generator_without_batch_norm_alone():
    torch.manual_seed(0)
    generator = ARCHITECTURES["stylegan2"].generator(**ARCHITECTURES["stylegan2"].tiny_generator)
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    standing_statistics(generator, 3, 4, seeded())
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


@pytest.mark.parametrize("name", ["dcgan", "stylegan3_t"])
def test_an_untracked_pass_leaves_no_trace(name):
    torch.manual_seed(0)
    generator = ARCHITECTURES[name].generator(**ARCHITECTURES[name].tiny_generator).train()
    before = {key: value.clone() for key, value in generator.state_dict().items()}
    z = torch.randn(4, 8)
    with untracked(generator):
        inside = generator(z)
    assert all(torch.equal(value, before[key]) for key, value in generator.state_dict().items())
    outside = generator(z)
    if name == "dcgan":
        assert torch.equal(inside, outside)  # both by the statistics of the batch
    assert any(not torch.equal(value, before[key]) for key, value in generator.state_dict().items())


def test_the_average_of_weights_is_the_geometric_sum():
    source = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    average = WeightAverage(source, decay=0.9, start=2)
    values = [3.0, -1.0, 2.0, 5.0]
    for step, value in enumerate(values):
        with torch.no_grad():
            source[0].weight.fill_(value)
            source[1].running_mean.fill_(value)
            source[1].num_batches_tracked.fill_(step)
        average.update(source, step)
    expected = 0.9 * (0.9 * values[1] + 0.1 * values[2]) + 0.1 * values[3]  # until step 2 it is the source
    assert average.network[0].weight.item() == pytest.approx(expected, abs=1e-6)
    assert average.network[1].running_mean.item() == pytest.approx(expected, abs=1e-6)
    assert average.network[1].num_batches_tracked == 3
    copying = WeightAverage(source, decay=0.9, average_buffers=False)
    source[1].running_mean.fill_(7.0)
    copying.update(source, 0)
    assert copying.network[1].running_mean.item() == 7.0
    assert not copying.network[0].weight.requires_grad and not copying.network.training


def test_the_average_of_a_spectrally_normal_network_is_one():
    torch.manual_seed(0)
    source = nn.ModuleList([nn.Linear(12, 9)])
    spectrally_normalise(source)
    average = WeightAverage(source, decay=0.5)
    for step in range(30):
        with torch.no_grad():
            next(iter(parametrizations(source)))[1].normal_()
        average.update(source, step)
    for _ in range(60):
        average.update(source, 99)  # the source rests: average and iteration come to their ends
    norm = np.linalg.svd(average.network[0].weight.detach().numpy(), compute_uv=False)[0]
    assert norm == pytest.approx(1, rel=1e-3)


def test_the_ramped_decay_has_its_half_life():
    assert ramped_decay(100, 10**6, half_life=1000, rampup=0.05) ** 10 == pytest.approx(0.5)
    assert ramped_decay(100, 20, half_life=1000, rampup=0.05) == pytest.approx(0.5)  # 5 % of 2000 pictures is a batch
    assert ramped_decay(100, 0, half_life=1000) == 0.0
    assert ramped_decay(100, 1, half_life=1000, rampup=None) == pytest.approx(0.5**0.1)


class Tilted:
    """A discriminator whose logit is `slope` times the sum of what the identity generator made."""

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def __call__(self, images: Tensor, labels: Tensor | None = None) -> Judgement:
        return Judgement(self.slope * images[:, :2].sum(1), images)


class Identity:
    latent_size, classes, resolution, codes = 2, 0, 1, Codes(continuous=1)

    def __call__(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return latents


def test_langevin_reaches_the_tilted_normal():
    """exp(-|z|^2/2 + s sum z) is normal about s; with steps of rate r its variance is 1 / (1 - r/4)."""
    start = torch.randn(4000, 3, generator=seeded())
    moved = langevin(Identity(), Tilted(1.5), start, steps=80, rate=0.2, random=seeded(1))
    assert torch.equal(moved[:, 2], start[:, 2])  # a code
    assert moved[:, :2].mean().item() == pytest.approx(1.5, abs=0.05)
    assert moved[:, :2].var().item() == pytest.approx(1 / (1 - 0.2 / 4), rel=0.06)
    assert not moved.requires_grad
    quiet = langevin(Identity(), Tilted(1.5), start, steps=1, rate=0.2, noise=0.0)
    torch.testing.assert_close(quiet[:, :2], start[:, :2] - 0.1 * (start[:, :2] - 1.5))
    decayed = langevin(Identity(), Tilted(0.0), start, steps=2, rate=0.2, noise=0.0, decay=0.5, decay_every=1)
    torch.testing.assert_close(decayed[:, :2], start[:, :2] * 0.9 * 0.95)


def test_sefa_finds_the_most_stretched_directions():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    weight = np.linalg.qr(rng.normal(size=(9, 6)))[0] @ np.diag([9, 7, 5, 3, 2, 1.0]) @ axes.T
    parts = [torch.from_numpy(part) for part in np.split(weight, 3)]
    found = directions(parts, 3).numpy()
    np.testing.assert_allclose(np.abs(np.sum(found * axes.T[:3], 1)), 1, rtol=1e-5)
    assert (found[np.arange(3), np.abs(found).argmax(1)] > 0).all()
    steps = walk(torch.zeros(6), torch.from_numpy(found[0]), 2.0, 5)
    torch.testing.assert_close(steps[0], -2 * torch.from_numpy(found[0]))
    assert steps.shape == (5, 6) and not steps[2].any()


@pytest.mark.parametrize("name", ["dcgan", "biggan", "biggan_deep", "stylegan2"])
def test_a_direction_changes_what_the_generator_first_sees(name):
    """The stretch of the first direction is the norm of the entry matrix."""
    torch.manual_seed(0)
    made = ARCHITECTURES[name]
    generator = made.generator(classes=3, conditioning="norm", codes=Codes(1, 2), **made.tiny_generator).eval()
    weights = entry_weights(generator)
    size = generator.style_size if made.styled else generator.latent_size
    first = directions(weights, 1)[0]
    assert first.shape == (size,)
    stacked = torch.cat([weight.detach() for weight in weights])
    assert (stacked @ first).norm().item() == pytest.approx(
        np.linalg.svd(stacked.numpy(), compute_uv=False)[0], rel=1e-4
    )
    if not made.styled:
        z = torch.randn(1, size + 2)
        seen = []
        generator.start.register_forward_hook(lambda _module, _inputs, output: seen.append(output.detach()))
        for latents in (z, z + 0.5 * torch.cat([first, torch.zeros(2)])):
            generator(latents, torch.tensor([0]))
        torch.testing.assert_close(seen[1] - seen[0], 0.5 * (stacked @ first)[None], rtol=1e-3, atol=1e-4)
    else:
        assert len(entry_weights(generator, [0, 2])) == 2


def test_ways_between_latents():
    a, b = torch.randn(3, 6, generator=seeded()), torch.randn(3, 6, generator=seeded(1))
    straight, round_ = lerp(a, b, 5), slerp(a, b, 5)
    for way in (straight, round_):
        torch.testing.assert_close(way[0], a)
        torch.testing.assert_close(way[-1], b)
    torch.testing.assert_close(straight[2], (a + b) / 2)
    x, y = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    angles = np.linspace(0, np.pi / 2, 4)
    expected = np.linspace(2, 4, 4)[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    np.testing.assert_allclose(slerp(x, y, 4), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(slerp(x, 3 * x, 3), torch.tensor([[2.0, 0], [4.0, 0], [6.0, 0]]))
    assert slerp(x, -x, 3).isfinite().all()


def test_nearest_neighbours_are_those_of_numpy():
    pool, queries = torch.rand(40, 3, 4, 4, generator=seeded()), torch.rand(7, 3, 4, 4, generator=seeded(1))
    queries[2] = pool[11]
    found = nearest(queries, pool, 3, batch=5)
    distances = np.linalg.norm(queries.flatten(1).numpy()[:, None] - pool.flatten(1).numpy()[None], axis=2)
    np.testing.assert_array_equal(found.which, np.argsort(distances, 1, kind="stable")[:, :3])
    np.testing.assert_allclose(found.distance, np.sort(distances, 1)[:, :3], rtol=1e-5)
    assert found.which[2, 0] == 11 and found.distance[2, 0] == 0
    by_mean = nearest(queries, pool, features=lambda pictures: pictures.mean((2, 3)), batch=16)
    means = queries.mean((2, 3)).numpy()[:, None] - pool.mean((2, 3)).numpy()[None]
    np.testing.assert_array_equal(by_mean.which[:, 0], np.linalg.norm(means, axis=2).argmin(1))
