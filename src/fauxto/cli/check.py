"""`fauxto check`: the conformance sweep on a detector of yours or of the house."""

from __future__ import annotations

import inspect
import json as _json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fauxto.errors import InputError

if TYPE_CHECKING:
    from fauxto.learn.conformance import Outcome


def check(detector: str, /, *, small: bool = False, backbone: str | None = None, json: bool = False) -> int:
    """Check that a detector keeps every promise of the contract.

    Exit code 0 when all checks pass, 1 when one fails, 2 when the file cannot be loaded or holds no detector.

    Parameters
    ----------
    detector
        A Python file (it is executed: check only code that you trust), or a slug such as npr.
    small
        Check the small sibling that a large detector names for tests, in seconds instead of minutes.
    backbone
        For systems on a pretrained backbone: its folder or file, efficientnet-lite0, or tiny.
    json
        Print one JSON object a check instead of the report.
    """
    require_lab()
    import torch  # noqa: PLC0415  only this verb needs it

    from fauxto.learn.conformance import subject, sweep  # noqa: PLC0415

    under_check = subject(detector, small, backbone)
    options(under_check.kind, backbone)
    under_check.build()  # what it needs and is not there is said once, not by every check
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    failed = 0
    try:
        for outcome in sweep(under_check):
            failed += not outcome.passed
            print(_json.dumps(asdict(outcome)) if json else report(outcome), flush=True)
    finally:
        torch.set_num_threads(threads)
    if not json:
        print(f"\n{failed} failed." if failed else "\nEvery check passed.")
    return 1 if failed else 0


def report(outcome: Outcome) -> str:
    """One check as a line; a failed one with what was expected and what to do."""
    line = f"{'ok  ' if outcome.passed else 'FAIL'} {outcome.name:17} {outcome.measured}"
    if outcome.passed:
        return line
    return f"{line}\n     expected: {outcome.expected}\n     fix:      {outcome.fix}"


def options(kind: type[Any], backbone: str | None) -> dict[str, Any]:
    """What the constructor of a system is given. Errors: InputError when it stands on no backbone."""
    if backbone is None:
        return {}
    if "backbone" not in inspect.signature(kind).parameters:
        raise InputError(f"{kind.card.slug} stands on no backbone.", fix="Leave --backbone out.")
    return {"backbone": backbone}


def require_lab() -> None:
    """Say which extra is missing rather than which module. Errors: ResourceError without torch."""
    from importlib.util import find_spec  # noqa: PLC0415

    from fauxto.errors import ResourceError  # noqa: PLC0415

    if find_spec("torch") is None:
        raise ResourceError("This needs torch, which the base install leaves out.", fix="pip install 'fauxto[lab]'")
