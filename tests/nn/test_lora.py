"""LoRA: silent at first, the stated product afterwards, and nothing else is trained."""

from __future__ import annotations

import torch

from fauxto.nn.clip import tiny_clip_tower
from fauxto.nn.lora import add_lora


def test_lora_is_silent_at_first_then_the_scaled_product_and_trains_alone():
    pixels = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    tower = tiny_clip_tower()
    with torch.inference_mode():
        before = tower(pixels)
    add_lora(tower, ("q_proj", "v_proj"), rank=2, alpha=6)
    with torch.inference_mode():
        assert torch.equal(tower(pixels), before)
    trained = [name for name, parameter in tower.named_parameters() if parameter.requires_grad]
    assert len(trained) == 2 * 2 * tower.depth and all("lora_" in name for name in trained)
    layer = tower.model.vision_model.encoder.layers[0].self_attn.q_proj
    x = torch.rand(5, 32)
    with torch.no_grad():
        layer.lora_B["default"].weight.normal_()
        product = layer.lora_B["default"].weight @ layer.lora_A["default"].weight
        expected = layer.base_layer(x) + 3.0 * x @ product.T
        torch.testing.assert_close(layer(x), expected)
