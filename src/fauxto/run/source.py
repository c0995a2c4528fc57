"""Bytes of one source, bounded: a regular file, or an http(s) address where the network is allowed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from fauxto.errors import FauxtoError, InputError, PolicyError, ResourceError
from fauxto.media.limits import Limits
from fauxto.run.patterns import has_magic

MAX_NAME = 8192
"""Bytes of the longest path or address that is looked at."""

_BLOCK = 1 << 16

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def is_address(source: str) -> bool:
    """Whether a source is an http(s) address rather than a path."""
    return source.lower().startswith(("http://", "https://"))


def readable(source: str) -> str:
    """A path as text that every JSON reader accepts: bytes that are no UTF-8 are written as \\\\xNN.

    >>> readable("caf\\udce9.jpg")
    'caf\\\\xe9.jpg'
    """
    return os.fsencode(source).decode("utf-8", "backslashreplace")


def read(source: str, limits: Limits, *, allow_network: bool = False) -> bytes:
    """All bytes of a source.

    Raises `InputError` with code "not_found", "not_a_file" or "unreadable", `ResourceError`
    "too_many_bytes", and `PolicyError` "network" for an address without leave. Pipes, sockets and devices
    are never opened for reading.
    """
    if is_address(source):
        from fauxto.run.fetch import fetch  # noqa: PLC0415

        if not allow_network:
            raise no_network(source)
        return fetch(source, limits)
    try:
        # The kind is checked before opening, since opening a device can have effects, and again on the
        # descriptor, since the name may point elsewhere by then; O_NONBLOCK keeps a pipe that slipped in
        # from stopping us.
        status = os.stat(source)
        if stat.S_ISDIR(status.st_mode) and not os.access(source, os.R_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "Permission denied; it is a folder")
        _check_kind(status)
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            _check_kind(status)
            if status.st_size > limits.max_bytes:
                raise _too_large(status.st_size, limits)
            return _read_all(file.read, status.st_size, limits)
    except (OSError, ValueError) as error:
        raise unreadable(error, source) from error


def unreadable(error: OSError | ValueError, source: str = "") -> FauxtoError:
    """The error of fauxto for one of the operating system, with what was to be read."""
    reason = getattr(error, "strerror", None) or str(error)
    if getattr(error, "errno", None) in (errno.ENOENT, errno.ENOTDIR):
        if has_magic(source):
            pattern = "Check its spelling; ** stands for any number of folders."
            return InputError("No file matches this pattern.", fix=pattern, code="not_found")
        return InputError("There is no such file.", fix="Check the spelling of the path.", code="not_found")
    return InputError(
        f"The file cannot be read: {reason}.",
        fix="Check its permissions and the medium it lies on.",
        code="unreadable",
    )


def no_network(source: str) -> PolicyError:
    """The refusal of an address."""
    return PolicyError(
        f"{readable(source)} is a network address, and fauxto makes no connection unless told to.",
        fix="Add --allow-network, or download the file yourself.",
        code="network",
    )


def _check_kind(status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    kind = next((words for test, words in _KINDS if test(status.st_mode)), "a special file")
    raise InputError(f"This is {kind}, not a file.", fix="Give the path of a picture.", code="not_a_file")


def _read_all(read_some: Callable[[int], bytes | None], expected: int, limits: Limits) -> bytes:
    """Read to the end, but never more than one byte over the limit: a file can grow while it is read.

    The first read asks for one byte more than `expected`, since Python sets aside all that it is asked for.
    """
    blocks, total = [], 0
    while block := read_some(min(limits.max_bytes, max(expected, total + _BLOCK)) + 1 - total):
        blocks.append(block)
        total += len(block)
        if total > limits.max_bytes:
            raise _too_large(total, limits)
    return b"".join(blocks)


def _too_large(size: int, limits: Limits) -> ResourceError:
    return ResourceError(
        f"The file has at least {size:,} bytes; the limit is {limits.max_bytes:,}.",
        fix=f"If you trust the file, raise the limit with --limit-bytes {size}.",
        code="too_many_bytes",
    )
