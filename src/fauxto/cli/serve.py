"""`fauxto serve`: the page and the HTTP service, on this machine unless told otherwise."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fauxto.cli.scan import pem
from fauxto.errors import InputError
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.run.options import DEFAULT_MEMORY, Options

DAY = 86_400.0


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    folder: Path | None = None,
    database: str = "",
    workers: int | None = None,
    require_key: Annotated[bool, Parameter(negative="")] = False,
    allow_addresses: Annotated[bool, Parameter(negative="")] = False,
    allow_host: tuple[str, ...] = (),
    keep_days: float = 7.0,
    queue: int = 1000,
    model: str = "house",
    backend: str = "openvino",
    trust_anchors: Path | None = None,
    limit_bytes: int = 32 * 2**20,
    limit_files: int = 500,
    limit_pixels: int = DEFAULT_LIMITS.max_pixels,
    limit_seconds: float = DEFAULT_LIMITS.seconds,
    limit_memory: int = DEFAULT_MEMORY,
) -> int:
    """Serve the page and the HTTP interface; Ctrl-C ends it, and what was not finished goes on at the next start.

    Parameters
    ----------
    host
        Where to listen. Beyond this machine (such as 0.0.0.0) every request needs a key: see fauxto keys.
    port
        The port; 0 takes any that is free.
    folder
        Where pictures and results are kept; a folder of your home if not given.
    database
        postgresql://USER@HOST/NAME instead of an SQLite file in the folder.
    workers
        Processes that scan; one a core if not given.
    require_key
        Need a key on this machine too.
    allow_addresses
        Let callers have public http(s) addresses fetched.
    allow_host
        A name by which the service may be reached, such as fauxto.example.org; may be repeated.
    keep_days
        Days after which pictures and results are deleted; 0 keeps them until they are deleted by hand.
    queue
        Pictures that may wait; more are refused until there is room.
    model
        The folder of another model, or the name of a shipped one.
    backend
        What runs the network: openvino or onnxruntime.
    trust_anchors
        A PEM file with the authorities whose C2PA signatures count as proof.
    limit_bytes
        Size of a file.
    limit_files
        Files of a job.
    limit_pixels
        Width times height.
    limit_seconds
        Wall time for one file.
    limit_memory
        Bytes that one worker may allocate.
    """
    require_serve()
    from fauxto.serve.run import serve as run  # noqa: PLC0415
    from fauxto.serve.settings import Settings, default_folder  # noqa: PLC0415

    if workers is not None and workers < 1:
        raise InputError("A service needs a worker.", fix="Use --workers 1 or more.", code="usage")
    limits = Limits(max_bytes=limit_bytes, max_pixels=limit_pixels, seconds=limit_seconds)
    settings = Settings(
        folder=(folder or default_folder()).absolute(),
        database=database,
        host=host,
        port=port,
        workers=workers,
        require_key=require_key,
        allow_addresses=allow_addresses,
        queue=queue,
        max_bytes=limit_bytes,
        max_files=limit_files,
        retention=keep_days * DAY if keep_days else None,
        hosts=allow_host,
        options=Options(
            model=model,
            backend=backend,
            trust_anchors=pem(trust_anchors) if trust_anchors else None,
            limits=limits,
            memory=limit_memory,
        ),
    )
    run(settings, _started, log="info" if "FAUXTO_DEBUG" in os.environ else "warning")
    return 0


def require_serve() -> None:
    """Say what to install where the service's libraries are missing."""
    for name in ("fastapi", "sqlalchemy", "alembic", "uvicorn", "python_multipart", "sse_starlette", "limits"):
        if importlib.util.find_spec(name) is None:
            raise InputError(
                f"The service needs {name}, which is not installed.", fix="Run: pip install 'fauxto[serve]'"
            )


def _started(address: str) -> None:
    print(f"fauxto serves on {address}", flush=True)
    if sys.stdout.isatty():
        print("Ctrl-C ends it.", flush=True)
