"""How OpenVINO is set up: on one thread, in the numbers of every other machine."""

from pathlib import Path

from fauxto.backends.openvino import OpenvinoNetwork
from tests.run import tiny


def test_openvino_computes_in_float32(tmp_path: Path):
    """Left to itself it takes bfloat16 where the CPU has it, and the same picture has another logit there."""
    compiled = OpenvinoNetwork(tiny.write_model(tmp_path / "m") / "model.onnx")._request.get_compiled_model()
    assert str(compiled.get_property("INFERENCE_PRECISION_HINT")) == "<Type: 'float32'>"
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
