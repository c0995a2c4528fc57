"""Splits: nothing that belongs together is cut, shares are kept, and what is impossible is refused with the reason."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.data.describe import describe
from fauxto.data.groups import groups, parents
from fauxto.data.manifest import Sample
from fauxto.data.split import SHARES, TOLERANCE, UNUSED, split
from fauxto.errors import InputError


def collection(count=600, sources=20, generators=6):
    return [
        Sample(
            f"/d/{i}.png",
            i % 2,
            generator=f"gen{i // 2 % generators}" if i % 2 else "",
            source=f"s{i % sources}",
            sha256=f"{i:064x}",
        )
        for i in range(count)
    ]


def shares_of(samples, label):
    counts = Counter(s.split for s in samples if s.label == label)
    return {name: counts[name] / counts.total() for name in SHARES}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_source_is_in_two_splits_and_the_shares_are_kept(seed):
    done = split(collection(), seed=seed)
    assert done.groups == 20 and done.largest[1] == 30
    seen = defaultdict(set)
    for sample in done.samples:
        seen[sample.source].add(sample.split)
    assert all(len(names) == 1 for names in seen.values())
    for label in (0, 1):
        for name, share in shares_of(done.samples, label).items():
            assert abs(share - SHARES[name]) <= TOLERANCE


def test_seeds_change_the_split_and_the_same_seed_does_not():
    first, again, other = (split(collection(), seed=seed).samples for seed in (4, 4, 5))
    assert first == again != other


def test_free_samples_are_divided_closely():
    done = split(collection(2000), by=["duplicate"])
    assert done.groups == 2000
    for label in (0, 1):
        assert shares_of(done.samples, label) == pytest.approx(SHARES, abs=0.01)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 6)), min_size=30, max_size=60))
def test_groups_are_never_cut(rows):
    samples = [
        Sample(f"/d/{i}.png", label, generator=f"g{source}" if label else "", source=f"s{source}" * (source > 0),
               sha256=f"{i:064x}", parent=f"{parent:064x}" if parent else "")
        for i, (label, source, parent) in enumerate(rows)
    ]  # fmt: skip
    try:
        done = split(samples, by=["source", "parent", "duplicate"], shares={"train": 0.6, "test": 0.4})
    except InputError as error:
        assert error.fix
        return
    place = {sample.path: sample.split for sample in done.samples}
    by_source, by_parent = defaultdict(set), defaultdict(set)
    for sample in done.samples:
        by_source[sample.source or sample.path].add(sample.split)
        if sample.parent:
            by_parent[sample.parent] |= {sample.split, place[f"/d/{int(sample.parent, 16)}.png"]}
    assert all(len(names) == 1 for names in [*by_source.values(), *by_parent.values()])


def test_near_duplicates_and_parents_stay_together():
    samples = collection(100)
    samples[0] = Sample("/d/child.png", 1, parent=samples[50].sha256[:40] + samples[50].sha256[40:])
    together = groups(samples, ["parent", "duplicate"], pairs=[(10, 20), (20, 30)])
    assert together[10] == together[20] == together[30]
    assert together[0] == together[50]
    assert len(set(together.tolist())) == 97


def test_a_parent_is_named_by_path_by_its_end_or_by_digits():
    samples = [
        Sample("/a/x.png", 0, sha256="0123456789abcdef" * 4),
        Sample("/b/x.png", 0, sha256="f" * 64),
        Sample("/b/y.png", 0, sha256="e" * 64),
        *(Sample(f"/c/{i}.png", 1, parent=name) for i, name in enumerate(["/a/x.png", "0123456789ab", "y.png", "y"])),
        *(Sample(f"/d/{i}.png", 1, parent=name) for i, name in enumerate(["x.png", "0123", "absent"])),
    ]
    assert parents(samples) == [(3, 0), (4, 0), (5, 2), (6, 2)]


def test_held_out_generators_go_to_test_alone_and_relatives_nowhere():
    samples = collection()
    samples = [
        Sample(
            s.path, s.label, "Flux-lora" if s.generator == "gen1" else "flux" if s.generator == "gen0" else s.generator
        )
        for s in samples
    ]
    done = split(samples, held_out=["FLUX"], by=["duplicate"]).samples
    assert {s.split for s in done if s.generator == "flux"} == {"test"}
    assert {s.split for s in done if s.generator == "Flux-lora"} == {UNUSED}
    assert {s.split for s in done if s.generator == "gen2"} == set(SHARES)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"shares": {"train": 0.8, "test": 0.1}}, "sum 1"),
        ({"shares": {"train": 1.5, "test": -0.5}}, "positive"),
        ({"by": ["colour"]}, "Cannot group by colour"),
        ({"held_out": ["gen9"]}, "no generator 'gen9'"),
        ({"held_out": ["gen1"], "held_out_split": "exam"}, "no split 'exam'"),
        ({"held_out": ["gen0", "gen1", "gen2", "gen3", "gen4", "gen5"], "by": ["duplicate"]}, "no fake picture"),
    ],
)
def test_what_makes_no_sense_is_refused(plan, said):
    with pytest.raises(InputError) as caught:
        split(collection(), **plan)
    assert said in caught.value.what and caught.value.fix


def test_one_source_cannot_be_divided_and_the_refusal_names_it():
    with pytest.raises(InputError) as caught:
        split(collection(sources=1))
    assert "600 of 600 pictures of source s0" in caught.value.what
    assert "--by parent,duplicate" in caught.value.fix


def test_describe_counts_every_class_and_the_short_sides():
    samples = [
        Sample("/a.jpg", 0, source="web", format="jpeg", quality=93, width=500, height=375),
        Sample("/b.jpg", 0, source="web", format="jpeg", quality=75, width=300, height=400),
        Sample("/c.png", 1, "flux", format="png", width=512, height=512),
        Sample("/d.png", 1),
    ]
    found = describe(iter(samples))
    assert found["pictures"] == 4 and found["label"] == {"fake": 2, "real": 2}
    assert found["generator"] == {"fake": {"flux": 1, "unknown": 1}, "real": {"unknown": 2}}
    assert found["quality"]["real"] == {"75-79": 1, "90-94": 1}
    assert found["short_side"]["real"]["0.5"] == 337.5
    assert found["short_side"]["fake"] == dict.fromkeys(["0", "0.05", "0.25", "0.5", "0.75", "0.95", "1"], 512.0)
