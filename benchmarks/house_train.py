"""Train the network that ships: wide first, then narrow, on views that were made ahead.

    python benchmarks/house_train.py --manifest manifest.csv --then all.csv --work WORK --out weights.safetensors

1. Patches of every training row at native resolution, and of large pictures made smaller; random histories ahead.
2. The wide network (64, 64, 128) learns; the channels that matter most become the narrow one, which learns on.
3. With `--then`, a manifest of `house_data.py --everything`, the narrow network learns on from all families: that is
   what ships, and only the weights of step 2 (`weights-held-out.safetensors`) tell what it does on families that it
   never saw.

Every step is resumed where it stopped. Only rows whose split is "train" are trained on.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fauxto.data.manifest import read
from fauxto.data.patches import PatchStore, build, join
from fauxto.detect.house import WIDTHS, House
from fauxto.learn.ahead import launder_ahead
from fauxto.learn.augment import Laundering
from fauxto.learn.fit import Plan, fit, initial_state
from fauxto.nn.residual_net import channel_importance, narrowed

WIDE = (64, 64, 128)
VIEW = 136
SHRUNK_LAUNDERING = Laundering(history=0.15, resize=0.12)
"""What was made smaller has had its resize, and most of what came before it is gone."""


def views(manifest: Path, work: Path) -> PatchStore:
    """The training views of a manifest: three of every native patch, one of every patch of a smaller copy."""
    samples = [sample for sample in read(manifest) if sample.split == "train"]
    native = build(samples, work, size=256, per_picture=5, seed=0)
    shrunk = build(samples, work, size=256, per_picture=6, seed=1, shrunk=True)
    return join(
        launder_ahead(native, work, versions=3, size=VIEW),
        launder_ahead(shrunk, work, versions=1, size=VIEW, laundering=SHRUNK_LAUNDERING),
    )


def narrow(wide: House, store: PatchStore) -> House:
    """The narrow detector, from the channels of the wide one that matter most on six batches."""
    rng = np.random.default_rng(5)
    classes = [np.flatnonzero(store.labels == label) for label in (0, 1)]
    net = wide.network().eval()
    total: dict[str, Tensor] = {}
    for _ in range(6):
        rows = np.concatenate([rng.choice(own, 16) for own in classes])
        pixels = torch.from_numpy(np.stack([store.pixels[int(row)][:96, :96] for row in rows]))
        pixels, labels = pixels.movedim(-1, 1).float() / 255, torch.repeat_interleave(torch.tensor([0.0, 1.0]), 16)
        found = channel_importance(net.classifier, lambda x=pixels, y=labels: wide.loss(net(x), y))
        total = {name: value + total.get(name, 0) for name, value in found.items()}
    detector = House()
    detector.network().classifier = narrowed(net.classifier, WIDTHS, total)
    return detector


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wide-steps", type=int, default=5600)
    parser.add_argument("--steps", type=int, default=6600)
    parser.add_argument("--then", type=Path, help="a manifest of all families, for the last steps")
    parser.add_argument("--then-steps", type=int, default=900)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    store = views(options.manifest, options.work)
    plan = Plan(
        steps=options.wide_steps, crop=options.crop, seed=options.seed, batch_size=options.batch_size,
        laundering=None, workers=1,
    )  # fmt: skip
    wide = initial_state(lambda: House(widths=WIDE), options.seed)
    fit(wide, store, plan, options.work / "wide")
    detector = narrow(copy.deepcopy(wide), store)
    fit(detector, store, replace(plan, steps=options.steps, learning_rate=1.6e-3), options.work / "narrow")
    if options.then:
        detector.save(str(options.out.with_stem(f"{options.out.stem}-held-out")))
        last = replace(plan, steps=options.then_steps, learning_rate=5e-4, seed=options.seed + 1)
        fit(detector, views(options.then, options.work), last, options.work / "then")
    detector.save(str(options.out))


if __name__ == "__main__":
    main()
