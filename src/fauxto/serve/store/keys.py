"""API keys: made once, shown once, kept as a hash.

A secret has 256 random bits, so a plain SHA-256 of it cannot be guessed back; a slow hash is for passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from fauxto.errors import InputError
from fauxto.serve.store import audit
from fauxto.serve.store.database import now
from fauxto.serve.store.tables import Key

SCOPES = ("scan", "read", "delete", "metrics", "admin")
"""Send pictures; see one's own; delete one's own; see /metrics; see and delete everybody's."""

DEFAULT_SCOPES = ("scan", "read", "delete")
PER_MINUTE, PER_DAY = 120, 10_000

_FORM = re.compile(r"fauxto_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and what it may do; 0 means no bound."""

    id: str
    scopes: frozenset[str]
    per_minute: int = 0
    per_day: int = 0

    @property
    def sees(self) -> str | None:
        """Whose scans it sees: its own, or everybody's (None)."""
        return None if "admin" in self.scopes else self.id


def add(
    session: Session,
    name: str,
    scopes: Sequence[str] = DEFAULT_SCOPES,
    *,
    per_minute: int = PER_MINUTE,
    per_day: int = PER_DAY,
    seconds: float | None = None,
) -> str:
    """Make a key and give it, for the only time; `seconds` is how long it is valid."""
    if unknown := set(scopes) - set(SCOPES):
        raise InputError(
            f"There is no scope {', '.join(sorted(unknown))}.", fix=f"Choose from: {', '.join(SCOPES)}.", code="usage"
        )
    if not name or len(name) > 100 or not scopes or min(per_minute, per_day) < 0:
        raise InputError(
            "A key needs a name of at most 100 characters, a scope, and bounds that are not negative.",
            fix="For example: fauxto keys add newsroom --scopes scan,read",
            code="usage",
        )
    identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    session.add(
        Key(
            id=identity,
            name=name,
            hash=_hash(secret),
            scopes=" ".join(sorted(set(scopes))),
            per_minute=per_minute,
            per_day=per_day,
            created=now(),
            expires=None if seconds is None else now() + int(seconds * 1e6),
        )
    )
    audit.record(session, "operator", "key.add", identity, scopes=" ".join(scopes))
    return f"fauxto_{identity}_{secret}"


def revoke(session: Session, identity: str) -> None:
    """End a key, at once."""
    key = session.get(Key, identity)
    if key is None:
        raise InputError(f"There is no key {identity!r}.", fix="`fauxto keys list` shows them.", code="not_found")
    if key.revoked is None:
        key.revoked = now()
        audit.record(session, "operator", "key.revoke", identity)


def all_keys(session: Session) -> list[Key]:
    """Every key, revoked ones too, in the order in which they were made."""
    return list(session.scalars(select(Key).order_by(Key.created)))


def describe(key: Key) -> dict[str, Any]:
    """A key for the list, as plain JSON types."""
    over = key.expires is not None and key.expires <= now()
    return {
        "id": key.id,
        "name": key.name,
        "state": "revoked" if key.revoked else "expired" if over else "valid",
        "scopes": key.scopes,
        "per_minute": key.per_minute,
        "per_day": key.per_day,
        "created": datetime.fromtimestamp(key.created / 1e6, UTC).isoformat(timespec="seconds"),
    }


def any_valid(session: Session) -> bool:
    """Whether there is a key that opens anything."""
    return session.scalars(select(Key).where(*_valid()).limit(1)).first() is not None


def find(session: Session, given: str) -> Caller | None:
    """Who a key belongs to; None for one that is no key, wrong, revoked or over."""
    form = _FORM.fullmatch(given)
    if form is None:
        return None
    key = session.scalars(select(Key).where(Key.id == form[1], *_valid())).one_or_none()
    if key is None or not hmac.compare_digest(key.hash, _hash(form[2])):
        return None
    return Caller(key.id, frozenset(key.scopes.split()), key.per_minute, key.per_day)


def _valid() -> tuple[ColumnElement[bool], ...]:
    return Key.revoked.is_(None), or_(Key.expires.is_(None), Key.expires > now())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
