"""UnivFD and RINE: heads on a frozen backbone, against numpy, in the layouts that their authors published."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import safe_open
from sklearn.neighbors import NearestNeighbors

from fauxto.detect.rine import RINE
from fauxto.detect.univfd import UnivFD, nearest_neighbour
from fauxto.errors import WeightError
from fauxto.learn.features import entry, features
from fauxto.learn.probe import fit_linear
from fauxto.nn.clip import tiny_clip_tower

RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8) for _ in range(3)]


def windows(detector) -> np.ndarray:
    return np.concatenate([detector.preprocess(picture) for picture in PICTURES])


def numpy_rine(blocks: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
    """`(n, depth, width)` to logits, from the formulas of the paper."""

    def linear(x, name):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    for index in (1, 4):
        blocks = np.maximum(linear(blocks, f"proj1.{index}"), 0)
    weights = np.exp(state["alpha"]) / np.exp(state["alpha"]).sum(1, keepdims=True)
    z = (weights * blocks).sum(1)
    for index in (1, 4):
        z = np.maximum(linear(z, f"proj2.{index}"), 0)
    for index in (0, 3):
        z = np.maximum(linear(z, f"head.{index}"), 0)
    return linear(z, "head.6")[:, 0]


def test_univfd_is_a_linear_function_of_the_frozen_feature():
    detector = UnivFD(backbone="tiny")
    found = features(detector.network().backbone, windows(detector))
    head = detector.network().head
    expected = found @ head.weight.detach().numpy()[0] + head.bias.item()
    np.testing.assert_allclose(detector.score(PICTURES), expected, atol=1e-6)


def test_rine_equals_numpy_and_its_importance_is_a_distribution_over_blocks():
    detector = RINE(backbone="tiny", width=16)
    fusion = detector.network().fusion
    blocks = features(detector.network().backbone, windows(detector), kind="layers").astype(np.float64)
    state = {name: tensor.double().numpy() for name, tensor in fusion.state_dict().items()}
    np.testing.assert_allclose(detector.score(PICTURES), numpy_rine(blocks, state), atol=1e-6)
    torch.testing.assert_close(fusion.importance().sum(1), torch.ones(1, 16))


def test_rine_adds_the_contrast_of_embeddings_in_training():
    detector = RINE(backbone="tiny", width=16, contrastive=0.5)
    network = detector.network().train()
    output = network(torch.rand(6, 3, 32, 32))
    labels = torch.tensor([0.0, 1.0] * 3)
    assert output.shape == (6, 17)
    with_contrast = detector.loss(output, labels)
    assert with_contrast.item() > detector.loss(output[:, 0], labels).item()
    with_contrast.backward()
    assert all(parameter.grad is None for parameter in network.backbone.parameters())
    assert all(parameter.grad is not None for parameter in network.fusion.parameters())


def test_the_released_layouts_load_strictly(tmp_path):
    torch.save({"weight": torch.randn(1, 32), "bias": torch.randn(1)}, tmp_path / "fc_weights.pth")
    UnivFD(backbone="tiny").load(str(tmp_path / "fc_weights.pth"))
    other = RINE(backbone="tiny", width=12, layers=4)
    torch.save(other.network().fusion.state_dict(), tmp_path / "model_2class_trainable.pth")
    detector = RINE(backbone="tiny", width=16)
    detector.load(str(tmp_path / "model_2class_trainable.pth"))
    np.testing.assert_array_equal(detector.score(PICTURES), other.score(PICTURES))
    with pytest.raises(WeightError, match="missing: bias"):
        torch.save({"weight": torch.randn(1, 32)}, tmp_path / "short.pth")
        UnivFD(backbone="tiny").load(str(tmp_path / "short.pth"))
    with pytest.raises(WeightError, match=r"expected \(1, 32\), got \(1, 768\)"):
        torch.save({"weight": torch.randn(1, 768), "bias": torch.randn(1)}, tmp_path / "large.pth")
        UnivFD(backbone="tiny").load(str(tmp_path / "large.pth"))
    with pytest.raises(WeightError, match="missing: alpha"):
        RINE(backbone="tiny").load(str(tmp_path / "fc_weights.pth"))


@pytest.mark.parametrize("system", [UnivFD, RINE])
def test_only_the_head_is_saved_and_another_backbone_is_refused(system, tmp_path):
    path = str(tmp_path / "head.safetensors")
    detector = system(backbone="tiny")
    detector.save(path)
    with safe_open(path, "pt") as opened:
        assert not any("backbone" in name for name in opened.keys())  # noqa: SIM118
        assert opened.metadata()["backbone"] == '"tiny-clip-32x4-patch8-size32-seed0"'
    with pytest.raises(WeightError, match="trained on the backbone tiny-clip-32x4-patch8-size32-seed0"):
        system(backbone=tiny_clip_tower(9)).load(path)
    with pytest.raises(WeightError, match="CLIP"):
        system()


def test_the_nearest_neighbour_is_scikit_learns():
    rng = np.random.default_rng(2)
    real, fake, query = rng.standard_normal((30, 8)), rng.standard_normal((20, 8)) + 0.5, rng.standard_normal((9, 8))
    distances = [
        NearestNeighbors(n_neighbors=3, metric="cosine").fit(bank).kneighbors(query)[0].mean(1) for bank in (real, fake)
    ]
    np.testing.assert_allclose(nearest_neighbour(query, real, fake, k=3), distances[0] - distances[1], atol=1e-12)


def test_cached_features_are_the_computed_ones_and_know_content_and_backbone(tmp_path):
    detector = UnivFD(backbone="tiny")
    tower, inputs = detector.network().backbone, windows(detector)
    plain = features(tower, inputs)
    np.testing.assert_array_equal(features(tower, inputs, cache=tmp_path), plain)
    files = sorted(tmp_path.rglob("*.npy"))
    assert len(files) == len(PICTURES)
    files[0].write_bytes(b"damaged")
    np.testing.assert_allclose(features(tower, inputs, cache=tmp_path), plain, atol=1e-6)  # another batch size
    names = {entry(tower, inputs[0], "feature"), entry(tower, inputs[0], "layers"), entry(tower, inputs[1], "feature")}
    assert len(names | {entry(tiny_clip_tower(1), inputs[0], "feature")}) == 4
    calls = []
    tower.register_forward_hook(lambda *_: calls.append(1))
    features(tower, inputs, cache=tmp_path)
    assert not calls


def test_the_probe_separates_what_is_separable():
    rng = np.random.default_rng(3)
    points = rng.standard_normal((200, 5)) * [1, 100, 1e-3, 1, 1]
    labels = (points[:, 0] + points[:, 1] / 100 > 0).astype(int)
    weight, bias = fit_linear(points, labels, strength=100.0)
    assert np.mean((points @ weight + bias > 0) == labels) > 0.97
