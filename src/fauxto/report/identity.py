"""What a reader needs to find the same again: the hash of the code, and the command."""

from __future__ import annotations

import hashlib
import shlex
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fauxto.finding import Finding

_HOUSE = "house"
_ASKED = {"forensics": "forensics", "localize": "localizer"}
"""Options that leave evidence, by the layer that speaks."""


@cache
def code_sha256() -> str:
    """The SHA-256 over the name and content of every Python file of the installed package, sorted by name.

    Two installations with the same hash run the same code, whatever version they say they are.
    """
    digest = hashlib.sha256()
    for name, file in sorted(_sources(files("fauxto"), "")):
        content = file.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def command(finding: Finding, name: str | None = None) -> str:
    """The command that repeats the scan of a finding, with the options that can be read off it.

    >>> command(Finding("my photo.jpg", verdict="no_evidence", fpr=0.01))
    "fauxto scan 'my photo.jpg' --fpr 0.01 --json"
    """
    file = name or finding.path
    words = ["fauxto", "scan", f"./{file}" if file.startswith("-") else file]
    if finding.fpr is not None:
        words += ["--fpr", f"{finding.fpr:g}"]
    if (finding.model or {}).get("reading") == "thorough":
        words.append("--thorough")
    if finding.stability is not None:
        words.append("--stability")
    layers = {item.layer for item in finding.evidence}
    words += [f"--{option}" for option, layer in _ASKED.items() if layer in layers]
    model = finding.model or {}
    if model.get("name", _HOUSE) != _HOUSE:
        words += ["--model", model["name"]]
    if model.get("backend", "openvino") != "openvino":
        words += ["--backend", model["backend"]]
    return shlex.join([*words, "--json"])


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found += _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            found.append((prefix + entry.name, entry))
    return found
