"""Drawing: the same picture for the same seed and number, marked files, a true manifest, nothing lost half-way."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fauxto.catalog import find
from fauxto.cli import generate as verbs
from fauxto.data.manifest import read
from fauxto.errors import InputError, PolicyError, WeightError
from fauxto.generate.gan import draw
from fauxto.generate.gan.draw import Wish, pictures, save_pictures
from fauxto.generate.gan.fit import Plan, fit
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.run_folder import RunFolder, load_generator
from tests.generate.gan.tiny import colours, tiny


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A conditional generator with batch norm, and one with styles, after one step."""
    folder = tmp_path_factory.mktemp("runs")
    dcgan = replace(
        tiny(RECIPES["dcgan"]),
        conditioning=RECIPES["sngan"].conditioning,
        generator_conditioning="norm",
        loss="hinge",
    )
    fit(dcgan, colours(), folder / "classes", Plan(steps=1, grid=4))
    fit(tiny(RECIPES["stylegan2-uncond"]), colours(), folder / "styles", Plan(steps=1, grid=4))
    return folder


def test_a_picture_depends_on_seed_and_number_alone(runs):
    trained = RunFolder(runs / "classes").load()
    few, many = list(pictures(trained, 5, batch=2)), list(pictures(trained, 9, batch=4))
    for one, other in zip(few, many, strict=False):
        assert (one.number, one.latent, one.label) == (other.number, other.latent, other.label)
        assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 1  # batches of other sizes round otherwise
    assert len({picture.latent for picture in many}) == 9
    assert next(pictures(trained, 1, Wish(seed=1))).latent != few[0].latent
    assert [picture.number for picture in pictures(trained, 9, start=7)] == [7, 8]
    styled = RunFolder(runs / "styles").load()  # whose layers add noise
    for one, other in zip(pictures(styled, 3, batch=2), pictures(styled, 3, batch=3), strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 1


def test_classes_by_name_and_number(runs):
    trained = RunFolder(runs / "classes").load()
    assert {picture.label for picture in pictures(trained, 6, Wish(condition="2"))} == {"2"}
    assert {picture.label for picture in pictures(trained, 6, Wish(condition=1))} == {"1"}
    assert len({picture.label for picture in pictures(trained, 20)}) == 3
    with pytest.raises(InputError, match="no class 'dog'"):
        next(pictures(trained, 1, Wish(condition="dog")))
    with pytest.raises(InputError, match="has no classes"):
        next(pictures(RunFolder(runs / "styles").load(), 1, Wish(condition="0")))
    with pytest.raises(InputError, match="cannot be drawn"):
        next(pictures(trained, 0))


@pytest.mark.parametrize(
    ("count", "wish"),
    [(0, Wish()), (2, Wish(condition="dog")), (2, Wish(truncation=-1.0)), (2, Wish(standing=-1))],
)
def test_what_is_refused_claims_no_folder(count, wish, runs, tmp_path):
    trained = RunFolder(runs / "classes").load()
    with pytest.raises(InputError) as caught:
        save_pictures(trained, count, tmp_path / "out", wish)
    assert caught.value.fix and not (tmp_path / "out").exists()
    assert len(read(save_pictures(trained, 1, tmp_path / "out"))) == 1


def test_latents_without_tails_have_none_to_cut(tmp_path):
    fit(replace(tiny(RECIPES["logan"]), resolution=32), colours(), tmp_path, Plan(steps=1, grid=4))
    with pytest.raises(InputError, match=r"uniform in \[-1, 1\]"):
        next(pictures(RunFolder(tmp_path).load(), 1, Wish(truncation=0.5)))


def test_truncation_to_nothing_is_the_mean_picture(runs):
    trained = RunFolder(runs / "styles").load()
    trained.pair.generator.eval()
    plain, full = ([p.pixels for p in pictures(trained, 3, Wish(truncation=psi))] for psi in (0.0, 1.0))
    untouched = [p.pixels for p in pictures(trained, 3)]
    np.testing.assert_array_equal(full, untouched)
    assert np.abs(np.diff(np.asarray(plain, int), axis=0)).max() <= np.abs(np.diff(np.asarray(full, int), axis=0)).max()


def test_files_are_marked_and_the_manifest_is_true(runs, tmp_path):
    trained = RunFolder(runs / "classes").load()
    rows = read(save_pictures(trained, 3, tmp_path, Wish(seed=7), name="mine"))
    for number, (row, made) in enumerate(zip(rows, pictures(trained, 3, Wish(seed=7)), strict=True)):
        data = (tmp_path / f"seed7-{number:06d}.png").read_bytes()
        assert row.sha256 == hashlib.sha256(data).hexdigest() and row.label == 1
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in data and b"fauxto studiogan dcgan" in data
        np.testing.assert_array_equal(np.asarray(Image.open(row.path)), made.pixels)
        assert (row.generator, row.family, row.architecture, row.content) == ("mine", "gan", "dcgan", made.label)
        assert row.prompt == f"seed 7, picture {number}, latent sha256 {made.latent}, class {made.label}"
        assert row.version == trained.sha256[:16] and (row.width, row.height) == (32, 32)


def test_interrupted_drawing_goes_on(runs, tmp_path, monkeypatch):
    trained = RunFolder(runs / "classes").load()
    original, calls = draw.labelled_png, []

    def interrupted(pixels, software):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(pixels, software)

    monkeypatch.setattr(draw, "labelled_png", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_pictures(trained, 5, tmp_path)
    assert len(read(tmp_path / "manifest.csv")) == 2 == len(list(tmp_path.glob("*.png")))
    first = (tmp_path / "seed0-000000.png").stat().st_mtime_ns
    monkeypatch.undo()
    assert len(read(save_pictures(trained, 5, tmp_path))) == 5
    assert (tmp_path / "seed0-000000.png").stat().st_mtime_ns == first
    with pytest.raises(PolicyError, match="another generator"):
        save_pictures(trained, 5, tmp_path, Wish(seed=1))


def test_a_foreign_file_is_no_generator(tmp_path):
    with pytest.raises(WeightError, match="no weight file"):
        RunFolder(tmp_path).load()
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    with pytest.raises(WeightError):
        load_generator(tmp_path / "x.safetensors")


def test_the_verbs_and_the_system(tmp_path, capsys):
    for row, picture in enumerate(colours(count=12).pixels):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "in" / f"{row}.png")
    (tmp_path / "mine.toml").write_text(
        'base = "dcgan"\nlatent_size = 8\n[generator]\nwidth = 4\n[discriminator]\nwidth = 4\n'
        "[optimization]\nbatch = 4\n"
    )
    assert verbs.recipes() == 0 and "biggan-diffaug" in capsys.readouterr().out
    assert verbs.recipes("sngan") == 0 and json.loads(capsys.readouterr().out)["loss"] == "hinge"
    verbs.train(
        recipe=str(tmp_path / "mine.toml"),
        data=tmp_path / "in",
        out=tmp_path / "run",
        steps=2,
        save_every=1,
        evaluate_every=1,
        backbone="random",
    )
    report = json.loads(capsys.readouterr().out)
    assert (report["pictures"], report["steps"], report["classes"]) == (12, 2, 0) and report["best"] > 0
    verbs.sample(model=tmp_path / "run", out=tmp_path / "drawn", n=2, best=True)
    assert json.loads(capsys.readouterr().out)["step"] == report["best_step"]
    assert len(read(tmp_path / "drawn" / "manifest.csv")) == 2
    system = find("studiogan")(tmp_path / "mine.toml")
    with pytest.raises(InputError, match="no generator yet"):
        system.sample(1)
    assert system.fit(tmp_path / "in", tmp_path / "other", steps=1).step == 1
    assert system.sample(2, seed=3).shape == (2, 32, 32, 3)
    assert find("studiogan")().load(tmp_path / "other").sample(1).dtype == np.uint8
