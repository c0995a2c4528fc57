"""Both protocols from pictures to saved table: what they must find, what they must not do twice, what they refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest

from fauxto.bench import contender as entrants
from fauxto.bench.aigibench import AIGIBench, group_of, subsets, training
from fauxto.bench.contender import Contender, Lessons, contenders, cost, equal_plans
from fauxto.bench.cross_generator import CrossGenerator
from fauxto.bench.wrapped import Augmented, Resized
from fauxto.data import manifest
from fauxto.detect.aria import ARIA
from fauxto.detect.fatformer import FatFormer
from fauxto.detect.npr import NPR
from fauxto.detect.rigid import RIGID
from fauxto.errors import InputError, WeightError
from fauxto.learn.augment import Laundering
from fauxto.learn.fit import Plan
from tests.bench.pictures import Tiny, reddish, write
from tests.cli.test_app import run

PLAN = Plan(crop=24, precision="32-true", laundering=None, workers=0)
TINY = [Contender("tiny", Tiny)]


@pytest.fixture(scope="module", autouse=True)
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fauxto.bench.measured.ROUNDS", 20)
        yield


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return write(folder, {"": 60, "alpha": 30, "beta": 30, "gamma": 30}, endings=("jpg", "png"))


@pytest.fixture(scope="module")
def table(samples, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    return protocol().run(TINY, samples, work), work


def protocol():
    return CrossGenerator(mode="leave-generator-out", crops=1600, plan=PLAN, patches=1)


def test_what_resembles_the_training_is_found_and_what_does_not_is_not(table):
    found = {row.tested_on: row for row in table[0].rows}
    assert list(found) == ["alpha", "beta", "gamma"]
    assert found["alpha"].matched.auc.low > 0.8  # beta was trained on, and is alike
    assert found["gamma"].matched.auc.value < found["alpha"].matched.auc.value - 0.2


def test_every_row_shows_its_control_and_its_cost(table):
    for row in table[0].rows:
        assert row.raw.header_auc == 1.0  # JPEG reals, PNG fakes
        assert row.matched.header_auc < 0.6
        assert row.parameters == 4 and row.images_per_second > 0
        assert "raw is leaky: headers alone reach 1.00" in row.notes


def test_a_second_run_trains_and_scores_nothing(table, samples, monkeypatch):
    monkeypatch.setattr(entrants, "fit", lambda *_: pytest.fail("trained again"))
    monkeypatch.setattr("fauxto.bench.runner.decode", lambda *_: pytest.fail("decoded again"))
    again = protocol().run(TINY, samples, table[1])
    assert [row.matched for row in again.rows] == [row.matched for row in table[0].rows]


def test_other_settings_are_other_trainings(table, samples, monkeypatch):
    trained = []
    monkeypatch.setattr(entrants, "fit", lambda *_: trained.append(1))
    replace(protocol(), crops=1616).run(TINY, samples, table[1])
    assert len(trained) == 3


def test_the_table_is_saved_three_ways(table, tmp_path):
    paths = table[0].save(tmp_path)
    assert {"table.parquet", "table.md", "table.json", "bars.png", "matrix-tiny.png"} == {p.name for p in paths}
    rows = pq.read_table(tmp_path / "table.parquet").to_pylist()
    assert [r["tested_on"] for r in rows] == ["alpha", "beta", "gamma"]
    assert rows[0]["matched_auc_low"] == table[0].rows[0].matched.auc.low
    page = (tmp_path / "table.md").read_text()
    assert "too few reals" in page and "![bars](bars.png)" in page
    assert json.loads((tmp_path / "table.json").read_text())["leak audit (AUC of probes on the raw files)"]
    assert (tmp_path / "bars.png").read_bytes()[:4] == b"\x89PNG"


def test_a_matrix_and_a_source_can_be_left_out(samples, tmp_path):
    more = CrossGenerator(mode="leave-source-out", crops=160, plan=PLAN, patches=1).run(TINY, samples, tmp_path)
    assert [row.tested_on for row in more.rows] == ["camera 0", "camera 1", "camera 2"]
    with pytest.raises(InputError, match="nothing generated"):
        replace(protocol(), together=[("alpha", "beta", "gamma")]).run(TINY, samples, tmp_path)
    with pytest.raises(InputError, match="No family"):
        CrossGenerator(mode="matrix", by="family", plan=PLAN).run(TINY, samples, tmp_path)


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aigi")
    counts = {"": 40, "alpha": 24, "gamma": 24}
    return write(folder, counts, split="train") + write(folder, {**counts, "beta": 24}, split="test", seed=1)


def test_the_four_tasks(marked, tmp_path):
    bench = AIGIBench(
        settings={"I": ("alpha",), "II": ("alpha", "gamma")},
        degradations={"jpeg": "jpeg:30"},
        augmentations=("j",),
        crops=800,
        plan=PLAN,
        patches=1,
    )
    found = bench.run(TINY, marked, tmp_path)
    row = {(r.detector, r.trained_on, r.tested_on, r.condition): r.matched for r in found.rows}
    assert row["tiny", "I", "beta", ""].fake_accuracy.value > 0.8  # beta is like alpha
    assert row["tiny", "I", "gamma", ""].fake_accuracy.value < 0.2
    assert row["tiny", "II", "gamma", ""].fake_accuracy.value > 0.6  # task 1: the second source helps on its own kind
    assert row["tiny", "I, budget of II", "gamma", ""].fake_accuracy.value < 0.2  # and not because of the budget
    assert ("tiny", "II", "gamma", "jpeg:30") in row  # task 2
    assert ("tiny + j", "II", "gamma", "") in row  # task 3
    assert ("tiny, resized", "II", "gamma", "") in row  # task 4
    assert ("tiny", "I", "gamma", "jpeg:30") not in row
    means = {(r.detector, r.trained_on, r.condition): r for r in found.means}
    cells = [row["tiny", "II", name, ""].accuracy.value for name in ("alpha", "gamma", "beta")]
    assert means["tiny", "II", ""].matched.accuracy.value == pytest.approx(sum(cells) / 3, abs=1e-3)


def test_weights_of_its_own_are_tested_and_not_trained(marked, tmp_path, monkeypatch):
    monkeypatch.setattr(entrants, "fit", lambda *_: pytest.fail("trained"))
    reddish().save(str(tmp_path / "red.safetensors"))
    mine = [Contender("red", Tiny, tmp_path / "red.safetensors")]
    found = AIGIBench(tasks=(1, 3), settings={"I": ("alpha",)}, plan=PLAN).run(mine, marked, tmp_path)
    assert {row.trained_on for row in found.rows} == {"its own"}
    assert found.rows[0].matched.auc.value > 0.8


def test_weights_of_a_detector_that_is_not_trained_are_read(tmp_path):
    pictures = list(np.random.default_rng(0).integers(0, 256, (4, 40, 40, 3), dtype=np.uint8))
    kind = partial(RIGID, backbone="tiny")
    calibrated = kind()
    calibrated.calibrate(pictures[:3])
    calibrated.save(str(tmp_path / "rigid.safetensors"))
    again = Contender("rigid", kind, tmp_path / "rigid.safetensors").loaded()
    assert again.score(pictures) == pytest.approx(calibrated.score(pictures))
    assert again.score(pictures) != pytest.approx(kind().score(pictures))


def test_subsets_take_their_own_reals_where_these_are_named(marked):
    assert {one.name for one in subsets(marked)} == {"alpha", "beta", "gamma"}
    assert all(len([s for s in one.samples if not s.label]) == 40 for one in subsets(marked))
    named = [replace(s, source="alpha") if not s.label and i % 2 else s for i, s in enumerate(marked)]
    sizes = {one.name: len([s for s in one.samples if not s.label]) for one in subsets(named)}
    assert sizes == {"alpha": 20, "beta": 40, "gamma": 40}
    assert group_of("StyleSwim") == group_of("style-swin") == "GAN"
    with pytest.raises(InputError, match="test picture"):
        subsets([s for s in marked if s.split == "train"])
    with pytest.raises(InputError, match="0 fake training pictures of progan"):
        training(marked, ("progan",))


def test_wrappers_change_one_thing():
    tiny = reddish()
    picture = write_noise()
    assert Resized(tiny).preprocess(picture).shape == (1, 3, 32, 32)
    masked = Augmented(tiny, "m")
    changed = [masked.augment(picture, np.random.default_rng(seed)) for seed in range(8)]
    assert any((c == 0).all(-1).any() for c in changed) and all(c.shape == picture.shape for c in changed)
    with pytest.raises(InputError, match="augmentation"):
        Augmented(tiny, "x")


def write_noise():
    return np.random.default_rng(0).integers(1, 255, (64, 64, 3)).astype(np.uint8)


def test_detectors_that_read_whole_pictures_are_trained_on_these(samples, tmp_path, monkeypatch):
    seen = {}

    def fit(detector, store, plan, run):
        seen[detector.card.slug] = (store.pixels[0].shape[0], plan.crop, plan.laundering.resize)

    monkeypatch.setattr(entrants, "fit", fit)
    lessons = Lessons(samples, tmp_path, 1)
    for kind in (NPR, ARIA):
        one = Contender(kind.card.slug, partial(kind, **getattr(kind, "small", {})))
        entrants.train(one, lessons, samples, replace(PLAN, laundering=Laundering()), tmp_path)
    assert seen["npr"] == (256, 24, Laundering().resize)
    assert seen["aria"] == (64, 64, 0)  # its own size, squeezed, never made smaller again


def test_contenders_are_named_once_and_costed():
    assert cost(reddish())[1] == 4
    assert cost(FatFormer(**FatFormer.small))[0] > 0  # gives a module a parameter, which the counter must bear
    assert equal_plans(TINY[0], PLAN, 160).steps == 10
    (npr,) = contenders(["npr"], window=64)
    assert npr.build().crop.size == 64
    with pytest.raises(InputError, match="different names"):
        contenders(["npr", "npr"])
    with pytest.raises(InputError, match="no weights at"):
        contenders(["npr=nowhere.safetensors"])


def test_a_contender_names_its_backbone_and_is_trained_at_the_size_of_that(samples, tmp_path, monkeypatch):
    plans = []
    monkeypatch.setattr(entrants, "fit", lambda detector, store, plan, run: plans.append(plan))
    univfd, aria = contenders(["univfd@tiny", "aria"], window=64)
    assert (univfd.name, univfd.bound, aria.bound) == ("univfd@tiny", True, False)
    assert univfd.build().crop.size == 32 and aria.build().crop.size == 64
    entrants.train(univfd, Lessons(samples, tmp_path, 1), samples, PLAN, tmp_path)
    assert plans[0].crop == 32
    with pytest.raises(WeightError, match="neither ships nor downloads") as missing:
        contenders(["univfd"])
    assert "univfd@PATH" in missing.value.fix
    with pytest.raises(InputError, match="stands on no backbone"):
        contenders(["npr@tiny"])


def test_the_verb_prints_rows_as_json_and_nothing_else(samples, tmp_path, capfd):
    manifest.write(samples, tmp_path / "m.csv")  # the folder of the work lies beside it
    words = [
        "bench",
        "cross-generator",
        "--data",
        str(tmp_path / "m.csv"),
        "--detectors",
        "npr",
        "--out",
        str(tmp_path),
    ]
    budget = ["--crops", "16", "--crop", "32", "--window", "32", "--together", "alpha,beta", "--workers", "0"]
    code, out, _ = run(capfd, *words, *budget, "--patches", "1", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(r["tested_on"], r["mean"]) for r in rows] == [
        ("alpha", False), ("beta", False), ("mean of 2", True),
    ]  # fmt: skip
    assert (tmp_path / "table.md").is_file()
    assert run(capfd, *words[:5], "none", *words[6:])[0] == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"matched": "jpeg:900"}, "whole number from 1 to 100"),
        ({"matched": "nosuch"}, "no operator or pipeline 'nosuch'"),
        ({"crops": 0}, "no two classes"),
        ({"seeds": ()}, "Seeds are numbers"),
        ({"seeds": (0, -1)}, "Seeds are numbers"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_trained(change, words, samples, tmp_path, monkeypatch):
    monkeypatch.setattr(entrants, "fit", lambda *_: pytest.fail("trained"))
    for kind in (CrossGenerator, AIGIBench):
        with pytest.raises(InputError, match=words):
            kind(**change).run(TINY, samples, tmp_path)
