"""ARIA's protocol: families, pairs that are never cut, transfer gaps, what thumbnails tell, cleaned prompts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fauxto.bench.aria import ARIA, categories, clean_descriptions, thumbnail_auc, transfer
from fauxto.bench.contender import Contender
from fauxto.bench.folds import overlap
from fauxto.data import manifest
from fauxto.errors import InputError
from fauxto.learn.fit import Plan
from tests.bench.pictures import Tiny, write
from tests.cli.test_app import run

PLAN = Plan(crop=24, precision="32-true", laundering=None, workers=0)
FAMILIES = {"alpha": ("one", "T2I"), "beta": ("one", "I2I"), "gamma": ("two", "T2I")}


@pytest.fixture(scope="module", autouse=True)
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fauxto.bench.measured.ROUNDS", 20)
        yield


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Alpha and beta are the two methods of one generator, and alike; gamma is another generator's, and is not."""
    made = write(tmp_path_factory.mktemp("pictures"), {"": 90, "alpha": 90, "beta": 90, "gamma": 90})
    reals = [sample for sample in made if not sample.label]
    found = []
    for i, sample in enumerate(made):
        content = "art" if i % 2 else "news"
        if sample.label:
            generator, method = FAMILIES[sample.generator]
            parent = reals[i % 90].path
            found.append(replace(sample, generator=generator, architecture=method, parent=parent, content=content))
        else:
            found.append(replace(sample, content=content))
    return found


@pytest.fixture(scope="module")
def table(samples, tmp_path_factory):
    return ARIA(crops=800, plan=PLAN, patches=1).run([Contender("tiny", Tiny)], samples, tmp_path_factory.mktemp("w"))


def test_no_real_picture_of_a_training_fake_is_tested_on(samples):
    folds = ARIA().folds(samples)
    assert [fold.trained_on for fold in folds] == ["one I2I", "one T2I", "two T2I"]
    for fold in folds:
        assert overlap(fold) == 0
        parents = {sample.parent for sample in fold.train if sample.label}
        assert parents.isdisjoint(sample.path for one in fold.tests for sample in one.samples)


def test_the_transfer_gaps_are_the_means_of_the_cells(table):
    gaps = table.facts["transfer (accuracy, matched)"]["tiny"]
    cells = {(row.trained_on, row.tested_on): row.matched.accuracy.value for row in table.rows}
    assert gaps["same family"] == pytest.approx(
        sum(cells[name, name] for name in ("one I2I", "one T2I", "two T2I")) / 3, abs=1e-3
    )
    assert gaps["other generator"] == pytest.approx(
        (cells["one T2I", "two T2I"] + cells["two T2I", "one T2I"]) / 2, abs=1e-3
    )
    assert gaps["same family"] - gaps["other generator"] > 0.1  # red is not blue
    assert abs(gaps["same family"] - gaps["other method"]) < 0.1  # red is red
    assert transfer([row for row in table.rows if row.trained_on == row.tested_on])["tiny"]["other method"] is None


def test_categories_are_rows_of_their_own_and_thumbnails_stand_beside(table, samples):
    named = {row.tested_on for row in table.rows if row.trained_on == "one T2I"}
    assert {"one T2I, art", "one T2I, news"} <= named
    assert table.facts["AUC of thumbnails alone"]["one T2I"] > 0.8  # here the class is the colour: content alone tells
    fold = ARIA().folds(samples)[0]
    assert thumbnail_auc(replace(fold, tests=[])) is None and categories(replace(fold, tests=[])) == []


def test_precision_and_f1_are_those_of_the_counts(table):
    found = table.rows[0].matched
    hits, alarms = found.fake_accuracy.value * found.fakes, (1 - found.real_accuracy.value) * found.reals
    assert found.precision == pytest.approx(hits / (hits + alarms))
    assert found.f1 == pytest.approx(2 * hits / (2 * hits + alarms + found.fakes - hits))


def test_one_family_cannot_transfer(samples, tmp_path):
    with pytest.raises(InputError, match="one family only"):
        ARIA().run([Contender("tiny", Tiny)], [s for s in samples if s.architecture in ("", "I2I")], tmp_path)


def test_descriptions_are_cleaned_or_dropped():
    text = "1 in the style of Ink, a CAT --ar 3:2\n" * 4
    assert clean_descriptions(text) == ["1 Ink, a CAT"] * 4
    assert clean_descriptions("one\ntwo\nthree\n") is None
    assert clean_descriptions("I'm sorry, I cannot\n" * 4) is None
    assert clean_descriptions("") is None


def test_the_verbs_are_wired(samples, tmp_path, capfd):
    manifest.write(samples, tmp_path / "m.csv")
    words = ["--data", str(tmp_path / "m.csv"), "--detectors", "npr", "--out", str(tmp_path / "out")]
    assert run(capfd, "bench", "aria", *words[:3], "none", *words[4:])[0] == 2
    code, _, error = run(capfd, "bench", "imaginet", *words)
    assert code == 2 and "test picture of a named generator" in error
