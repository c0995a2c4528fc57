"""`fauxto claims`: re-check each system's central claim on this machine."""

from __future__ import annotations

import json as _json

from fauxto.claims import ClaimResult, Scale
from fauxto.cli.check import require_lab


def claims(*slugs: str, scale: Scale = "smoke", record: bool = False, json: bool = False) -> int:
    """Run the claims of all systems, or of those named, each with its control.

    Exit code 0 when all hold, 1 when one does not, 2 on an error.

    Parameters
    ----------
    slugs
        Names of systems, such as npr; all that have a claim when none is given.
    scale
        smoke (seconds), laptop (minutes) or full (published data).
    record
        In a checkout: put the results in the ledger and write docs/ledger.md.
    json
        Print one JSON object a claim.
    """
    require_lab()
    import torch  # noqa: PLC0415

    from fauxto.catalog import list_systems  # noqa: PLC0415
    from fauxto.claims import claim_file, ledger, run  # noqa: PLC0415

    torch.set_num_threads(1)  # one thread sums in one order: the same numbers on every run
    chosen = slugs or tuple(row.slug for row in list_systems() if claim_file(row.slug).is_file())
    results = []
    for slug in chosen:
        result = run(slug, scale)
        results.append(result)
        print(_json.dumps(result.to_dict(), ensure_ascii=False) if json else report(result), flush=True)
        if record:
            ledger.record([result])  # at once: an interrupted run keeps what it has found
    return 0 if all(result.holds for result in results) else 1


def report(result: ClaimResult) -> str:
    """One claim as a short paragraph: the statement, the numbers, the checks."""
    interval = ""
    if result.interval:
        low, high = result.interval
        interval = f", 95 % interval {low:+.4f} to {high:+.4f}, seed spread {result.spread:.4f}"
    outcome = "holds" if result.holds else "DOES NOT HOLD"
    measured, control, margin = result.measured, result.control, result.margin
    lines = [
        f"{result.slug} ({result.scale}, {result.seconds:.0f} s): {outcome}",
        f"  {result.statement}",
        f"  measured {measured:.4f}, control {control:.4f}, margin {margin:+.4f}{interval}",
        f"  unit: {result.unit}",
        f"  rule: {result.rule}",
    ]
    lines += [f"  {'ok  ' if c.passed else 'FAIL'} {c.statement} ({c.found})" for c in result.checks]
    return "\n".join(lines)
