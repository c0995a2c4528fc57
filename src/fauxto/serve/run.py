"""Start a service and serve until told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from fauxto.errors import InputError, PolicyError
from fauxto.serve.app import create_app
from fauxto.serve.guard import MAX_HEADERS
from fauxto.serve.service import Service
from fauxto.serve.settings import Settings
from fauxto.serve.store import keys
from fauxto.serve.store.database import Database

_CONNECTIONS = 500


def serve(settings: Settings, started: Callable[[str], None], *, log: str = "warning") -> None:
    """Serve until SIGINT or SIGTERM; `started` is told the address as soon as the port is open.

    Raises `PolicyError` where keys are needed and there is none, `InputError` for a port that is taken.
    """
    check_keys(settings)
    service = Service(settings)  # whatever is wrong is said before the port is open
    try:
        listener = _listen(settings)
    except BaseException:
        service.close()
        raise
    config = uvicorn.Config(
        create_app(settings, service),
        log_level=log,
        access_log=log in ("info", "debug"),
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEADERS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        http="h11",
        ws="none",
    )
    host, port = listener.getsockname()[:2]
    started(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    with listener:
        uvicorn.Server(config).run(sockets=[listener])


def check_keys(settings: Settings) -> None:
    """Refuse to be reached by others while there is no key for them."""
    if not settings.keys_needed:
        return
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.url)
    try:
        with database.read() as session:
            if keys.any_valid(session):
                return
    finally:
        database.close()
    where = f" --database {settings.database}" if settings.database else f" --folder {settings.folder}"
    raise PolicyError(
        f"Others can reach the service on {', '.join((settings.host, *settings.hosts))}, and there is no key yet.",
        fix=f"Run: fauxto keys add NAME{where}",
        code="no_key",
    )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise InputError(
            f"{settings.host}:{settings.port} cannot be opened: {error.strerror or error}.",
            fix="Choose another --port; 0 takes any that is free.",
            code="usage",
        ) from error
    return listener
