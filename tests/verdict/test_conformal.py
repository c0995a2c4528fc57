"""Conformal p-values: the law by counting every order, coverage by simulation, ties, small sets, bounds."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.errors import ContractError, InputError, WeightError
from fauxto.verdict.conformal import p_value, threshold, voters
from tests.verdict.reference import uniform

LOGITS = st.lists(st.integers(-8, 8).map(float), min_size=1, max_size=60).map(sorted)


def populations(**logits: list[float]) -> dict[str, dict[str, list[float]]]:
    return {name: {"logits": sorted(values)} for name, values in logits.items()}


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_the_law_of_p_is_uniform_over_every_order(n: int) -> None:
    """Over all (n + 1)! orders of n references and a picture, every p-value has an equal share."""
    drawn = [
        p_value(float(order[-1]), populations(only=[float(v) for v in order[:-1]]))[0]
        for order in itertools.permutations(range(n + 1))
    ]
    for k in range(1, n + 2):
        assert drawn.count(k / (n + 1)) == math.factorial(n)


@pytest.mark.parametrize("values", list(itertools.combinations_with_replacement(range(3), 5)))
def test_ties_only_make_p_larger(values: tuple[int, ...]) -> None:
    """Over every order of values with ties, Pr(p <= k / (n + 1)) stays at or below k / (n + 1)."""
    drawn = [
        p_value(float(order[-1]), populations(only=[float(v) for v in order[:-1]]))[0]
        for order in itertools.permutations(values)
    ]
    for k in range(1, 6):
        assert sum(p <= k / 5 for p in drawn) <= len(drawn) * k / 5


@given(LOGITS, st.integers(-9, 9).map(float))
def test_p_counts_the_references_at_or_above(logits: list[float], logit: float) -> None:
    p, alone = p_value(logit, populations(only=logits), fpr=0.5)
    assert p == alone["only"] == (1 + sum(v >= logit for v in logits)) / (len(logits) + 1)


@given(LOGITS, LOGITS, st.floats(-9, 9), st.floats(-9, 9), st.sampled_from([0.02, 0.05, 0.1, 0.3]))
def test_a_higher_logit_never_has_a_higher_p(
    first: list[float], second: list[float], a: float, b: float, fpr: float
) -> None:
    sets = populations(first=first, second=second)
    low, high = sorted((a, b))
    assert p_value(high, sets, fpr)[0] <= p_value(low, sets, fpr)[0]


@given(LOGITS, LOGITS, LOGITS, st.floats(-9, 9), st.sampled_from([0.02, 0.05, 0.1, 0.3]))
def test_another_population_never_makes_a_call_easier(
    first: list[float], second: list[float], third: list[float], logit: float, fpr: float
) -> None:
    """Given one population that can speak, more populations can only take calls away."""
    few, many = populations(first=first), populations(first=first, second=second, third=third)
    if voters(few, fpr):
        assert p_value(logit, few, fpr)[0] <= p_value(logit, many, fpr)[0]


@given(LOGITS, LOGITS, st.floats(-9, 9), st.sampled_from([0.02, 0.05, 0.1, 0.29, 0.3]))
def test_the_threshold_is_where_the_call_begins(
    first: list[float], second: list[float], logit: float, fpr: float
) -> None:
    sets = populations(first=first, second=second)
    bar = threshold(sets, fpr)
    for x in [logit, *first, *second]:
        assert (p_value(x, sets, fpr)[0] <= fpr) == (bar is not None and x > bar)


@given(st.integers(1, 400), st.integers(1, 400))
def test_who_can_speak(n: int, one_in: int) -> None:
    fpr = 1 / (one_in + 1)
    assert bool(voters({"only": uniform(n)}, fpr)) == (n >= one_in)


def test_the_sizes_at_which_a_set_begins_to_speak() -> None:
    assert not voters({"only": uniform(98)}, 0.01)
    assert voters({"only": uniform(99)}, 0.01)
    assert not voters({"only": uniform(998)}, 0.001)
    assert voters({"only": uniform(999)}, 0.001)


def test_without_a_voter_nothing_is_ever_called() -> None:
    sets = {"a": uniform(50), "b": uniform(98)}
    p, alone = p_value(1e9, sets, 0.01)
    assert p == max(alone.values()) > 0.01
    assert threshold(sets, 0.01) is None


def test_a_small_population_objects_but_does_not_speak() -> None:
    sets = {"large": uniform(999), "small": {"logits": [0.0] * 49 + [5.0]}}
    objected, alone = p_value(4.0, sets, 0.01)
    assert alone == {"large": 1 / 1000, "small": 2 / 51}
    assert objected == 1 / 51 > 0.01
    assert p_value(5.5, sets, 0.01)[0] == 1 / 1000
    assert threshold(sets, 0.01) == 5.0


@pytest.mark.parametrize("n", [19, 20, 99, 150])
def test_coverage_by_simulation(n: int) -> None:
    """Fresh references and a fresh picture each time, within five binomial standard errors."""
    rng = np.random.default_rng(n)
    draws, fpr = 4000, 0.05
    called = 0
    for _ in range(draws):
        sample = rng.standard_cauchy(n + 1)
        called += p_value(float(sample[0]), populations(only=sample[1:].tolist()), fpr)[0] <= fpr
    exact = math.floor(fpr * (n + 1)) / (n + 1)
    assert abs(called / draws - exact) < 5 * math.sqrt(exact * (1 - exact) / draws)
    assert exact <= fpr


@pytest.mark.parametrize("source", ["dull", "lively", "mixture"])
def test_the_maximum_holds_whichever_population_a_picture_comes_from(source: str) -> None:
    """Two sets that look quite different, and a small one: no source of photographs exceeds the bound."""
    rng = np.random.default_rng(3)
    draws, fpr = 3000, 0.05
    called = 0
    for _ in range(draws):
        dull, lively, few = rng.normal(0, 1, 60), rng.normal(1.5, 2, 120), rng.normal(0.5, 1, 8)
        kind = source if source != "mixture" else str(rng.choice(["dull", "lively"], p=[0.8, 0.2]))
        x = float(rng.normal(0, 1) if kind == "dull" else rng.normal(1.5, 2))
        sets = populations(dull=dull.tolist(), lively=lively.tolist(), few=few.tolist())
        called += p_value(x, sets, fpr)[0] <= fpr
    assert called / draws <= fpr + 3 * math.sqrt(fpr * (1 - fpr) / draws)


def test_a_photograph_of_the_small_kind_is_called_no_more_than_its_size_allows() -> None:
    rng = np.random.default_rng(4)
    draws, fpr, few = 3000, 0.02, 9
    called = 0
    for _ in range(draws):
        small = rng.normal(3, 1, few + 1)
        sets = populations(large=rng.normal(0, 1, 60).tolist(), small=small[1:].tolist())
        called += p_value(float(small[0]), sets, fpr)[0] <= fpr
    bound = 1 / (few + 1)
    assert called / draws <= bound + 3 * math.sqrt(bound * (1 - bound) / draws)
    assert called > 0


@pytest.mark.parametrize("fpr", [0.0, 1.0, -0.1, 2.0, math.nan])
def test_a_bound_that_is_none_is_refused(fpr: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        p_value(0.0, {"only": uniform(10)}, fpr)


@pytest.mark.parametrize("sets", [{}, {"empty": {"logits": []}}, {"a": {"logits": [0.0]}, "b": {}}])
def test_populations_without_photographs_are_refused(sets: dict[str, dict[str, list[float]]]) -> None:
    with pytest.raises(WeightError, match="none of them empty"):
        p_value(0.0, sets)


@pytest.mark.parametrize("logit", [math.nan, math.inf])
def test_a_broken_logit_is_never_called(logit: float) -> None:
    with pytest.raises(ContractError, match="finite"):
        p_value(logit, {"only": uniform(999)})
