"""Views made ahead: the same bits as laundering on the way, once; and pictures made smaller before they are cut."""

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample
from fauxto.data.patches import PatchStore, build, join
from fauxto.learn.ahead import launder_ahead
from fauxto.learn.augment import Laundering, laundered_crop


def store(label: int, count: int = 3) -> PatchStore:
    rng = np.random.default_rng(label)
    pixels = rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
    return PatchStore(pixels, np.arange(count), [Sample(f"{label}-{i}.png", label) for i in range(count)])


def test_views_are_what_laundering_gives(tmp_path):
    both = join(store(0), store(1))
    views = launder_ahead(both, tmp_path, versions=2, size=40, seed=5)
    assert len(views.pixels) == 12 and views.labels.tolist() == 2 * [0, 0, 0, 1, 1, 1]
    for version in range(2):
        for patch in range(6):
            rng = np.random.default_rng([5, version, patch])
            expected = laundered_crop(both.pixels[patch], 40, Laundering(), rng)
            assert np.array_equal(views.pixels[6 * version + patch], expected)


def test_views_are_made_once_and_per_setting(tmp_path):
    first = launder_ahead(store(0), tmp_path, versions=1, size=40)
    [file] = tmp_path.glob("views-*.npy")
    stamp = file.stat().st_mtime_ns
    again = launder_ahead(store(0), tmp_path, versions=1, size=40)
    assert file.stat().st_mtime_ns == stamp and np.array_equal(first.pixels, again.pixels)
    launder_ahead(store(0), tmp_path, versions=1, size=40, laundering=Laundering(final=0))
    launder_ahead(store(0), tmp_path, versions=2, size=40)
    assert len(list(tmp_path.glob("views-*.npy"))) == 3


def test_only_large_pictures_are_made_smaller(tmp_path):
    """A step edge every 100 pixels comes closer together by the factor of the shrinking."""
    stripes = np.zeros((1000, 1400, 3), np.uint8)
    stripes[:, (np.arange(1400) // 100) % 2 == 1] = 255
    Image.fromarray(stripes).save(tmp_path / "large.png")
    Image.fromarray(stripes[:400, :500]).save(tmp_path / "small.png")
    samples = [Sample(str(tmp_path / name), 0) for name in ("large.png", "small.png")]
    cut = build(samples, tmp_path / "store", size=256, per_picture=2, shrunk=True)
    assert [s.path for s in cut.samples] == [str(tmp_path / "large.png")]
    assert len(cut.pixels) == 2
    edges = np.flatnonzero(np.diff((cut.pixels[0][128, :, 0] > 127).astype(int)))
    assert (np.diff(edges) < 80).all() and (np.diff(edges) > 40).all()
    native = build(samples, tmp_path / "store", size=256, per_picture=2)
    assert len(native.samples) == 2
