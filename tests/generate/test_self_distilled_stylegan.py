"""Self-distilled StyleGAN: what is kept, a run from raw pictures to centres, its resumption, and published files."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from fauxto.errors import InputError, WeightError
from fauxto.generate.gan.fit import Plan, fit
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.self_distilled_stylegan import RECIPE, Curator, SelfDistilledStyleGAN, knee, select
from tests.generate.gan.test_multimodal import Colours
from tests.generate.gan.tiny import colours, tiny
from tests.nn.test_stylegan2 import network, nvidia


def test_what_is_redrawn_best_is_kept_in_order():
    scores = np.array([0.5, 0.1, 0.9, 0.2, 0.2])
    assert select(scores, 0.6).kept.tolist() == [1, 3, 4]
    assert select(scores, 1.0).kept.tolist() == [0, 1, 2, 3, 4]
    assert select(scores, 0.01).kept.tolist() == [1]
    for odd in (0.0, 1.5):
        with pytest.raises(InputError, match="share"):
            select(scores, odd)
    with pytest.raises(InputError, match="finite"):
        select(np.array([0.1, np.nan]))


def test_the_knee_is_where_scores_begin_to_rise():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.uniform(0.1, 0.2, 85), rng.uniform(0.2, 2.0, 15)])
    assert abs(knee(np.sort(scores)) - 85) <= 3
    kept = select(rng.permutation(scores), None).kept
    assert abs(len(kept) - 85) <= 3 and np.array_equal(kept, np.sort(kept))


def test_a_recipe_with_classes_or_without_styles_is_refused():
    for name in ("stylegan2", "dcgan"):
        with pytest.raises(InputError, match="unconditional StyleGAN2"):
            SelfDistilledStyleGAN(Colours(), RECIPES[name])


def test_a_curator_goes_on_where_it_stopped(tmp_path):
    recipe, pictures = tiny(RECIPE), colours(12)
    ends = []
    for folder, parts in (("once", (3,)), ("twice", (1, 3))):
        for steps in parts:
            games = []

            def start(*told, games=games):
                games.append(Curator(*told, distance=Colours()))
                return games[-1]

            fit(recipe, pictures, tmp_path / folder, Plan(steps=steps, save_every=1, grid=4), start=start)
        ends.append(games[-1].redrawing.scores(pictures.pixels))
    np.testing.assert_array_equal(*ends)
    assert np.isfinite(ends[0]).all() and (ends[0] > 0).all()


def test_from_raw_pictures_to_centres(tmp_path):
    (tmp_path / "raw").mkdir()
    for number, pixels in enumerate(colours(10).pixels):
        Image.fromarray(pixels).save(tmp_path / "raw" / f"{number}.png")
    build = partial(SelfDistilledStyleGAN, Colours(), tiny(RECIPE), keep=0.6, centres=3, samples=12)
    made = build()
    assert made.fit(tmp_path / "raw", tmp_path / "run", steps=1).step == 1
    scores = np.load(tmp_path / "run" / "curator" / "scores.npy")
    assert scores.shape == (10,)
    kept = [path for path in (tmp_path / "run").glob("pictures-*/pixels") if path.stat().st_size == 6 * 32 * 32 * 3]
    assert len(kept) == 1
    np.testing.assert_array_equal(
        np.fromfile(kept[0], np.uint8).reshape(6, 32, 32, 3)[0],
        np.asarray(Image.open(tmp_path / "raw" / f"{select(scores, 0.6).kept[0]}.png")),
    )
    drawn = made.sample(4, seed=1)
    assert drawn.shape == (4, 32, 32, 3) and made.centre_pictures().shape == (3, 32, 32, 3)
    again = build().load(tmp_path / "run")
    np.testing.assert_array_equal(again.sample(4, seed=1), drawn)
    assert again.trained.sha256 == made.trained.sha256
    with pytest.raises(InputError, match="no generator"):
        build().sample(1)
    named = build()
    named.train(colours(10), tmp_path / "memory", Plan(steps=1, grid=4))  # pictures in memory, of classes
    assert named.centre_pictures().shape == (3, 32, 32, 3) and named.sample(1).shape == (1, 32, 32, 3)
    assert (tmp_path / "memory" / "curator" / "scores.npy").exists()


def test_published_weights_and_centres_open_without_a_word_of_their_sizes(tmp_path):
    theirs = network(3)
    save_file({name: value.contiguous().clone() for name, value in nvidia(theirs).items()}, tmp_path / "g.safetensors")
    np.save(tmp_path / "c.npy", torch.randn(4, 5).numpy())
    made = SelfDistilledStyleGAN(Colours()).open_published(tmp_path / "g.safetensors", tmp_path / "c.npy")
    latents = torch.randn(2, 6)
    found = made.trained.generator.synthesis(made.trained.generator.styles(latents), noise="fixed")
    assert torch.equal(found, theirs(latents, noise="fixed"))
    assert made.sample(2, truncation=0.5).shape == (2, 16, 16, 3)
    (tmp_path / "g.pkl").write_bytes(b"no pickle")
    with pytest.raises(WeightError, match="not a pickle of a StyleGAN"):
        made.open_published(tmp_path / "g.pkl", tmp_path / "c.npy")
    save_file({"mapping.w_avg": torch.zeros(5)}, tmp_path / "odd.safetensors")
    with pytest.raises(WeightError, match="no generator of StyleGAN2"):
        made.open_published(tmp_path / "odd.safetensors", tmp_path / "c.npy")
