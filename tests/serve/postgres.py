"""A private PostgreSQL server for the tests: its own folder, its own socket, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MISSING = "no PostgreSQL server is installed here (Debian: apt-get install postgresql)"


def programs() -> Path | None:
    """The folder of PostgreSQL's own programs, which Debian keeps off the search path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@contextmanager
def cluster() -> Iterator[str]:
    """Start a server that no other user can reach, as somebody who is not root: PostgreSQL refuses to be."""
    root = os.geteuid() == 0
    where = programs()
    if where is None:
        (pytest.fail if root else pytest.skip)(MISSING)
    user = "postgres" if root else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="fauxto-pg-", dir="/tmp"))  # a socket's path is at most 107 bytes long
    if root:
        shutil.chown(folder, user)

    def run(*words: str) -> None:
        made = subprocess.run(
            [str(where / words[0]), *words[1:]],
            user=user if root else None,
            group=pwd.getpwnam(user).pw_gid if root else None,
            cwd=folder,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert made.returncode == 0, made.stdout

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "tester", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
        run("pg_ctl", "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
