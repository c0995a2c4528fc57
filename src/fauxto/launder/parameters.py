"""What an operator may be told: its parameters, and how a piece of text becomes one of their values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fauxto.errors import InputError

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number in `[low, high]`, a word out of `choices`, or what `reader` makes of a text."""

    name: str
    default: Value
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    reader: Callable[[str], Value] | None = None

    def read(self, text: str) -> Value:
        """The value that `text` spells; `InputError` where it is none.

        >>> whole("quality", 75, 1, 100).read("80")
        80
        """
        if self.reader is not None:
            return self.reader(text)
        if self.choices:
            if text in self.choices:
                return text
            raise self._refuse(text, f"one of {', '.join(self.choices)}")
        kind = type(self.default)
        wanted = f"{'a whole number' if kind is int else 'a number'} from {self.low:g} to {self.high:g}"
        try:
            value = kind(text)
        except ValueError:
            raise self._refuse(text, wanted) from None
        if not self.low <= value <= self.high:  # type: ignore[operator]  # a number here; NaN fails too
            raise self._refuse(text, wanted)
        return value

    def _refuse(self, text: str, wanted: str) -> InputError:
        return InputError(
            f"Expected {wanted} for {self.name}; got {text!r}.",
            fix=f"For example {self.name}={self.default}.",
        )


def number(name: str, default: float, low: float, high: float) -> Parameter:
    """A real number from `low` to `high`."""
    return Parameter(name, float(default), low, high)


def whole(name: str, default: int, low: int, high: int) -> Parameter:
    """A whole number from `low` to `high`."""
    return Parameter(name, int(default), low, high)


def word(name: str, default: str, choices: tuple[str, ...]) -> Parameter:
    """A word out of a few."""
    return Parameter(name, default, choices=choices)


def spelled(name: str, default: str, reader: Callable[[str], Value]) -> Parameter:
    """A text with a grammar of its own: `reader` gives its one spelling, or raises InputError."""
    return Parameter(name, default, reader=reader)
