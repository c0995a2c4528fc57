"""The last-up-sampling attack keeps the contract, labels what it writes, and loads the published generators."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch

from fauxto.attack import Budget, write_labelled
from fauxto.attack.spectrum import CARD, EVADING, LastUpsampling, load_pair
from fauxto.catalog.discover import read_card
from fauxto.data.worlds.camera import photograph
from fauxto.errors import InputError, WeightError
from fauxto.nn.dcgan import ConvDiscriminator, ConvGenerator
from fauxto.provenance.mark import SOURCE_TYPE


class Sharpness:
    """A stand-in for a detector: likes what is smooth."""

    def __init__(self):
        self.scored = 0

    def score(self, images):
        self.scored += len(images)
        return np.array([np.abs(np.diff(i.astype(float), axis=0)).mean() for i in images], np.float32)


def test_the_attack_redraws_keeps_the_budget_and_takes_the_best():
    images = [photograph(seed, 32) for seed in range(6)]
    detector, attack = Sharpness(), LastUpsampling()
    drawn, trace = attack(detector, images, Budget(steps=3, queries=8))
    assert [step.tried for step in trace] == list(EVADING)
    assert detector.scored == sum(step.queries for step in trace) == 8
    assert [(d.shape, d.dtype) for d in drawn] == [((32, 32, 3), np.uint8)] * 6
    best = min(trace, key=lambda step: step.logit)
    assert float(detector.score(drawn[: best.queries]).mean()) == pytest.approx(best.logit)
    again, _ = attack(Sharpness(), images, Budget(steps=3, queries=8))
    np.testing.assert_array_equal(drawn, again)


@pytest.mark.parametrize("images, budget", [([], Budget()), ([np.zeros((31, 32, 3), np.uint8)], Budget())])
def test_unfit_pictures_are_refused(images, budget):
    with pytest.raises(InputError, match="even sides"):
        LastUpsampling()(Sharpness(), images, budget)


def test_unfit_budgets_and_set_ups_are_refused():
    with pytest.raises(InputError, match="at least one step"):
        Budget(steps=0)
    with pytest.raises(InputError, match="as many queries"):
        LastUpsampling()(Sharpness(), [np.zeros((32, 32, 3), np.uint8)], Budget(queries=1))
    with pytest.raises(InputError, match=r"N\.9\.9"):
        LastUpsampling(("N.9.9",))


def test_what_is_written_is_labelled_and_never_overwrites(tmp_path):
    images = [photograph(seed, 32) for seed in range(2)]
    paths = write_labelled(images, tmp_path / "out", "fauxto attack fourier")
    assert all((SOURCE_TYPE + "trainedAlgorithmicMedia").encode() in path.read_bytes() for path in paths)
    with pytest.raises(InputError, match="exists"):
        write_labelled(images, tmp_path / "out", "fauxto attack fourier")


def lightning_checkpoint(path, setup: str, norm: str, monkeypatch) -> dict[str, torch.Tensor]:
    """A file as PyTorch Lightning of 2021 writes it: callbacks by class, schedules with numpy numbers."""
    torch.manual_seed(0)
    pair = torch.nn.ModuleDict({"G": ConvGenerator(setup), "D": ConvDiscriminator(norm=norm)})
    callbacks = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    callbacks.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": callbacks.__name__})
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, callbacks.__name__, callbacks)
    saved = {
        "epoch": 3,
        "state_dict": pair.state_dict(),
        "callbacks": {callbacks.ModelCheckpoint: {"best_model_path": "x"}},
        "lr_schedulers": [{"factor": np.float64(0.5)}],
        "hyper_parameters": {"setup_name": setup},
    }
    torch.save(saved, path)
    for name in (callbacks.__name__, "pytorch_lightning.callbacks", "pytorch_lightning"):
        monkeypatch.delitem(sys.modules, name)
    return pair.state_dict()


@pytest.mark.parametrize("setup, norm", [("BASELINE", "batch"), ("Z.1.5", "layer"), ("B.3.5", "batch")])
def test_the_published_layout_loads_strictly(tmp_path, monkeypatch, setup, norm):
    file = tmp_path / "epoch=3-fid10k=70.1.ckpt"
    tensors = lightning_checkpoint(file, setup, norm, monkeypatch)
    generator, discriminator = load_pair(str(file), setup)
    assert torch.equal(generator.state_dict()["net.0.0.weight"], tensors["G.net.0.0.weight"])
    assert torch.equal(discriminator.state_dict()["net.2.1.weight"], tensors["D.net.2.1.weight"])
    with pytest.raises(WeightError, match=r"G\.net"):
        load_pair(str(file), "N.1.5")


def test_the_card_can_be_read_and_counts_right():
    assert read_card(sys.modules[LastUpsampling.__module__].__file__) == CARD
    assert sum(p.numel() for p in ConvGenerator().parameters()) == CARD.parameters
