"""The tables. Times are whole microseconds since 1970, UTC: exact, sortable, and the same in both databases."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

LOCAL = "local"
"""The owner of what is sent without a key."""


class Base(DeclarativeBase):
    """All tables of the service."""


class Job(Base):
    """A batch. `finished` counts its finished scans and numbers them: it only ever grows, under the row's lock."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("owner", "idempotency", name="uq_jobs_owner_idempotency"),
        Index("ix_jobs_expires", "expires"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(Text)
    options: Mapped[str] = mapped_column(Text)
    total: Mapped[int] = mapped_column(Integer)
    finished: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[int] = mapped_column(BigInteger)
    ended: Mapped[int | None] = mapped_column(BigInteger)
    expires: Mapped[int | None] = mapped_column(BigInteger)
    idempotency: Mapped[str | None] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))


class Scan(Base):
    """One picture. While it is "running", `server` holds a lease on it until `lease`, its `attempts`-th."""

    __tablename__ = "scans"
    __table_args__ = (
        UniqueConstraint("owner", "idempotency", name="uq_scans_owner_idempotency"),
        UniqueConstraint("job_id", "number", name="uq_scans_job_number"),
        Index("ix_scans_queue", "status", "priority", "created", "id"),
        Index("ix_scans_history", "owner", "created", "id"),
        Index("ix_scans_expires", "expires"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(32))
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", name="fk_scans_job"))
    number: Mapped[int | None] = mapped_column(Integer)
    """The how manieth of its job was finished: the id of its event."""
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    options: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(8), default="queued")
    priority: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    server: Mapped[str | None] = mapped_column(String(32))
    lease: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(String(16))
    finding: Mapped[str | None] = mapped_column(Text)
    created: Mapped[int] = mapped_column(BigInteger)
    started: Mapped[int | None] = mapped_column(BigInteger)
    finished: Mapped[int | None] = mapped_column(BigInteger)
    expires: Mapped[int | None] = mapped_column(BigInteger)
    idempotency: Mapped[str | None] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))


class Key(Base):
    """An API key: only the hash of its secret half is kept."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(Text)
    per_minute: Mapped[int] = mapped_column(Integer)
    per_day: Mapped[int] = mapped_column(Integer)
    created: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int | None] = mapped_column(BigInteger)
    revoked: Mapped[int | None] = mapped_column(BigInteger)


class Usage(Base):
    """Pictures that an owner has had accepted on a day (days since 1970, UTC)."""

    __tablename__ = "usage"

    owner: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True)
    pictures: Mapped[int] = mapped_column(Integer)


class Audit(Base):
    """Who did what to what, when. Triggers of the database refuse to change or delete a row."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    at: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
