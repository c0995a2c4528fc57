"""The database: SQLite in WAL mode or PostgreSQL, migrated to the newest tables when it is opened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from fauxto.errors import InputError, ResourceError

MIGRATIONS = Path(__file__).with_name("migrations")

_LOCK = 0x66_61_75_78
"""The number of PostgreSQL's advisory lock under which one of several servers migrates."""


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Database:
    """Sessions on one database: `read()` sees a snapshot, `write()` is one transaction, committed at its end.

    On SQLite a `write()` takes the write lock when it begins, so that what it has read still holds when it writes.
    Raises `InputError` for a URL that makes no sense and `ResourceError` where the database does not answer.
    """

    def __init__(self, url: str) -> None:
        self._engine = _connect(url)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        self._writing = self._engine.execution_options(writes="FULL")
        self._leasing = self._engine.execution_options(writes="NORMAL")
        try:
            with self._engine.connect() as connection:
                migrate(connection)
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise _unusable(error) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Session]:
        """A transaction; an exception rolls it back.

        One that is not `lasting`, such as a lease, may be undone by a power cut; on SQLite it waits for no disk.
        """
        with Session(self._writing if lasting else self._leasing, expire_on_commit=False) as session, session.begin():
            yield session

    def forget_deleted(self) -> bool:
        """Make deleted rows unreadable as far as the database can: SQLite overwrites them and empties its log.

        False where a reader was in the way, and it has to be done again.
        """
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if self.is_sqlite:
                return not connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            connection.execute(text("VACUUM scans, jobs"))
            return True

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def configuration(connection: Connection | None = None) -> Config:
    """What Alembic has to know; with `connection`, where it works."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection, target: str = "head") -> None:
    """Bring the tables to `target`, in one transaction; of several servers that start, one does it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    command.upgrade(configuration(connection), target)
    connection.commit()


def _connect(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise InputError(
                f"The service keeps its rows in SQLite or PostgreSQL, not in {parsed.get_backend_name()!r}.",
                fix="Use --database postgresql://USER@HOST/NAME, or leave it out.",
                code="usage",
            )
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=16)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(parsed, pool_pre_ping=True, pool_size=16, max_overflow=32)
    except ArgumentError as error:
        raise InputError(
            "The database is no URL.", fix="Use --database postgresql://USER@HOST/NAME.", code="usage"
        ) from error
    except ModuleNotFoundError as error:
        raise InputError(
            f"The driver of this database is not installed ({error.name}).",
            fix="Run: pip install 'fauxto[serve,postgresql]'",
            code="usage",
        ) from error


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """A connection that leaves transactions to us and overwrites what it deletes."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    synchronous = connection.get_execution_options().get("writes")
    if synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if synchronous else "BEGIN")


def _unusable(error: SQLAlchemyError) -> ResourceError:
    reason = str(error.orig if isinstance(error, OperationalError) else error).strip().split("\n")[0]
    return ResourceError(
        f"The database cannot be used: {reason[:300]}.",
        fix="Check that it runs, that --database is right, and that the folder can be written to.",
        code="database",
    )
