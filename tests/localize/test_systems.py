"""The localizers beyond the sweep: what their sheets promise of attention, augmentation, layouts and clustering."""

import numpy as np
import pytest
import torch

from fauxto.backends.openvino import open_mapper
from fauxto.catalog import find
from fauxto.errors import InputError, WeightError
from fauxto.learn.anchored_clusters import cluster
from fauxto.learn.checkpoint import save
from fauxto.learn.conformance import LOCALIZER_CHECKS, run_check, subject
from fauxto.learn.export import export_map
from fauxto.localize.fakelocator import CARD, FakeLocator, FakeLocatorNetwork
from fauxto.localize.forgerynet_spatial import ForgeryNetSpatial
from fauxto.localize.house_localizer import HouseLocalizer, HouseLocalizerNetwork, top_logit
from fauxto.media.tiles import top_share
from fauxto.nn.face_attention import ellipse_prior, everywhere, from_parser
from fauxto.nn.quantization_lattice import QuantizationLattice
from fauxto.nn.unet import Against

SLUGS = ("fakelocator", "forgerynet", "house-localizer")


@pytest.mark.parametrize("slug", SLUGS)
def test_every_localizer_keeps_the_contract(slug):
    under_check = subject(slug, small=True)
    for name in LOCALIZER_CHECKS:
        if name != "throughput":
            outcome = run_check(name, under_check)
            assert outcome.passed, (name, outcome.measured)


def test_the_sweep_fails_a_localizer_whose_mask_does_not_follow_its_crop(monkeypatch):
    under_check = subject("forgerynet", small=True)
    monkeypatch.setattr(ForgeryNetSpatial, "augment", lambda self, crop, mask, rng: (crop[:, ::-1], mask))
    assert not run_check("augment", under_check).passed
    monkeypatch.setattr(ForgeryNetSpatial, "mask", lambda self, image: np.zeros((4, 4), np.float32))
    assert not run_check("mask", under_check).passed


def test_the_card_counts_the_parameters_of_the_published_shape():
    with torch.device("meta"):
        assert sum(p.numel() for p in FakeLocatorNetwork().parameters()) == CARD.parameters
        forgerynet = find("forgerynet")
    assert sum(p.numel() for p in forgerynet().network().parameters()) == forgerynet.card.parameters


def test_the_attention_multiplies_the_map_at_a_quarter_of_the_size():
    torch.manual_seed(0)
    plain = FakeLocatorNetwork(8).eval()
    pixels = torch.rand(2, 3, 64, 64)
    maps = plain.features(pixels)
    assert [tuple(m.shape[1:]) for m in maps] == [(8, 64, 64), (16, 32, 32), (32, 16, 16), (64, 8, 8), (64, 4, 4)]
    for attention, factor in ((everywhere, 1.0), (lambda x: torch.full_like(x[:, :1], 0.25), 0.25)):
        plain.attention = attention
        torch.testing.assert_close(plain.features(pixels)[2], factor * maps[2])
    face = ellipse_prior((0.25, 0.25, 0.5, 0.5))(pixels)
    assert face.shape == (2, 1, 64, 64) and face[0, 0, 32, 32] > 0.99 and face[0, 0, 2, 2] < 0.01
    parser = torch.nn.Conv2d(3, 19, 1)
    torch.testing.assert_close(from_parser(parser)(pixels), 1 - parser(pixels).softmax(1)[:, :1])


def test_a_resnet_encoder_has_torchvisions_names_and_full_resolution():
    with torch.device("meta"):
        network = FakeLocatorNetwork(8, encoder="resnet50")
        assert network(torch.zeros(1, 3, 64, 64))[0].shape == (1, 64, 64)
    names = set(network.trunk.state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer4.2.conv3.weight", "layer1.0.downsample.1.bias"} <= names


def test_partial_augmentation_changes_reals_and_never_fakes():
    locator, crop = FakeLocator(**FakeLocator.small), np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    real, fake = np.zeros((64, 64), np.float32), np.eye(64, dtype=np.float32)
    changed = [locator.augment(crop, real, np.random.default_rng(seed))[0] for seed in range(12)]
    assert sum(not np.array_equal(c, crop) for c in changed) >= 9
    assert all(np.array_equal(locator.augment(crop, fake, np.random.default_rng(s))[0], crop) for s in range(12))


def test_single_sample_clustering_names_the_clusters_and_chance_stays_chance():
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1], 40)
    features = rng.normal(size=(80, 16)) + 14 * truth[:, None] * np.eye(16)[0]
    found = cluster(features, 3, 0)
    assert found.method == "t-sne" and (found.labels == truth).mean() > 0.97
    assert ((found.margin > 0) == (found.labels == 1)).all()
    assert (cluster(features, 70, 1).labels == truth).mean() > 0.97
    shuffled = [float((cluster(features[:40:2], a, 0).labels == rng.permutation(20) % 2).mean()) for a in range(10)]
    assert cluster(features[:40:2], 0, 0).method == "pca" and abs(np.mean(shuffled) - 0.5) < 0.2
    with pytest.raises(InputError):
        cluster(features[:3], 0, 0)


