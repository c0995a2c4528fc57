"""Read a card from source text without running it: only `Card(...)`, `Input(...)`, `Weights(...)` and
literals.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, NoReturn

from fauxto.catalog.card import Card, Input, Weights
from fauxto.errors import ContractError

NAME = "CARD"
MAX_SOURCE = 1_000_000
"""Bytes; a system's file is a few kilobytes, and a parser should not be handed more than it needs."""

CALLS: dict[str, type] = {"Card": Card, "Input": Input, "Weights": Weights}
HINT = "Write CARD = Card(...) with keywords and literals only; `fauxto new detector NAME` shows one."


def read_card(path: str | Path) -> Card:
    """The card of a system's file. Nothing in the file is executed.

    Errors: ContractError when the file cannot be read or parsed, has no top-level `CARD = Card(...)` or more
    than one, or the card holds anything but literals.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_SOURCE:
            raise ContractError(f"{path} is larger than {MAX_SOURCE} bytes: not a system's file.", fix=HINT)
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ContractError(f"{path} cannot be read as Python: {error}", fix="Correct the file.") from error
    values = [value for node in tree.body for value in _assigned(node)]
    if len(values) != 1:
        found = "no" if not values else f"{len(values)} times"
        raise ContractError(f"{path} assigns {found} {NAME} at its top level; once expected.", fix=HINT)
    try:
        card = _literal(values[0])
    except TypeError as error:  # an unknown, repeated or missing field of a card
        raise ContractError(f"{path}: {NAME} does not fit: {error}", fix=HINT) from error
    if not isinstance(card, Card):
        raise ContractError(f"{path}: {NAME} is {ast.unparse(values[0])[:60]}, not a Card(...).", fix=HINT)
    return card


def _assigned(node: ast.stmt) -> list[ast.expr]:
    """What a statement assigns to CARD, if it does."""
    if isinstance(node, ast.Assign):
        return [node.value for target in node.targets if isinstance(target, ast.Name) and target.id == NAME]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == NAME:
        return [node.value] if node.value else []
    return []


def _literal(node: ast.expr) -> Any:
    """The value of a literal, a tuple of literals, or one of the three calls with keywords."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return node.value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return -ast.literal_eval(node.operand)
        case ast.Tuple(elts=items):
            return tuple(_literal(item) for item in items)
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords) if name in CALLS:
            if any(keyword.arg is None for keyword in keywords):
                _refuse(node)
            return CALLS[name](**{str(keyword.arg): _literal(keyword.value) for keyword in keywords})
    _refuse(node)


def _refuse(node: ast.expr) -> NoReturn:
    raise ContractError(
        f"Line {node.lineno}: a card holds literals, tuples and {', '.join(CALLS)} with keywords; got "
        f"{ast.unparse(node)[:60]!r}.",
        fix=HINT,
    )
