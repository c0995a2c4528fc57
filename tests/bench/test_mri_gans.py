"""The protocol of mri-gans on few small phantoms: every arm and control, honest parts, and a run that goes on."""

import json

import numpy as np
import pytest
from PIL import Image

from fauxto.bench import mri_gans
from fauxto.bench.mri_gans import FILTERED, INPUT, TWIN, MRIGANs, filtered, phantom_organs
from fauxto.bench.repaired import LINES, METRICS, Tally, quality, summary
from fauxto.errors import InputError
from fauxto.generate.mri_gans import MRIGAN, Schedule
from fauxto.score.similarity import foreground, psnr, ssim

ORGANS = phantom_organs(32, 0.01)
STUDY = MRIGANs(schedule=Schedule(steps=1, batch=4), width=2, pooled=True)
ARMS = ("vanilla", "dcgan", "wgan", f"vanilla{TWIN}", f"dcgan{TWIN}")


def test_every_arm_is_scored_on_every_organ_and_a_second_run_trains_nothing(tmp_path, monkeypatch):
    told = []

    def progress(what, total):
        told.append((what, total))
        return lambda: None

    report = STUDY.run(ORGANS, tmp_path, progress=progress)
    assert len(told) == len(ARMS) and told[0] == ("vanilla, knee and heart and brain, seed 0", 1)
    for organ in ORGANS:
        found = {row.arm: row for row in report.rows if row.organ == organ}
        assert set(found) == {INPUT, FILTERED, *ARMS, *(arm + LINES for arm in ARMS)}
        for arm, row in found.items():
            assert set(row.metrics) == set(METRICS) and row.slices == 5 and row.patients == 1
            assert (row.contradiction is None) == arm.endswith(LINES)
        assert found["dcgan" + LINES].metrics["psnr"].mean > found["dcgan"].metrics["psnr"].mean
        assert {test.subjects for test in report.tests[organ].values()} == {1}
    with monkeypatch.context() as patch:
        patch.setattr(MRIGAN, "fit", lambda *a, **k: pytest.fail("it was trained already"))
        again = STUDY.run(ORGANS, tmp_path)
    assert [(row.arm, row.metrics) for row in again.rows] == [(row.arm, row.metrics) for row in report.rows]
    saved = report.save(tmp_path)
    assert json.loads(saved[0].read_text())["facts"]["split"] == "by patient"
    page = saved[1].read_text()
    assert "## brain: 5 slices of 1 patients" in page and "| dcgan + lines |" in page and "Friedman" in page
    with Image.open(tmp_path / "pictures" / "knee, wgan.png") as picture:
        assert picture.size == (96, 160) and "trainedAlgorithmicMedia" in str(picture.info)


def test_the_other_degradations_and_organs_by_themselves():
    study = MRIGANs(models=("vanilla",), degradation="noisy", schedule=Schedule(steps=1, batch=4), width=1, twins=False)
    report = study.run({organ: ORGANS[organ] for organ in ("knee", "heart")})
    assert [(row.organ, row.arm) for row in report.rows] == [
        (organ, arm) for organ in ("knee", "heart") for arm in (INPUT, FILTERED, "vanilla")
    ]
    assert all(row.contradiction is None for row in report.rows) and report.tests == {"knee": {}, "heart": {}}


def test_a_split_by_slice_says_that_it_is_one():
    study = MRIGANs(models=("vanilla",), schedule=Schedule(steps=1, batch=4), width=1, twins=False, leaky=True)
    assert "too good" in study.run({"knee": ORGANS["knee"]}).facts["split"]


def test_organs_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="different sizes"):
        STUDY.run({"knee": ORGANS["knee"], "heart": phantom_organs(64, 0.01)["heart"]})
    with pytest.raises(InputError, match="different sizes"):
        STUDY.run({})


def test_the_scores_are_those_of_the_metrics():
    truth = ORGANS["heart"].pixels[:4]
    made = filtered(truth)
    made[3] = truth[3]
    found = quality(made, truth)
    for row, one, other in zip(found, made, truth, strict=True):
        mask = foreground(other)
        expected = (
            psnr(one, other),
            ssim(one, other),
            psnr(one, other, mask=mask),
            ssim(one, other, mask=mask),
            ssim(one, other, window="uniform"),
        )
        np.testing.assert_allclose(row, expected)
    total = summary(found[:, 0], ["a", "a", "b", "b"])
    assert total.infinite == 1 and total.mean == pytest.approx(found[:3, 0].mean())
    assert total.low <= total.mean <= total.high and total.median == pytest.approx(np.median(found[:3, 0]))
    assert summary(np.array([np.inf]), ["a"]).infinite == 1


def test_rank_tests_are_over_patients_and_leave_infinite_scores_alone():
    slices = ORGANS["knee"].part(np.arange(10))
    tally = Tally(slices, "noisy")
    for k, arm in enumerate("abc"):
        tally.add(arm, np.clip(slices.pixels + 0.1 * (k + 1), 0, 1))
    tests = tally.tests("abc")
    assert set(tests) == {"psnr foreground", "ssim foreground"}
    assert all(test.subjects == 2 and test.contrast("a", "c").effect == 1 for test in tests.values())
    tally.add("d", slices.pixels)
    assert set(tally.tests("abd")) == {"ssim foreground"} and tally.tests("ab") == {}
    assert tally.rows("knee")[-1].metrics["psnr"].infinite == 10


def test_the_phantoms_come_in_the_papers_numbers(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        mri_gans.phantoms, "slices", lambda organ, count, seed, side: asked.setdefault(organ, count) and ORGANS_DRAWN
    )
    phantom_organs(64)
    assert asked == {"knee": 1000, "heart": 805, "brain": 90}


ORGANS_DRAWN = mri_gans.phantoms.slices("knee", 2, side=8)
