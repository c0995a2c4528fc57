"""What the operator decides: where things lie, who may come, how much is taken, how long it is kept."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from fauxto.errors import InputError
from fauxto.run.options import Options

PORT = 8765
DAY = 86_400.0
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service is run.

    - `folder`: pictures and, unless `database` is a URL of PostgreSQL, the SQLite file.
    - `require_key`: every request for pictures needs a key; always so where others than this machine can come.
    - `allow_addresses`: callers may have public http(s) addresses fetched.
    - `queue`: pictures that may wait or be under way; more are refused with 429.
    - `max_bytes` of a file, `max_files` of a job, `max_job_bytes` of all its files, `upload_seconds` for a request's
      body, `uploads` at the same time, `reserve` bytes of disk that uploads leave free.
    - `retention`: seconds after which a scan is deleted; None keeps it until someone deletes it.
    - `hosts`: names by which the service is reached, such as that of a proxy; on loopback its own names besides.
    - `options`: the operator's part of the options of a scan.
    """

    folder: Path
    database: str = ""
    host: str = "127.0.0.1"
    port: int = PORT
    workers: int | None = None
    require_key: bool = False
    allow_addresses: bool = False
    queue: int = 1000
    max_bytes: int = 32 * MIB
    max_files: int = 500
    max_job_bytes: int = 1024 * MIB
    upload_seconds: float = 120.0
    uploads: int = 64
    reserve: int = 256 * MIB
    retention: float | None = 7 * DAY
    hosts: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        for name in ("queue", "max_bytes", "max_files", "max_job_bytes", "upload_seconds", "uploads"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is positive; got {getattr(self, name)}.", fix="Leave it out.", code="usage")
        if self.retention is not None and not self.retention > 0:
            raise InputError("A retention time is positive.", fix="Leave it out for a week.", code="usage")

    @property
    def url(self) -> str:
        """The database as a URL of SQLAlchemy."""
        if not self.database:
            return f"sqlite:///{self.folder / 'service.sqlite'}"
        return self.database.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def keys_needed(self) -> bool:
        """Whether callers need a key: where others than this machine can come, directly or through a proxy."""
        return self.require_key or not is_loopback(self.host) or not all(map(is_loopback, self.hosts))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on `host`.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def default_folder() -> Path:
    """Where a service without configuration keeps its things."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "fauxto" / "service"
