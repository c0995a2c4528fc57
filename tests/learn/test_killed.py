"""A run that is killed without warning goes on to the same bits; a run on two devices learns the same thing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from fauxto.data import patches
from fauxto.data.manifest import Sample, write
from fauxto.detect.house import House
from fauxto.learn.fit import Plan, fit, initial_state
from fauxto.media.crops import CropSpec
from tests.learn import train_and_report

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    """Twelve small pictures of noise; in the generated ones every pixel is there four times."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    samples = []
    for i in range(12):
        pixels = rng.integers(90, 160, (64, 64, 3), dtype=np.uint8)
        if i % 2:
            pixels = pixels[::2, ::2].repeat(2, axis=0).repeat(2, axis=1)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        samples.append(Sample(str(folder / f"{i}.png"), i % 2, generator="g" if i % 2 else "", source="s"))
    write(samples, folder / "manifest.csv")
    return folder / "manifest.csv"


@pytest.fixture
def one_thread():
    """Sums in one order, as in the process that is killed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_run_that_is_killed_at_any_step_ends_with_the_same_bits(manifest, tmp_path, one_thread, capsys):
    rng = np.random.default_rng(time.time_ns())
    after = int(rng.integers(1, train_and_report.STEPS))
    delay = float(rng.uniform(0, 0.1))
    command = [sys.executable, "-m", "tests.learn.train_and_report", str(manifest), str(tmp_path / "killed")]
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    for line in killed.stdout:
        if f"step {after}/" in line:
            time.sleep(delay)  # in the middle of a step, or of writing a checkpoint
            killed.send_signal(signal.SIGKILL)
            break
    assert killed.wait() == -signal.SIGKILL, "it ended before it was killed"
    killed.stdout.close()
    train_and_report.run(manifest, tmp_path / "killed")
    assert f"step {after}/" not in capsys.readouterr().out, "it began from the start"
    train_and_report.run(manifest, tmp_path / "whole")
    expected = load_file(tmp_path / "whole" / "weights.safetensors")
    found = load_file(tmp_path / "killed" / "weights.safetensors")
    assert expected.keys() == found.keys()
    different = [name for name, tensor in expected.items() if not torch.equal(tensor, found[name])]
    assert different == [], f"killed {delay:.3f} s after step {after}"


def test_two_devices_share_each_batch_and_learn(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(90, 160, (24, 64, 64, 3), dtype=np.uint8)
    pixels[12:] = pixels[12:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    samples = [Sample(f"/{i}.png", int(i >= 12), generator="g" if i >= 12 else "", source="s") for i in range(24)]
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    store = patches.PatchStore(mapped, np.arange(24), samples)
    detector = initial_state(lambda: House(CropSpec(64, 1)), seed=0)
    before = {name: value.clone() for name, value in detector.network().state_dict().items()}
    plan = Plan(steps=20, crop=32, batch_size=8, workers=0, save_every=20, laundering=None, devices=2)
    fitted = fit(detector, store, plan, tmp_path / "run")
    assert len(fitted.losses) == 20
    assert fitted.losses[-1] < fitted.losses[0]
    assert not torch.equal(before["classifier.head.weight"], detector.network().classifier.head.weight)
    logits = detector.score(list(pixels))
    assert logits[12:].mean() > logits[:12].mean()
