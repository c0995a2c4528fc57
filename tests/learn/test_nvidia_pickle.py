"""Pickles as NVIDIA's programs write them: tensors come out, and nothing that lies in them runs."""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from types import ModuleType

import pytest
import torch
from torch import nn

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import save
from fauxto.learn.nvidia_pickle import ALLOWED, load_nvidia_pickle, open_nvidia

ran = []


def shout(*words):
    ran.append(words)


@pytest.fixture
def theirs(monkeypatch):
    """The two modules of the official program, as far as pickling them goes."""
    persistence, util = ModuleType("torch_utils.persistence"), ModuleType("dnnlib.util")

    def _reconstruct_persistent_obj(meta):
        raise AssertionError("only the official program calls this")

    class EasyDict(dict):
        pass

    _reconstruct_persistent_obj.__module__, EasyDict.__module__ = persistence.__name__, util.__name__
    _reconstruct_persistent_obj.__qualname__, EasyDict.__qualname__ = "_reconstruct_persistent_obj", "EasyDict"
    persistence._reconstruct_persistent_obj, util.EasyDict = _reconstruct_persistent_obj, EasyDict
    for module in (ModuleType("torch_utils"), persistence, ModuleType("dnnlib"), util):
        monkeypatch.setitem(sys.modules, module.__name__, module)

    class Layer(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(size, size))
            self.register_buffer("noise_const", torch.randn(size, dtype=torch.float16))
            self.register_buffer("passing", torch.zeros(1), persistent=False)
            self.dtype, self.activation = torch.float32, "lrelu"

        def __reduce__(self):
            source = "raise SystemExit('this source is never run')"
            told = {"type": "class", "version": 6, "module_src": source, "class_name": "Layer", "state": vars(self)}
            return _reconstruct_persistent_obj, (EasyDict(told),)

    class Network(Layer):
        def __init__(self):
            super().__init__(3)
            self.mapping, self.init_kwargs = Layer(2), EasyDict(z_dim=512)

    return Network


def test_the_tensors_are_those_of_the_state_dict(theirs, tmp_path):
    networks, path = {name: theirs() for name in ("G", "G_ema")}, tmp_path / "network.pkl"
    path.write_bytes(pickle.dumps({**networks, "training_set_kwargs": None}))
    for name, network in networks.items():
        found, expected = load_nvidia_pickle(path, name), network.state_dict()
        assert list(found) == list(expected)
        for key, value in expected.items():
            assert found[key].dtype == torch.float32 and torch.equal(found[key], value.float())
    save(tmp_path / "network.safetensors", load_nvidia_pickle(path))
    assert open_nvidia(path).keys() == open_nvidia(tmp_path / "network.safetensors").keys()
    with pytest.raises(WeightError, match=r"holds no network 'D' \(it holds G, G_ema"):
        load_nvidia_pickle(path, "D")


class Shouting:
    def __reduce__(self):
        return shout, ("heard",)


def test_what_would_run_is_refused_wherever_it_lies(theirs, tmp_path):
    network, path = theirs(), tmp_path / "network.pkl"
    network.activation = Shouting()
    inside = io.BytesIO()
    torch.save(Shouting(), inside)

    class Storage:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (inside.getvalue(),)

    for crafted in ({"G_ema": network}, Shouting(), {"G_ema": OrderedDict(a=Shouting())}, {"G_ema": Storage()}):
        path.write_bytes(pickle.dumps(crafted))
        with pytest.raises(WeightError, match="could run code"):
            load_nvidia_pickle(path)
    assert ran == []


def test_odd_files_are_refused_in_words(theirs, tmp_path):
    path = tmp_path / "network.pkl"
    with pytest.raises(WeightError, match="no weight file"):
        load_nvidia_pickle(path)
    whole = pickle.dumps({"G_ema": theirs()})
    for data in (b"", b"PK\x03\x04", whole[:-40]):
        path.write_bytes(data)
        with pytest.raises(WeightError):
            load_nvidia_pickle(path)
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(WeightError, match="holds no dict"):
        load_nvidia_pickle(path)


def test_no_name_on_the_list_reaches_the_system():
    assert not {name.split(".")[0] for name in ALLOWED} & {"os", "posix", "subprocess", "sys", "importlib", "shutil"}
    assert {name for name in ALLOWED if name.startswith("builtins")} == {"builtins.set"}
