"""Vectors of classes: means by hand, and files of which only tensors are read."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fauxto.errors import InputError, WeightError
from fauxto.generate.gan.class_vectors import class_vectors, open_class_vectors
from fauxto.nn.pyramid import Pyramid


class Blocks(Pyramid):
    """Two maps: pixels, and means of 2 x 2."""

    def __init__(self):
        super().__init__(4)

    def maps(self, pixels):
        return [pixels, torch.nn.functional.avg_pool2d(pixels, 2)]


def test_a_vector_is_the_mean_over_the_pictures_of_a_class():
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (10, 4, 4, 3)).astype(np.uint8), np.array([0, 1, 2, 1, 1, 0, 2, 2, 2, 2])
    means = np.stack([pixels[labels == k].mean((0, 1, 2)) for k in range(3)])
    found = class_vectors(Blocks(), pixels, labels, 3, batch=4)
    np.testing.assert_allclose(found, means / np.sqrt((means**2).mean()), rtol=1e-5)
    with pytest.raises(InputError, match="Of 4 classes 3 have pictures"):
        class_vectors(Blocks(), pixels, labels, 4)
    with pytest.raises(InputError, match="Of 2 classes 2 have pictures"):
        class_vectors(Blocks(), pixels, labels, 2)


def as_published(table: torch.nn.Embedding) -> bytes:
    """A pickle of a module as dill writes it: the set by a function of dill's own."""
    plain = pickle.dumps({"embed": table}, protocol=3)
    assert b"cbuiltins\nset\n" in plain
    return plain.replace(b"cbuiltins\nset\n", b"cdill._dill\n_load_type\nX\x03\x00\x00\x00set\x85R")


def test_the_published_pickle_and_any_table_are_read(tmp_path):
    table = torch.nn.Embedding(5, 4)
    for name, data in (("plain", pickle.dumps({"embed": table}, 3)), ("dill", as_published(table))):
        (tmp_path / f"{name}.pkl").write_bytes(data)
        assert torch.equal(open_class_vectors(tmp_path / f"{name}.pkl"), table.weight)
    save_file({"vectors": table.weight.detach()}, tmp_path / "table.safetensors")
    assert torch.equal(open_class_vectors(tmp_path / "table.safetensors"), table.weight)


def test_other_files_are_refused_and_nothing_of_them_runs(tmp_path):
    table, place = torch.nn.Embedding(5, 4), tmp_path / "bad.pkl"
    place.write_bytes(as_published(table).replace(b"X\x03\x00\x00\x00set\x85R", b"X\x04\x00\x00\x00type\x85R"))
    with pytest.raises(WeightError, match="wants the type type"):
        open_class_vectors(place)
    place.write_bytes(pickle.dumps({"embed": torch.nn.Linear(2, 2)}, 3))
    with pytest.raises(WeightError, match=r"wants torch\.nn\.modules\.linear\.Linear"):
        open_class_vectors(place)
    save_file({"a": torch.zeros(2, 2), "b": torch.zeros(2, 2)}, tmp_path / "two.safetensors")
    save_file({"a": torch.zeros(2)}, tmp_path / "flat.safetensors")
    for name in ("two", "flat"):
        with pytest.raises(WeightError, match="one table"):
            open_class_vectors(tmp_path / f"{name}.safetensors")
