"""PatchCraft against an independent numpy implementation, and its released layouts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate

from fauxto.detect.patchcraft import CARD, PatchCraft
from fauxto.errors import WeightError
from fauxto.media.crops import CropSpec
from fauxto.nn.srm import srm_bank

DEPTHS = {"group2": 4, "group3": 2, "group4": 2, "group5": 2}


def unsettled(detector: PatchCraft) -> PatchCraft:
    """Batch-norm statistics and biases away from their trivial initial values."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, value in detector.network().classifier.state_dict().items():
            if name.endswith(("running_mean", "bias")):
                value.copy_(0.1 * torch.randn(value.shape, generator=generator))
            elif name.endswith("running_var"):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))
        detector.network().classifier.fc2.weight.mul_(100)
    return detector


def small(draws: int = 1) -> PatchCraft:
    return unsettled(PatchCraft(CropSpec(32, 1), patch=4, cells=4, draws=draws))


def picture(seed: int, size: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def convolve(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    """3x3 convolution, then batch norm, in float64."""
    kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    x = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    y = np.stack(
        [sum(correlate(x[i], k[i], "valid") for i in range(len(x))) + b for k, b in zip(kernel, bias, strict=True)]
    )
    group, index = name.split(".")
    norm = {
        key: weights[f"{group}.{int(index) + 1}.{key}"] for key in ("weight", "bias", "running_mean", "running_var")
    }
    y = (y - norm["running_mean"][:, None, None]) / np.sqrt(norm["running_var"] + 1e-5)[:, None, None]
    return y * norm["weight"][:, None, None] + norm["bias"][:, None, None]


def pool(x: np.ndarray) -> np.ndarray:
    x = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    side = (x.shape[1] - 3) // 2 + 1
    return np.stack(
        [[x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].mean((1, 2)) for j in range(side)] for i in range(side)]
    ).transpose(2, 0, 1)


def forward(poor: np.ndarray, rich: np.ndarray, weights: dict[str, np.ndarray]) -> float:
    traces = []
    for x in (poor, rich):
        maps = np.stack([correlate(np.pad(c, 2), k[0], "valid") for c in x for k in weights["group1.hpf.weight"]])
        traces.append(np.clip(convolve(maps, weights, "group1_b.0"), -5, 5))
    x = traces[0] - traces[1]
    for group, depth in DEPTHS.items():
        for layer in range(depth):
            x = np.maximum(convolve(x, weights, f"{group}.{3 * layer}"), 0)
        x = x if group == "group5" else pool(x)
    return float(weights["fc2.weight"][0] @ x.mean((1, 2)) + weights["fc2.bias"][0])


def test_forward_equals_numpy():
    detector = small()
    image = picture(1)
    weights = {k: v.double().numpy() for k, v in detector.network().classifier.state_dict().items()}
    pair = detector.network().contrast(torch.from_numpy(image).permute(2, 0, 1)[None].double() / 255)
    expected = forward(*(x[0].numpy() for x in pair), weights)
    assert detector.score([image])[0] == pytest.approx(expected, abs=1e-4)


def test_the_published_number_of_parameters():
    assert sum(p.numel() for p in PatchCraft().network().parameters()) == CARD.parameters == 119_169
    assert sum(b.numel() for n, b in PatchCraft().network().named_buffers() if n.endswith("hpf.weight")) == 750


def test_constant_pictures_have_no_difference():
    network = small().network().eval()
    poor, rich = network.contrast(torch.full((1, 3, 32, 32), 0.4))
    difference = network.classifier.traces(poor) - network.classifier.traces(rich)
    assert difference.abs().max() == 0


def test_draws_are_averaged_and_differ():
    one, four = small(), small(draws=4)
    four.network().load_state_dict(one.network().state_dict())
    x = torch.from_numpy(one.preprocess(picture(2)))
    with torch.inference_mode():
        each = [float(one.network().eval().one_draw(x, draw)) for draw in range(4)]
    assert len(set(each)) == 4
    assert four.score([picture(2)])[0] == pytest.approx(np.mean(each), abs=1e-5)


def test_training_takes_fresh_places_and_evaluation_fixed_ones():
    network = small().network()
    network.classifier.eval()
    x = torch.rand(2, 3, 32, 32)
    network.training = True
    torch.manual_seed(0)
    with torch.no_grad():
        assert not torch.equal(network(x), network(x))
        network.training = False
        assert torch.equal(network(x), network(x))


CONVOLUTIONS = [f"{group}.{3 * layer}" for group, depth in DEPTHS.items() for layer in range(depth)]
RELEASED: dict[str, tuple[int, ...]] = {
    "group1_b.0.weight": (32, 90, 3, 3),
    "group1_b.0.bias": (32,),
    "fc2.weight": (1, 32),
    "fc2.bias": (1,),
    **{f"{name}.weight": (32, 32, 3, 3) for name in CONVOLUTIONS},
    **{f"{name}.bias": (32,) for name in CONVOLUTIONS},
}


def released() -> dict[str, torch.Tensor]:
    """A checkpoint with the released names, its filters in another order than ours."""
    generator = torch.Generator().manual_seed(1)
    tensors = {name: 0.1 * torch.randn(shape, generator=generator) for name, shape in RELEASED.items()}
    tensors["group1.hpf.weight"] = srm_bank().flip(0)[:, None]
    for name in ("group1_b.0", *CONVOLUTIONS):
        group, index = name.split(".")
        norm = f"{group}.{int(index) + 1}"
        for key in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{norm}.{key}"] = torch.rand(32, generator=generator) + 0.5
        tensors[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    return tensors


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"netC": s}, lambda s: {"netC": {"module." + k: v for k, v in s.items()}}]
)
def test_released_layouts_load_strictly_with_their_own_order_of_filters(tmp_path, wrap):
    tensors = released()
    torch.save(wrap(tensors), tmp_path / "RPTC.pth")
    detector = PatchCraft(CropSpec(32, 1), patch=4, cells=4)
    detector.load(str(tmp_path / "RPTC.pth"))
    own = detector.network().classifier.state_dict()
    assert own.keys() == tensors.keys()
    assert all(torch.equal(own[name], tensors[name]) for name in own)


def test_a_wrong_checkpoint_is_refused_by_name(tmp_path):
    tensors = released()
    del tensors["fc2.bias"]
    torch.save({"netC": tensors}, tmp_path / "short.pth")
    with pytest.raises(WeightError, match=r"missing: fc2\.bias"):
        PatchCraft().load(str(tmp_path / "short.pth"))


def test_augment_blurs_and_compresses_at_times():
    flat = np.full((64, 64, 3), 90, np.uint8)
    flat[:, 32:] = 160
    out = [PatchCraft().augment(flat, np.random.default_rng(seed)) for seed in range(200)]
    changed = np.mean([not (np.array_equal(o, flat) or np.array_equal(o, flat[:, ::-1])) for o in out])
    assert 0.08 < changed < 0.3
