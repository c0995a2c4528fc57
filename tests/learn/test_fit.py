"""The fit loop: it learns, it resumes to the same weights, and its batches are balanced."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.bench.aigibench import AIGIBench
from fauxto.data.manifest import Sample
from fauxto.data.patches import PatchStore
from fauxto.detect.house import House
from fauxto.detect.rigid import RIGID
from fauxto.detect.univfd import UnivFD
from fauxto.errors import ContractError, InputError, PolicyError, WeightError
from fauxto.generate.gan import StudioGAN
from fauxto.learn.augment import Laundering, laundered_crop
from fauxto.learn.batches import TrainingCrops
from fauxto.learn.fit import Balanced, Plan, check_fittable, fit, initial_state
from fauxto.learn.schedule import make_optimizer
from fauxto.localize.fakelocator import FakeLocator
from fauxto.media.crops import CropSpec


@pytest.fixture
def store() -> PatchStore:
    """Noise against noise that was doubled: a trace that any residual network finds."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(90, 160, (24, 64, 64, 3), dtype=np.uint8)
    pixels[12:] = pixels[12:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    samples = [Sample(f"/{i}.png", int(i >= 12), generator="g" if i >= 12 else "", source="s") for i in range(24)]
    return PatchStore(pixels, np.arange(24), samples)


def plan(**changes) -> Plan:
    fast = {"steps": 12, "crop": 32, "batch_size": 8, "workers": 0, "save_every": 6, "precision": "32-true"}
    return Plan(**{**fast, "laundering": None, **changes})


def new_house() -> House:
    return initial_state(lambda: House(CropSpec(64, 1)), seed=0)


class Plain(House):
    """A detector that changes no crop."""

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return crop


def test_training_separates_a_plain_trace(store, tmp_path):
    detector = new_house()
    fit(detector, store, plan(steps=40), tmp_path)
    logits = detector.score(list(store.pixels))
    assert logits[12:].min() > logits[:12].max()


def test_a_resumed_run_ends_with_the_same_weights(store, tmp_path):
    whole, stopped, again = new_house(), new_house(), new_house()
    fit(whole, store, plan(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(Interrupting(stopped, after=8), store, plan(), tmp_path / "stopped")
    fitted = fit(again, store, plan(), tmp_path / "stopped")
    assert len(fitted.losses) == 12
    for name, value in whole.network().state_dict().items():
        assert torch.equal(value, again.network().state_dict()[name]), name


def test_a_checkpoint_leaves_frozen_parts_out_and_resumes_to_the_same_bits_on_them_alone(store, tmp_path):
    def probe(seed: int = 0) -> UnivFD:
        return initial_state(lambda: UnivFD(**UnivFD.small), seed)

    whole, stopped, again = probe(), probe(), probe()
    fit(whole, store, plan(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(Interrupting(stopped, after=8), store, plan(), tmp_path / "stopped")
    saved = torch.load(tmp_path / "stopped/last.ckpt", weights_only=True)["network"]
    state, trained = stopped.network().state_dict(), {n for n, p in stopped.network().named_parameters()}
    asked = {n for n, p in stopped.network().named_parameters() if p.requires_grad}
    assert set(saved) == set(state) - (trained - asked) and len(saved) < len(state) / 2
    with torch.no_grad():
        other = probe()
        next(p for p in other.network().parameters() if not p.requires_grad).add_(1e-3)
    with pytest.raises(PolicyError, match="frozen"):
        fit(other, store, plan(), tmp_path / "stopped")
    fit(again, store, plan(), tmp_path / "stopped")
    for name, value in whole.network().state_dict().items():
        assert torch.equal(value, again.network().state_dict()[name]), name


class Interrupting:
    """A detector whose loss raises after some batches, as Ctrl-C would."""

    def __init__(self, detector: House, after: int) -> None:
        self.detector, self.left = detector, after

    def __getattr__(self, name):
        return getattr(self.detector, name)

    def loss(self, logits, labels):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.detector.loss(logits, labels)


def test_batches_are_half_real_and_draw_every_group(store):
    batches = list(Balanced(store, 8, seed=0, start=0, steps=50))
    labels = store.labels
    assert all(sum(labels[patch] for patch, _ in batch) == 4 for batch in batches)
    assert {patch for batch in batches for patch, _ in batch} == set(range(24))
    assert batches[7:] == list(Balanced(store, 8, seed=0, start=7, steps=50))


def test_laundered_crops_have_the_size_and_are_deterministic():
    patch = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    for draw in range(40):
        first = laundered_crop(patch, 64, Laundering(), np.random.default_rng(draw))
        again = laundered_crop(patch, 64, Laundering(), np.random.default_rng(draw))
        assert first.shape == (64, 64, 3)
        assert first.dtype == np.uint8
        assert np.array_equal(first, again)


def test_crops_of_a_store_that_cannot_be_written_are_tensors_of_their_own(store, recwarn):
    store.pixels.setflags(write=False)
    pixels, *_ = TrainingCrops(store, Plain(), 64, None, 0)[0, 0]
    pixels += 1
    assert not recwarn.list


def test_initial_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    before = torch.rand(1)
    torch.manual_seed(1)
    first = initial_state(House, 3)
    assert torch.equal(torch.rand(1), before)
    second, other = initial_state(House, 3), initial_state(House, 4)
    name = "classifier.head.weight"
    assert torch.equal(first.network().state_dict()[name], second.network().state_dict()[name])
    assert not torch.equal(first.network().state_dict()[name], other.network().state_dict()[name])


def test_the_parts_of_a_batch_are_the_batch_and_each_is_half_real(store):
    whole = list(Balanced(store, 8, seed=0, start=0, steps=5))
    parts = [list(Balanced(store, 8, seed=0, start=0, steps=5, rank=rank, world=2)) for rank in (0, 1)]
    assert [a + b for a, b in zip(*parts, strict=True)] == whole
    assert all(sum(store.labels[patch] for patch, _ in batch) == 2 for part in parts for batch in part)


def test_a_batch_that_cannot_be_shared_is_refused(store, tmp_path):
    with pytest.raises(InputError, match="cannot be split into 2"):
        fit(new_house(), store, plan(batch_size=6, devices=2), tmp_path)


@pytest.mark.parametrize(("label", "word"), [(0, "generated"), (1, "real")])
def test_one_class_is_refused(store, tmp_path, label, word):
    rows = np.flatnonzero(store.labels == label)
    alone = PatchStore(store.pixels[rows], np.arange(12), [store.samples[i] for i in rows])
    with pytest.raises(InputError, match=f"There is no {word} picture"):
        fit(new_house(), alone, plan(), tmp_path)


def test_another_run_in_the_same_folder_is_refused(store, tmp_path):
    fit(new_house(), store, plan(steps=1), tmp_path)
    with pytest.raises(PolicyError, match="seed 0 there, 1 now"):
        fit(new_house(), store, plan(steps=1, seed=1), tmp_path)
    fit(new_house(), store, plan(steps=1, save_every=50), tmp_path)  # that decides nothing
    (tmp_path / "last.ckpt").write_bytes(b"half a file")
    with pytest.raises(WeightError, match=r"last\.ckpt is not a checkpoint"):
        fit(new_house(), store, plan(steps=1), tmp_path)


def test_a_run_says_how_fast_loader_and_network_are(store, tmp_path, capsys):
    fitted = fit(new_house(), store, plan(steps=6), tmp_path)
    assert fitted.loader_rate > 0 and fitted.network_rate > 0
    # one process makes a batch, then trains on it: the two times add up to all
    making, working = 6 * 8 / fitted.loader_rate, 6 * 8 / fitted.network_rate
    assert making + working == pytest.approx(fitted.seconds, rel=0.3)
    assert f"loader {fitted.loader_rate:.0f} crops/s" in capsys.readouterr().out


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_weight_decay_is_that_of_the_published_optimizers(optimizer):
    """Adam and SGD add it to the gradient of every parameter; AdamW shrinks the matrices, and only these."""
    layer = torch.nn.Linear(2, 2)
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    for parameter in layer.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    rate, decay = 0.1, 0.3
    make_optimizer(layer, {"optimizer": optimizer, "weight_decay": decay}, rate).step()
    for name, parameter in layer.named_parameters():
        start = before[name]
        coupled = 0.5 + decay * start
        if optimizer == "sgd":
            expected = start - rate * coupled
        elif optimizer == "adam":  # the first step of Adam is the sign of the gradient
            expected = start - rate * coupled / (coupled.abs() + 1e-8)
        else:
            expected = start * (1 - rate * decay if name == "weight" else 1) - rate
        torch.testing.assert_close(parameter.detach(), expected)


def test_sgd_and_adam_follow_the_recipe():
    layer = torch.nn.Linear(2, 2)
    recipe = {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-4}
    group = make_optimizer(layer, recipe, 0.1).param_groups[0]
    assert (group["momentum"], group["weight_decay"], group["lr"]) == (0.9, 1e-4, 0.1)
    assert (
        make_optimizer(layer, {"optimizer": "adam", "weight_decay": 1e-3}, 0.1).param_groups[0]["weight_decay"] == 1e-3
    )
    with pytest.raises(ContractError, match="lion"):
        make_optimizer(layer, {"optimizer": "lion", "weight_decay": 0}, 0.1)


@pytest.mark.parametrize(
    ("make", "way_out"),
    [
        (StudioGAN, "fauxto generate train"),
        (AIGIBench, "fauxto bench aigibench"),
        (lambda: RIGID(backbone="tiny"), "calibrate"),
    ],
)
def test_what_is_not_fitted_to_crops_is_refused_with_what_trains_it(make, way_out):
    with pytest.raises(InputError, match="nothing that this verb could train") as caught:
        check_fittable(make())
    assert way_out in caught.value.fix
    check_fittable(new_house())
    check_fittable(FakeLocator(**FakeLocator.small))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"batch_size": 0}, "batch_size is 0; expected at least 2"),
        ({"batch_size": 1}, "batch_size is 1"),
        ({"crop": 0}, "crop is 0"),
        ({"crop": 129}, "more than twice the 64"),
        ({"workers": -1}, "workers is -1"),
        ({"save_every": 0}, "save_every is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"learning_rate": float("nan")}, "learning rate is nan"),
        ({"precision": "8-bit"}, "no precision '8-bit'"),
    ],
)
def test_numbers_that_no_run_can_have_are_refused(store, tmp_path, change, words):
    with pytest.raises(InputError, match=words) as caught:
        fit(new_house(), store, plan(**change), tmp_path)
    assert caught.value.fix and not (tmp_path / "last.ckpt").exists()
