"""The exported feature network computes what the network computes, from any thread, or is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from fauxto.errors import ContractError, ResourceError
from fauxto.learn.engine import TOLERANCE, check, fast_engine, torch_engine
from fauxto.nn.feature_network import FeatureNetwork, Shape, random_network
from fauxto.nn.swin import tiny_swin

NETWORK = random_network(0)
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 3, 64, 64)).astype(np.float32)


def test_it_equals_the_network_from_several_threads_and_from_its_file(tmp_path):
    engine = fast_engine(NETWORK, tmp_path)
    expected = torch_engine(NETWORK)(PIXELS)
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(engine, [PIXELS] * 4):
            np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    (file,) = tmp_path.glob("*.onnx")
    stamp = file.stat().st_mtime_ns
    np.testing.assert_array_equal(fast_engine(NETWORK, tmp_path)(PIXELS), engine(PIXELS))
    assert file.stat().st_mtime_ns == stamp
    assert check(NETWORK, engine) < TOLERANCE


def test_a_file_of_another_network_is_refused(tmp_path):
    fast_engine(NETWORK, tmp_path)
    other = random_network(1)
    other.identity = NETWORK.identity
    with pytest.raises(ContractError, match="differs by"):
        fast_engine(other, tmp_path)


def test_what_cannot_be_exported_is_said():
    class Odd(torch.nn.Module):
        def forward(self, pixels):
            return torch.linalg.eigvals(pixels.mean((1, 2))[:, None] * torch.eye(64)).real

    network = FeatureNetwork(Odd(), Shape(64, 64, "bilinear"), "odd")
    with pytest.raises(ResourceError, match="cannot be exported") as caught:
        fast_engine(network)
    assert "--engine torch" in caught.value.fix


def test_a_transformer_exports_with_a_free_batch():
    body = tiny_swin(1)
    network = FeatureNetwork(body, Shape(body.size, body.feature_width, "bicubic"), body.identity)
    pixels = 255 * np.random.default_rng(0).random((5, 3, body.size, body.size)).astype(np.float32)
    np.testing.assert_allclose(fast_engine(network)(pixels), network.features(pixels), atol=1e-5)
