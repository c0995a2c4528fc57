"""What goes over the wire: every request and answer, built on the stable keys of a Finding."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from fauxto.finding import Finding, Verdict
from fauxto.serve import examples
from fauxto.serve.options import ScanOptions
from fauxto.verdict.layer import Layer

Status = Literal["queued", "running", "done"]
"""A scan that is "done" has a Finding, be it one whose own status is "error"."""

Outcome = Literal["generated", "edited", "no_evidence", "inconclusive", "error"]
"""How a scan ended, in one word: the verdict, or "error"."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Links(_Wire):
    """Where the parts of a scan are; a part that does not exist (yet) is null, or not among the layers."""

    self: str
    picture: str | None = Field(None, description="The picture as a browser shows it (JPEG, at most 2048 pixels).")
    report_html: str | None = None
    report_json: str | None = None
    layers: dict[str, str] = Field(
        default_factory=dict,
        description="Layer name -> transparent PNG that lies over the picture, same aspect ratio, drawn when "
        "asked for; with `.json` instead of `.png`: what it says, how often it errs, and whether there is a map.",
    )


class Summary(_Wire):
    """A scan in a list: how it ended, without the evidence."""

    model_config = examples.config(examples.SUMMARY)

    id: str
    status: Status
    outcome: Outcome | None = Field(None, description="The verdict, or 'error'; null until it is done.")
    name: str = Field(description="File name or address as sent, control characters spelled out.")
    bytes: int | None = None
    sha256: str | None = None
    job: str | None = Field(None, description="The id of the job that it belongs to.")
    created: datetime
    finished: datetime | None = None
    expires: datetime | None = Field(None, description="When picture and result are deleted.")
    verdict: Verdict | None = None
    probability: float | None = None
    p_value: float | None = None
    fpr: float | None = None
    error: dict[str, str] | None = Field(None, description="`code`, `what` and `fix` of a picture that was not read.")


class Scan(_Wire):
    """One picture on its way through the service, with its Finding once it is done."""

    model_config = examples.config(examples.SCAN)

    id: str
    status: Status
    outcome: Outcome | None = None
    name: str
    bytes: int | None = None
    sha256: str | None = None
    job: str | None = None
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    expires: datetime | None = None
    ahead: int | None = Field(None, description="Pictures that are before this one in the queue.")
    options: SerializeAsAny[ScanOptions]  # type: ignore[valid-type]
    error: dict[str, str] | None = None
    finding: Finding | None = None
    changes: list[str] = Field(default_factory=list, description="What would change the verdict, in plain sentences.")
    links: Links


class Page(_Wire):
    """A page of scans, newest first; `next` is the `after` of the page that follows."""

    items: list[Summary]
    next: str | None = None
    total: int = Field(description="All scans that the filters let through.")


class Progress(_Wire):
    """How far a job is."""

    total: int
    finished: int
    outcomes: dict[Outcome, int] = Field(default_factory=dict, description="Finished scans by outcome.")


class JobLinks(_Wire):
    """Where the parts of a job are."""

    self: str
    events: str
    scans: str


class Job(_Wire):
    """A batch of pictures with the same options."""

    model_config = examples.config(examples.JOB)

    id: str
    status: Status
    name: str = ""
    created: datetime
    finished: datetime | None = None
    expires: datetime | None = None
    options: SerializeAsAny[ScanOptions]  # type: ignore[valid-type]
    progress: Progress
    links: JobLinks


class Event(_Wire):
    """The data of one server-sent event of a job: a scan that is done (event "scan"), or the end (event "done").

    The event's id counts the finished scans of the job; a client that reconnects with `Last-Event-ID` misses
    nothing and sees nothing twice.
    """

    scan: Summary | None = None
    progress: Progress


class SentEvent(_Wire):
    """A server-sent event of a job."""

    id: str = Field(description="How many scans of the job were finished.")
    event: Literal["scan", "done"]
    data: str = Field(description="An `Event` as JSON.", json_schema_extra={"contentMediaType": "application/json"})


class Address(_Wire):
    """Scan the picture behind an address, where the operator allows it."""

    model_config = examples.config(examples.ADDRESS)

    url: str = Field(max_length=2048)
    options: ScanOptions = Field(default_factory=ScanOptions)  # type: ignore[valid-type]


class Addresses(_Wire):
    """Scan the pictures behind several addresses as one job."""

    urls: list[str] = Field(min_length=1, max_length=1000)
    name: str = Field("", max_length=200)
    options: ScanOptions = Field(default_factory=ScanOptions)  # type: ignore[valid-type]


class Problem(_Wire):
    """What went wrong (RFC 9457), with `fix`: what to do about it. `code` is a stable word for machines."""

    model_config = examples.config(examples.PROBLEM)

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None
    code: str
    fix: str = ""


class Service(_Wire):
    """What a client has to know before it sends anything."""

    version: str
    model: dict[str, str] | None = Field(description="Name, version, sha256 and backend of the detector.")
    key_needed: bool = Field(description="Whether requests need `Authorization: Bearer KEY`.")
    addresses_allowed: bool = Field(description="Whether `{url}` is accepted.")
    max_bytes: int = Field(description="Of one file.")
    max_files: int = Field(description="Of one job.")
    retention_seconds: int | None = Field(description="How long pictures and results are kept; null: until deleted.")
    options: dict[str, Any] = Field(description="JSON Schema of the options of a scan.")


class System(_Wire):
    """A row of the catalog, with the whole card where the system's file exists."""

    slug: str
    number: int | None
    kinds: list[str]
    title: str
    venue: str
    year: int
    status: str
    homes: list[str]
    problem: str = ""
    card: dict[str, Any] | None = None


class Ledger(_Wire):
    """What every claim measured, by system and scale; each entry is a `ClaimResult` as JSON."""

    entries: dict[str, dict[str, dict[str, Any]]]


class AuditLine(_Wire):
    """One thing that was done: by whom (the id of a key, `local` or `system`), and to what."""

    model_config = examples.config(examples.AUDIT)

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditPage(_Wire):
    """A page of the audit log, newest first; `next` is the `after` of the page that follows."""

    items: list[AuditLine]
    next: int | None = None


class Report(_Wire):
    """A scan to hand on: what was found, in what, by what, and how to find it again."""

    kind: Literal["fauxto-report"] = "fauxto-report"
    made: datetime
    fauxto: str = Field(description="The version of the code.")
    code_sha256: str = Field(description="Over every Python file of the package: the same hash is the same code.")
    command: str = Field(description="What repeats the scan on the same file.")
    name: str
    sha256: str | None
    bytes: int | None
    options: SerializeAsAny[ScanOptions]  # type: ignore[valid-type]
    finding: Finding
    layers: list[Layer] = Field(description="The maps that were asked for or looked at, in words.")
