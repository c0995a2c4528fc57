"""The ledger: what every claim measured here, whether or not it held. JSON is the truth, Markdown is made
from it.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fauxto.claims import SCALES, ClaimResult, claim_file
from fauxto.errors import ContractError, PolicyError

LEDGER = Path(__file__).with_name("ledger.json")
"""Ships inside the package, so that an installed fauxto knows which of its systems work."""

Entries = dict[str, dict[str, dict[str, Any]]]
"""slug -> scale -> a ClaimResult as JSON, with `date` and `machine`."""


@lru_cache(maxsize=1)
def read() -> Entries:
    """The committed ledger; empty before the first record. Errors: ContractError when it is not JSON."""
    if not LEDGER.is_file():
        return {}
    try:
        entries: Entries = json.loads(LEDGER.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ContractError(f"{LEDGER} is not JSON: {error}", fix="Restore it from git.") from error
    return entries


def has_green_smoke(slug: str) -> bool:
    """Whether the system has a claim and its smoke run stands in the ledger as holding."""
    return claim_file(slug).is_file() and bool(read().get(slug, {}).get("smoke", {}).get("holds"))


def record(results: list[ClaimResult]) -> Path:
    """Put results in the ledger in place of older ones of the same scale and write docs/ledger.md; gives its
    path.

    Errors: PolicyError outside a checkout of fauxto, where the ledger belongs to the installed package.
    """
    root = LEDGER.parents[3]
    if not (root / "pyproject.toml").is_file() or not (root / "src" / "fauxto").is_dir():
        raise PolicyError("Only a checkout of fauxto has a ledger to record in.", fix="Run without --record.")
    read.cache_clear()
    entries = {slug: dict(scales) for slug, scales in read().items()}
    for result in results:
        row = {**result.to_dict(), "date": datetime.now(UTC).date().isoformat(), "machine": _machine()}
        entries.setdefault(result.slug, {})[result.scale] = row
    entries = dict(sorted(entries.items()))
    _write(LEDGER, json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    read.cache_clear()
    page = root / "docs" / "ledger.md"
    page.parent.mkdir(exist_ok=True)
    _write(page, markdown(read()))
    return page


def markdown(entries: Entries) -> str:
    """The ledger as a page: one table for all, then the rule, checks and details of each run."""
    lines = [
        "# Ledger of claims",
        "",
        "Made by `fauxto claims --record`; do not edit. Each row is one run of one system's central claim",
        "against its control on a machine of ours. A claim that does not hold is listed as such: it is a",
        "finding, not an error.",
        "",
        "| system | scale | measured | control | margin (95 % interval) | spread | holds | seconds | date |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    runs = [(slug, entries[slug][scale]) for slug in entries for scale in SCALES if scale in entries[slug]]
    for slug, run in runs:
        interval = f" ({run['interval'][0]:.4f} to {run['interval'][1]:.4f})" if run["interval"] else ""
        spread = f"{run['spread']:.4f}" if run["seeds"] else "-"
        lines.append(
            f"| {slug} | {run['scale']} | {run['measured']:.4f} | {run['control']:.4f} | "
            f"{run['margin']:+.4f}{interval} | {spread} | {'yes' if run['holds'] else '**no**'} | "
            f"{run['seconds']:.0f} | {run['date']} |"
        )
    for slug, run in runs:
        lines += ["", f"## {slug}, {run['scale']}", "", run["statement"], ""]
        lines.append(f"- Command: `fauxto claims {slug} --scale {run['scale']}`")
        lines += [f"- Unit: {run['unit']}", f"- Rule: {run['rule']}"]
        if run["seeds"]:
            lines.append(f"- Seeds: {', '.join(map(str, run['seeds']))}")
        lines += [
            f"- Check: {c['statement']}: {'passed' if c['passed'] else '**failed**'} ({c['found']})"
            for c in run["checks"]
        ]
        lines += [f"- {name}: {_plain(value)}" for name, value in run["details"].items()]
        if run["note"]:
            lines.append(f"- Note: {run['note']}")
        lines.append(f"- Machine: {run['machine']}")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else f"`{json.dumps(value, ensure_ascii=False)}`"


def _write(path: Path, text: str) -> None:
    """Replace a file whole, so that a crash leaves the old one."""
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _machine() -> str:
    """Versions, commit and processor: what a reader needs to repeat the run."""
    versions = [f"{name} {version(name)}" for name in ("torch", "numpy")]
    command = ["git", "-C", str(LEDGER.parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    return f"{', '.join(versions)}, commit {commit}, {platform.machine()}, {os.cpu_count()} cores"
