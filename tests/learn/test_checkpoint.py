"""Checkpoints: one content, one hash; and what was written comes back."""

import hashlib

import torch

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
