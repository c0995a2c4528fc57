"""Checkpoints: one content, one hash; and what was written comes back."""

import hashlib
import os

import pytest
import torch

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_tensors, metadata_of, save

WORDS = {
    "recipe": {"width": 8, "name": "größer\n\x1f\u2028"},
    "classes": ["a", "b"],
    "step": 3,
    "none": None,
    "ok": True,
}


def test_the_same_content_has_the_same_hash_however_often_it_is_written(tmp_path):
    tensors = {"second": torch.arange(6.0).reshape(2, 3), "first": torch.tensor([1, 2])}
    hashes = {save(tmp_path / f"{k}.safetensors", tensors, **WORDS, system="x", data="y") for k in range(6)}
    assert hashes == {hashlib.sha256((tmp_path / "0.safetensors").read_bytes()).hexdigest()}
    assert metadata_of(tmp_path / "3.safetensors") == WORDS | {"system": "x", "data": "y"}
    back = load_tensors(tmp_path / "3.safetensors")
    assert back.keys() == tensors.keys() and all(torch.equal(back[name], tensors[name]) for name in tensors)
    assert save(tmp_path / "other.safetensors", tensors, **WORDS, system="x", data="z") not in hashes


def test_a_file_without_words_can_be_read(tmp_path):
    save(tmp_path / "bare.safetensors", {"w": torch.ones(3)})
    assert load_tensors(tmp_path / "bare.safetensors")["w"].tolist() == [1, 1, 1]
    assert metadata_of(tmp_path / "bare.safetensors") == {}


class _Shell:
    def __reduce__(self):
        return os.system, ("exit 1",)


def test_a_refusal_names_what_was_found_and_never_advises_to_load_it(tmp_path):
    torch.save({"w": _Shell()}, tmp_path / "evil.pth")
    (tmp_path / "picture.pth").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    torch.save({"w": torch.ones(3)}, tmp_path / "cut.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "cut.pth").read_bytes()[:300])
    (tmp_path / "empty.pth").write_bytes(b"")
    said = {}
    for name in ("evil", "picture", "cut", "empty"):
        with pytest.raises(WeightError) as caught:
            load_tensors(tmp_path / f"{name}.pth")
        said[name] = caught.value.what
        assert caught.value.fix and "weights_only" not in str(caught.value) and "trusted" not in str(caught.value)
    assert said["evil"].endswith("could run code: unsupported GLOBAL posix.system.")
    assert said["picture"].endswith("could run code: unsupported operand 80.")
    assert "no whole checkpoint: PytorchStreamReader failed" in said["cut"] and "ends early" in said["empty"]
