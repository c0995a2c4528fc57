"""Find systems: by listing the rooms, by third-party entry points, by slug, or by the path of a file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from fauxto.catalog.card import Card, Kind
from fauxto.catalog.plan import PLAN
from fauxto.catalog.source import NAME, read_card
from fauxto.claims.ledger import has_green_smoke
from fauxto.errors import ContractError, FauxtoError, InputError

PACKAGE = Path(__file__).resolve().parent.parent
ROOMS = ("detect", "localize", "attribute", "explain", "attack", "generate", "bench")
GROUP = "fauxto.systems"
Status = Literal["works", "planned", "third-party"]


@dataclass(frozen=True, slots=True)
class System:
    """One row of the catalog.

    `title` is short (the whole one is the card's), `card` is None until the system's file exists, `problem`
    says why a card is unreadable. `status` is derived, never typed: "works" when every home exists and the
    smoke claim of `claims/<slug>.py` stands green in the committed ledger, else "planned"; another package's
    is "third-party".
    """

    slug: str
    kinds: tuple[Kind, ...]
    title: str
    venue: str
    year: int
    status: Status
    homes: tuple[str, ...]
    number: int | None = None
    path: Path | None = None
    card: Card | None = None
    problem: str = ""


def list_systems() -> list[System]:
    """Every system: the 44 of the plan in their order, then others of the house, then third-party ones by
    name.

    Nothing is imported or executed; cards are read from source.
    """
    cards = {path: _read(path) for path in _room_files()}
    rows = []
    for plan in PLAN:
        homes = [PACKAGE / home for home in plan.homes]
        path = next((home for home in homes if home in cards), None)
        card, problem = cards.get(path, (None, "")) if path else (None, "")
        works = all(home.exists() for home in homes) and not problem and has_green_smoke(plan.slug)
        rows.append(
            System(
                plan.slug,
                plan.kinds,
                plan.title,
                plan.venue,
                plan.year,
                "works" if works else "planned",
                plan.homes,
                plan.number,
                path,
                card,
                problem,
            )
        )
    homes_of_plan = {PACKAGE / home for plan in PLAN for home in plan.homes}
    for path, (card, problem) in cards.items():
        if path not in homes_of_plan:
            works = card is not None and has_green_smoke(card.slug)
            rows.append(_row(path, card, problem, "works" if works else "planned"))
    return rows + [_third_party(point) for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)]


def find(name: str | Path) -> type[Any]:
    """The class of a system, by slug or by the path of a `.py` file. Imports it, and torch with it.

    A file of your own is executed as part of this process: load only code that you trust. Errors: InputError
    when there is no such system or file, or it is only planned; ContractError when the file fails to import
    or defines no class that carries its CARD.
    """
    if str(name).endswith(".py") or isinstance(name, Path):
        path = Path(name).resolve()
        if not path.is_file():
            raise InputError(f"There is no file {name}.", fix="Give the path of a system's file, or a slug.")
        return _class_of(_load_file(path), path)
    row = next((system for system in list_systems() if system.slug == name), None)
    if row is None:
        raise InputError(f"There is no system {name!r}.", fix="`fauxto systems` lists them.")
    if row.path is None:
        reason = row.problem or "it is planned"
        raise InputError(f"{name} cannot be loaded: {reason}.", fix="`fauxto systems` shows which ones work.")
    if row.problem:
        raise ContractError(row.problem, fix=f"Correct {row.path}.")
    if row.path.is_relative_to(PACKAGE):
        return _class_of(importlib.import_module(module_of(row.path)), row.path)
    point = next(p for p in entry_points(group=GROUP) if _locate(p.module) == row.path)
    return _class_of(importlib.import_module(point.module), row.path)


def _room_files() -> Iterator[Path]:
    """The system files of the rooms: every module that does not start with an underscore, and every package.

    A package's card is in its `__init__.py`. In `bench` and `generate` the parts that systems share lie beside them: a
    file there, or a package anywhere, that never assigns CARD is one.
    """
    for room in ROOMS:
        files = sorted(p for p in (PACKAGE / room).glob("*.py") if not p.name.startswith("_"))
        yield from (p for p in files if room not in ("bench", "generate") or _has_card(p))
        yield from (p for p in sorted((PACKAGE / room).glob("*/__init__.py")) if _has_card(p))


def _has_card(path: Path) -> bool:
    return f"\n{NAME} = ".encode() in path.read_bytes()


def module_of(path: Path) -> str:
    """The name under which a file of the house is imported.

    >>> module_of(PACKAGE / "detect" / "npr.py"), module_of(PACKAGE / "generate" / "gan" / "__init__.py")
    ('fauxto.detect.npr', 'fauxto.generate.gan')
    """
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("fauxto", *(parts[:-1] if parts[-1] == "__init__" else parts)))


def _read(path: Path) -> tuple[Card | None, str]:
    try:
        return read_card(path), ""
    except FauxtoError as error:
        return None, str(error)


def _row(path: Path, card: Card | None, problem: str, status: Status) -> System:
    if card is None:
        return System(path.stem.replace("_", "-"), (), "", "", 0, status, (), None, path, None, problem)
    home = path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else str(path)
    return System(card.slug, card.kinds, card.title, card.venue, card.year, status, (home,), None, path, card, problem)


def _third_party(point: EntryPoint) -> System:
    """The row of another package's system; one that cannot be found or read is listed with its problem."""
    path = _locate(point.module)
    if path is None:
        problem = f"entry point {point.name} = {point.value} names no source file"
        return System(point.name, (), "", "", 0, "third-party", (), None, None, None, problem)
    return _row(path, *_read(path), "third-party")


def _locate(module: str) -> Path | None:
    """The source file of a module, found as import finds it but without running any package."""
    path: list[str] | None = None
    spec = None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        spec = next((s for finder in sys.meta_path if (s := finder.find_spec(name, path))), None)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or [])
    return Path(spec.origin).resolve() if spec and spec.origin and spec.origin.endswith(".py") else None


def _load_file(path: Path) -> ModuleType:
    """Execute a file as a module of its own; the name depends on the path, so two files never collide."""
    name = f"fauxto_file_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is not a Python file.", fix="Give the path of a system's .py file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look the module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ContractError(
            f"{path.name} fails to import: {type(error).__name__}: {error}",
            fix=f"Run `python {path.name}` to see where.",
        ) from error
    return module


def _class_of(module: ModuleType, path: Path) -> type[Any]:
    """The one class of the module whose `card` is the module's CARD."""
    card = getattr(module, NAME, None)
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and vars(value).get("card") is card
    ]
    if card is None or len(classes) != 1:
        names = ", ".join(cls.__name__ for cls in classes) or "none"
        raise ContractError(
            f"{path.name} should define one class with `card = CARD`; found {names}.",
            fix="`fauxto new detector NAME` writes a file that does.",
        )
    return classes[0]
