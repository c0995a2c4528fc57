"""Loading a model: what is checked before a byte of it is trusted, and what it computes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fauxto.errors import ContractError, FauxtoError, WeightError
from fauxto.run.model import BACKENDS, Model, load
from tests.run import tiny


def edited(tmp_path: Path, **changes) -> Path:
    folder = tiny.write_model(tmp_path / "edited")
    description = json.loads((folder / "model.json").read_text()) | changes
    (folder / "model.json").write_text(
        json.dumps({key: value for key, value in description.items() if value is not None})
    )
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("level", [0, 7, 128, 255])
def test_the_logit_is_the_closed_form(model: str, backend: str, level: int):
    crops = np.full((2, tiny.SIZE, tiny.SIZE, 3), level, np.uint8)
    assert load(model, backend).score(crops, tiny.no_whole).logit == pytest.approx(
        tiny.GAIN * (level / 255 - 0.5), abs=1e-4
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_windows_do_not_see_each_other(model: str, backend: str):
    crops = np.random.default_rng(0).integers(0, 256, (5, tiny.SIZE, tiny.SIZE, 3)).astype(np.uint8)
    opened = load(model, backend)
    alone = np.concatenate([opened.logits(crops[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(opened.logits(crops), alone, atol=1e-5)
    assert opened.score(crops, tiny.no_whole).logit == pytest.approx(float(alone.mean()), abs=1e-5)


def test_the_same_windows_give_the_same_bits(model: str):
    crops = np.random.default_rng(1).integers(0, 256, (2, tiny.SIZE, tiny.SIZE, 3)).astype(np.uint8)
    first, again = load(model), load(model)
    assert len({each.score(crops, tiny.no_whole) for each in (first, first, again)}) == 1


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((1, tiny.SIZE, tiny.SIZE, 3), np.float32),
        np.zeros((1, tiny.SIZE + 2, tiny.SIZE, 3), np.uint8),
        np.zeros((tiny.SIZE, tiny.SIZE, 3), np.uint8),
    ],
)
def test_other_windows_are_refused(model: str, crops: np.ndarray):
    with pytest.raises(ContractError, match="Expected uint8 windows"):
        load(model).logits(crops)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 64}, "expected sha256 000"),
        ({"onnx": "other.onnx"}, "Cannot read"),
        ({"calibration": None}, "'calibration'"),
        ({"populations": []}, "'populations'"),
        ({"crop": {"size": 33, "count": 1}}, "'crop'"),
        ({"crop": {"size": 32}}, "'crop'"),
        ({"pooling": "max"}, "pooling 'max'"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path: Path, changes: dict, message: str):
    with pytest.raises(WeightError, match=message):
        load(edited(tmp_path, **changes))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"name": 3}'])
def test_a_broken_description_is_refused(tmp_path: Path, text: bytes):
    folder = tiny.write_model(tmp_path / "m")
    (folder / "model.json").write_bytes(text)
    with pytest.raises(WeightError):
        load(folder)


def test_a_network_elsewhere_is_not_reached(tmp_path: Path):
    """The name of the ONNX file cannot lead out of the model's folder."""
    outside = tiny.write_model(tmp_path / "outside")
    folder = edited(tmp_path, onnx=f"../outside/{(outside / 'model.onnx').name}")
    assert Model(folder)._onnx.parent == folder


def test_unknown_names_say_what_there_is(tmp_path: Path, model: str):
    with pytest.raises(WeightError, match=r"No model\.json"):
        load(tmp_path)
    with pytest.raises(WeightError, match="no shipped model"):
        load("no-such-model")
    with pytest.raises(FauxtoError, match="Unknown backend"):
        load(model, "abacus")


def test_one_changed_byte_of_the_network_is_noticed(tmp_path: Path):
    folder = tiny.write_model(tmp_path / "m")
    onnx = bytearray((folder / "model.onnx").read_bytes())
    onnx[len(onnx) // 2] ^= 1
    (folder / "model.onnx").write_bytes(onnx)
    with pytest.raises(WeightError, match="is not the network of"):
        load(folder)


def test_loading_imports_no_runtime_and_scoring_no_torch_and_no_telemetry(model: str):
    script = (
        "import sys, numpy as np\n"
        "from fauxto.run.model import load\n"
        f"opened = load({model!r})\n"
        "assert 'openvino' not in sys.modules\n"
        f"opened.score(np.zeros((1, {tiny.SIZE}, {tiny.SIZE}, 3), np.uint8), None)\n"
        "assert 'openvino' in sys.modules\n"
        "print([name for name in ('torch', 'onnxruntime', 'openvino_telemetry') if name in sys.modules])\n"
        "import openvino.tools.ovc\n"  # hidden only while OpenVINO was imported
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_onnx_runtime_keeps_no_diary(model: str, tmp_path: Path):
    """Unless told otherwise before it is imported, it stores events in the home folder, to be sent to its maker."""
    script = f"import numpy, fauxto; fauxto.load({model!r}, 'onnxruntime').open()"
    unaware = f"import onnxruntime; onnxruntime.InferenceSession({model + '/model.onnx'!r})"
    kept = []
    for name, code in (("fauxto", script), ("unaware", unaware)):
        (tmp_path / name).mkdir()
        home = {"HOME": str(tmp_path / name), "XDG_CACHE_HOME": "", "PYTHONPATH": os.pathsep.join(sys.path)}
        environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"} | home
        assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
        kept.append([path.name for path in (tmp_path / name).rglob("*") if path.is_file()])
    assert kept[0] == []
    if not kept[1]:
        pytest.skip("this version of ONNX Runtime keeps no diary in the home folder anyway")
