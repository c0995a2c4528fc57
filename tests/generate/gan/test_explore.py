"""Looking into a generator: ends and middles are the pictures they should be, and neighbours those of brute force."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from fauxto.cli import generate as verbs
from fauxto.data.manifest import read
from fauxto.errors import InputError, WeightError
from fauxto.generate.gan import draw, explore
from fauxto.generate.gan.draw import Wish, pictures, save_pictures
from fauxto.generate.gan.explore import along_directions, beside_the_learned, sheet_of, ways
from fauxto.generate.gan.fit import Plan, fit
from fauxto.generate.gan.interface import Codes
from fauxto.generate.gan.langevin import langevin
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.run_folder import RunFolder, Trained, to_uint8
from fauxto.generate.gan.still import Still
from fauxto.nn.fastgan import LearnedNoise
from tests.generate.gan.tiny import colours, tiny

NAMES = (
    "dcgan-info",
    "sngan",
    "sagan",
    "biggan-info",
    "biggan-deep",
    "stylegan2",
    "stylegan3-t-ada",
    "fastgan",
    "logan",
)


def untrained(name: str, **generator) -> Trained:
    recipe = tiny(RECIPES[name])
    recipe = replace(recipe, resolution=32, generator={**recipe.generator, **generator})
    pair = make(recipe, 3)
    for module in pair.generator.modules():
        if isinstance(module, LearnedNoise):
            module.weight.data.fill_(1.0)
        if hasattr(module, "noise_strength"):
            module.noise_strength.data.fill_(1.0)
    pair.generator.eval().requires_grad_(False)
    pair.discriminator.eval().requires_grad_(False)
    return Trained(pair, 1, ("a", "b", "c") if recipe.conditional else (), "0" * 64, "", judged=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_way_begins_and_ends_at_pictures_and_a_direction_has_one_middle(name):
    trained = untrained(name)
    starts, labels = explore._drawn(trained, 2, 5)
    made = ways(trained, 2, 3, seed=5)
    assert made.shape == (2, 3, 32, 32, 3) and made.dtype == np.uint8
    with torch.no_grad():
        first = to_uint8(Still(trained.generator)(starts, labels))
    assert np.abs(made[:, 0].astype(int) - first).max() <= 1
    assert (made[:, 0] != made[:, 2]).any((1, 2, 3)).all()
    np.testing.assert_array_equal(made, ways(trained, 2, 3, seed=5))
    moved = along_directions(trained, 2, 3, seed=5, reach=4.0)
    assert np.abs(moved[0, 1].astype(int) - moved[1, 1]).max() <= 1
    assert (moved[:, 0] != moved[:, 2]).any((1, 2, 3)).all() and (moved[0, 2] != moved[1, 2]).any()
    assert sheet_of(moved).shape == (64, 96, 3)
    np.testing.assert_array_equal(sheet_of(moved)[32:, 64:], moved[1, 2])


def test_codes_stay_while_the_latent_moves():
    trained = untrained("dcgan-info")
    assert isinstance(trained.generator.codes, Codes)
    seen = []
    trained.generator.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    ways(trained, 1, 4)
    size = trained.generator.latent_size
    codes = seen[0][:, size:]
    assert torch.equal(codes, codes[:1].expand(4, -1)) and codes[0].sum() == 1
    assert not torch.equal(seen[0][0, :size], seen[0][3, :size])


def test_neighbours_are_those_of_brute_force(monkeypatch):
    trained = untrained("sngan")
    own = np.stack([p.pixels for p in pictures(trained, 7)])
    pool = np.concatenate([own, np.random.default_rng(0).integers(0, 256, own.shape, dtype=np.uint8)])
    monkeypatch.setattr(explore, "POOL", 4)
    sheet, distance = beside_the_learned(trained, pool, 3, 5, seed=2)
    made = sheet[:, 0].reshape(3, -1).astype(float)
    between = np.linalg.norm(made[:, None] - pool.reshape(len(pool), -1)[None], axis=2)
    order = np.argsort(between, 1, kind="stable")[:, :5]
    np.testing.assert_array_equal(sheet[:, 1:], pool[order])
    np.testing.assert_allclose(distance, np.sort(between, 1)[:, :5], rtol=1e-5)
    again, none = beside_the_learned(trained, sheet[:, 0], 3, 1, seed=2, features=lambda x: x.mean((2, 3)))
    np.testing.assert_array_equal(again[:, 0], again[:, 1])
    assert none.tolist() == [[0.0]] * 3
    with pytest.raises(InputError, match="is empty"):
        beside_the_learned(trained, pool, 0, 1)


@pytest.mark.parametrize("name", ["sngan", "stylegan2"])
def test_langevin_moves_each_latent_by_its_own_random_state(name):
    trained = untrained(name)
    few, many = ([p.pixels for p in pictures(trained, 3, Wish(seed=4, langevin=3), batch=size)] for size in (1, 3))
    assert np.abs(np.asarray(few, int) - np.asarray(many)).max() <= 1
    state = draw._random(Wish(seed=4), 1)
    drawn = draw._draw(trained, Wish(seed=4), state, None)
    moved = langevin(
        Still(trained.generator), trained.pair.discriminator, drawn.latents, drawn.labels, steps=3, random=state
    )
    found = [p.latent for p in pictures(trained, 2, Wish(seed=4, langevin=3), batch=1)][1]
    assert found == draw.hashlib.sha256(moved[0].numpy().tobytes()).hexdigest()[:16]
    assert found != [p.latent for p in pictures(trained, 2, Wish(seed=4))][1]


def test_layers_with_noise_of_their_own_draw_the_same_picture_again():
    trained = untrained("fastgan", lite=False)
    few, many = (np.stack([p.pixels for p in pictures(trained, 3, batch=size)]).astype(int) for size in (1, 3))
    assert np.abs(few - many).max() <= 1
    with torch.no_grad():
        again = [trained.generator(torch.ones(1, trained.generator.latent_size)) for _ in range(2)]
    assert not torch.equal(*again)  # which they do not by themselves


def test_langevin_needs_the_judge_of_the_same_step(tmp_path):
    recipe = replace(tiny(RECIPES["stylegan2-uncond"]), resolution=32)
    fit(recipe, colours(), tmp_path, Plan(steps=1, grid=4), evaluate=lambda _: 1.0)
    folder = RunFolder(tmp_path)
    trained = folder.load(judge=True)
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["discriminator"]
    assert all(torch.equal(value, saved[key]) for key, value in trained.pair.discriminator.state_dict().items())
    rows = read(save_pictures(trained, 2, tmp_path / "out", Wish(langevin=2)))
    assert all(row.prompt.endswith("2 Langevin steps") for row in rows)
    with pytest.raises(InputError, match="asks the discriminator"):
        next(pictures(folder.load(), 1, Wish(langevin=2)))
    for wish in (Wish(langevin=-1), Wish(langevin=2, truncation=0.5)):
        with pytest.raises(InputError, match="Langevin"):
            next(pictures(trained, 1, wish))
    fit(recipe, colours(), tmp_path, Plan(steps=2, grid=4), evaluate=lambda _: 2.0)
    with pytest.raises(InputError, match="no discriminator of step 1"):
        folder.load(best=True, judge=True)
    folder.last.unlink()
    with pytest.raises(WeightError, match=r"no last\.ckpt"):
        folder.load(judge=True)


def test_the_verb_writes_a_labelled_sheet(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for row, pixels in enumerate(colours(count=6).pixels):
        Image.fromarray(pixels).save(tmp_path / "in" / f"{row}.png")
    (tmp_path / "mine.toml").write_text(
        'base = "dcgan"\nlatent_size = 8\n[generator]\nwidth = 4\n[discriminator]\nwidth = 4\n'
        "[optimization]\nbatch = 4\n"
    )
    run = tmp_path / "run"
    verbs.train(recipe=str(tmp_path / "mine.toml"), data=tmp_path / "in", out=run, steps=1)
    for what in ("ways", "directions", "neighbours"):
        capsys.readouterr()
        assert verbs.explore(what, model=run, out=tmp_path / "sheets" / f"{what}.png", rows=2, columns=3) == 0
        report = json.loads(capsys.readouterr().out)
        data = (tmp_path / "sheets" / f"{what}.png").read_bytes()
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in data
        assert Image.open(report["sheet"]).size == ((4 if what == "neighbours" else 3) * 32, 64)
    assert np.shape(report["distances"]) == (2, 3)
    capsys.readouterr()
    verbs.explore("neighbours", model=run, out=tmp_path / "seen.png", rows=1, columns=2, backbone="random")
    assert json.loads(capsys.readouterr().out)["distances"] != report["distances"][:1]
    verbs.sample(model=run, out=tmp_path / "moved", n=2, langevin=2)
    assert len(read(tmp_path / "moved" / "manifest.csv")) == 2
    for place in run.glob("pictures-*"):
        place.rename(tmp_path / "away")
    with pytest.raises(InputError, match="not at"):
        verbs.explore("neighbours", model=run, out=tmp_path / "none.png")
