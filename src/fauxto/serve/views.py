"""Rows as what goes over the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fauxto.finding import Finding
from fauxto.run import layers
from fauxto.serve import schema
from fauxto.serve.options import ScanOptions
from fauxto.serve.store.tables import Job, Scan
from fauxto.verdict.changes import what_would_change


def when(microseconds: int | None) -> Any:
    """A time of a row."""
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1e6, UTC)


def options_of(row: Scan | Job) -> Any:
    """What was asked of a scan; options that this version no longer knows are left out."""
    asked = json.loads(row.options)
    return ScanOptions(**{name: value for name, value in asked.items() if name in ScanOptions.model_fields})


def finding_of(row: Scan) -> Finding | None:
    """The Finding of a scan that is done."""
    return Finding.from_dict(json.loads(row.finding)) if row.finding else None


def summary(row: Scan) -> schema.Summary:
    """A scan in a list."""
    found = json.loads(row.finding) if row.finding else {}
    told: dict[str, Any] = {key: found.get(key) for key in ("verdict", "probability", "p_value", "fpr", "error")}
    return schema.Summary(**_common(row), **told)


def scan(row: Scan, ahead: int | None) -> schema.Scan:
    """A scan with all that is known of it."""
    finding = finding_of(row)
    return schema.Scan(
        **_common(row),
        started=when(row.started),
        ahead=ahead,
        options=options_of(row),
        error=finding.error if finding else None,
        finding=finding,
        changes=what_would_change(finding) if finding else [],
        links=_links(row, finding),
    )


def job(row: Job, outcomes: dict[str, int]) -> schema.Job:
    """A job with its progress."""
    here = f"/v1/jobs/{row.id}"
    return schema.Job(
        id=row.id,
        status="done" if row.finished >= row.total else "running" if row.finished else "queued",
        name=row.name,
        created=when(row.created),
        finished=when(row.ended),
        expires=when(row.expires),
        options=options_of(row),
        progress=progress(row, outcomes),
        links=schema.JobLinks(self=here, events=f"{here}/events", scans=f"/v1/scans?job={row.id}"),
    )


def progress(row: Job, outcomes: dict[str, int]) -> schema.Progress:
    """How far a job is."""
    return schema.Progress(total=row.total, finished=row.finished, outcomes=outcomes)  # type: ignore[arg-type]


def _common(row: Scan) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "outcome": row.outcome,
        "name": row.name,
        "bytes": row.bytes,
        "sha256": row.sha256,
        "job": row.job_id,
        "created": when(row.created),
        "finished": when(row.finished),
        "expires": when(row.expires),
    }


def _links(row: Scan, finding: Finding | None) -> schema.Links:
    here = f"/v1/scans/{row.id}"
    if finding is None:
        return schema.Links(self=here, picture=None)
    return schema.Links(
        self=here,
        picture=f"{here}/picture" if finding.status == "ok" else None,
        report_html=f"{here}/report.html",
        report_json=f"{here}/report.json",
        layers={name: f"{here}/overlay/{name}.png" for name in layers.names(finding)},
    )
