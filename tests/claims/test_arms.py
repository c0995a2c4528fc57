"""Tables of arms, and that every part of AdaptiveMix' statement about classifiers can fail."""

from __future__ import annotations

import numpy as np

from fauxto.claims import adaptivemix
from fauxto.claims import mixing_classifiers as classifiers
from fauxto.claims.arms import Table, failing
from fauxto.claims.experiment import compare


def test_a_table_has_every_arm_with_every_seed():
    asked = []
    table = Table.of(("a", "b"), (0, 2), lambda arm, seed: asked.append((arm, seed)) or {"FID": seed + (arm == "b")})
    assert asked == [("a", 0), ("a", 2), ("b", 0), ("b", 2)]
    assert table.of_arm("FID", "b") == [1, 3] and table.mean("FID", "a") == 1
    assert table.above("FID", "b", "a") == compare([1, 3], [0, 2])


def test_a_margin_from_the_other_side_is_the_same():
    table = Table({"a": [{"x": 0.91}, {"x": 0.855}, {"x": 0.7}], "b": [{"x": 0.5}, {"x": 0.62}, {"x": 0.71}]})
    there, back = table.above("x", "a", "b"), table.above("x", "b", "a")
    assert (there.measured, there.control, there.margin, there.spread) == (
        *(back.control, back.measured, -back.margin, back.spread),
    )
    assert there.interval == (-back.interval[1], -back.interval[0])


def test_what_fails_is_named():
    assert failing({"one": False, "two": True, "three": False}) == "Does not hold: one, three. "
    assert failing({"one": True}) == ""


def of(**values):
    """Three seeds about a mean, in accuracy and AUROC."""
    arms = {"learned": classifiers.LEARNED, "mixup": classifiers.MIXUP, "unmixed": classifiers.UNMIXED}
    rows = {}
    for name, (accuracy, auroc) in values.items():
        wobble = np.array([-0.005, 0, 0.005])
        rows[arms.get(name, classifiers.MIXING)] = [{"accuracy": accuracy + w, "AUROC": auroc + w} for w in wobble]
    return list(adaptivemix.parts_of_classifiers(Table(rows)).values())


def test_each_part_about_classifiers_can_fail():
    good = {"learned": (0.9, 0.8), "mixup": (0.9, 0.8), "unmixed": (0.9, 0.8), "mixing": (0.9, 0.9)}
    assert of(**good) == [True, True, True, True]
    assert of(**good | {"mixing": (0.8, 0.9)}) == [False, True, True, True]
    assert of(**good | {"mixup": (0.9, 0.88)}) == [True, False, True, True]
    assert of(**good | {"learned": (0.9, 0.88)}) == [True, True, False, True]
    assert of(**good | {"unmixed": (0.9, 0.9)}) == [True, True, True, False]
