"""Which sources a command means: files, folders, patterns, addresses and lists on standard input, lazily.

A source that is named always gets a row, whatever it is. Within a folder, what counts is everything whose
name ends like a picture's, be it a pipe, *or* whose content is a picture; other files (texts, sidecars,
videos), pipes and devices are passed over. Links to files are followed, links to folders are not, so no
loop is possible; a folder that is itself named may be a link. The order is that of the arguments, then of
the names; a folder with more than `SORTED` entries is sorted in runs of that many, so that a million names
in one folder cost no more memory than ten thousand.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

from fauxto.errors import InputError
from fauxto.media.sniff import sniff
from fauxto.run import patterns
from fauxto.run.source import is_address

SORTED = 10_000

SUFFIXES = frozenset(
    [
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif"),
        *(".bmp", ".dib", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif"),
    ]
)
"""Name endings (in lower case) that make a file of a folder count even if its content is no picture."""

_BLOCK = 1 << 16
_LONGEST = 1 << 20


def expand(arguments: Iterable[str | bytes | os.PathLike[str]], stdin: IO[bytes] | None = None) -> Iterator[str]:
    """Every source that `arguments` mean, lazily; "-" is a list on `stdin`, as `read_list` has it.

    A pattern counts as one only where no file of that very name exists. What matches nothing is passed on
    as it is, so that it becomes an error row and does not vanish.
    """
    for argument in arguments:
        text = os.fsdecode(argument)
        if text == "-" and stdin is not None:
            for line in read_list(stdin):
                yield from _one(line)
        elif patterns.has_magic(text) and not is_address(text) and not os.path.lexists(text):
            matches = patterns.matches(text, _entries)
            yield from _one(next(matches, text))
            for match in matches:
                yield from _one(match)
        else:
            yield from _one(text)


def read_list(stdin: IO[bytes]) -> Iterator[str]:
    """The entries of a list, lazily: separated by NUL if the first block holds one, else by newlines.

    Empty entries are skipped.
    """
    rest = _some(stdin)
    separator = b"\0" if b"\0" in rest else b"\n"
    while block := rest:
        *entries, tail = block.split(separator)
        yield from (os.fsdecode(entry.rstrip(b"\r\n")) for entry in entries if entry.strip())
        if len(tail) > _LONGEST:
            raise InputError(
                f"An entry of the list on standard input is longer than {_LONGEST:,} bytes.",
                fix="Separate the paths by newlines, or by NUL bytes as `find -print0` does.",
            )
        more = _some(stdin)
        if not more:
            if tail.strip():
                yield os.fsdecode(tail.rstrip(b"\r\n"))
            return
        rest = tail + more


def _some(stdin: IO[bytes]) -> bytes:
    """What is there, without waiting for a whole block: a list is followed while it is being written."""
    read1 = getattr(stdin, "read1", stdin.read)
    block: bytes = read1(_BLOCK)
    return block


def _one(source: str) -> Iterator[str]:
    if not is_address(source) and os.path.isdir(source):
        return _walk(source)
    return iter((source,))


def _walk(folder: str) -> Iterator[str]:
    """The pictures below a folder, depth first, without recursion; an unreadable folder is a source."""
    stack = [_entries(folder)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, str):
            yield entry
        elif entry.is_dir(follow_symlinks=False):
            stack.append(_entries(entry.path))
        elif _counts(entry):
            yield entry.path


def _entries(folder: str) -> Iterator[os.DirEntry[str] | str]:
    """The entries of one folder in runs of sorted names; the folder itself where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            while run := sorted(islice(entries, SORTED), key=lambda entry: entry.name):
                yield from run
    except OSError:
        yield folder  # reading it as a file fails with the reason, in a row of its own


def _counts(entry: os.DirEntry[str]) -> bool:
    named_so = os.path.splitext(entry.name)[1].lower() in SUFFIXES
    try:
        status = entry.stat()
    except OSError:
        return named_so  # a dangling link, or one without permission: a row, if it was to be a picture
    return named_so or (stat.S_ISREG(status.st_mode) and _is_picture(entry.path))


def _is_picture(path: str) -> bool:
    """Whether the first bytes are a picture's; a file that cannot be read counts, so that it is reported."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            return sniff(file.read(64) or b"") is not None
    except OSError:
        return True
