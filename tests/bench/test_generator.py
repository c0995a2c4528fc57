"""Two folders to a report: figures equal the pure functions, memory and cache, and every kind of bad input in words."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from fauxto.bench.generator import METRICS, Evaluation
from fauxto.errors import InputError
from fauxto.nn.feature_network import random_network
from fauxto.score.generative.conventions import CONVENTIONS, convention
from fauxto.score.generative.frechet import frechet_of
from fauxto.score.generative.inception_score import inception_score
from fauxto.score.generative.manifold import manifold
from fauxto.score.generative.resize import RESIZINGS, clean

NETWORK = random_network(0)


def picture(seed, size=(40, 40), smooth=True):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    filter = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return Image.fromarray(coarse).resize(size, filter)


@pytest.fixture
def folders(tmp_path):
    for name, first, smooth in (("real", 0, True), ("fake", 100, False)):
        for kind in ("a", "b"):
            (tmp_path / name / kind).mkdir(parents=True)
            for i in range(8):
                picture(first + i + 8 * (kind == "b"), smooth=smooth).save(tmp_path / name / kind / f"{i}.png")
    return tmp_path / "real", tmp_path / "fake"


def evaluation(**changes):
    return dataclasses.replace(Evaluation(NETWORK, convention("clean-fid"), ("fid",), fast=False), **changes)


def features(folder):
    planes = [clean(np.asarray(Image.open(path)), 64).transpose(2, 0, 1) for path in sorted(folder.rglob("*.png"))]
    return NETWORK.features(np.ascontiguousarray(planes))


def test_figures_are_those_of_the_pure_functions(folders):
    names = tuple(name for name in METRICS if name not in ("is", "fid-infinity"))
    report = evaluation(metrics=names).run(*folders)
    real, fake = map(features, folders)
    assert report.metrics["fid"] == pytest.approx(frechet_of(real, fake), rel=1e-5)
    balls = manifold(real, fake)
    assert report.metrics["precision"] == balls.precision
    assert report.metrics["coverage"] == balls.coverage
    assert set(report.metrics["ifid"]) == {"mean", "a", "b"}
    assert report.metrics["kid"]["subset_size"] == 16
    assert report.metrics["kid"]["mean"] == pytest.approx(report.metrics["mmd"])
    assert report.settings["resizing"] == "clean-64"


def test_threads_engine_and_cache_change_nothing(folders, tmp_path, monkeypatch):
    first = evaluation(cache=tmp_path / "cache", threads=2).run(*folders).metrics["fid"]
    assert first == pytest.approx(evaluation().run(*folders).metrics["fid"], rel=1e-6)
    assert evaluation(fast=True).run(*folders).metrics["fid"] == pytest.approx(first, rel=1e-4)
    for path in folders[1].rglob("*.png"):
        path.rename(path.with_name(f"renamed-{path.name}"))
    monkeypatch.setattr(NETWORK, "features", lambda pixels: pytest.fail("a kept feature was computed again"))
    assert evaluation(cache=tmp_path / "cache").run(*folders).metrics["fid"] == first


def test_another_resizing_or_network_is_another_entry(folders, tmp_path):
    found = {
        evaluation(cache=tmp_path, convention=one, network=network).run(*folders).metrics["fid"]
        for one, network in [(c, NETWORK) for c in CONVENTIONS.values()]
        + [(convention("clean-fid"), random_network(1))]
    }
    assert len({round(value, 6) for value in found}) == 5, "nvidia and torch-fidelity resize alike"


def test_stored_moments_replace_the_reals(folders, tmp_path):
    whole = evaluation(save=tmp_path / "real.npz").run(*folders)
    again = evaluation().run(tmp_path / "real.npz", folders[1])
    assert again.metrics["fid"] == pytest.approx(whole.metrics["fid"], rel=1e-9)
    assert again.real["pictures"] == 16
    with pytest.raises(InputError, match="Fréchet distance only"):
        evaluation(metrics=("fid", "kid")).run(tmp_path / "real.npz", folders[1])
    with pytest.raises(InputError, match="448 dimensions, the network 3"):
        shape = dataclasses.replace(NETWORK.shape, width=3)
        other = random_network(0)
        other.shape = shape
        evaluation(network=other).run(tmp_path / "real.npz", folders[1])


def test_features_are_dropped_once_the_moments_have_their_rank(folders, monkeypatch):
    seen = []
    monkeypatch.setattr("fauxto.bench.generator._distance", lambda real, fake: seen.append((real, fake)) or 0.0)
    monkeypatch.setattr(NETWORK, "shape", NETWORK.shape)
    evaluation().run(*folders)
    assert all(sum(map(len, side.rows)) == 16 for side in seen[0])
    side = seen[0][0]
    for _ in range(60):
        side.add(type("Batch", (), {"features": np.ones((8, 448)), "classes": ("a",) * 8}), keep=False)
    assert side.rows == []
    assert side.moments.count == 16 + 480


def test_few_pictures_and_odd_pictures_are_noted(folders):
    real, fake = folders
    picture(7, (40, 60)).save(fake / "a" / "tall.png")
    picture(8).convert("L").save(fake / "a" / "gray.png")
    picture(9).convert("RGBA").save(fake / "a" / "alpha.png")
    picture(10).save(fake / "a" / "other.jpg")
    (fake / "a" / "twice.png").write_bytes((real / "a" / "0.png").read_bytes())
    (fake / "b" / "text.png").write_text("not a picture")
    (fake / "b" / "notes.txt").write_text("passed over")
    report = evaluation(metrics=("fid", "kid")).run(real, fake)
    said = "\n".join(report.notes)
    for words in (
        "16 pictures for 448 dimensions",
        "all of the smaller set",
        "1 of 21 fake pictures are gray",
        "1 fake pictures have transparency",
        "2 sizes",
        "1 files are in both folders",
        "differ in size",
        "compression",
        "1 fake files were left out",
    ):
        assert words in said, words
    assert report.fake["problems"][0]["path"] == "b/text.png"
    assert report.fake["pictures"] == 21


def test_gray_sets_and_repeats_are_noted(folders):
    real, fake = folders
    for path in fake.rglob("*.png"):
        Image.open(path).convert("L").save(path)
    (fake / "a" / "copy.png").write_bytes((fake / "a" / "1.png").read_bytes())
    said = "\n".join(evaluation().run(real, fake).notes)
    assert "All fake pictures are gray" in said
    assert "The fakes are gray and the reals are not" in said
    assert "1 fake files repeat" in said


def test_what_cannot_be_scored_is_said(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no picture files"):
        evaluation().run(folders[0], tmp_path / "empty")
    (tmp_path / "empty" / "x.png").write_text("nothing")
    with pytest.raises(InputError, match=r"0 pictures that can be read; 1 could not be \(x\.png"):
        evaluation().run(folders[0], tmp_path / "empty")
    with pytest.raises(InputError, match="not a folder"):
        evaluation().run(folders[0], tmp_path / "nowhere")
    with pytest.raises(InputError, match="no metric 'fud'"):
        evaluation(metrics=("fud",)).run(*folders)
    with pytest.raises(InputError, match="no classifier"):
        evaluation(metrics=("is",)).run(*folders)
    flat = folders[0] / "a"
    with pytest.raises(InputError, match="classes are folders"):
        evaluation(metrics=("ifid",)).run(flat, folders[1] / "a")


def test_a_draw_of_pictures_follows_the_seed(folders):
    found = [evaluation(most=5, seed=seed).run(*folders) for seed in (0, 0, 1)]
    assert found[0].fake["pictures"] == 5
    assert found[0].metrics == found[1].metrics != found[2].metrics


def test_the_inception_score_is_that_of_the_fakes_logits(folders):
    network = random_network(0)
    rng = np.random.default_rng(0)
    network.head = rng.normal(size=(5, 448)).astype(np.float32), rng.normal(size=5).astype(np.float32)
    for name, bias, splits in (("studiogan", True, 1), ("torch-fidelity", False, 10)):
        report = evaluation(network=network, metrics=("is",), convention=convention(name)).run(*folders)
        assert report.metrics["is"]["splits"] == splits
        if splits == 1:
            resized = RESIZINGS["friendly-bilinear"]
            paths = sorted(folders[1].rglob("*.png"))
            planes = [resized(np.asarray(Image.open(path)), 64).transpose(2, 0, 1) for path in paths]
            logits = network.logits(network.features(np.ascontiguousarray(planes)), bias)
            assert report.metrics["is"]["mean"] == pytest.approx(inception_score(logits, 1).mean, rel=1e-4)


def test_the_worse_the_fakes_the_larger_the_distance(folders, tmp_path):
    """Five strengths of noise on the reals themselves; the control is the reals saved again."""
    real, _ = folders
    found = []
    for strength in (0, 5, 10, 20, 40, 80):
        rng = np.random.default_rng(1)
        for path in real.rglob("*.png"):
            pixels = np.asarray(Image.open(path), np.float64)
            noisy = np.clip(pixels + strength * rng.normal(size=pixels.shape), 0, 255).astype(np.uint8)
            target = tmp_path / str(strength) / path.relative_to(real)
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noisy).save(target)
        found.append(evaluation().run(real, tmp_path / str(strength)).metrics["fid"])
    assert found == sorted(found)
    assert abs(found[0]) < 1e-6 < found[1]
