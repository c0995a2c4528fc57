"""Truncation to several centres: exact at its ends, by brute force in between, and open to all that draws."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from fauxto.data.manifest import read
from fauxto.errors import InputError, WeightError
from fauxto.generate.gan.draw import Wish, pictures, save_pictures
from fauxto.generate.gan.interface import StyleGenerator
from fauxto.generate.gan.multimodal import (
    Centres,
    MultimodalGenerator,
    described,
    drawn_styles,
    find_centres,
    load_centres,
    rendered,
    save_centres,
)
from fauxto.generate.gan.networks import Pair
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.run_folder import Trained
from fauxto.generate.gan.stylegan2 import STYLEGAN2, stylegan2_generator
from fauxto.nn.feature_distance import FeatureDistance


class Colours(FeatureDistance):
    """The picture at a quarter of its side."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ParameterList([torch.ones(1, 3, 1, 1)])

    def maps(self, pixels):
        return [nn.functional.avg_pool2d(pixels, 4)]


@pytest.fixture(scope="module")
def made():
    torch.manual_seed(0)
    size = {"latent_size": 6, "style_size": 5, "mapping_layers": 1, "channel_base": 64, "channel_max": 6}
    network = stylegan2_generator(16, **size).eval().requires_grad_(False)
    network.gather_mean(64)
    return network


@pytest.fixture(scope="module")
def several(made):
    return MultimodalGenerator(made, Colours(), drawn_styles(made, 4, seed=5)).eval()


def latents(count=20, seed=1):
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))


def test_the_ends_of_truncation_are_exact(made, several):
    assert isinstance(several, StyleGenerator)
    assert torch.equal(several.styles(latents(), truncation=1.0), made.styles(latents()))
    ends = several.styles(latents(60), truncation=0.0)
    assert torch.equal(ends, ends[:, :1].expand_as(ends))
    found = {tuple(style) for style in ends[:, 0].tolist()}
    assert found <= {tuple(style) for style in several.centres.styles.tolist()} and len(found) > 1


def test_one_centre_at_the_mean_is_ordinary_truncation(made):
    single = MultimodalGenerator(made, Colours(), made.mapping.mean[None])
    for psi in (0.0, 0.3, 0.5, 0.9):
        assert torch.equal(single.styles(latents(), truncation=psi), made.styles(latents(), truncation=psi))


def test_the_nearest_centre_is_the_least_distance_pair_by_pair(made, several):
    styles, distance = drawn_styles(made, 30, seed=3), Colours()
    drawn = torch.cat(list(rendered(made, styles)))
    at = torch.cat(list(rendered(made, several.centres.styles)))
    table = torch.stack([distance(drawn, one.expand_as(drawn)) for one in at], 1)
    assert torch.equal(several.nearest(styles), table.argmin(1))
    by_style = MultimodalGenerator(made, distance, several.centres.styles, "style").nearest(styles)
    apart = (styles[:, None] - several.centres.styles).square().sum(2)
    assert torch.equal(by_style, apart.argmin(1))


def test_a_style_goes_towards_its_own_centre_and_no_other(made, several):
    styles, moved = made.styles(latents()), several.styles(latents(), truncation=0.25)
    centre = several.centres.styles[several.nearest(styles[:, 0])][:, None]
    torch.testing.assert_close(moved, centre + 0.25 * (styles - centre))
    assert torch.equal(several(latents(2), truncation=0.0)[:, 0, 0, 0].isfinite(), torch.ones(2, dtype=torch.bool))


class Lamps:
    """Three kinds of styles, each shown as one colour; the second number of a style cannot be seen."""

    style_size, style_count, latent_size = 2, 1, 1

    def styles(self, latents):
        kind = torch.bucketize(latents[:, 0], torch.tensor([-0.5, 0.5])).float()
        return torch.stack((kind, 100 * latents[:, 0].sin()), 1)[:, None]

    def synthesis(self, styles):
        colour = torch.eye(3)[styles[:, 0, 0].round().long()]
        return 2 * colour[:, :, None, None].expand(-1, -1, 8, 8) - 1

    def parameters(self):
        yield torch.zeros(1)

    def modules(self):
        return iter(())


def test_centres_are_the_mean_styles_of_what_looks_alike():
    lamps = Lamps()
    seen = find_centres(lamps, Colours(), 3, samples=400, seed=0)
    styles = drawn_styles(lamps, 400, 0)
    expected = torch.stack([styles[styles[:, 0] == kind].mean(0) for kind in range(3)])
    torch.testing.assert_close(seen[seen[:, 0].argsort()], expected, rtol=1e-4, atol=1e-4)
    by_style = find_centres(lamps, Colours(), 3, samples=400, space="style", seed=0)
    assert (by_style[by_style[:, 0].argsort()] - expected).abs().max() > 5
    assert torch.equal(seen, find_centres(lamps, Colours(), 3, samples=400, seed=0))
    with pytest.raises(InputError, match="no 5 centres"):
        find_centres(lamps, Colours(), 5, samples=4)


def test_long_descriptions_are_projected(made):
    class Long(Colours):
        def maps(self, pixels):
            return [pixels]

    assert described(made, Long(), drawn_styles(made, 2)).shape[1] == 768
    centres = find_centres(made, Long(), 2, samples=20)
    assert centres.shape == (2, 5) and bool(centres.isfinite().all())


def test_pictures_are_drawn_marked_and_listed(several, made, tmp_path):
    trained = Trained(Pair(RECIPES["stylegan2-uncond"], STYLEGAN2, several, None, 0), 0, (), "ab" * 32, "")
    wish = Wish(seed=2, truncation=0.4)
    drawn = np.stack([picture.pixels for picture in pictures(trained, 3, wish)])
    plain = SimpleNamespace(**{**vars(trained), "pair": trained.pair, "generator": made})
    other = np.stack([picture.pixels for picture in pictures(plain, 3, wish)])
    assert drawn.shape == (3, 16, 16, 3) and (drawn != other).any()
    rows = read(save_pictures(trained, 2, tmp_path, wish))
    assert [row.generator for row in rows] == ["fauxto-stylegan2"] * 2
    assert all("truncation 0.4" in row.prompt for row in rows)


def test_centres_come_back_and_what_is_none_is_refused(tmp_path):
    table = torch.randn(3, 5)
    save_centres(tmp_path / "c.safetensors", table, seed=0)
    assert torch.equal(load_centres(tmp_path / "c.safetensors", 5), table)
    np.save(tmp_path / "c.npy", table.double().numpy())
    torch.testing.assert_close(load_centres(tmp_path / "c.npy", 5), table)
    np.save(tmp_path / "odd.npy", np.array([[object()]]), allow_pickle=True)
    np.save(tmp_path / "nan.npy", np.full((2, 5), np.nan))
    for name, match in (("odd.npy", "holds no centres"), ("nan.npy", "finite"), ("none.npy", "holds no centres")):
        with pytest.raises(WeightError, match=match):
            load_centres(tmp_path / name, 5)
    with pytest.raises(WeightError, match=r"expected finite numbers of shape \(c, 4\)"):
        load_centres(tmp_path / "c.npy", 4)


def test_centres_of_another_size_are_refused(made):
    with pytest.raises(InputError, match=r"Centres are \(c, 5\)"):
        Centres.of(made, Colours(), torch.zeros(2, 4))
