"""FatFormer: its wavelet, its two kinds of attention, its two terms, and the released layout."""

from __future__ import annotations

import json

import numpy as np
import pytest
import pywt
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from fauxto.detect.fatformer import ADAPTER, END, FatFormer
from fauxto.errors import WeightError
from fauxto.nn.clip import prompt_tokens
from fauxto.nn.forgery_adapter import ForgeryAwareAdapter
from fauxto.nn.wavelet import haar_merge, haar_split

RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8) for _ in range(3)]


@pytest.fixture(scope="module")
def detector():
    torch.manual_seed(0)
    built = FatFormer(backbone="tiny", adapters=2)
    with torch.no_grad():
        for adapter in built.network().adapters:
            adapter.freq_scale.fill_(0.7)
    return built


def pixels(detector) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([detector.preprocess(picture) for picture in PICTURES]))


def test_haar_is_pywavelets_and_undone():
    maps = torch.rand(2, 3, 8, 6, generator=torch.Generator().manual_seed(0))
    low, (horizontal, vertical, diagonal) = pywt.dwt2(maps.numpy(), "haar")
    expected = np.stack((low, horizontal, vertical, diagonal), axis=2)
    np.testing.assert_allclose(haar_split(maps).numpy(), expected, atol=1e-6)
    torch.testing.assert_close(haar_merge(haar_split(maps)), maps)


def test_each_attention_mixes_its_own_axis_only():
    torch.manual_seed(0)
    adapter = ForgeryAwareAdapter(16, heads=4).eval()
    x = torch.rand(2, 4, 9, 16)
    moved = x.clone()
    moved[0, 1, 5] += 1
    with torch.inference_mode():
        bands = (adapter.across_bands(moved) - adapter.across_bands(x)).abs().sum(-1) > 1e-6
        places = (adapter.across_positions(moved) - adapter.across_positions(x)).abs().sum(-1) > 1e-6
    assert bands[0, :, 5].all() and bands.sum() == 4
    assert places[0, 1].all() and places.sum() == 9


def test_a_fresh_adapter_adds_its_local_half_and_none_of_the_frequencies():
    torch.manual_seed(0)
    adapter = ForgeryAwareAdapter(16, heads=4).eval()
    tokens = torch.rand(2, 17, 16)
    with torch.inference_mode():
        before = adapter(tokens)
        weight, bias = adapter.first_conv_layer.weight[..., 0], adapter.first_conv_layer.bias
        again = (tokens @ weight.T + bias).relu() @ adapter.second_conv_layer.weight[..., 0].T
        torch.testing.assert_close(before, 0.1 * (again + adapter.second_conv_layer.bias))
        adapter.freq_scale.fill_(1.0)
        after = adapter(tokens)
    assert torch.equal(after[:, 0], before[:, 0]) and not torch.allclose(after[:, 1:], before[:, 1:])


def test_an_adapter_learns_behind_a_frozen_tower():
    """Tokens that want no gradient and lie channels last: torch's group norm crashed on them."""
    adapter = ForgeryAwareAdapter(32, heads=4)
    with torch.no_grad():
        adapter.freq_scale.fill_(1.0)
    adapter(torch.rand(16, 17, 32)).square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in adapter.parameters())


def test_silent_adapters_leave_the_plain_tower():
    built = FatFormer(backbone="tiny", adapters=2)
    network = built.network().eval()
    images = pixels(built)
    with torch.inference_mode():
        for adapter in network.adapters:
            adapter.second_conv_layer.weight.zero_()
            adapter.second_conv_layer.bias.zero_()
        tower = network.backbone
        moved = (images - network.mean) / network.std * tower.std + tower.mean
        torch.testing.assert_close(network.encode(images), tower.project(tower.tokens(moved)[-1]))


def test_the_logit_is_the_sum_of_two_scaled_cosine_differences(detector):
    network = detector.network().eval()
    with torch.inference_mode():
        image = network.encode(pixels(detector))
        texts = network.encode_prompts(image)
        scale = network.text.logit_scale.exp().item()
        guided = network.interactor(image[:, 1:].transpose(0, 1), texts.transpose(0, 1)).mean(0)
    expected = np.zeros(3)
    for vector in (image[:, 0].numpy(), guided.numpy()):
        for sign, text in ((-1, texts[:, 0].numpy()), (1, texts[:, 1].numpy())):
            length = np.linalg.norm(vector, axis=1) * np.linalg.norm(text, axis=1)
            expected += sign * scale * (vector * text).sum(1) / length
    np.testing.assert_allclose(detector.score(PICTURES), expected, atol=1e-4)
    assert not torch.allclose(texts[0], texts[1]), "prompts know their picture"


def test_text_behind_the_end_changes_nothing(detector):
    text = detector.network().text
    embeddings = text.embed(torch.tensor([[1, *[7] * 8, 4, 2, 3, 0, 0, 0, 0]]))
    with torch.inference_mode():
        torch.testing.assert_close(text(embeddings[:, : END + 1], END), text(embeddings, END))


