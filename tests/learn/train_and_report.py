"""A training run in a process of its own, to be killed: `python -m tests.learn.train_and_report MANIFEST OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from fauxto.cli.train import train

STEPS = 14


def run(manifest: Path, out: Path) -> None:
    """The house detector on tiny crops, with a checkpoint after every step."""
    train("house", data=manifest, out=out, steps=STEPS, crop=32, batch_size=8, patches=1, workers=0, save_every=1)


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Path(sys.argv[1]), Path(sys.argv[2]))
