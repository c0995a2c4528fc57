"""Autoencoders from a folder: strict, plain JSON and safetensors, old names too, and nothing else."""

import json

import pytest
import torch
from safetensors.torch import save_file

from fauxto.errors import WeightError
from fauxto.nn.autoencoder import CONFIG, OLD_ATTENTION, TINY, WEIGHTS, open_autoencoder, tiny_autoencoder

PIXELS = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def model():
    return tiny_autoencoder(3)


def folder_of(path, model, tensors=None, **config):
    path.mkdir(parents=True, exist_ok=True)
    state = model.model.state_dict() if tensors is None else tensors
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path / WEIGHTS)
    (path / CONFIG).write_text(json.dumps({"_class_name": "AutoencoderKL", **TINY, **config}))
    return path


def test_a_folder_gives_the_same_autoencoder_alone_or_inside_a_pipeline(model, tmp_path):
    folder_of(tmp_path / "pipeline" / "vae", model)
    for path in (tmp_path / "pipeline" / "vae", tmp_path / "pipeline"):
        opened = open_autoencoder(path)
        assert torch.equal(opened(PIXELS), model(PIXELS))
        assert opened.factor == 2
        assert opened.identity.startswith("autoencoder-")
        assert not any(parameter.requires_grad for parameter in opened.parameters())


def test_names_of_the_first_releases_are_understood(model, tmp_path):
    old = {}
    for name, tensor in model.model.state_dict().items():
        now = next((now for now in OLD_ATTENTION.values() if f".{now}." in name), "")
        before = next((before for before, value in OLD_ATTENTION.items() if value == now), "")
        as_convolution = now and tensor.ndim == 2
        old[name.replace(now, before) if now else name] = tensor[..., None, None] if as_convolution else tensor
    assert set(old) != set(model.model.state_dict())
    assert torch.equal(open_autoencoder(folder_of(tmp_path, model, old))(PIXELS), model(PIXELS))


def test_the_reconstruction_is_that_of_the_mean_of_the_posterior(model):
    with torch.no_grad():
        moments = model.model.quant_conv(model.model.encoder(2 * PIXELS - 1))
        decoded = model.model.decoder(model.model.post_quant_conv(moments[:, :4]))
        expected = (decoded / 2 + 0.5).clamp(0, 1)
        assert torch.allclose(model(PIXELS), expected, atol=1e-6)


def test_what_does_not_fit_is_refused(model, tmp_path):
    state = model.model.state_dict()
    name = next(iter(state))
    with pytest.raises(WeightError, match="missing"):
        open_autoencoder(folder_of(tmp_path / "a", model, {k: v for k, v in state.items() if k != name}))
    with pytest.raises(WeightError, match="AutoencoderKL"):
        open_autoencoder(folder_of(tmp_path / "b", model, _class_name="VQModel"))
    with pytest.raises(WeightError, match="makes no autoencoder"):
        open_autoencoder(folder_of(tmp_path / "c", model, down_block_types=["import os"]))
    with pytest.raises(WeightError, match=CONFIG):
        open_autoencoder(tmp_path)
    (tmp_path / "a" / CONFIG).write_text("[")
    with pytest.raises(WeightError, match="JSON"):
        open_autoencoder(tmp_path / "a")
    with pytest.raises(WeightError, match="--backbone"):
        open_autoencoder(None)
