"""Every verb of the command line: what it says of itself. Plain data, so that `fauxto --help` costs nothing."""

from __future__ import annotations

import shutil
import textwrap

ABOUT = "Was this picture made or altered by a machine, where, by what, and how sure can we be?"
MORE = "`fauxto VERB --help` explains a verb. `--debug` after any verb shows tracebacks."

VERBS = {
    "scan": "Scan pictures: verdict, evidence, report.",
    "forensics": "Ask the classical forensic tools about a picture.",
    "systems": "List every system, or show the card of one.",
    "check": "Check that a detector keeps every promise of the contract.",
    "new": "Write a documented template of a system.",
    "train": "Train a system on a manifest.",
    "package": "Make a trained detector into a model that `fauxto scan --model` loads.",
    "claims": "Re-check the central claims of the systems.",
    "serve": "Serve the page and the HTTP interface.",
}
"""Verb and summary; `package` lives with `train`, every other in the module of its name."""

GROUPS = {
    "data": "Manifests of pictures: index a folder, describe it, split it, audit it.",
    "bench": "Compare detectors, or GANs, under a protocol, with a control beside every figure.",
    "generate": "Make pictures: recipes of GANs, their training, and marked samples.",
    "keys": "Keys of the service: make, list, revoke.",
    "weights": "Convert checkpoints.",
}
"""Groups of verbs, and what they are about."""

SUBVERBS = {
    "data": {
        "index": "Write the manifest of a folder or of a public data set.",
        "describe": "Count the pictures of a manifest.",
        "split": "Split a manifest so that nothing that belongs together is cut.",
        "audit": "Ask stupid probes whether anything but a trace gives the label away.",
    },
    "bench": {
        "cross-generator": "Train on some generators or sources, test on others.",
        "aigibench": "AIGIBench's four tasks.",
        "imaginet": "ImagiNet: re-posted pictures by kind of generator and content.",
        "aria": "ARIA: transfer between generators and methods, in pairs.",
        "mri-gans": "Vanilla GAN, DCGAN and WGAN as repairers of medical slices.",
    },
    "generate": {
        "recipes": "List the recipes of GANs, or show one.",
        "train": "Train a GAN on a folder or a manifest.",
        "sample": "Draw marked pictures from a trained GAN.",
        "adopt": "Make the folder of a run from a generator that StudioGAN published.",
        "explore": "Show ways, directions or nearest training pictures of a trained GAN.",
        "evaluate": "Score generated pictures against real ones: FID, KID, Precision and Recall, ...",
    },
    "keys": {
        "add": "Make a key and print it.",
        "list": "List all keys.",
        "revoke": "End a key.",
    },
    "weights": {"convert": "Turn a legacy torch checkpoint into safetensors."},
}
"""The verbs of each group; they live in the module of the group."""


def overview() -> str:
    """What `fauxto --help` prints: all verbs with their summaries, wrapped to the terminal."""
    width = max(40, min(100, shutil.get_terminal_size().columns))
    rows = VERBS | GROUPS | {"--help (-h)": "Display this message and exit.", "--version": "Display the version."}
    indent = " " * 15
    lines = [textwrap.fill(f"  {name:13}{words}", width, subsequent_indent=indent) for name, words in rows.items()]
    about, more = textwrap.fill(ABOUT, width), textwrap.fill(MORE, width)
    return "\n".join(["Usage: fauxto VERB ...", "", about, "", *lines, "", more])
