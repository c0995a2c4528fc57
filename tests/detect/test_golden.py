"""NPR and SAFE against an independent numpy implementation, and their exact properties."""

from __future__ import annotations

import argparse
import pickle

import numpy as np
import pytest
import pywt
import torch

from fauxto.detect.npr import NPR
from fauxto.detect.safe import SAFE, mask_cells
from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_tensors
from fauxto.media.crops import CropSpec
from tests.detect import numpy_half_resnet as oracle


def unsettled(detector):
    """Move the batch-norm statistics and biases away from their trivial initial values."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, value in detector.network().classifier.state_dict().items():
            if name.endswith(("running_mean", "bias")):
                value.copy_(0.1 * torch.randn(value.shape, generator=generator))
            elif name.endswith("running_var"):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return detector


def picture(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def weights(detector) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in detector.network().classifier.state_dict().items()}


def test_npr_forward_equals_numpy():
    detector = unsettled(NPR(CropSpec(64, 1)))
    image = picture(1)
    x = image.transpose(2, 0, 1)[None] / 255
    first = x[:, :, ::2, ::2].repeat(2, axis=2).repeat(2, axis=3)
    std = np.array([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    expected = oracle.forward((x - first) / std * 2 / 3, weights(detector))[0, 0]
    assert detector.score([image])[0] == pytest.approx(expected, abs=1e-4)


def test_safe_forward_equals_numpy():
    detector = unsettled(SAFE(CropSpec(64, 1)))
    image = picture(2)
    x = image.transpose(2, 0, 1) / 255
    band = np.stack([pywt.dwt2(channel, "bior1.3", mode="symmetric")[1][2] for channel in x])[None]
    expected = np.diff(oracle.forward(stretch(band, 64), weights(detector)))[0, 0]
    assert detector.score([image])[0] == pytest.approx(expected, abs=1e-4)


def stretch(band: np.ndarray, size: int) -> np.ndarray:
    """Bilinear interpolation with half-pixel centres, one axis at a time."""
    for axis in (2, 3):
        length = band.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, length - 1)
        share = (at - low).reshape([-1 if a == axis else 1 for a in range(4)])
        band = band.take(low, axis) * (1 - share) + band.take(high, axis) * share
    return band


@pytest.mark.parametrize("system", [NPR, SAFE])
def test_parameter_count_is_the_published_one(system):
    assert sum(p.numel() for p in system().network().parameters()) == system.card.parameters


def test_npr_is_blind_to_a_constant_and_to_nearest_neighbour_up_sampling():
    residual = NPR().network().residual
    x = torch.rand(2, 3, 32, 32)
    assert torch.allclose(residual(x + 0.25), residual(x), atol=1e-6)
    assert residual(x.repeat_interleave(2, 2).repeat_interleave(2, 3)).abs().max() == 0


def test_safe_band_is_zero_on_nearest_neighbour_up_sampling():
    doubled = torch.rand(1, 3, 16, 16).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert SAFE().network().band(doubled).abs().max() < 1e-6


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.75])
def test_mask_zeroes_the_stated_number_of_cells(ratio):
    masked = mask_cells(np.full((128, 128, 3), 9, np.uint8), ratio, np.random.default_rng(0))
    cells = masked.reshape(8, 16, 8, 16, 3).transpose(0, 2, 1, 3, 4).reshape(64, -1)
    assert (cells.max(1) == 0).sum() == int(128 * 128 * ratio / 256)
    assert set(np.unique(masked)) <= {0, 9}


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"model": s}, lambda s: {"module." + k: v for k, v in s.items()}]
)
def test_released_layouts_load_strictly(tmp_path, wrap):
    trained = unsettled(NPR(CropSpec(64, 1)))
    torch.save(wrap(trained.network().classifier.state_dict()), tmp_path / "NPR.pth")
    fresh = NPR(CropSpec(64, 1))
    fresh.load(str(tmp_path / "NPR.pth"))
    assert fresh.score([picture(3)]) == trained.score([picture(3)])


def test_safe_training_checkpoint_loads(tmp_path):
    trained = unsettled(SAFE(CropSpec(64, 1)))
    training = {
        "model": trained.network().classifier.state_dict(),
        "optimizer": {"state": {}, "param_groups": []},
        "epoch": "best",
        "scaler": {},
        "args": argparse.Namespace(blr=1e-2),
    }
    torch.save(training, tmp_path / "checkpoint-best.pth")
    fresh = SAFE(CropSpec(64, 1))
    fresh.load(str(tmp_path / "checkpoint-best.pth"))
    assert fresh.score([picture(4)]) == trained.score([picture(4)])


def test_a_wrong_checkpoint_is_refused_by_name(tmp_path):
    torch.save(SAFE().network().classifier.state_dict(), tmp_path / "other.pth")
    with pytest.raises(WeightError, match=r"fc1\.weight: expected \(1, 512\), got \(2, 512\)"):
        NPR().load(str(tmp_path / "other.pth"))
    tensors = NPR().network().classifier.state_dict()
    del tensors["fc1.bias"]
    torch.save(tensors, tmp_path / "short.pth")
    with pytest.raises(WeightError, match=r"missing: fc1\.bias"):
        NPR().load(str(tmp_path / "short.pth"))


class _Payload:
    def __reduce__(self):
        return print, ("this must never run",)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, capsys):
    torch.save({"model": {"fc1.bias": torch.zeros(1)}, "args": _Payload()}, tmp_path / "evil.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(_Payload()))
    for name in ("evil.pth", "plain.pth"):
        with pytest.raises(WeightError, match="could run code"):
            load_tensors(tmp_path / name)
    assert "never run" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"PK\x03\x04 not a zip"])
def test_rubbish_weights_are_refused(tmp_path, content):
    for name in ("rubbish.pth", "rubbish.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightError):
            load_tensors(tmp_path / name)