def test_the_released_xception_fits_by_name_and_a_wrong_file_does_not(tmp_path):
    locator = ForgeryNetSpatial(**ForgeryNetSpatial.small)
    tensors = {f"module.{name}": tensor + 0.5 for name, tensor in locator.network().xception.state_dict().items()}
    flat = {n: t[..., 0, 0] if n.endswith("pointwise.weight") else t for n, t in tensors.items()}
    torch.save({"state_dict": flat, "step": 7}, tmp_path / "ckpt_iter.pth.tar")
    before = locator.network().seg.weight.clone()
    locator.load(str(tmp_path / "ckpt_iter.pth.tar"))
    torch.testing.assert_close(locator.network().xception.fc.weight, tensors["module.fc.weight"])
    torch.testing.assert_close(
        locator.network().xception.conv3.pointwise.weight, tensors["module.conv3.pointwise.weight"]
    )
    assert torch.equal(locator.network().seg.weight, before)
    torch.save({"state_dict": {**flat, "module.extra": torch.zeros(1)}}, tmp_path / "more.pth")
    with pytest.raises(WeightError, match="extra"):
        locator.load(str(tmp_path / "more.pth"))
    save(tmp_path / "other.safetensors", {"x": torch.zeros(1)})
    for system in (HouseLocalizer(), FakeLocator(**FakeLocator.small)):
        with pytest.raises(WeightError):
            system.load(str(tmp_path / "other.safetensors"))


def test_the_image_rule_is_the_same_in_the_network_and_outside():
    values = np.random.default_rng(5).normal(size=(3, 40, 50)).astype(np.float32)
    expected = [top_share(v, 0.02) for v in values]
    np.testing.assert_allclose(top_logit(torch.from_numpy(values)).numpy(), expected, rtol=1e-5)


def test_the_control_of_the_house_localizer_is_not_blind_to_the_level():
    torch.manual_seed(1)
    traces = torch.randn(2, HouseLocalizerNetwork.described, 6, 5)
    for against in (True, False):
        network = HouseLocalizerNetwork(against).eval()
        network.mix[0].weight.data[:, : network.described] = 0  # what is left is the comparison, or a copy
        apart = (network.blocks(traces + 3) - network.blocks(traces)).abs().max()
        assert (apart < 1e-3) == against


def test_the_house_localizer_keeps_its_encoder_as_it_came_and_maps_any_size_alike():
    network = HouseLocalizerNetwork().train()
    assert not network.encoder.training and network.mix.training
    pixels = torch.rand(1, 3, 32, 48)
    before = [t.clone() for t in network.encoder.state_dict().values()]
    network(pixels)
    assert all(torch.equal(a, b) for a, b in zip(before, network.encoder.state_dict().values(), strict=True))
    network.eval()
    assert torch.equal(network.maps(pixels), network(pixels)[0]) and network.maps(pixels).shape == (1, 32, 48)


def test_the_scale_of_the_traces_is_that_of_the_pictures_it_was_given():
    network = HouseLocalizerNetwork()
    traces = 5 + 3 * torch.randn(4, network.described, 9, 9)
    network.scale(traces)
    torch.testing.assert_close(network.mean, traces.mean((0, 2, 3), keepdim=True))
    assert (network.deviation - 3).abs().max() < 0.6


def test_exported_maps_follow_the_size_of_the_picture(tmp_path):
    class Maps(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lattice = QuantizationLattice()

        def forward(self, pixels):
            return torch.nn.functional.interpolate(Against()(self.lattice(pixels))[:, :1], scale_factor=8.0)[:, 0]

    network = Maps().eval()
    export_map(network, tmp_path / "maps.onnx", 64)
    exported = open_mapper(tmp_path / "maps.onnx")
    for height, width in ((48, 80), (16, 32)):
        pixels = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(height))
        np.testing.assert_allclose(exported(pixels.numpy()), network(pixels).numpy(), atol=1e-4)
