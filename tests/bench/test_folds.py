"""Folds: nothing held out is trained on, relatives stay together, and what cannot be done is refused."""

from __future__ import annotations

import pytest

from fauxto.bench import folds
from fauxto.data.manifest import Sample
from fauxto.errors import InputError


def sample(label, name, i, **more):
    return Sample(f"/x/{name}/{i}.png", label, name if label else "", source="" if label else name, **more)


SAMPLES = [
    *(sample(1, name, i) for name in ("alpha", "beta", "gamma") for i in range(45)),
    *(sample(0, name, i) for name in ("phone", "web") for i in range(90)),
    *(sample(1, "rare", i) for i in range(5)),
]


def names(samples):
    return {s.generator or s.source for s in samples}


def test_a_generator_that_is_left_out_is_not_trained_on():
    found = folds.leave_generators_out(SAMPLES, "generator")
    assert [fold.tests[0].name for fold in found] == ["alpha", "beta", "gamma"]
    for fold in found:
        assert fold.tests[0].name not in names(fold.train) and "rare" in names(fold.train)
        assert len([s for s in fold.tests[0].samples if s.label]) == 45
        assert folds.overlap(fold) == 0
        reals = [s for s in fold.tests[0].samples if not s.label]
        assert 30 < len(reals) < 90  # a third of 180


def test_several_left_out_together_are_tests_of_their_own():
    (fold,) = folds.leave_generators_out(SAMPLES, "generator", together=[("alpha", "gamma")])
    assert [one.name for one in fold.tests] == ["alpha", "gamma"]
    assert names(s for s in fold.train if s.label) == {"beta", "rare"}


def test_held_out_reals_are_the_test_reals():
    samples = [Sample(s.path, s.label, s.generator, s.source, family=s.generator or s.source) for s in SAMPLES]
    for fold in folds.leave_generators_out(samples, "family", held_out_reals=("phone",), most=10):
        assert names(s for s in fold.tests[0].samples if not s.label) == {"phone"}
        assert "phone" not in names(fold.train)
        assert len(fold.tests[0].samples) == 20
    with pytest.raises(InputError, match="tablet"):
        folds.leave_generators_out(samples, "family", held_out_reals=("tablet",))


def test_the_matrix_tests_every_training_on_the_same_sets():
    samples = SAMPLES + [sample(1, name, i) for name in ("alpha", "beta", "gamma") for i in range(45, 120)]
    found = folds.matrix(samples, "generator")
    assert [fold.trained_on for fold in found] == ["alpha", "beta", "gamma"]
    assert all(fold.tests == found[0].tests for fold in found)
    for fold in found:
        assert names(s for s in fold.train if s.label) == {fold.trained_on}
        assert folds.overlap(fold) == 0


def test_a_source_that_is_left_out_is_not_trained_on():
    found = folds.leave_sources_out(SAMPLES)
    assert [fold.tests[0].name for fold in found] == ["phone", "web"]
    for fold in found:
        assert fold.tests[0].name not in names(fold.train)
        assert folds.overlap(fold) == 0


def test_what_was_made_from_a_test_photograph_is_not_trained_on():
    reals = [sample(0, "web", i, sha256=f"{i:064x}"[::-1]) for i in range(60)]
    copies = [Sample(f"/x/c/{i}.png", 1, "copier", parent=real.sha256) for i, real in enumerate(reals)]
    (fold,) = folds.leave_generators_out([*reals, *copies, *SAMPLES[:45]], "generator", together=[("alpha",)])
    tested = {s.sha256 for one in fold.tests for s in one.samples if not s.label}
    assert tested and not {s.parent for s in fold.train} & tested
    assert folds.overlap(fold) == 0


def test_the_split_of_the_manifest_is_kept():
    marked = [Sample(s.path, s.label, s.generator, s.source, split="test" if i % 3 == 0 else "train")
              for i, s in enumerate(SAMPLES)]  # fmt: skip
    for fold in folds.leave_generators_out(marked, "generator"):
        assert {s.split for s in fold.train} == {"train"}
        assert {s.split for s in fold.tests[0].samples if not s.label} == {"test"}


def test_manifests_that_name_nothing_are_refused():
    with pytest.raises(InputError, match="No generator has 20 fakes"):
        folds.leave_generators_out(SAMPLES[-5:] + SAMPLES[140:], "generator")
    with pytest.raises(InputError, match="no real picture"):
        folds.leave_generators_out(SAMPLES[:100], "generator")
    with pytest.raises(InputError, match="delta"):
        folds.leave_generators_out(SAMPLES, "generator", together=[("delta",)])
