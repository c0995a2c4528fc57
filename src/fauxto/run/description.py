"""A model.json and the files that it names: read and checked before a byte of them is trusted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fauxto.errors import WeightError


def read_description(path: Path, needed: Mapping[str, type]) -> dict[str, Any]:
    """A model.json with all that it needs. Errors: WeightError."""
    try:
        description = json.loads(path.read_bytes())
    except OSError as error:
        raise WeightError(f"Cannot read {path}: {error.strerror}.", fix="Install the model again.") from error
    except ValueError as error:
        raise WeightError(f"{path} is no JSON: {error}.", fix="Install the model again.") from error
    if not isinstance(description, dict):
        raise WeightError(f"{path} holds no JSON object.", fix="Install the model again.")
    for key, kind in needed.items():
        if not isinstance(description.get(key), kind):
            raise WeightError(
                f"{path} needs an entry {key!r} of type {kind.__name__}; got {description.get(key)!r:.80}.",
                fix="Export the model again, or install the package again.",
            )
    return description


def check_hash(onnx: Path, expected: str) -> None:
    """Refuse a network that is not the one its description names. Errors: WeightError."""
    got = digest_of(onnx)
    if got != expected:
        raise WeightError(
            f"{onnx} is not the network of its model.json: expected sha256 {expected}, got {got}.",
            fix="Install the model again; do not scan with a file of unknown origin.",
        )


def digest_of(*files: Path) -> str:
    """The sha256 of files, one after the other. Errors: WeightError."""
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(file.read_bytes())
        except OSError as error:
            raise WeightError(f"Cannot read {file}: {error.strerror}.", fix="Install the model again.") from error
    return digest.hexdigest()


def canonical(description: dict[str, Any]) -> bytes:
    """A description as bytes that depend on its content alone."""
    return json.dumps(description, sort_keys=True).encode()
