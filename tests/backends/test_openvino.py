"""How OpenVINO is set up: on one thread, in the numbers of every other machine."""

from pathlib import Path

import numpy as np
import pytest

from fauxto.backends.openvino import OpenvinoNetwork
from fauxto.errors import ContractError
from tests.run import tiny


def test_openvino_computes_in_float32(tmp_path: Path):
    """Left to itself it takes bfloat16 where the CPU has it, and the same picture has another logit there."""
    compiled = OpenvinoNetwork(tiny.write_model(tmp_path / "m") / "model.onnx")._request.get_compiled_model()
    assert str(compiled.get_property("INFERENCE_PRECISION_HINT")) == "<Type: 'float32'>"
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1


def test_pixels_that_do_not_fit_are_refused(tmp_path: Path):
    """The runtime alone would answer them with what it held before."""
    network = OpenvinoNetwork(tiny.write_model(tmp_path / "m") / "model.onnx")
    fitting = np.ones((2, 3, tiny.SIZE, tiny.SIZE), np.float32)
    assert network(fitting) == pytest.approx(tiny.GAIN / 2)
    for wrong in (fitting[:, :, 1:], fitting[0], fitting[:, :1], np.ones((1, 3, 40, 40), np.float32)):
        with pytest.raises(ContractError, match="takes pixels of shape"):
            network(wrong)
