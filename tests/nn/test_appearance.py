"""The appearance network: moments of published maps, frozen, and two linear readings."""

import numpy as np
import pytest
import torch

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import save
from fauxto.nn.appearance import FAINT, FEATURES, SPREAD, TAPS, AppearanceNetwork, Moments, load_appearance
from fauxto.nn.efficientnet_lite import EfficientNetLite0


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((3, 3, 64, 64), dtype=np.float32))


def test_the_moments_are_those_of_the_classifiers_own_maps(pixels: torch.Tensor):
    torch.manual_seed(0)
    body = EfficientNetLite0().eval()
    with torch.no_grad():
        maps = body.maps((255 * pixels - 127) / 128)
        found = Moments(body).eval()(pixels).numpy()
    own = {tap: maps[tap].numpy().astype(np.float64) for tap in TAPS}
    means = [each.mean((2, 3)) for each in own.values()]
    expected = np.concatenate(means + [np.sqrt(own[tap].var((2, 3)) + FAINT) for tap in SPREAD], axis=1)
    assert found.shape == (3, FEATURES) == (3, 1488)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_view_does_not_see_the_others_even_while_the_head_trains(pixels: torch.Tensor):
    network = AppearanceNetwork().train()
    together, alone = network(pixels), torch.cat([network(each[None]) for each in pixels])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_weights_come_back_and_others_are_refused(pixels: torch.Tensor, tmp_path):
    network = AppearanceNetwork().eval()
    save(tmp_path / "own.safetensors", network.state_dict(), system="house appearance")
    assert torch.equal(load_appearance(tmp_path / "own.safetensors")(pixels), network(pixels))
    state = network.state_dict()
    state["head.weight"] = state["head.weight"][:1]
    save(tmp_path / "other.safetensors", state, system="house appearance")
    with pytest.raises(WeightError):
        load_appearance(tmp_path / "other.safetensors")