def released(detector) -> dict[str, torch.Tensor]:
    """The state of a detector under the names of the released file, aliases and wavelet buffers included."""
    network = detector.network()
    blocks, tensors = {"encoder.layers": "transformer.resblocks"}, {}
    parts = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}
    parts |= {"self_attn.out_proj": "attn.out_proj", "pre_layrnorm": "ln_pre", "post_layernorm": "ln_post"}
    parts |= {"final_layer_norm": "ln_final", "embeddings.class_embedding": "class_embedding"} | blocks
    parts |= {"embeddings.position_embedding.weight": "positional_embedding", "embeddings.patch_embedding": "conv1"}
    parts |= {"embeddings.token_embedding": "token_embedding"}
    both = {**network.backbone.model.state_dict(), **network.text.model.state_dict()}
    for name, value in both.items():
        tensor = value
        if any(f".{letter}_proj." in name for letter in "kv"):
            continue
        new = name.replace("vision_model.", "visual.").replace("text_model.", "")
        for mine, theirs in parts.items():
            new = new.replace(mine, theirs)
        if ".q_proj." in name:
            new = new.replace("self_attn.q_proj.", "attn.in_proj_")
            tensor = torch.cat([both[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"])
        if name in ("visual_projection.weight", "text_projection.weight"):
            new, tensor = {"v": "visual.proj", "t": "text_projection"}[name[0]], value.T
        tensors[f"clip_model.{new}"] = tensor
        alias = f"image_encoder.{new[7:]}" if new.startswith("visual.") else f"text_encoder.{new}"
        if not new.startswith("token_embedding"):
            tensors[alias] = tensor
    tensors["clip_model.logit_scale"] = tensors["logit_scale"] = network.text.logit_scale.detach()
    for place, index in network.places.items():
        state = network.adapters[index].state_dict()
        for start in ("clip_model.visual.", "image_encoder."):
            block = f"{start}transformer.resblocks.{place}{ADAPTER}"
            tensors |= {block + name: tensor for name, tensor in state.items()}
            tensors[f"{block}dwt_transform.h0_col"] = torch.ones(1, 1, 2, 1)
    tensors["language_guided_alignment.ctx"] = network.context.detach()
    tensors["language_guided_alignment.token_prefix"] = network.prefix
    tensors["language_guided_alignment.token_suffix"] = network.suffix
    for part, start, attention in (
        (network.enhancer, "language_guided_alignment.", "patch_basaed_enhancer."),
        (network.interactor, "", "text_guided_interactor."),
    ):
        for name, tensor in part.state_dict().items():
            tensors[start + name.replace("attention.", attention)] = tensor
    return tensors


def test_the_released_layout_brings_its_own_clip(detector, tmp_path):
    # OpenAI's heads are 64 wide and the tiny ones 8: compare tensors, and scores only of equal heads
    torch.save({"model": released(detector), "epoch": 25}, tmp_path / "fatformer.pth")
    loaded = FatFormer(backbone="tiny", adapters=2)
    loaded.load(str(tmp_path / "fatformer.pth"))
    mine, other = loaded.network().state_dict(), detector.network().state_dict()
    assert mine.keys() == other.keys()
    for name, tensor in other.items():
        torch.testing.assert_close(mine[name], tensor, msg=name)
    broken = released(detector)
    broken["image_encoder.proj"] = broken["image_encoder.proj"] + 1
    torch.save(broken, tmp_path / "broken.pth")
    with pytest.raises(WeightError, match="of which it is a copy"):
        loaded.load(str(tmp_path / "broken.pth"))
    short = released(detector)
    del short["language_guided_alignment.norm2.bias"]
    torch.save(short, tmp_path / "short.pth")
    with pytest.raises(WeightError, match=r"missing: enhancer\.norm2\.bias"):
        loaded.load(str(tmp_path / "short.pth"))


def test_what_is_trained_is_saved_and_nothing_of_clip(detector, tmp_path):
    path = str(tmp_path / "mine.safetensors")
    detector.save(path)
    with safe_open(path, "pt") as opened:
        assert {name.split(".")[0] for name in opened.keys()} == {  # noqa: SIM118
            "adapters",
            "context",
            "enhancer",
            "interactor",
            "prefix",
            "suffix",
        }
    copy = FatFormer(backbone="tiny", adapters=2)
    copy.load(path)
    np.testing.assert_array_equal(copy.score(PICTURES), detector.score(PICTURES))


def test_prompts_come_from_the_vocabulary_of_the_folder(detector, tmp_path):
    words = {"<|startoftext|>": 1, "<|endoftext|>": 3, ".</w>": 9, "real</w>": 12, "fake</w>": 13}
    (tmp_path / "vocab.json").write_text(json.dumps(words))
    assert prompt_tokens(tmp_path, ("real", "fake"), 2, 8).tolist() == [
        [1, 0, 0, 12, 9, 3, 0, 0],
        [1, 0, 0, 13, 9, 3, 0, 0],
    ]
    network = detector.network()
    tensors = {**network.backbone.model.state_dict(), **network.text.model.state_dict()}
    save_file({**tensors, "logit_scale": torch.tensor(4.0)}, tmp_path / "model.safetensors")
    sides = {"num_attention_heads": 4}
    (tmp_path / "config.json").write_text(json.dumps({"vision_config": sides, "text_config": sides}))
    built = FatFormer(backbone=tmp_path, adapters=2)
    torch.testing.assert_close(built.network().suffix[1, 0], network.text.embed(torch.tensor(13)))
    with pytest.raises(WeightError, match="both towers"):
        FatFormer(backbone="efficientnet-lite0")
    (tmp_path / "vocab.json").unlink()
    with pytest.raises(WeightError, match=r"vocab\.json"):
        FatFormer(backbone=tmp_path)


def test_the_tiny_backbone_needs_nothing_else():
    built = FatFormer(backbone="tiny")
    assert len(built.network().adapters) == 2
    assert np.isfinite(built.score([np.full((40, 50, 3), 90, np.uint8)])).all()
