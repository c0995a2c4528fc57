"""Spectral norms against numpy's singular values."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from fauxto.nn.initial import initialise
from fauxto.nn.spectral_norm import parametrizations, settle, spectrally_normalise


def network() -> nn.ModuleList:
    return nn.ModuleList([nn.Conv2d(3, 5, 3), nn.ConvTranspose2d(4, 6, 4), nn.Linear(7, 3), nn.Embedding(5, 8)])


def largest(weight: torch.Tensor, transposed: bool = False) -> float:
    weight = weight.transpose(0, 1) if transposed else weight
    return float(np.linalg.svd(weight.detach().flatten(1).numpy(), compute_uv=False)[0])


def test_after_convergence_the_largest_singular_value_is_one():
    torch.manual_seed(0)  # how fast the iteration converges is a matter of the weights
    layers = network()
    before = [largest(layer.weight, isinstance(layer, nn.ConvTranspose2d)) for layer in layers]
    originals = [layer.weight.detach().clone() for layer in layers]
    spectrally_normalise(layers)
    settle(layers, 1000)
    layers.eval()
    for layer, sigma, original in zip(layers, before, originals, strict=True):
        np.testing.assert_allclose(largest(layer.weight, isinstance(layer, nn.ConvTranspose2d)), 1, rtol=1e-4)
        torch.testing.assert_close(layer.weight * sigma, original, rtol=1e-4, atol=1e-5)


def test_training_iterates_once_a_pass_and_evaluation_never():
    layer = nn.ModuleList([nn.Linear(20, 30)])
    spectrally_normalise(layer)
    (norm, weight), x = next(iter(parametrizations(layer))), torch.randn(1, 20)
    with torch.no_grad():
        weight.copy_(torch.randn_like(weight))  # so that the iteration is not at its end
    layer.eval()
    assert torch.equal(layer[0](x), layer[0](x))
    layer.train()
    matrix, v = weight.detach(), norm._v.clone()
    u = nn.functional.normalize(matrix @ v, dim=0)
    layer[0](x)
    torch.testing.assert_close(norm._u, u)
    torch.testing.assert_close(norm._v, nn.functional.normalize(matrix.T @ u, dim=0))


def test_what_is_skipped_stays():
    layers = network()
    spectrally_normalise(layers, skip=[layers[3]])
    assert len(list(parametrizations(layers))) == 3
    assert "3.weight" in layers.state_dict()


def test_initial_weights_are_orthogonal_and_biases_zero():
    layers = network()
    initialise(layers)
    weight = layers[2].weight.detach()
    torch.testing.assert_close(weight @ weight.T, torch.eye(3), rtol=1e-5, atol=1e-5)
    assert not layers[0].bias.any()
    initialise(layers, "normal")
    assert layers[1].weight.std().item() < 0.03
