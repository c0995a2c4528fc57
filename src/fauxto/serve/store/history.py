"""Reading and deleting what was scanned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlalchemy.orm import Session, defer

from fauxto.errors import InputError
from fauxto.serve.store import audit
from fauxto.serve.store.database import now
from fauxto.serve.store.tables import Job, Scan


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which scans a page shows; `owner` None means everybody's."""

    owner: str | None
    status: Sequence[str] = ()
    outcome: Sequence[str] = ()
    job: str | None = None
    name: str | None = None
    sha256: str | None = None


def page(session: Session, wanted: Wanted, after: str | None, limit: int) -> tuple[list[Scan], str | None, int]:
    """A page of scans, newest first; where the next one begins; and how many scans the filters let through."""
    conditions = _conditions(wanted)
    total = session.scalar(select(func.count()).select_from(Scan).where(*conditions)) or 0
    query = select(Scan).where(*conditions).order_by(Scan.created.desc(), Scan.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Scan.created, Scan.id) < tuple_(*_place(after)))
    found = list(session.scalars(query))
    following = f"{found[limit - 1].created}-{found[limit - 1].id}" if len(found) > limit else None
    return found[:limit], following, total


def ahead(session: Session, scan: Scan) -> int:
    """How many queued scans come before one."""
    before = tuple_(Scan.priority, Scan.created, Scan.id) < tuple_(scan.priority, scan.created, scan.id)
    return session.scalar(select(func.count()).select_from(Scan).where(Scan.status == "queued", before)) or 0


def outcomes(session: Session, job: str) -> dict[str, int]:
    """The finished scans of a job by outcome."""
    rows = session.execute(
        select(Scan.outcome, func.count()).where(Scan.job_id == job, Scan.status == "done").group_by(Scan.outcome)
    )
    return {outcome: count for outcome, count in rows if outcome is not None}


def finished_after(session: Session, job: str, number: int, limit: int) -> list[Scan]:
    """The finished scans of a job beyond the `number`-th, in the order in which they were finished."""
    return list(
        session.scalars(select(Scan).where(Scan.job_id == job, Scan.number > number).order_by(Scan.number).limit(limit))
    )


def delete_scan(session: Session, scan: Scan, actor: str, action: str = "scan.delete") -> None:
    """Delete a row; a job loses a picture that it still waits for, or it would never end."""
    session.refresh(scan, ["status", "job_id"], with_for_update=True)  # the scan first, then the job: as `queue.finish`
    if scan.job_id is not None and scan.status != "done":
        job = session.get_one(Job, scan.job_id, with_for_update=True)
        job.total -= 1
        if job.finished == job.total:
            job.ended = job.expires = now()
    session.execute(delete(Scan).where(Scan.id == scan.id))
    audit.record(session, actor, action, scan.id)


def delete_job(session: Session, job: Job, actor: str, action: str = "job.delete") -> list[str]:
    """Delete a job with all its scans; their ids."""
    ids = list(session.scalars(select(Scan.id).where(Scan.job_id == job.id)))
    session.execute(delete(Scan).where(Scan.job_id == job.id))
    session.execute(delete(Job).where(Job.id == job.id))
    audit.record(session, actor, action, job.id, pictures=len(ids))
    return ids


def expire(session: Session, limit: int = 500) -> list[str]:
    """Delete scans whose time is over, and jobs without scans; the ids of the scans."""
    over = session.scalars(
        select(Scan)
        .options(defer(Scan.finding))
        .where(Scan.status == "done", Scan.expires < now())
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for scan in over:
        delete_scan(session, scan, audit.SYSTEM, "scan.expire")
    empty = select(Job).where(Job.expires < now(), ~select(Scan.id).where(Scan.job_id == Job.id).exists())
    for job in session.scalars(empty.limit(limit)).all():
        delete_job(session, job, audit.SYSTEM, "job.expire")
    return [scan.id for scan in over]


def known(session: Session, ids: Sequence[str]) -> set[str]:
    """Which of these scans exist."""
    return set(session.scalars(select(Scan.id).where(Scan.id.in_(ids))))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.owner is not None:
        conditions.append(Scan.owner == wanted.owner)
    if wanted.status:
        conditions.append(Scan.status.in_(wanted.status))
    if wanted.outcome:
        conditions.append(Scan.outcome.in_(wanted.outcome))
    if wanted.job is not None:
        conditions.append(Scan.job_id == wanted.job)
    if wanted.name:
        conditions.append(Scan.name.icontains(wanted.name, autoescape=True))
    if wanted.sha256 is not None:
        conditions.append(Scan.sha256 == wanted.sha256)
    return conditions


def _place(after: str) -> tuple[int, str]:
    created, _, identity = after.partition("-")
    if not created.isascii() or not created.isdigit() or len(created) > 18 or not identity:
        raise InputError("`after` names no place in the history.", fix="Use the `next` of a page.", code="usage")
    return int(created), identity
