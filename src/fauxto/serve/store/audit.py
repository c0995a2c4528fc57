"""The audit log: who did what to what, when. No pixels, no file names, no hash of a picture."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from fauxto.serve.store.database import now
from fauxto.serve.store.tables import Audit

SYSTEM = "system"
"""The actor of what nobody asked for, such as the end of a retention time."""


def record(session: Session, actor: str, action: str, subject: str, **detail: int | str | None) -> None:
    """Add a row, in the transaction of what it tells of."""
    session.add(Audit(at=now(), actor=actor, action=action, subject=subject, detail=json.dumps(detail)))
