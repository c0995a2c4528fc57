"""`fauxto keys`: who may use the service from elsewhere."""

from __future__ import annotations

import json as _json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fauxto.cli.serve import DAY, require_serve

if TYPE_CHECKING:
    from fauxto.serve.store.database import Database


def add(
    name: str,
    /,
    *,
    scopes: str = "scan,read,delete",
    per_minute: int = 120,
    per_day: int = 10_000,
    days: float | None = None,
    folder: Path | None = None,
    database: str = "",
) -> int:
    """Make a key and print it, for the only time: it is kept as a hash.

    Parameters
    ----------
    name
        Whose key it is, for the list.
    scopes
        What it may do, separated by commas: scan, read, delete, metrics, admin (everybody's scans).
    per_minute
        Requests a minute; 0 for no bound.
    per_day
        Pictures a day (UTC); 0 for no bound.
    days
        How long it is valid; until it is revoked if not given.
    folder
        The folder of the service.
    database
        The database of the service, if it is not in the folder.
    """
    with _opened(folder, database) as opened:
        from fauxto.serve.store import keys  # noqa: PLC0415

        chosen = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        seconds = None if days is None else days * DAY
        with opened.write() as session:
            print(keys.add(session, name, chosen, per_minute=per_minute, per_day=per_day, seconds=seconds))
    return 0


def list(*, json: bool = False, folder: Path | None = None, database: str = "") -> int:
    """List all keys, without their secrets.

    Parameters
    ----------
    json
        Print JSON instead of a table.
    folder
        The folder of the service.
    database
        The database of the service, if it is not in the folder.
    """
    with _opened(folder, database) as opened:
        from fauxto.serve.store import keys  # noqa: PLC0415

        with opened.read() as session:
            rows = [keys.describe(key) for key in keys.all_keys(session)]
    if json:
        print(_json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for row in rows:
        bounds = f"{row['per_minute'] or '-'}/min {row['per_day'] or '-'}/day"
        print(f"{row['id']}  {row['state']:8} {row['created'][:10]}  {bounds:20} {row['scopes']:24} {row['name']}")
    if not rows:
        print("There are no keys. Make one: fauxto keys add NAME")
    return 0


def revoke(identity: str, /, *, folder: Path | None = None, database: str = "") -> int:
    """End a key, at once.

    Parameters
    ----------
    identity
        The twelve characters that `fauxto keys list` shows first.
    folder
        The folder of the service.
    database
        The database of the service, if it is not in the folder.
    """
    with _opened(folder, database) as opened:
        from fauxto.serve.store import keys  # noqa: PLC0415

        with opened.write() as session:
            keys.revoke(session, identity)
    print(f"{identity} opens nothing any more.")
    return 0


@contextmanager
def _opened(folder: Path | None, database: str) -> Iterator[Database]:
    """The database of the service, which may run meanwhile."""
    require_serve()
    from fauxto.serve.settings import Settings, default_folder  # noqa: PLC0415
    from fauxto.serve.store.database import Database  # noqa: PLC0415

    settings = Settings(folder=(folder or default_folder()).absolute(), database=database)
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = Database(settings.url)
    try:
        yield opened
    finally:
        opened.close()
