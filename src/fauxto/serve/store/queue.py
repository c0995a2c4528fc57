"""The queue of scans: accepted once, leased to one server at a time, finished once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fauxto.errors import FauxtoError, PolicyError, ResourceError
from fauxto.finding import Finding
from fauxto.serve.store import audit
from fauxto.serve.store.database import now
from fauxto.serve.store.tables import Job, Scan, Usage

ATTEMPTS = 3
"""So often a scan is begun whose server or worker died on it; then it is given up with an error."""

_LOCK = 0x66_61_75_79
_MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one server to finish a scan: its `attempt`-th."""

    scan: str
    server: str
    attempt: int
    options: str
    name: str
    address: str | None


class FullError(ResourceError):
    """The queue is full: to be tried again later."""

    code = "queue_full"


class QuotaError(PolicyError):
    """The owner has had all pictures of the day."""

    code = "quota"


class ReusedError(FauxtoError):
    """An idempotency key came with another request than before."""

    code = "idempotency_key_reused"


def waiting(session: Session) -> int:
    """Scans that are not finished."""
    return session.scalar(select(func.count()).select_from(Scan).where(Scan.status.in_(("queued", "running")))) or 0


def used(session: Session, owner: str) -> int:
    """Pictures that an owner has had accepted today."""
    today = session.get(Usage, (owner, now() // _MICROSECONDS_A_DAY))
    return today.pictures if today else 0


def accept(session: Session, scans: Sequence[Scan], *, limit: int, quota: int, job: Job | None = None) -> None:
    """Take scans, all or none, and the job that they belong to.

    Raises `FullError` where `limit` unfinished scans would be exceeded, `ResourceError` "too_many_files" where these
    alone do, and `QuotaError` where the owner's pictures of the day (`quota`, 0 for no bound) would be.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # two servers count one after the other
    check_room(session, len(scans), limit)
    owner = scans[0].owner
    _count_pictures(session, owner, len(scans), quota)
    if job is not None:
        session.add(job)
        session.flush()
        audit.record(session, owner, "job.create", job.id, pictures=len(scans))
    session.add_all(scans)
    for scan in scans:
        audit.record(session, owner, "scan.create", scan.id, bytes=scan.bytes)


def check_room(session: Session, coming: int, limit: int) -> None:
    """Raise `FullError` where the queue cannot take so many more."""
    if coming > limit:
        raise ResourceError(f"A job may have {limit:,} pictures here.", fix="Split it.", code="too_many_files")
    if waiting(session) + coming > limit:
        raise FullError("The queue is full.", fix="Send it again later; Retry-After says when.")


def is_known(session: Session, kind: type[Scan] | type[Job], owner: str, key: str) -> bool:
    """Whether an idempotency key has come before."""
    return session.scalar(select(kind.id).where(kind.owner == owner, kind.idempotency == key)) is not None


def repeated(session: Session, kind: type[Scan] | type[Job], owner: str, key: str, fingerprint: str) -> str | None:
    """The id of what the same idempotency key made before; raises `ReusedError` if that was another request."""
    found = session.execute(
        select(kind.id, kind.fingerprint).where(kind.owner == owner, kind.idempotency == key)
    ).one_or_none()
    if found is not None and found.fingerprint != fingerprint:
        raise ReusedError(
            "This Idempotency-Key came with another request before.", fix="Use a new key for each new request."
        )
    return found.id if found is not None else None


def take(session: Session, server: str, seconds: float) -> Lease | None:
    """Lease the scan that is next, if any, for so many seconds."""
    scan = session.scalars(
        select(Scan)
        .where(Scan.status == "queued")
        .order_by(Scan.priority, Scan.created, Scan.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if scan is None:
        return None
    begun = now()
    scan.status, scan.server, scan.attempts = "running", server, scan.attempts + 1
    scan.lease, scan.started = begun + int(seconds * 1e6), begun
    return Lease(scan.id, server, scan.attempts, scan.options, scan.name, scan.address)


def renew(session: Session, server: str, seconds: float) -> None:
    """Prolong every lease of a server."""
    session.execute(
        update(Scan)
        .where(Scan.status == "running", Scan.server == server)
        .values(lease=now() + int(seconds * 1e6))
        .execution_options(synchronize_session=False)
    )


def give_back(session: Session, lease: Lease, *, counts: bool) -> None:
    """Put a leased scan back into the queue; `counts` whether that was an attempt."""
    session.execute(
        update(Scan)
        .where(*_held(lease))
        .values(status="queued", server=None, lease=None, attempts=lease.attempt if counts else lease.attempt - 1)
        .execution_options(synchronize_session=False)
    )


def reclaim(session: Session, *, server: str | None = None) -> list[Lease]:
    """Put back scans whose lease is over, or all that are leased by anyone but `server`.

    Gives the leases of those that were begun too often, still leased: they are to be finished with an error.
    """
    lost = (Scan.lease < now()) if server is None else (Scan.server != server)
    gone = session.scalars(
        select(Scan).where(Scan.status == "running", lost).with_for_update(skip_locked=True).limit(1000)
    ).all()
    hopeless = []
    for scan in gone:
        if scan.attempts < ATTEMPTS:
            scan.status, scan.server, scan.lease = "queued", None, None
        else:
            assert scan.server is not None
            hopeless.append(Lease(scan.id, scan.server, scan.attempts, scan.options, scan.name, scan.address))
    return hopeless


@dataclass(frozen=True, slots=True)
class Finished:
    """How a scan ended, and the job that it belongs to."""

    outcome: str
    job: str | None


def finish(
    session: Session, lease: Lease, finding: Finding, *, size: int | None, expires: int | None
) -> Finished | None:
    """Keep the Finding of a leased scan; None where the lease was lost meanwhile.

    The scan is finished by exactly one lease: the condition of the update and the number of its job's row see to it.
    """
    outcome = (finding.verdict if finding.status == "ok" else None) or "error"
    changed = session.execute(
        update(Scan)
        .where(*_held(lease))
        .values(
            status="done",
            server=None,
            lease=None,
            outcome=outcome,
            finding=finding.to_json(),
            sha256=finding.sha256,
            finished=now(),
            expires=expires,
            bytes=func.coalesce(Scan.bytes, size),
        )
        .returning(Scan.job_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if changed is None:
        return None
    if changed.job_id is not None:
        _number(session, changed.job_id, lease.scan, expires)
    return Finished(outcome, changed.job_id)


def _number(session: Session, job: str, scan: str, expires: int | None) -> None:
    """Count a finished scan in its job; the row's lock makes the numbers follow the order of the commits."""
    counted = session.execute(
        update(Job)
        .where(Job.id == job)
        .values(finished=Job.finished + 1)
        .returning(Job.finished, Job.total)
        .execution_options(synchronize_session=False)
    ).one()
    session.execute(
        update(Scan).where(Scan.id == scan).values(number=counted.finished).execution_options(synchronize_session=False)
    )
    if counted.finished == counted.total:
        session.execute(
            update(Job)
            .where(Job.id == job)
            .values(ended=now(), expires=expires)
            .execution_options(synchronize_session=False)
        )


def _held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (
        Scan.id == lease.scan,
        Scan.status == "running",
        Scan.server == lease.server,
        Scan.attempts == lease.attempt,
    )


def _count_pictures(session: Session, owner: str, pictures: int, quota: int) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    counted = session.scalar(
        insert(Usage)
        .values(owner=owner, day=now() // _MICROSECONDS_A_DAY, pictures=pictures)
        .on_conflict_do_update(index_elements=["owner", "day"], set_={"pictures": Usage.pictures + pictures})
        .returning(Usage.pictures)
    )
    if quota and (counted or 0) > quota:
        raise QuotaError(
            f"The quota of this key is {quota:,} pictures a day.", fix="Go on tomorrow (UTC), or ask the operator."
        )
