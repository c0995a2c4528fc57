"""The catalog: what systems there are, read from their cards. Needs neither torch nor numpy.

`Card` is what a system is; `list_systems` finds them by listing the rooms; `find` imports one.
"""

from fauxto.catalog.card import KINDS, Card, Input, Kind, Weights
from fauxto.catalog.discover import System, find, list_systems
from fauxto.catalog.plan import PLAN, Planned
from fauxto.catalog.source import read_card

__all__ = [
    "KINDS",
    "PLAN",
    "Card",
    "Input",
    "Kind",
    "Planned",
    "System",
    "Weights",
    "find",
    "list_systems",
    "read_card",
]
