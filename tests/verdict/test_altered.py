"""The localizer's map: regions, p-values, words, and a verdict whose false alarms stay within the bound."""

import numpy as np
import pytest
from scipy import ndimage

from fauxto.verdict import budget, decides_from, fuse, judge
from fauxto.verdict.altered import MapScore, judge_map, outline
from fauxto.verdict.altered_wording import altered
from fauxto.verdict.conformal import p_value
from tests.verdict.reference import PLATT, calling, uniform
from tests.verdict.test_fusion import FLIPPED, UNFIT, Said

STABLE = FLIPPED | {"agree": 5, "total": 5, "flipped": False}
SETS = {"cameras": uniform(999)}


def spotted(level: float, side: int = 128) -> np.ndarray:
    logits = np.full((side, side), -4.0, np.float32)
    logits[32:80, 40:88] = level
    return logits


def mapped(call: str, counts: bool = True) -> MapScore:
    level, sets = {
        "altered": (3.0, SETS),
        "borderline": (0.97, SETS),
        "ordinary": (0.3, SETS),
        "unsupported": (3.0, {"cameras": uniform(50)}),
    }[call]
    score = judge_map(spotted(level), sets, 0.01, share=0.02, counts=counts)
    assert score.call == call
    return score


def test_regions_are_the_connected_places_of_scikit_image_and_scipy():
    rng = np.random.default_rng(0)
    cells = np.repeat(np.repeat(rng.random((20, 24)) < 0.45, 8, 0), 8, 1)
    logits = np.where(cells, 1.5, -2.0)
    labels, count = ndimage.label(cells)
    expected = []
    for index, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        size = (labels == index).sum() // 64
        if size >= 4:
            expected.append((size, columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start))
    expected.sort(key=lambda row: -row[0])
    found = outline(logits)
    assert count > 5 and len(found) == min(12, len(expected))
    assert {(r.x, r.y, r.width, r.height) for r in found} <= {row[1:] for row in expected}
    assert all(region.logit == 1.5 for region in found)


def test_a_region_at_the_edge_of_an_odd_picture_stays_in_it_and_unread_places_are_none():
    logits = np.full((61, 45), np.nan, np.float32)
    logits[:, 20:] = 2.0
    (region,) = outline(logits)
    assert (region.x + region.width, region.y + region.height) == (45, 61)
    assert outline(np.full((40, 40), np.nan)) == () and outline(np.full((40, 40), -1.0)) == ()


def test_the_map_is_read_by_the_mean_of_its_highest_part():
    score = judge_map(spotted(3.0), SETS, 0.01, share=0.02)
    assert score.logit == pytest.approx(3.0) and score.p_value == 1 / 1000
    assert score.area == pytest.approx(48 * 48 / 128**2) and score.read == 1
    half = spotted(3.0)
    half[:, 64:] = np.nan
    assert judge_map(half, SETS, 0.01, share=0.02).read == 0.5


@pytest.mark.parametrize("call", ["altered", "borderline", "ordinary", "unsupported"])
@pytest.mark.parametrize("counts", [True, False])
def test_only_a_map_that_counts_decides_and_every_item_states_its_limit(call, counts):
    item = altered(mapped(call, counts))
    assert item.layer == "localizer" and item.limits and item.value["decides"] is counts
    assert (item.points_to == "edited") == (call == "altered")
    assert (item.strength == "strong") == (call == "altered" and counts)
    assert ("does not count towards" in item.limits) == (not counts)
    assert "real" not in item.statement.split() and "authentic" not in item.statement
    decision = fuse(None, calling("ordinary"), altered=mapped(call, counts))
    assert decision.verdict == ("edited" if call == "altered" and counts else "no_evidence")
    assert decision.p_value == calling("ordinary").p_value


@pytest.mark.parametrize(
    "case",
    [
        ("unknown", False, "generated", None, None, "generated"),
        ("unknown", False, "borderline", None, None, "edited"),
        ("unknown", False, "ordinary", FLIPPED, None, "inconclusive"),
        ("unknown", False, "ordinary", None, UNFIT, "inconclusive"),
        ("ai_generated", False, "ordinary", None, None, "edited"),
        ("ai_generated", True, "ordinary", None, None, "generated"),
        ("camera", False, "ordinary", None, None, "edited"),
        ("camera", True, "ordinary", None, None, "inconclusive"),
    ],
)
def test_a_called_map_beside_the_other_layers(case):
    summary, decisive, pixels, stable, quality, verdict = case
    decision = fuse(Said(summary, decisive), calling(pixels), stable, quality, mapped("altered"))
    assert decision.verdict == verdict
    if summary == "camera" and decisive:
        assert decision.evidence[-1].points_to == "conflict"


@pytest.mark.parametrize("together", [False, True])
def test_two_tests_share_one_bound(together):
    """Photographs of the reference population: called at most at the bound, whether the two tests agree or not."""
    rng, fpr, called = np.random.default_rng(3), 0.1, 0
    bound = budget(fpr, localizer_decides=True)
    assert bound == fpr / 2 and budget(fpr, localizer_decides=False) == fpr
    trials = 400
    for _ in range(trials):
        first = float(rng.random())
        second = first if together else float(rng.random())
        map_ = judge_map(np.full((32, 32), second), SETS, bound, share=0.02)
        called += fuse(None, judge(first, PLATT, SETS, bound), altered=map_).verdict in ("generated", "edited")
    assert called / trials < fpr + 3 * np.sqrt(fpr * (1 - fpr) / trials)
    assert called / trials > (0.02 if together else 0.05)


def test_copies_are_not_said_to_have_been_searched_for_the_part():
    for counts, said in ((True, True), (False, False)):
        decision = fuse(None, calling("ordinary"), STABLE, altered=mapped("altered", counts))
        item = next(item for item in decision.evidence if item.layer == "stability")
        assert ("not whether a part" in item.limits) is said


@pytest.mark.parametrize(("smaller", "larger"), [(199, 500), (1999, 2000), (79, 100)])
def test_half_of_the_bound_from_which_a_localizer_decides_rests_on_two_photographs(smaller, larger):
    """There a picture that one photograph of a set exceeds is still called; at a stricter bound it is not by each."""
    few, many = ({"a": {"logits": sorted(np.arange(n, dtype=float))}} for n in (smaller, larger))
    fpr = decides_from(few, many)
    assert fpr == decides_from(many, few) == 4 / (smaller + 1)
    for sets, top in ((few, smaller - 1), (many, larger - 1)):
        assert p_value(top - 0.5, sets, budget(fpr, localizer_decides=True))[0] <= fpr / 2
    stricter = 0.999 * fpr
    assert p_value(smaller - 1.5, few, stricter / 2)[0] > stricter / 2


def test_part_of_a_large_picture_that_was_not_read_is_said():
    logits = spotted(3.0)
    logits[100:] = np.nan
    assert "78 %" in altered(judge_map(logits, SETS, 0.01, share=0.02)).limits
