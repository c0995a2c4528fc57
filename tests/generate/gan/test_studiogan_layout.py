"""StudioGAN's names: spelled out for a few tensors, complete and unique for every network, strict in loading."""

from __future__ import annotations

import json
import re

import pytest
import torch

from fauxto.cli import generate as verbs
from fauxto.errors import InputError, PolicyError, WeightError
from fauxto.generate.gan import weights
from fauxto.generate.gan.adopt import adopt
from fauxto.generate.gan.architectures import ARCHITECTURES
from fauxto.generate.gan.draw import Wish, pictures
from fauxto.generate.gan.interface import Codes, Conditioning
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.recipes import resolve
from fauxto.generate.gan.run_folder import RunFolder
from fauxto.generate.gan.studiogan_layout import load_studiogan, studiogan_names

GRAMMAR = re.compile(
    r"(linear[012]|linear_mi|shared|embedding(_mi)?|bn[14]|conv2d5|conv[14]|input_conv|info_\w+_linear|mapping\.\w+|"
    r"embedding(_mi)?\.\w+|blocks\.\d+\.0\.(conv2d[0-4]|conv[01]|deconv0|conv1x1_(theta|phi|g|attn)|bn[0-4](\.bn|\.gain|"
    r"\.bias)?)|b\d+\.(fromrgb|conv[01]?|skip|fc))\.(weight|bias|weight_(orig|u|v)|running_(mean|var)|"
    r"num_batches_tracked)|blocks\.\d+\.0\.sigma"
)
GENERATORS = ["dcgan", "resnet", "sagan", "biggan", "biggan_deep"]


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(weights, "spectrally_normalise", lambda *_, **__: None)


def generator(name: str, **more):
    made = ARCHITECTURES[name]
    return made.generator(classes=3, conditioning="norm", codes=Codes(1, 2), **(made.tiny_generator | more))


@pytest.mark.parametrize("name", GENERATORS)
def test_every_tensor_of_a_generator_has_one_name_of_the_grammar(name, plain):
    names = studiogan_names(generator(name))
    assert len(set(names.values())) == len(names)
    assert [theirs for theirs in names.values() if not GRAMMAR.fullmatch(theirs)] == []


@pytest.mark.parametrize("name", [*GENERATORS, "stylegan2"])
def test_every_tensor_of_a_discriminator_has_one_name_of_the_grammar(name, plain):
    made = ARCHITECTURES[name]
    for method, auxiliary in (("classifier", "twin"), ("data_to_data", "twin"), ("multi_hinge", "none")):
        conditioning = Conditioning(method, auxiliary, 6)
        names = studiogan_names(made.discriminator(32, 3, conditioning, Codes(1, 2, 1), **made.tiny_discriminator))
        assert len(set(names.values())) == len(names)
        assert [theirs for theirs in names.values() if not GRAMMAR.fullmatch(theirs)] == []


def test_names_as_published():
    """BigGAN at 32 pixels: attention has a number of its own."""
    made = ARCHITECTURES["biggan"]
    names = studiogan_names(generator("biggan"))
    assert names["attention.2.strength"] == "blocks.2.0.sigma"
    assert names["blocks.2.conv1.parametrizations.weight.original"] == "blocks.3.0.conv2d1.weight_orig"
    assert names["blocks.0.norm1.norm.running_mean"] == "blocks.0.0.bn1.bn.running_mean"
    assert names["blocks.0.norm1.offset.parametrizations.weight.0._u"] == "blocks.0.0.bn1.bias.weight_u"
    assert names["conditions.embedding.weight"] == "shared.weight"
    names = studiogan_names(made.discriminator(32, 3, Conditioning("projection"), **made.tiny_discriminator))
    assert names["body.blocks.0.1.key.parametrizations.weight.original"] == "blocks.1.0.conv1x1_phi.weight_orig"
    assert names["body.blocks.1.shortcut.bias"] == "blocks.2.0.conv2d0.bias"
    assert names["head.classes.parametrizations.weight.original"] == "embedding.weight_orig"


def test_a_checkpoint_loads_strictly(tmp_path):
    source, target, path = generator("biggan").eval(), generator("biggan").eval(), tmp_path / "model=G-best-weights.pth"
    names, tensors = studiogan_names(source), source.state_dict()
    published = {names[own]: value for own, value in tensors.items()}
    torch.save({"state_dict": published, "optimizer": {"state": {}}, "step": 3, "run_name": "x"}, path)
    load_studiogan(target, path)
    z = torch.randn(1, 82)
    assert torch.equal(target(z, torch.tensor([1])), source(z, torch.tensor([1])))
    torch.save({"state_dict": published | {"blocks.9.0.sigma": torch.zeros(1)}}, path)
    with pytest.raises(WeightError, match=r"unexpected: blocks\.9\.0\.sigma"):
        load_studiogan(target, path)
    del published["linear0.weight_orig"]
    torch.save({"state_dict": published}, path)
    with pytest.raises(WeightError, match="missing: start"):
        load_studiogan(target, path)


def test_a_published_generator_is_drawn_from_like_one_of_ours(tmp_path, capsys):
    (tmp_path / "small.toml").write_text('base = "sngan"\n[generator]\nwidth = 4\n[discriminator]\nwidth = 4\n')
    recipe = resolve(tmp_path / "small.toml")
    source = make(recipe, 3, seed=5).generator
    names = studiogan_names(source)
    published = tmp_path / "model=G_ema-best-weights-step=7000.pth"
    torch.save({"state_dict": {names[key]: value for key, value in source.state_dict().items()}}, published)
    out = tmp_path / "run"
    assert verbs.adopt(recipe=str(tmp_path / "small.toml"), weights=published, out=out, classes="cat,dog,cow") == 0
    assert json.loads(capsys.readouterr().out)["step"] == 7000
    trained = RunFolder(out).load()
    state = source.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in trained.generator.state_dict().items())
    assert next(pictures(trained, 1, Wish(condition="dog"))).label == "dog"
    with pytest.raises(PolicyError, match="holds a run already"):
        adopt(recipe, published, out, ("a", "b", "c"))
    with pytest.raises(InputError, match="has classes, and 0 were given"):
        adopt(recipe, published, tmp_path / "other")
    with pytest.raises(InputError, match="has no classes, and 3"):
        adopt(resolve("dcgan"), published, tmp_path / "other", ("a", "b", "c"))
    with pytest.raises(WeightError, match="does not fit"):
        adopt(recipe, published, tmp_path / "other", ("a", "b"))
    assert not (tmp_path / "other").exists()
