"""How hard the corpora of claims are: what the control arms alone reach, on a seed that no claim runs on.

    python benchmarks/claim_difficulty.py [--claims frozen toys] [--out benchmarks/results/claim_difficulty.json]

A share is usable when every control lies between `TOO_HARD` and `TOO_EASY`. Shares are tried from the smallest up, and
the first usable one is that of `claims/resampled_corpus.py`; once a control is out of bounds the others of that share
are not run. The arms that the claims are about are never run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fauxto.claims import rine, tridetect, univfd
from fauxto.claims.resampled_corpus import FROZEN_FAMILY, RESAMPLERS, TOO_EASY, TOO_HARD, Resampled, make_resampled
from fauxto.nn.efficientnet_lite import efficientnet_lite0_tower
from machine import describe

SEED = 900
SHARES = {"frozen": (0.5, 0.8, 1.0), "toys": (0.05, 0.2, 0.5)}
TRAIN, TEST = 120, 60
UNSEEN = tuple(family for family in RESAMPLERS if family != FROZEN_FAMILY)


def frozen(share: float) -> Resampled:
    """The corpus of UnivFD and RINE."""
    return make_resampled(SEED, rine.SIDE, train=TRAIN, test=TEST, share=share, taught=FROZEN_FAMILY)


def last_block(corpus: Resampled) -> float:
    """RINE's control: mean AUC over the families not taught."""
    tower = efficientnet_lite0_tower(rine.SIDE).requires_grad_(False).eval()
    found = rine.arm(tower, rine.layers_of(tower, corpus), SEED, steps=150, blocks=slice(-1, None))
    return float(np.mean([found[family] for family in UNSEEN]))


def end_to_end(corpus: Resampled) -> float:
    """UnivFD's control: mean AUC over the families not taught."""
    found = univfd.trained_aucs(corpus, SEED, epochs=4)
    return float(np.mean([found[family] for family in UNSEEN]))


def toys(share: float) -> tridetect.Toys:
    """The corpus of TriDetect."""
    return tridetect.make_toys(SEED, TRAIN, TEST, toy_steps=150, share=share)


def binary_loss(made: tridetect.Toys) -> float:
    """TriDetect's control: mean AUC over the unseen member of each family."""
    network = tridetect.trained(made, tridetect.LOSSES["binary"], SEED, epochs=4)
    return float(tridetect.measured(network, made)["AUC unseen"])


CORPORA: dict[str, tuple[Callable[[float], Any], dict[str, Callable[[Any], float]]]] = {
    "frozen": (frozen, {"last block": last_block, "trained end to end": end_to_end}),
    "toys": (toys, {"binary loss": binary_loss}),
}


def smallest_usable(
    shares: Sequence[float], make: Callable[[float], Any], controls: Mapping[str, Callable[[Any], float]]
) -> list[dict[str, Any]]:
    """A row a share up to the first that is usable.

    >>> [row["usable"] for row in smallest_usable((0.1, 0.5, 1.0), lambda share: share, {"itself": lambda c: c + 0.3})]
    [False, True]
    """
    rows: list[dict[str, Any]] = []
    for share in shares:
        corpus, found = make(share), {}
        for name, control in controls.items():
            found[name] = round(control(corpus), 4)
            if not TOO_HARD < found[name] < TOO_EASY:
                break
        usable = len(found) == len(controls) and all(TOO_HARD < value < TOO_EASY for value in found.values())
        rows.append({"share": share, "controls": found, "usable": usable})
        if usable:
            break
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", nargs="+", choices=list(CORPORA), default=list(CORPORA))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/claim_difficulty.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    report = json.loads(options.out.read_text()) if options.out.is_file() else {}
    for name in options.claims:
        rows = smallest_usable(SHARES[name], *CORPORA[name])
        report[name] = {"seed": SEED, "rows": rows, **describe("torch", "numpy")}
        print(json.dumps({name: rows}, indent=1))
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
