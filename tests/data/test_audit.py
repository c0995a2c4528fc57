"""The leak audit: planted leaks are found and named, clean sets pass, and duplicates do not hide in a split."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fauxto.data.audit import LEAKY, audit
from fauxto.data.manifest import Sample
from fauxto.errors import InputError
from tests.data.miniatures import any_size, jpeg, make, png, scene


def rows(found):
    return {row.name: row for row in found.probes}


def leaks(found):
    return {row.name for row in found.probes if row.leaky}


def with_text(image, path, rng, i):
    info = PngInfo()
    info.add_text("parameters", "a cat, Steps: 20")
    path = path.with_suffix(".png")
    image.save(path, pnginfo=info)
    return path


def squares(rng):
    return (int(side := rng.choice([64, 128])), int(side))


PLANTED = {
    "png fakes against jpeg reals": ({"real": jpeg(), "fake": png}, {"container"}),
    "quality 96 against 75": ({"real": jpeg(96, 96), "fake": jpeg(75, 75)}, {"tables", "quality", "bits"}),
    "squares against odd sizes": (
        {"real": jpeg(), "fake": jpeg(), "real_size": any_size, "fake_size": squares},
        {"size", "aspect"},
    ),
    "metadata of the generator": ({"real": png, "fake": with_text}, {"metadata"}),
    "chroma subsampling": ({"real": jpeg(subsampling=0), "fake": jpeg(subsampling=2)}, {"container"}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found_and_named(name, tmp_path):
    plan, expected = PLANTED[name]
    found = audit(make(tmp_path, **plan), near=False)
    assert found.leaky and expected <= leaks(found)
    for probe in expected - {"bits"}:
        assert rows(found)[probe].auc >= (0.9 if probe == "aspect" else 0.99), probe
        assert rows(found)[probe].interval[0] > LEAKY
        assert rows(found)[probe].advice in found.advice
    assert not {"container", "size", "aspect", "metadata"} & (leaks(found) - expected)


def test_clean_sets_pass_over_seeds(tmp_path):
    """8 sets x 7 probes, the same law for both classes: no probe may call a leak."""
    flagged, aucs = 0, []
    for seed in range(8):
        size = any_size if seed % 2 else (lambda rng: (64, 64))
        samples = make(tmp_path / str(seed), jpeg(), jpeg(), seed=seed, real_size=size, fake_size=size)
        found = audit(samples, near=False, seed=seed)
        flagged += len(leaks(found))
        aucs += [row.auc for row in found.probes if row.auc is not None]
    assert flagged == 0
    assert len(aucs) == 8 * 7
    assert abs(np.mean(aucs) - 0.5) < 0.03


def test_one_leaking_generator_of_six_is_named(tmp_path):
    def one_png(image, path, rng, i):
        return (png if i % 6 == 3 else jpeg())(image, path, rng, i)

    found = audit(make(tmp_path, jpeg(), one_png, count=150), near=False)
    row = rows(found)["container"]
    assert row.leaky and row.worst == "gen-3" and row.worst_auc > 0.95
    assert row.auc < 0.7  # pooled over the generators it hardly shows


def test_a_habit_of_sources_does_not_carry_to_new_sources(tmp_path):
    """Each source and generator has a size of its own: size tells the classes, but not those of a new source."""
    rng = np.random.default_rng(0)
    samples = []
    for i in range(240):
        label, name = i % 2, i % 12
        side = 40 + 5 * int(np.random.default_rng(3).permutation(12)[name])
        path = jpeg()(scene(rng, side, side), tmp_path / f"{i}", rng, i)
        samples.append(Sample(str(path), label, f"g{name}" if label else "", f"s{name}"))
    row = rows(audit(samples, near=False))["size"]
    assert row.leaky and row.auc > 0.9
    assert row.new_sources < 0.75


def test_probes_that_cannot_look_say_so(tmp_path):
    found = rows(audit(make(tmp_path, png, png), near=False))
    assert "fewer than 20 groups" in found["quality"].status and found["quality"].auc is None
    assert found["container"].status == "ok"


def test_duplicates_over_splits_and_labels(tmp_path):
    samples = make(tmp_path, jpeg(), jpeg(), count=30)
    samples = [replace(s, split="test" if i % 3 == 0 else "train", source=f"{i}") for i, s in enumerate(samples)]
    clean = audit(samples)
    assert not clean.leaky and all(row.count == 0 for row in clean.bleeds)
    copy = tmp_path / "copy.jpg"
    shutil.copy(samples[0].path, copy)
    smaller = tmp_path / "smaller.png"
    with Image.open(samples[3].path) as image:
        image.resize((50, 50)).save(smaller)
    samples += [
        replace(samples[0], path=str(copy), split="train", source="x"),
        replace(samples[3], path=str(smaller), split="train", source="y"),
        Sample(str(jpeg()(scene(np.random.default_rng(99)), tmp_path / "c", np.random.default_rng(9), 0)), 1,
               split="train", parent=samples[6].path),
    ]  # fmt: skip
    counts = {row.name: row.count for row in audit(samples).bleeds}
    assert counts == {
        "exact duplicates": 1,
        "near-duplicates": 2,
        "two labels": 0,
        "duplicates over splits": 1,
        "near-duplicates over splits": 2,
        "parents over splits": 1,
        "sources over splits": 0,
    }
    assert audit(samples).leaky
    samples[-3] = replace(samples[-3], label=1)
    samples[5] = replace(samples[5], source="0")
    counts = {row.name: row for row in audit(samples, near=False).bleeds}
    assert counts["two labels"].count == 1 and str(copy) in counts["two labels"].examples[0]
    assert counts["sources over splits"].count == 1


def test_what_cannot_be_read_is_counted_and_too_little_is_refused(tmp_path):
    samples = make(tmp_path, jpeg(), jpeg(), count=25)
    Path(samples[0].path).write_bytes(b"")
    Path(samples[1].path).unlink()
    found = audit(samples, near=False)
    assert found.pictures == 48 and found.unread == {"empty": 1, "unreadable": 1}
    with pytest.raises(InputError, match=r"19 real pictures.*Not read: empty 1, unreadable 1"):
        audit([s for i, s in enumerate(samples) if s.label or i < 21], near=False)


def test_the_bytes_that_a_protocol_hands_on_are_what_is_audited(tmp_path):
    """PNG against JPEG is leaky on disk and clean once both are re-encoded alike in memory."""
    samples = make(tmp_path, jpeg(), png, count=40)
    assert audit(samples, near=False).leaky
    rng = np.random.default_rng(0)

    def matched(sample):
        path = jpeg()(Image.open(sample.path), tmp_path / "again", rng, 0)
        return path.read_bytes()

    assert not audit(samples, near=False, read=matched).leaky


def test_the_same_seed_gives_the_same_audit(tmp_path):
    samples = make(tmp_path, jpeg(), png, count=30)
    first, second = audit(samples, seed=3, most=25), audit(samples, seed=3, most=25)
    assert first.to_dict() | {"seconds": 0} == second.to_dict() | {"seconds": 0}
    assert first.pictures == 50
