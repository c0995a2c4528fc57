"""ALEI: at the start it is the mean of frozen probes; every part does what it says; it trains in two stages."""

import numpy as np
import pytest
import torch
from torch import nn

from fauxto.data.manifest import Sample
from fauxto.data.patches import PatchStore
from fauxto.detect.alei import ALEI, CARD, alei_loss
from fauxto.errors import InputError, WeightError
from fauxto.learn.checkpoint import save
from fauxto.learn.fit import Plan, fit, initial_state
from fauxto.nn.efficientnet_lite import EfficientNetLite0, EfficientNetTower
from fauxto.nn.low_level import DnCNN


def fresh(**changes):
    return initial_state(lambda: ALEI(**(ALEI.small | changes)), seed=0)


@pytest.fixture(scope="module")
def pixels():
    return torch.from_numpy(np.random.default_rng(0).random((3, 3, 32, 32), dtype=np.float32))


def stirred(network):
    """The same network with every zero that starts a part replaced by noise."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network


@pytest.mark.parametrize("exchange", ["position", "all"])
def test_before_training_it_is_the_mean_of_probes_on_the_frozen_tower(pixels, exchange):
    network = fresh(exchange=exchange).network().eval()
    tower = network.tower
    probabilities = []
    with torch.inference_mode():
        streams = [
            pixels,
            *(scale(part(pixels)) for scale, part in zip(network.scales, network.residuals, strict=True)),
        ]
        for index, stream in enumerate(streams):
            seen = stream if index == 0 else stream * tower.std + tower.mean
            tokens = tower.embed(seen)
            for block in range(tower.depth):
                tokens = frozen_block(network, block, tokens)
            feature = tower.project(tokens[:, 0])
            probabilities.append(torch.sigmoid(feature @ network.heads[index] + network.biases[index]))
        ours = torch.sigmoid(network(pixels))
    assert ours.numpy() == pytest.approx(torch.stack(probabilities).mean(0).numpy(), abs=1e-5)


def frozen_block(network, block, tokens):
    """One block with the experts taken out: their base layers alone."""
    layer = network.tower.model.vision_model.encoder.layers[block].self_attn
    kept = layer.q_proj, layer.v_proj
    layer.q_proj, layer.v_proj = (expert.base for expert in kept)
    try:
        return network.tower.block(block, tokens)
    finally:
        layer.q_proj, layer.v_proj = kept


def test_routing_weights_sum_to_one_and_differ_between_pictures(pixels):
    network = stirred(fresh().network()).train()
    rows = network(pixels).detach()
    weights = rows[:, 1 + network.streams :].exp()
    assert rows.shape == (3, 1 + 2 * network.streams)
    assert weights.sum(1).numpy() == pytest.approx(np.ones(3), abs=1e-5)
    assert float(weights.std(0).max()) > 1e-3
    mixed = (weights * torch.sigmoid(rows[:, 1 : 1 + network.streams])).sum(1)
    assert torch.sigmoid(rows[:, 0]).numpy() == pytest.approx(mixed.numpy(), abs=1e-5)


@pytest.mark.parametrize("part", ["exchange", "injection", "router"])
def test_every_switch_turns_something_off(pixels, part):
    network = stirred(fresh().network()).eval()
    with torch.inference_mode():
        whole = network(pixels)
        network.switches[part] = False
        assert float((network(pixels) - whole).abs().max()) > 1e-6


def test_a_stream_hears_the_others_only_by_exchange_and_injection(pixels):
    network = stirred(fresh().network()).eval()
    network.switches |= {"exchange": False, "injection": False}
    with torch.inference_mode():
        before = network.features(pixels)
        network.residuals[0] = nn.Identity()
        apart = network.features(pixels)
        network.switches["exchange"] = True
        heard = network.features(pixels)
    assert torch.equal(before[[0, 2, 3]], apart[[0, 2, 3]])
    assert not torch.equal(before[1], apart[1])
    assert not torch.allclose(heard[0], apart[0])


def test_the_loss_is_cross_entropy_minus_the_entropy_of_the_mean_weights():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(4), 6)
    rows = np.concatenate((rng.normal(size=(6, 5)), np.log(weights)), 1)
    labels = np.array([0, 1, 1, 0, 1, 0])
    p = 1 / (1 + np.exp(-rows[:, 0]))
    mean = weights.mean(0)
    expected = -np.log(np.where(labels, p, 1 - p)).mean() + 0.01 * (mean * np.log(mean)).sum()
    tensors = torch.tensor(rows), torch.tensor(labels, dtype=torch.float64)
    assert float(alei_loss(*tensors)) == pytest.approx(expected, abs=1e-9)
    own = 1 / (1 + np.exp(-rows[:, 1:5]))
    expected = -np.log(np.where(labels[:, None], own, 1 - own)).mean()
    assert float(alei_loss(*tensors, "experts")) == pytest.approx(expected, abs=1e-9)


def store_of_noise():
    """Twelve flat and twelve noisy patches: a trace that anything can learn."""
    rng = np.random.default_rng(0)
    flat = np.repeat(rng.integers(40, 200, (12, 1, 1, 3)), 40, 1).repeat(40, 2)
    noisy = rng.integers(0, 256, (12, 40, 40, 3))
    samples = [Sample(path=str(i), label=int(i >= 12), generator="g" if i >= 12 else "") for i in range(24)]
    return PatchStore(np.concatenate((flat, noisy)).astype(np.uint8), np.arange(24), samples)


def test_two_stages_train_their_own_parts_and_come_back_from_disk(tmp_path):
    store, file = store_of_noise(), str(tmp_path / "alei.safetensors")
    plan = Plan(steps=8, crop=32, batch_size=8, workers=0, learning_rate=3e-3, precision="32-true", laundering=None)
    experts = fresh(stage="experts")
    fit(experts, store, plan, tmp_path / "experts")
    experts.save(file)

    fusion = fresh(stage="fusion")
    fusion.load(file)
    before = {name: value.clone() for name, value in fusion.network().state_dict().items()}
    fit(fusion, store, plan, tmp_path / "fusion")
    after = fusion.network().state_dict()
    parts = ("exchange", "router", "heads", "biases")
    trained = {
        name
        for name in before
        if not torch.equal(before[name], after[name]) and "scales" not in name and "low" not in name
    }
    assert all(name.startswith(parts) for name in trained)
    assert {name.split(".")[0] for name in trained} >= set(parts)

    fusion.save(file)
    again = fresh()
    again.load(file)
    pictures = list(store.pixels)
    scores = fusion.score(pictures)
    assert again.score(pictures) == pytest.approx(scores, abs=1e-4)  # fit leaves another memory layout
    assert scores[12:].mean() > scores[:12].mean()


def test_a_published_denoiser_can_be_given(tmp_path):
    save(tmp_path / "dncnn.safetensors", DnCNN(5, 8).state_dict())
    assert isinstance(fresh(denoiser=tmp_path / "dncnn.safetensors").network().residuals[2], DnCNN)


def test_without_a_transformer_it_says_what_to_give():
    with pytest.raises(WeightError, match="--backbone"):
        ALEI()
    with pytest.raises(InputError, match="attention"):
        ALEI(backbone=EfficientNetTower(EfficientNetLite0(), "efficientnet-lite0"))


def test_the_card_counts_the_full_network():
    tower, width, inner, low, feature = 303_966_208, 1024, 256, 512, 768
    experts = 24 * 2 * 4 * (width * 4 * 2)
    attention = 2 * 2 * width + 2 * width * inner + width * inner + inner + inner * width + width
    mlp = 2 * width + width * inner + inner + inner * width + width
    heads = 4 * feature + 4 + 4 * (4 * feature) + 4
    trunk = 1_444_928 + low * width + width
    total = tower + experts + 24 * attention + 4 * (2 * attention + mlp) + trunk + heads
    assert CARD.parameters == total
