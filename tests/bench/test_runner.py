"""The runner: nothing scored twice, nothing lost, a failure is a status, the fingerprint sees every change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fauxto.bench.cache import Cache
from fauxto.bench.runner import RAW, fingerprint, score
from fauxto.data.manifest import Sample
from fauxto.errors import InputError, ResourceError
from fauxto.launder import apply
from fauxto.media.decode import decode
from tests.bench.pictures import Tiny, reddish, write


@pytest.fixture
def samples(tmp_path):
    return write(tmp_path / "pictures", {"": 3, "alpha": 3})


def counted(detector, seen):
    plain = detector.score
    detector.score = lambda images: (seen.append(1), plain(images))[1]
    return detector


def test_scores_are_those_of_the_laundered_pixels(samples, tmp_path):
    tiny = reddish()
    with Cache(tmp_path / "c.sqlite") as cache:
        found = score({"tiny": tiny}, samples, [RAW, "jpeg:50"], cache)
    for i, sample in enumerate(samples):
        pixels = decode(Path(sample.path).read_bytes())
        assert found.logits["tiny"][RAW][i] == tiny.score([pixels])[0]
        assert found.logits["tiny"]["jpeg:50"][i] == tiny.score([apply(pixels, "jpeg:50")])[0]
        assert found.facts[RAW][i].format == "png" and found.facts["jpeg:50"][i].quality == 50
    assert found.seconds["tiny"] > 0


def test_a_second_run_computes_nothing_even_of_moved_files(samples, tmp_path):
    seen = []
    with Cache(tmp_path / "c.sqlite") as cache:
        first = score({"tiny": counted(reddish(), seen)}, samples, [RAW, "noise:5"], cache)
        assert len(seen) == 12
    moved = []
    for i, sample in enumerate(samples):
        target = Path(sample.path).with_name(f"moved-{i}.png")
        Path(sample.path).rename(target)
        moved.append(replace(sample, path=str(target)))
    with Cache(tmp_path / "c.sqlite") as cache:
        again = score({"tiny": counted(reddish(), seen)}, moved, [RAW, "noise:5"], cache)
    assert len(seen) == 12
    np.testing.assert_array_equal(first.logits["tiny"]["noise:5"], again.logits["tiny"]["noise:5"])


def test_a_stopped_run_goes_on_where_it_was(samples, tmp_path):
    seen = []

    def stop():
        if len(seen) == 4:
            raise KeyboardInterrupt

    tiny = counted(reddish(), seen)
    with pytest.raises(KeyboardInterrupt), Cache(tmp_path / "c.sqlite") as cache:
        score({"tiny": tiny}, samples, [RAW], cache, step=stop)
    with Cache(tmp_path / "c.sqlite") as cache:
        score({"tiny": tiny}, samples, [RAW], cache)
    assert len(seen) == len(samples)


def test_an_unchanged_file_is_not_read_again(samples, tmp_path, monkeypatch):
    with Cache(tmp_path / "c.sqlite") as cache:
        first = score({"tiny": reddish()}, samples, [RAW], cache)
    monkeypatch.setattr("fauxto.bench.runner.read_bytes", lambda place: pytest.fail("read again"))
    with Cache(tmp_path / "c.sqlite") as cache:
        again = score({"tiny": reddish()}, samples, [RAW], cache)
    np.testing.assert_array_equal(again.logits["tiny"][RAW], first.logits["tiny"][RAW])
    assert again.facts[RAW] == first.facts[RAW] and set(again.status["tiny"][RAW]) == {"ok"}


def test_a_failure_is_a_status_never_a_score(samples, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(Path(samples[0].path).read_bytes()[:200])
    empty = tmp_path / "empty.jpg"
    empty.write_bytes(b"")
    all_of_them = [*samples, Sample(str(broken), 1), Sample(str(empty), 1), Sample(str(tmp_path / "none.png"), 0)]
    with Cache(tmp_path / "c.sqlite") as cache:
        found = score({"tiny": reddish()}, all_of_them, [RAW], cache)
    assert np.isnan(found.logits["tiny"][RAW][-3:]).all() and np.isfinite(found.logits["tiny"][RAW][:-3]).all()
    assert found.status["tiny"][RAW][-3:] == ["truncated", "empty", "unreadable"]
    assert len(found.samples) == len(all_of_them)


def test_a_network_that_fails_is_tried_again(samples, tmp_path):
    tiny = reddish()
    tiny.score = lambda images: np.array([np.inf])
    with Cache(tmp_path / "c.sqlite") as cache, pytest.raises(InputError, match="not one picture: not_finite"):
        score({"tiny": tiny}, samples, [RAW], cache)

    def out_of_memory(images):
        raise RuntimeError("out of memory")

    other = Tiny()
    other.score = out_of_memory
    with Cache(tmp_path / "c.sqlite") as cache:
        with pytest.raises(InputError, match="RuntimeError"):
            score({"tiny": other}, samples, [RAW], cache)
        del other.score
        assert np.isfinite(score({"tiny": other}, samples, [RAW], cache).logits["tiny"][RAW]).all()


def test_the_fingerprint_sees_weights_and_windows():
    tiny, other = reddish(), reddish()
    assert fingerprint(tiny) == fingerprint(other)
    with torch.no_grad():
        other.network().linear.bias += 1e-6
    assert fingerprint(tiny) != fingerprint(other)
    smaller = reddish()
    smaller.crop = replace(smaller.crop, size=16)
    assert fingerprint(tiny) != fingerprint(smaller)


def test_a_wrong_chain_and_a_damaged_cache_are_refused(samples, tmp_path):
    with Cache(tmp_path / "c.sqlite") as cache, pytest.raises(InputError, match="no operator"):
        score({"tiny": reddish()}, samples, ["sepia"], cache)
    (tmp_path / "bad.sqlite").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(ResourceError, match="cannot be used"), Cache(tmp_path / "bad.sqlite"):
        pass
