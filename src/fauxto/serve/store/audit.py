"""The audit log: who did what to what, when. No pixels, no file names, no hash of a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from fauxto.serve.store.database import now
from fauxto.serve.store.tables import Audit

SYSTEM = "system"
"""The actor of what nobody asked for, such as the end of a retention time."""


def record(session: Session, actor: str, action: str, subject: str, **detail: int | str | None) -> None:
    """Add a row, in the transaction of what it tells of."""
    session.add(Audit(at=now(), actor=actor, action=action, subject=subject, detail=json.dumps(detail)))


def page(session: Session, wanted: dict[str, str], after: int | None, limit: int) -> Sequence[Audit]:
    """Rows whose columns are as `wanted`, newest first, older than the id `after`."""
    query = select(Audit).filter_by(**wanted).order_by(Audit.id.desc()).limit(limit)
    return session.scalars(query if after is None else query.where(Audit.id < after)).all()
