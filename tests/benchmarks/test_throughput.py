"""The throughput harness on tiny pictures and a tiny model: each kind of arm runs, and ratios are what they say."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauxto.detect.npr import NPR
from fauxto.media.crops import CropSpec
from fauxto.run.appearance import Views
from fauxto.run.model import load
from tests.run import tiny
from tests.run.test_appearance import write_model

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import throughput
import throughput_arms as arms
import throughput_sets as sets
from throughput_arms import Cost, Work

SPEC = CropSpec(tiny.SIZE, tiny.COUNT)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for number, side in enumerate((300, 700, 900)):
        pixels = np.random.default_rng(number).integers(0, 256, (side, side + 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.jpg")
    return folder


@pytest.fixture(scope="module")
def files(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    kind = sets.Kind("600x500 jpeg", 600, 500, ".jpg", {"quality": 90}, 3)
    return sets.make(kind, sets.sources(photographs), tmp_path_factory.mktemp("made") / "set")


def test_a_set_is_cut_from_what_is_large_enough_and_says_what_is_not(files: list[Path]):
    assert [Image.open(path).size for path in files] == [(600, 500)] * 3
    assert [("enlarged" in path.name) for path in files] == [False, False, True]


def test_the_scan_is_timed_row_by_row(files: list[Path], tmp_path: Path):
    model = str(tiny.write_model(tmp_path / "model"))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(arms.FULL_DECODE)
    cost = arms.scan(files, 4, 2, model, tmp_path / "site")
    assert (cost["whole"].count, cost["steady"].count) == (12, 9)
    assert 0 < cost["steady"].wall < cost["whole"].wall
    assert 0 <= cost["steady"].cpu < cost["whole"].cpu  # of so little work, starting up may be all
    with pytest.raises(SystemExit, match="The scan failed"):
        arms.first_verdict(tmp_path / "none.jpg", model)


def test_loops_and_parts_count_what_they_did(files: list[Path]):
    loop = arms.TorchLoop(NPR(SPEC), threads=1)
    assert [x.shape for x in loop.read(files[0])] == [(tiny.COUNT, 3, tiny.SIZE, tiny.SIZE)]
    assert loop.run(files, batch=32, seconds=0).count == 32 / tiny.COUNT
    both = arms.TorchLoop(NPR(CropSpec(64, 2)), Views(80, 64), threads=1)
    assert [x.shape for x in both.read(files[0])] == [(2, 3, 64, 64), (2, 3, 64, 64)]
    assert both.run(files, batch=1, seconds=0).count == 1
    texts = [str(path) for path in files]
    for crop in (None, SPEC):
        cost = arms.side_by_side(arms.decode_pictures, texts, crop, seconds=0.05)
        assert cost.count >= 2 * len(files)
        assert cost.rate > 0 < cost.cpu_ms


def test_a_network_is_opened_once_and_counts_windows(tmp_path: Path):
    onnx = str(tiny.write_model(tmp_path / "model") / "model.onnx")
    assert arms.run_network("openvino", onnx, 3, tiny.SIZE) == 3
    assert arms.run_network("openvino", onnx, 3, tiny.SIZE) == 3
    assert list(arms._networks) == [("openvino", onnx)]


def test_work_is_counted_as_a_scan_does_it(files, tmp_path: Path):
    folder = write_model(tmp_path / "model")
    assert arms.work_of(load(folder), files) == Work(windows=2, whole=1, views=2)
    settled = write_model(tmp_path / "settled", settle={"steps": [{"below": 99, "instead": 0}]})
    assert arms.work_of(load(settled), files) == Work(windows=0, whole=1, views=1)
    alone = tiny.write_model(tmp_path / "alone")
    assert arms.work_of(load(alone), files) == Work(windows=2, whole=0, views=0)


def test_the_bound_adds_arithmetic_and_decoding_and_ratios_stay_within_a_round():
    """12 windows a second, three a picture, and 4 decoded pictures a second leave 2 pictures a second."""
    both = throughput._together([(3, [Cost(99, 1, 1), Cost(12, 1, 2)]), (1, [Cost(99, 1, 1), Cost(4, 1, 2)])], 1)
    assert both.rate == pytest.approx(2)
    assert both.cpu_ms == pytest.approx(1000)
    ours, theirs = [Cost(10, 1, 1), Cost(40, 1, 1)], [Cost(1, 1, 2), Cost(2, 1, 2)]
    assert throughput._ratio(ours, theirs) == {
        "by_clock": {"min": 10, "median": 15, "max": 20},
        "by_cpu": {"min": 20, "median": 30, "max": 40},
    }
