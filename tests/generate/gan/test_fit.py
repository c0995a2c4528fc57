"""The loop: killed and resumed to the bit, stopped by divergence and full disks with nothing lost, best kept."""

from __future__ import annotations

import csv
import errno
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from fauxto.errors import FauxtoError, InputError, PolicyError, ResourceError
from fauxto.generate.gan import training
from fauxto.generate.gan.batches import Batches
from fauxto.generate.gan.fit import Plan, fit
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.recipe import Average, Regularizers
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.run_folder import RunFolder, tiled, to_uint8
from fauxto.generate.gan.turns import Table, flat_turn
from tests.generate.gan import train_tiny
from tests.generate.gan.tiny import colours, tiny

ROOT = Path(__file__).resolve().parents[3]
DCGAN = tiny(RECIPES["dcgan"])


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in one order, as in the process that is killed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_killed_run_ends_with_the_same_bits(tmp_path, capsys):
    command = [sys.executable, "-m", "tests.generate.gan.train_tiny", str(tmp_path / "killed")]
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    for line in killed.stdout:
        if line.startswith("step 4/"):
            killed.send_signal(signal.SIGKILL)  # after the step, before or in the middle of its checkpoint
            break
    assert killed.wait() == -signal.SIGKILL, "it ended before it was killed"
    killed.stdout.close()
    resumed = train_tiny.run(tmp_path / "killed")
    assert "step 3/" not in capsys.readouterr().out, "it began before its checkpoint"
    whole = train_tiny.run(tmp_path / "whole")
    assert resumed.step == whole.step == train_tiny.STEPS
    found, expected = (load_file(tmp_path / name / "generator.safetensors") for name in ("killed", "whole"))
    assert found.keys() == expected.keys()
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []
    states = [torch.load(tmp_path / name / "last.ckpt", weights_only=True) for name in ("killed", "whole")]
    assert states[0]["controller"] == states[1]["controller"] and states[0]["controller"]["p"] != 0.2
    assert all(torch.equal(states[0]["discriminator"][k], v) for k, v in states[1]["discriminator"].items())
    rows = [list(csv.DictReader((tmp_path / name / "log.csv").open())) for name in ("killed", "whole")]
    assert [row["step"] for row in rows[0]] == [row["step"] for row in rows[1]] == [str(k) for k in range(1, 7)]
    assert [row["generator"] for row in rows[0]] == [row["generator"] for row in rows[1]]


def test_two_devices_share_each_batch(tmp_path):
    recipe = replace(tiny(RECIPES["sngan-ada"], batch=8), average=Average(decay=0.5))
    done = fit(recipe, colours(), tmp_path, Plan(steps=2, save_every=2, devices=2, grid=4))
    assert done.step == 2
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert state["pictures_seen"] == 16 and state["controller"]["seen"] == 16  # of both processes
    assert RunFolder(tmp_path).load().step == 2


def test_a_run_that_is_done_does_nothing_and_another_recipe_is_refused(tmp_path):
    plan = Plan(steps=1, grid=4)
    fit(DCGAN, colours(), tmp_path, plan)
    before = (tmp_path / "last.ckpt").read_bytes()
    assert fit(DCGAN, colours(), tmp_path, plan).step == 1
    assert (tmp_path / "last.ckpt").read_bytes() == before
    with pytest.raises(PolicyError, match="another run"):
        fit(replace(DCGAN, loss="hinge"), colours(), tmp_path, plan)
    with pytest.raises(PolicyError, match="another run"):
        fit(DCGAN, colours(seed=1), tmp_path, plan)


def test_the_best_generator_is_kept(tmp_path):
    scores = iter([3.0, 1.0, 2.0])
    done = fit(
        DCGAN,
        colours(),
        tmp_path,
        Plan(steps=3, save_every=1, evaluate_every=1, grid=4),
        evaluate=lambda _: next(scores),
    )
    assert (done.best, done.best_step) == (1.0, 2)
    files = RunFolder(tmp_path)
    assert (files.load().step, files.load(best=True).step) == (3, 2)
    with (tmp_path / "log.csv").open() as file:
        assert [row["score"] for row in csv.DictReader(file)] == ["3.0", "1.0", "2.0"]
    assert len(list((tmp_path / "samples").iterdir())) == 3


