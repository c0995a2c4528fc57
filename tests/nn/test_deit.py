"""A distilled DeiT against transformers' own forward pass, and both layouts of its weights."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from fauxto.errors import WeightError
from fauxto.nn import deit
from fauxto.nn.deit import deit_tower, tiny_deit_tower
from fauxto.nn.pyramid import TokenPyramid, deit_pyramid

PIXELS = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))

DEIT = tiny_deit_tower()
HEADS = {"num_attention_heads": 4}


def folder(path, tensors, config):
    """A backbone as on its model page."""
    path.mkdir()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(config))
    return path


def timm(tensors):
    """A distilled DeiT under timm's names, `qkv` as one, with both classifiers, as the released networks come."""
    outer = {name: other for other, name in deit.OUTER.items()}
    renamed = {outer[name]: tensor for name, tensor in tensors.items() if name in outer}
    for index in range(4):
        start, to = f"layers.{index}.", f"blocks.{index}."
        for kind in ("weight", "bias"):
            thirds = [tensors[f"{start}attention.{letter}_proj.{kind}"] for letter in "qkv"]
            renamed[f"{to}attn.qkv.{kind}"] = torch.cat(thirds)
            renamed[f"{to}attn.proj.{kind}"] = tensors[f"{start}attention.o_proj.{kind}"]
            for own, theirs in (("layernorm_before", "norm1"), ("layernorm_after", "norm2")):
                renamed[f"{to}{theirs}.{kind}"] = tensors[f"{start}{own}.{kind}"]
            for part in ("mlp.fc1", "mlp.fc2"):
                renamed[f"{to}{part}.{kind}"] = tensors[f"{start}{part}.{kind}"]
    return renamed | {f"{head}.{kind}": torch.zeros(1) for head in ("head", "head_dist") for kind in ("weight", "bias")}


def published(name):
    """transformers' names in memory to those of the published file of a distilled DeiT."""
    name = name.replace("layers.", "encoder.layer.").replace("attention.o_proj", "attention.output.dense")
    for part, other in {"q_proj": "query", "k_proj": "key", "v_proj": "value"}.items():
        name = name.replace(f"attention.{part}", f"attention.attention.{other}")
    return "deit." + name.replace("mlp.fc1", "intermediate.dense").replace("mlp.fc2", "output.dense")


def test_a_distilled_deit_is_transformers_and_loads_from_both_layouts(tmp_path):
    tensors = DEIT.model.state_dict()
    with torch.inference_mode():
        expected = DEIT.model((PIXELS - DEIT.mean) / DEIT.std).last_hidden_state
        torch.testing.assert_close(DEIT.project(DEIT.tokens(PIXELS)[-1]), expected)
        torch.testing.assert_close(DEIT(PIXELS), expected[:, 0])
        assert DEIT.tokens(PIXELS)[0].shape == (len(PIXELS), 2 + 16, 32)
        layout = {published(name): tensor for name, tensor in tensors.items()} | {
            f"{head}.bias": torch.zeros(7) for head in ("cls_classifier", "distillation_classifier")
        }
        path = folder(tmp_path / "deit", layout, HEADS)
        torch.testing.assert_close(deit_tower(path)(PIXELS), expected[:, 0])
        torch.save({"model": timm(tensors)}, tmp_path / "timm.pth")
        tower = deit_tower(tmp_path / "timm.pth")
        assert tower.identity == deit_tower(path).identity and tower.leading == 2
        assert tower.model.config.num_attention_heads == 1  # a bare file does not say; published heads have 64 numbers


def test_a_deit_without_a_second_token_is_refused(tmp_path):
    tensors = {f"deit.{name}": value for name, value in DEIT.model.state_dict().items()}
    alone = {name: value for name, value in tensors.items() if "distillation" not in name}
    alone[f"deit.{deit.POSITIONS}"] = tensors[f"deit.{deit.POSITIONS}"][:, 1:]
    with pytest.raises(WeightError, match="not distilled"):
        deit_tower(folder(tmp_path / "alone", alone, HEADS))
    with pytest.raises(WeightError, match=r"missing: layers\.2\.mlp\.fc1\.bias"):
        broken = {name: value for name, value in tensors.items() if "layers.2.mlp.fc1.bias" not in name}
        deit_tower(folder(tmp_path / "broken", broken, HEADS))
    with pytest.raises(WeightError, match="unexpected"):
        deit_tower(folder(tmp_path / "more", tensors | {"deit.extra": torch.zeros(1)}, HEADS))


def test_a_pyramid_of_it_reads_the_patches_from_the_third_token_on():
    torch.manual_seed(0)
    pyramid = TokenPyramid(DEIT, (2, 3, 4, 5))
    assert pyramid.depths == [0, 1, 2, 3] and pyramid.shapes() == [(2, 16), (3, 8), (4, 4), (5, 2)]
    with torch.no_grad():
        tokens = DEIT.tokens(PIXELS)[2][:, 2:]  # the third of four blocks
        weight, bias = pyramid.reassemble[2][0].weight[:, :, 0, 0], pyramid.reassemble[2][0].bias
        expected = (tokens @ weight.T + bias).transpose(1, 2).reshape(2, 4, 4, 4)
        torch.testing.assert_close(pyramid(PIXELS)[2], expected, atol=1e-5, rtol=1e-4)
        assert [m.shape for m in pyramid(torch.rand(1, 3, 48, 48))] == [m[:1].shape for m in pyramid(PIXELS)]


def test_a_pyramid_out_of_a_folder_is_the_same_for_a_seed(tmp_path):
    tensors = {f"deit.{name}": value for name, value in DEIT.model.state_dict().items()}
    path, before = folder(tmp_path / "deit", tensors, HEADS), torch.get_rng_state()
    first, again, other = (deit_pyramid(path, seed=seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], again[name]) for name in first)
    changed = {name.split(".")[0] for name in first if not torch.equal(first[name], other[name])}
    assert changed == {"reassemble"}
    pyramid = deit_pyramid(path)
    assert [channels for channels, _ in pyramid.shapes()] == [4, 8, 16, 32]
    assert not any(parameter.requires_grad for parameter in pyramid.parameters())
