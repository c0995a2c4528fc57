"""`fauxto train` of detectors that are not trained: the threshold of the quantile, on rows that are not held out."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from fauxto.cli.train import train
from fauxto.data.manifest import Sample
from fauxto.detect.aeroblade import AEROBLADE
from fauxto.detect.npr import NPR
from fauxto.detect.rigid import RIGID
from fauxto.errors import InputError, WeightError
from fauxto.launder import apply
from fauxto.learn.histories import HISTORIES
from fauxto.learn.threshold import calibrate, is_only_calibrated
from fauxto.media.crops import CropSpec

REALS, WORDS = 9, ("real", "generated")
rng = np.random.default_rng(0)


def picture(label: int) -> np.ndarray:
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((96, 80), Image.Resampling.BICUBIC), float)
    return np.clip(smooth + rng.normal(0, 2 + 30 * label, smooth.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    rows = []
    for label, split, count in ((0, "train", REALS), (1, "train", 4), (0, "test", 3), (1, "calibration", 2)):
        for i in range(count):
            Image.fromarray(picture(label)).save(folder / f"{label}{split}{i}.png")
            rows.append({"path": f"{label}{split}{i}.png", "label": WORDS[label], "split": split})
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows.append({"path": "broken.png", "label": "real", "split": "train"})
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "manifest.csv"


def pixels_of(manifest, label: int, count: int) -> list[np.ndarray]:
    return [np.asarray(Image.open(manifest.parent / f"{label}train{i}.png")) for i in range(count)]


@pytest.mark.parametrize("launder", [False, True])
def test_train_writes_the_threshold_that_calibrate_sets_in_python(manifest, tmp_path, capsys, launder):
    assert train("rigid", data=manifest, out=tmp_path, backbone="tiny", launder=launder, false_alarms=0.25) == 0
    told = json.loads(capsys.readouterr().out)
    reals, fakes = pixels_of(manifest, 0, REALS), pixels_of(manifest, 1, 4)
    if launder:
        reals, fakes = (
            [apply(x, HISTORIES[i % len(HISTORIES)], seed=i) for i, x in enumerate(images)] for images in (reals, fakes)
        )
    expected = RIGID(backbone="tiny")
    expected.calibrate(reals, fakes, 0.25)
    found = RIGID(backbone="tiny")
    found.load(str(tmp_path / "weights.safetensors"))
    np.testing.assert_array_equal(found.score(reals + fakes), expected.score(reals + fakes))
    above = float(np.mean(found.score(reals) > 0))
    assert (told["reals"], told["fakes"], told["left_out"], told["trained"], told["steps"]) == (REALS, 4, 1, False, 0)
    assert told["reals_above_threshold"] == round(above, 4) <= 0.25 and told["direction_by_fakes"]
    kept = json.loads((tmp_path / "training.json").read_text())
    assert list(kept["skipped"]) == [str(manifest.parent / "broken.png")]


def test_a_detector_that_asks_for_reals_alone_is_given_reals_alone(manifest, tmp_path, capsys):
    detector = AEROBLADE(**AEROBLADE.small)
    samples = [Sample(str(manifest.parent / f"{label}train{i}.png"), label) for label in (0, 1) for i in range(4)]
    told = calibrate(detector, samples, 0.3, histories=False)
    assert (told["reals"], told["fakes"], told["direction_by_fakes"]) == (4, 0, False)
    expected = AEROBLADE(CropSpec(64, 1), backbone="tiny")
    expected.calibrate(pixels_of(manifest, 0, 4), 0.3)
    reals = pixels_of(manifest, 0, 4)
    np.testing.assert_array_equal(detector.score(reals), expected.score(reals))


def test_what_cannot_be_calibrated_is_refused(manifest, tmp_path):
    fakes = [Sample(str(manifest.parent / "1train0.png"), 1)]
    with pytest.raises(InputError, match="none of the 1 rows"):
        calibrate(RIGID(backbone="tiny"), fakes)
    with pytest.raises(InputError, match="lies between 0 and 1"):
        train("rigid", data=manifest, out=tmp_path, backbone="tiny", false_alarms=1.5)
    with pytest.raises(WeightError):
        train("rigid", data=manifest, out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_only_what_is_not_trained_is_calibrated():
    assert is_only_calibrated(RIGID(backbone="tiny")) and is_only_calibrated(AEROBLADE(**AEROBLADE.small))
    assert not is_only_calibrated(NPR())
