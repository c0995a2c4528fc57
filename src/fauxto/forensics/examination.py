"""Ask the forensic tools about one picture: what each found, how unusual that is, and where."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fauxto.errors import FauxtoError, ResourceError
from fauxto.finding import Evidence
from fauxto.forensics.calibration import Judgement, judge
from fauxto.forensics.tools import TOOLS, check, tool
from fauxto.forensics.trace import About, Trace
from fauxto.language import say
from fauxto.media.decode import Opened, open_picture
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.media.orientation import upright

LAYER = "forensics"
_UNTURN = {6: 8, 8: 6}
"""The orientation that undoes each other one; all the rest undo themselves."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One tool's answer: its card, what it found (the map the displayed way up), and how that compares."""

    about: About
    trace: Trace
    judgement: Judgement

    def to_dict(self) -> dict[str, Any]:
        """Everything but the map, as plain JSON types."""
        verdict = self.judgement
        return {
            "name": self.about.name,
            "title": self.about.title,
            "number": self.trace.number,
            "unit": self.about.unit,
            "flagged": verdict.flagged,
            "threshold": verdict.threshold,
            "p_value": verdict.p_value,
            "false_alarms": verdict.false_alarms,
            "false_alarms_interval": None if verdict.low is None else [verdict.low, verdict.high],
            "photographs": verdict.photographs,
            "worst_population": None if verdict.worst is None else {verdict.worst: verdict.worst_rate},
            "catches": verdict.catches,
            "tampered": verdict.tampered,
            "statement": f"{self.trace.statement} {verdict.sentence}",
            "looks_for": self.about.looks_for,
            "cannot_show": self.about.cannot_show,
            "fails_on": list(self.about.fails_on),
            "details": dict(self.trace.details),
        }

    def evidence(self) -> Evidence:
        """The answer as an item of a Finding: never more than weak, and never a verdict by itself."""
        row, verdict = self.to_dict(), self.judgement
        kept = ("name", "number", "threshold", "flagged", "p_value", "false_alarms", "false_alarms_interval")
        return Evidence(
            LAYER,
            f"{self.about.title}: {row['statement']}",
            "weak" if verdict.flagged else "none",
            "edited" if verdict.flagged else "none",
            limits=self.about.cannot_show,
            value={key: row[key] for key in (*kept, "photographs", "details")} | {"maps": self.trace.map is not None},
        )


def examine(
    picture: bytes | Opened | np.ndarray, only: Sequence[str] = (), limits: Limits = DEFAULT_LIMITS
) -> list[Examined]:
    """What the forensic tools say of a file's bytes, or of pixels (then only those that read pixels).

    `only` names tools (all if empty); see `tools.TOOLS`. A map, where there is one, has the size of the displayed
    picture. Errors: what `media.decode.probe` raises, `InputError` ("usage") for an unknown tool, and `ResourceError`
    ("missing") where a tool needs the extra `forensics`.
    """
    check(only)
    return [ask() for _, ask in _asked(picture, only or tuple(TOOLS), limits)]


def evidence_of(
    picture: Opened | np.ndarray, limits: Limits, *, started: float, seconds: float, share: float = 0.5
) -> list[Evidence]:
    """The items of all tools for a Finding, in what time is left.

    `started` is the `time.perf_counter()` at which the picture was begun and `seconds` the wall time that it may take;
    no tool begins after `share` of it. A tool that was not begun, or failed, is an item that says so: forensic items
    never cost a verdict.
    """
    items: list[Evidence] = []
    for name, ask in _asked(picture, tuple(TOOLS), limits):
        if time.perf_counter() - started > share * seconds:
            items.append(_missing(name, say("there was no time for it")))
            continue
        try:
            items.append(ask().evidence())
        except MemoryError:
            items.append(_missing(name, say("they take more memory than there is")))
        except FauxtoError as error:  # the picture cannot be read whole
            return [*items, _missing(say("all that were left"), error.what.rstrip("."))]
        except Exception as error:  # a library's, on a hostile picture: it may cost this item, and nothing else
            items.append(_missing(name, type(error).__name__))
    return items


def require() -> None:
    """Refuse before the first picture where the extra is not installed. Errors: ResourceError ("missing")."""
    from importlib.util import find_spec  # noqa: PLC0415

    if missing := [name for name in ("cv2", "pywt", "scipy") if find_spec(name) is None]:
        raise ResourceError(
            f"The forensic tools need {', '.join(missing)}, which the base install leaves out.",
            fix="Run: pip install 'fauxto[forensics]'",
            code="missing",
        )


def _asked(
    picture: bytes | Opened | np.ndarray, names: Iterable[str], limits: Limits
) -> Iterator[tuple[str, Callable[[], Examined]]]:
    """Each tool's name and how to ask it; those that read files are left out for bare pixels."""
    opened: Opened | None = None
    if not isinstance(picture, np.ndarray):
        opened = picture if isinstance(picture, Opened) else open_picture(picture, limits)
    turn = opened.header.orientation if opened else 1

    @functools.cache
    def stored() -> np.ndarray:
        if opened is None:
            assert isinstance(picture, np.ndarray)
            return picture
        return np.ascontiguousarray(upright(opened.read(), _UNTURN.get(turn, turn)))

    def ask(name: str) -> Examined:
        function, about = tool(name)
        found = function(opened, limits) if about.reads == "file" else function(stored())
        return Examined(about, _turned(found, turn), judge(found))

    for name in names:
        if opened is not None or tool(name)[1].reads == "pixels":
            yield name, functools.partial(ask, name)


def _turned(trace: Trace, turn: int) -> Trace:
    """The trace with its map the displayed way up."""
    if trace.map is None or turn == 1:
        return trace
    return Trace(trace.name, trace.number, trace.statement, upright(trace.map[..., None], turn)[..., 0], trace.details)


def _missing(name: str, reason: str) -> Evidence:
    return Evidence(
        LAYER, say("The forensic tools were not all asked ({who}): {reason}.", who=name, reason=reason), "none"
    )
