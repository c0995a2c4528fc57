"""Low-rank experts against a loop over streams in numpy."""

import numpy as np
import pytest
import torch
from torch import nn

from fauxto.errors import ContractError
from fauxto.nn.lora_experts import ExpertLinear, attach_experts


def layer_of(experts, filled=True):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = ExpertLinear(nn.Linear(6, 5), experts, rank=2, alpha=8.0)
        if filled:
            nn.init.normal_(layer.up)
    return layer


def test_a_new_layer_is_the_frozen_one():
    layer = layer_of(3, filled=False)
    x = torch.rand(6, 4, 6)
    assert torch.equal(layer(x), layer.base(x))
    assert not layer.base.weight.requires_grad


def test_each_stream_has_its_own_update():
    layer = layer_of(3)
    x = torch.rand(6, 4, 6)
    weight, bias = layer.base.weight.detach().numpy(), layer.base.bias.detach().numpy()
    ours = layer(x).detach().numpy()
    for row in range(6):
        expert = row // 2
        update = (layer.down[expert] @ layer.up[expert]).detach().numpy().T * 4.0
        np.testing.assert_allclose(ours[row], x[row].numpy() @ (weight + update).T + bias, atol=1e-5)


def test_attaching_replaces_the_named_layers_alone():
    network = nn.ModuleDict({"a": nn.ModuleDict({"q_proj": nn.Linear(4, 4), "k_proj": nn.Linear(4, 4)})})
    layers = attach_experts(network, 2, rank=1, alpha=2.0)
    assert [type(layers[0])] == [ExpertLinear]
    assert network["a"]["q_proj"] is layers[0]
    assert type(network["a"]["k_proj"]) is nn.Linear


def test_a_network_without_such_layers_is_refused():
    with pytest.raises(ContractError, match="q_proj"):
        attach_experts(nn.Sequential(nn.Linear(3, 3)), 1, rank=1, alpha=1.0)
