"""ImagiNet's protocol: same seed, same bytes; calibration; groups and their reals; who names the generator."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from fauxto.bench.contender import Contender
from fauxto.bench.imaginet import ImagiNet, prepare, repost
from fauxto.data.manifest import Sample
from fauxto.errors import InputError
from fauxto.launder import apply
from fauxto.learn.fit import Plan
from tests.bench.pictures import Tiny, reddish, write

PLAN = Plan(crop=24, precision="32-true", laundering=None, workers=0)
KINDS = {"red": ("alpha", "beta"), "blue": ("gamma",)}


@pytest.fixture(scope="module", autouse=True)
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fauxto.bench.measured.ROUNDS", 20)
        yield


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    train = write(folder, {"": 50, "alpha": 30, "gamma": 30}, split="train")
    test = write(folder, {"": 30, "alpha": 12, "beta": 12, "gamma": 12}, split="test", seed=1)
    contents = {"alpha": "face", "beta": "photo", "gamma": "photo"}
    return train + [
        replace(s, content=contents[s.generator] if s.label else ("face" if i % 3 == 0 else "photo"))
        for i, s in enumerate(test)
    ]


class Namer(Tiny):
    """Scores by red, and takes a picture for gamma's where blue is stronger."""

    def identify(self, images):
        blue = [float(image[..., 2].mean() > image[..., 0].mean()) for image in images]
        return [{"gamma": 0.1 + 0.8 * b, "alpha": 0.8 - 0.8 * b, "beta": 0.1} for b in blue]


def protocol(**settings):
    return ImagiNet(models=KINDS, plan=PLAN, patches=1, size=32, largest=40, calibrated=10, **settings)


@pytest.fixture(scope="module")
def table(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    reddish().save(str(folder / "red.safetensors"))
    own = Contender("namer", Namer, folder / "red.safetensors")
    return protocol(crops=800).run([own, Contender("tiny", Tiny)], samples, folder), folder


def test_rows_are_by_kind_by_content_and_by_generator(table):
    named = [row.tested_on for row in table[0].rows if row.detector == "tiny"]
    assert named == ["blue", "red", "face", "photo", "alpha", "beta", "gamma"]
    assert [row.tested_on for row in table[0].means if row.detector == "tiny"] == [
        "mean of 2, by model", "mean of 2, by content", "mean of 3, by generator",
    ]  # fmt: skip
    found = {row.tested_on: row.matched for row in table[0].rows if row.detector == "namer"}
    assert found["red"].auc.value > 0.8 > found["blue"].auc.value
    assert (found["red"].reals, found["blue"].reals, found["face"].reals) == (30, 20, 10)  # of the contents they made


def test_a_kind_is_named_or_chance_is_beside_it(table):
    told = table[0].facts["identification"]
    assert list(told) == ["namer, seed 0"]  # the other detector names nobody
    assert told["namer, seed 0"]["by chance"] == 0.5
    assert told["namer, seed 0"]["balanced accuracy"] > 0.8
    assert set(told["namer, seed 0"]["recall"]) == {"red", "blue"}


def test_the_calibration_is_the_regression_of_scikit_learn(table, samples):
    slope = table[0].facts["calibration"]["namer, seed 0"]["jpeg:90"]
    chosen = protocol()._divide(samples)[1]
    assert [sum(s.label == label for s in chosen) for label in (0, 1)] == [10, 10]
    folder = table[1] / "prepared-32-40"
    ready, _ = prepare(chosen, folder, size=32, largest=40)
    pictures = [apply(np.asarray(Image.open(ready[s.path].path)), "jpeg:90") for s in chosen]
    logits = reddish().score(pictures)
    oracle = LogisticRegression(C=1e10, max_iter=1000).fit(logits[:, None], [s.label for s in chosen])
    assert slope["slope"] == pytest.approx(oracle.coef_[0, 0], rel=1e-2)
    assert slope["intercept"] == pytest.approx(oracle.intercept_[0], rel=1e-2, abs=1e-2)


def test_balanced_accuracy_is_that_of_scikit_learn(table):
    for row in table[0].rows:
        found = row.matched
        hits = round(found.fake_accuracy.value * found.fakes), round(found.real_accuracy.value * found.reals)
        truth = np.repeat([1, 0], [found.fakes, found.reals])
        said = np.concatenate([np.arange(found.fakes) < hits[0], np.arange(found.reals) >= hits[1]])
        assert found.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(truth, said), abs=1e-3)


def test_the_same_seed_gives_the_same_bytes_in_any_order(samples, tmp_path):
    some = samples[:6]
    digests = []
    for name, order in (("a", some), ("b", some[::-1])):
        found, lost = prepare(order, tmp_path / name, size=32, largest=40)
        assert not lost
        digests.append([hashlib.sha256(Path(found[s.path].path).read_bytes()).hexdigest() for s in some])
    assert digests[0] == digests[1]
    other, _ = prepare(some, tmp_path / "a", seed=1, size=32, largest=40)
    assert {s.path for s in other.values()}.isdisjoint({str(p) for p in (tmp_path / "a").glob("0-*")})


def test_a_prepared_picture_is_a_cut_of_its_size_and_a_file_that_cannot_be_read_is_named(tmp_path):
    rng = np.random.default_rng(0)
    wide, tiny = (rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((90, 400, 3), (5, 3, 3)))
    for picture in (wide, tiny):
        assert {repost(picture, np.random.default_rng(i), 32, 64).shape for i in range(8)} == {(32, 32, 3)}
    same = [
        repost(wide, np.random.default_rng(i), 90, 90) for i in range(12)
    ]  # no scaling: only cut, and perhaps saved
    exact = [any((wide[:, x : x + 90] == picture).all() for x in range(311)) for picture in same]
    assert 0 < sum(exact) < 8
    (tmp_path / "bad.png").write_bytes(b"no picture")
    found, lost = prepare([Sample(str(tmp_path / "bad.png"), 1, "alpha")], tmp_path / "out")
    assert not found and list(lost.values()) != ["ok"]


def test_what_is_missing_is_said(samples, tmp_path):
    with pytest.raises(InputError, match="No row of the manifest is a test picture"):
        protocol().run([Contender("tiny", Tiny)], [s for s in samples if s.split == "train"], tmp_path)
    with pytest.raises(InputError, match="not of both classes"):
        protocol()._divide([s for s in samples if not s.label])
    marked = [replace(s, split="calibration") if i % 5 == 0 else s for i, s in enumerate(samples)]
    learnt, calibration = protocol()._divide(marked)
    assert {s.split for s in calibration} == {"calibration"} and {s.split for s in learnt} == {"train"}
