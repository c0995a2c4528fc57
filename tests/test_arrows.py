"""Which room may import which: arrows point down, from the screens to the bytes."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "fauxto"
SYSTEMS = ("detect", "localize", "attribute", "explain", "attack", "generate")
FLOORS = (
    ("errors",),
    ("finding", "media", "score", "catalog", "backends"),
    ("language", "launder", "contracts"),
    ("provenance", "forensics", "nn"),
    ("verdict", "data"),
    ("report", "run", "learn"),
    SYSTEMS,
    ("bench",),
    ("claims",),
    ("serve",),
    ("cli",),
)
"""The rooms from the ground up: a room imports only from lower floors, never from its own."""

FACES = ("__init__", "__main__")
"""The package's own face and its start: they may reach anywhere, and anyone may ask the face for the version."""

EXCEPTIONS = {
    ("nn", "learn.checkpoint"): "networks read their own weights, and the reader itself imports nothing but errors",
    ("nn.stylegan2_layouts", "learn.nvidia_pickle"): "the same for NVIDIA's files, which are pickles",
    ("catalog.discover", "claims.ledger"): "a system works where the ledger says so, and the ledger is a JSON file",
    ("learn.appearance", "run.appearance"): "what it weighs is what a scan sees, by the scan's own code",
    ("learn.package", "run.pooling"): "what packaging calibrates is the score of a scan, pooled by the scan's own code",
}
"""Arrows that point up, by the importing room or module, and why they may."""

WITHOUT_TORCH = ("errors", "finding", "catalog", "backends", "language", "media", "provenance", "forensics", "verdict",
                 "report", "run", "serve", "cli", "contracts")  # fmt: skip
"""Rooms that a scan or the service needs: torch is no part of their installation."""

HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}


@functools.cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """The modules that a file imports, and whether it does so as soon as it is imported itself."""
    return list(found_in(ast.parse(path.read_text("utf-8"))))


def found_in(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    late = {id(node) for inner in ast.walk(tree) if defers(inner) for node in ast.walk(inner)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((name, id(node) not in late) for name in names)


def defers(node: ast.AST) -> bool:
    """Functions, and what only a type checker reads."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
        isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    )


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def module_of(path: Path) -> str:
    """Below the package: `learn.fit` for learn/fit.py, `learn` for learn/__init__.py."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


FILES = {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
ARROWS = sorted(
    {
        (module, name.removeprefix("fauxto."))
        for module, path in FILES.items()
        for name, _ in imports(path)
        if name.startswith("fauxto.") and room_of(name.removeprefix("fauxto.")) != room_of(module)
    }
)
"""Every import of one room by another."""


def points_up(module: str, target: str) -> bool:
    ours, theirs = room_of(module), room_of(target)
    if ours in FACES or theirs not in HEIGHT:
        return False
    return HEIGHT[theirs] >= HEIGHT[ours]


def excused(module: str, target: str) -> set[tuple[str, str]]:
    return {
        (ours, theirs)
        for ours, theirs in EXCEPTIONS
        if f"{module}.".startswith(f"{ours}.") and f"{target}.".startswith(f"{theirs}.")
    }


def test_every_room_has_a_floor():
    rooms = set(map(room_of, FILES)) - set(FACES)
    assert rooms <= set(HEIGHT)
    assert set(HEIGHT) - rooms <= set(SYSTEMS), "a floor names a room that there is not"


def test_arrows_point_down():
    assert len(ARROWS) > 500
    assert [arrow for arrow in ARROWS if points_up(*arrow) and not excused(*arrow)] == []


def test_every_exception_is_used():
    used = {pair for arrow in ARROWS if points_up(*arrow) for pair in excused(*arrow)}
    assert used == set(EXCEPTIONS)


def test_an_arrow_up_would_be_seen():
    assert points_up("media.decode", "verdict.heatmap.blend") and not points_up("verdict.heatmap", "media.crops.take")
    assert points_up("detect.npr", "attack.spectrum") and not excused("nn.clip", "learn.fit.fit")


@pytest.mark.parametrize("module", [module for module in FILES if room_of(module) in SYSTEMS and "." in module])
def test_a_system_knows_at_most_one_other(module):
    """The toolkits inside a room, which are packages, are parts and no systems."""
    siblings = {name for name, path in FILES.items() if room_of(name) == room_of(module) and path.stem != "__init__"}
    known = {".".join(name.removeprefix("fauxto.").split(".")[:2]) for name, _ in imports(FILES[module])}
    assert len((known & siblings) - {module}) <= 1


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_a_scan_needs_no_torch(room):
    own = [path for module, path in FILES.items() if room_of(module) == room]
    assert own
    found = {path.name: name for path in own for name, at_once in imports(path) if at_once and room_of(name) == "torch"}
    assert found == {}
