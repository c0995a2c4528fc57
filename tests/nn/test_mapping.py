"""Labels by vectors that are known before, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.errors import InputError
from fauxto.nn.mapping import LabelVectors, VectorMapping

VECTORS = torch.randn(3, 7, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([2, 0, 2, 1])


def leaky(x):
    return np.sqrt(2) * np.where(x > 0, x, 0.2 * x)


def unit(x):
    return x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-8)


def test_a_label_is_a_map_of_its_vector():
    torch.manual_seed(0)
    asked = LabelVectors(VECTORS, 5)
    assert torch.equal(asked.vectors, VECTORS) and asked.vectors.requires_grad
    assert asked.vectors.data_ptr() != VECTORS.data_ptr()  # learning leaves the given table alone
    weight = asked.embed.weight.detach().numpy() / np.sqrt(7)
    expected = leaky(VECTORS.numpy()[LABELS.numpy()] @ weight.T)
    np.testing.assert_allclose(asked(LABELS).detach(), expected, atol=1e-5)
    with pytest.raises(InputError, match="got no labels"):
        asked(None)


def test_a_style_is_made_of_latent_and_vector_of_unit_length():
    torch.manual_seed(1)
    mapping, latents = VectorMapping(4, VECTORS, 6), torch.randn(4, 4)
    with torch.no_grad():
        x = np.concatenate([unit(latents.numpy()), unit(mapping.labels(LABELS).numpy())], 1)
        for layer in mapping.layers:
            weight, bias = layer.weight.numpy() * layer.scale, layer.bias.numpy() * layer.rate
            x = leaky(x @ weight.T + bias)
        found = mapping(latents, LABELS)
    assert len(mapping.layers) == 2 and found.shape == (4, 6)
    np.testing.assert_allclose(found, x, atol=1e-5)
    torch.testing.assert_close(mapping(3 * latents, LABELS), found, atol=1e-5, rtol=1e-4)
