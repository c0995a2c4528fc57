"""Typed settings from untyped tables: every name and every value is checked, and errors say where."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fauxto.errors import InputError

T = TypeVar("T")


def build(kind: type[T], values: Mapping[str, Any], base: T | None, where: str) -> T:
    """A dataclass `kind` from a table, tables inside it included; fields not named are those of `base`.

    Errors: InputError for an unknown name or a value of the wrong type.
    """
    hints = get_type_hints(kind)
    names = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    start = kind() if base is None else base
    changes = {}
    for name, value in values.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            known = f"Did you mean {near[0]}?" if near else f"It has {', '.join(names)}."
            raise InputError(f"{where} has no setting {name!r}.", fix=known)
        changes[name] = _checked(hints[name], value, getattr(start, name), f"{where}.{name}")
    return replace(start, **changes)  # type: ignore[type-var]


def _checked(hint: Any, value: Any, before: Any, where: str) -> Any:
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for option in options:
        if option is type(None):
            if value is None:
                return None
        elif is_dataclass(option) and isinstance(option, type):
            if isinstance(value, Mapping):
                return build(option, value, before if isinstance(before, option) else None, where)
        elif get_origin(option) is Literal:
            if value in get_args(option):
                return value
        elif option is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        elif get_origin(option) is not None and isinstance(value, Mapping):
            return dict(value)
        elif isinstance(option, type) and isinstance(value, option) and not (option is int and isinstance(value, bool)):
            return value
    raise InputError(f"{where} is {value!r}; expected {_words(options)}.", fix="Correct it.")


def _words(options: tuple[Any, ...]) -> str:
    words: list[str] = []
    for option in options:
        if get_origin(option) is Literal:
            words += [repr(value) for value in get_args(option)]
        else:
            words.append("nothing" if option is type(None) else getattr(option, "__name__", str(option)))
    return " or ".join(words)