def test_looking_at_a_run_does_not_change_it(tmp_path):
    fit(DCGAN, colours(), tmp_path / "a", Plan(steps=2, grid=4))

    def nosy(generator):
        torch.rand(5)
        return 1.0

    fit(DCGAN, colours(), tmp_path / "b", Plan(steps=2, save_every=1, evaluate_every=1, grid=9), evaluate=nosy)
    a, b = (load_file(tmp_path / name / "generator.safetensors") for name in "ab")
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_divergence_stops_the_run_says_why_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    original = training.discriminator_turn

    def diverging(table, *rest):
        return original(table, *rest) * (float("nan") if table.step == 2 else 1.0)

    monkeypatch.setattr(training, "discriminator_turn", diverging)
    with pytest.raises(FauxtoError, match=r"diverged by step 3: .*discriminator.* not finite") as caught:
        fit(DCGAN, colours(), tmp_path, Plan(steps=4, save_every=1, grid=4))
    assert caught.value.code == "diverged" and "learning rates" in caught.value.fix
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["step"] == 2
    assert all(value.isfinite().all() for value in load_file(tmp_path / "generator.safetensors").values())


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    fit(DCGAN, colours(), tmp_path, Plan(steps=1, grid=4))
    before = (tmp_path / "last.ckpt").read_bytes()

    def full(self, path, state, **_):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Fabric, "save", full)
    with pytest.raises(ResourceError, match=r"No space left.*untouched"):
        fit(DCGAN, colours(), tmp_path, Plan(steps=2, grid=4))
    assert (tmp_path / "last.ckpt").read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
    monkeypatch.undo()
    assert fit(DCGAN, colours(), tmp_path, Plan(steps=2, grid=4)).step == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: (r, colours(count=3), Plan()), "fewer than one batch"),
        (lambda r: (r, colours(side=16), Plan()), "makes pictures of 32"),
        (lambda r: (r, colours(), Plan(devices=3)), "cannot be split"),
        (lambda r: (r, colours(), Plan(precision="8-bit")), "no precision"),
        (lambda r: (r, colours(), Plan(seed=-1)), "A seed is 0 or more"),
        (lambda r: (r, colours(), Plan(steps=0)), "at least 1"),
        (lambda r: (r, colours(), Plan(save_every=0)), "at least 1"),
        (lambda r: (tiny(RECIPES["sngan"]), colours(classes=1), Plan()), "needs pictures with classes"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_trained(change, words, tmp_path):
    recipe, pictures, plan = change(DCGAN)
    with pytest.raises(InputError, match=words):
        fit(recipe, pictures, tmp_path / "run", plan)
    assert not (tmp_path / "run" / "last.ckpt").exists()


def test_accumulated_passes_are_one_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(
        training, "discriminator_turn", lambda table, real, *_: table.judge(real, None).adversarial.mean()
    )
    recipe = tiny(RECIPES["stylegan2-uncond"], optimizer="sgd", discriminator_rate=0.1)
    recipe = replace(recipe, discriminator={**recipe.discriminator, "group": 1}, regularizers=Regularizers())
    states = []
    for batch, passes in ((8, 1), (4, 2)):
        how = replace(recipe, optimization=replace(recipe.optimization, batch=batch, accumulate=passes))
        how = replace(how, augmentation=replace(how.augmentation, mirror=False))
        fit(how, colours(count=8), tmp_path / str(batch), Plan(steps=1, grid=4))
        states.append(torch.load(tmp_path / str(batch) / "last.ckpt", weights_only=True)["discriminator"])
    start = make(recipe, 0).discriminator.state_dict()
    assert any(not torch.equal(states[0][key], start[key]) for key in start)
    for key in start:
        torch.testing.assert_close(states[0][key], states[1][key])


def test_batches_go_through_all_pictures_once_an_epoch():
    pictures = colours(count=10)
    batches = Batches(pictures, 4, seed=3, mirror=False)
    device = torch.device("cpu")
    seen = torch.cat([batches.take(k, device)[0] for k in range(5)])
    pixels = ((seen + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    places = [next(i for i in range(10) if np.array_equal(pictures.pixels[i], picture)) for picture in pixels]
    assert sorted(places[:10]) == sorted(places[10:]) == list(range(10))
    assert places[:10] != places[10:]
    assert [batches.epoch(k) for k in (0, 2, 3, 5)] == [0, 0, 1, 2]
    again = Batches(pictures, 4, seed=3, mirror=False)
    assert torch.equal(again.take(3, device)[0], seen[12:16])
    halves = [Batches(pictures, 4, seed=3, mirror=False, rank=rank, world=2).take(3, device) for rank in (0, 1)]
    assert torch.equal(torch.cat([half[0] for half in halves]), seen[12:16])
    assert torch.equal(torch.cat([half[1] for half in halves]), batches.take(3, device)[1])


def test_mirrored_batches_hold_the_same_pictures():
    pictures = colours(count=64)
    device = torch.device("cpu")
    plain, mirrored = (Batches(pictures, 64, seed=0, mirror=flag).take(0, device)[0] for flag in (False, True))
    same = (plain == mirrored).flatten(1).all(1)
    turned = (plain.flip(-1) == mirrored).flatten(1).all(1)
    assert (same ^ turned).all() and 20 < int(same.sum()) < 44


def test_one_pass_over_both_says_the_same_as_two():
    recipe = tiny(RECIPES["biggan"])
    pair = make(recipe, classes=3)
    table = Table.of(pair)
    assert table.fused
    pair.discriminator.eval()  # no power iteration between the two
    real, fake = torch.randn(2, 4, 3, 32, 32)
    labels, drawn = torch.tensor([0, 1, 2, 0]), torch.tensor([2, 2, 1, 0])
    both = table.judge_both(real, labels, fake, drawn)
    table.fused = False
    apart = table.judge_both(real, labels, fake, drawn)
    for one, other in zip(both, apart, strict=True):
        torch.testing.assert_close(one.adversarial, other.adversarial)
        torch.testing.assert_close(one.features, other.features)
    for name in ("dcgan", "stylegan2"):
        assert not Table.of(make(tiny(RECIPES[name]), classes=3)).fused


def test_a_rare_penalty_is_as_many_times_as_strong():
    recipe = tiny(RECIPES["stylegan2-uncond"])
    losses = []
    for every in (1, 16):
        how = replace(recipe, regularizers=replace(recipe.regularizers, flat_every=every))
        table = Table.of(make(how, 0))
        torch.manual_seed(0)
        losses.append(float(flat_turn(table, torch.ones(4, 3, 32, 32), None, table.drawn(4)).detach()))
    assert losses[1] == pytest.approx(16 * losses[0], rel=1e-5)


def test_pictures_become_bytes_and_tiles():
    pictures = to_uint8(torch.tensor([-2.0, -1.0, 0.0, 0.999, 1.0, 3.0]).view(1, 1, 1, 6).expand(1, 3, 6, 6))
    assert pictures[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255, 255]
    tiles = tiled(np.stack([np.full((2, 2, 3), k, np.uint8) for k in (1, 2, 3)]))
    assert tiles[:, :, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 0, 0], [3, 3, 0, 0]]
