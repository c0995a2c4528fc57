"""The audit log, for whoever runs the service: who did what to what, when."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from fauxto.serve import schema, views
from fauxto.serve.access import Allowed
from fauxto.serve.problems import responses
from fauxto.serve.routes.scans import service_of
from fauxto.serve.store import audit
from fauxto.serve.store.keys import Caller

router = APIRouter(prefix="/v1/audit", tags=["machines"])

Word = Annotated[str | None, Query(pattern="^[a-z0-9._-]{1,64}$")]


@router.get("", response_model=schema.AuditPage, responses=responses(401, 403, 422, 429))
def log(  # noqa: PLR0917  # one parameter a filter
    request: Request,
    caller: Annotated[Caller, Depends(Allowed("admin"))],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int | None, Query(ge=1, lt=2**63, description="The `next` of the page before.")] = None,
    actor: Word = None,
    action: Word = None,
    subject: Word = None,
) -> schema.AuditPage:
    """List what was done, newest first; nobody can change or delete a line."""
    wanted = {name: value for name, value in (("actor", actor), ("action", action), ("subject", subject)) if value}
    with service_of(request).database.read() as session:
        rows = audit.page(session, wanted, after, limit + 1)
    items = [
        schema.AuditLine(
            id=row.id,
            at=views.when(row.at),
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            detail=json.loads(row.detail),
        )
        for row in rows[:limit]
    ]
    return schema.AuditPage(items=items, next=items[-1].id if len(rows) > limit else None)
