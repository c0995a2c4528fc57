"""Shell patterns that the shell did not expand: lazily, in order, and without following links into circles.

Python's own `glob` follows links to folders under `**`, so that two links to their own folder make a tree
without end, and it has to be sorted as a whole. Here `*`, `?` and `[...]` match within one name and `**` any
number of folders, none of them a link; a leading dot has to be written out, as in a shell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

_MAGIC = re.compile(r"[*?[]")

Entries = Callable[[str], Iterator["os.DirEntry[str] | str"]]
"""Gives the entries of a folder in order; where it cannot be read, its path."""


def has_magic(text: str) -> bool:
    """Whether a path holds a character that patterns give a meaning.

    >>> has_magic("a/*.jpg"), has_magic("a/b.jpg")
    (True, False)
    """
    return _MAGIC.search(text) is not None


def matches(pattern: str, entries: Entries) -> Iterator[str]:
    """The paths that match, each once: files and folders; below a `**` files only, or the folder itself at its end."""
    names = [name for name in pattern.split("/") if name]
    names = [name for name, before in zip(names, ["", *names], strict=False) if (name, before) != ("**", "**")]
    yield from _below("/" if pattern.startswith("/") else "", names, entries)


def _below(folder: str, names: list[str], entries: Entries) -> Iterator[str]:
    """What matches `names` in a folder ("" is the current one); a folder that cannot be read is a match."""
    if not names:
        if os.path.lexists(folder):
            yield folder
    elif names == ["**"]:
        yield folder or "."
    elif names[0] == "**":
        yield from _files_below(folder, names[1:], entries)
    elif not has_magic(names[0]):
        yield from _below(os.path.join(folder, names[0]), names[1:], entries)
    elif os.path.isdir(folder or "."):
        for entry in entries(folder or "."):
            if isinstance(entry, str):
                yield entry
            elif _fits(entry.name, names[0]) and (len(names) == 1 or entry.is_dir()):
                yield from _below(os.path.join(folder, entry.name), names[1:], entries)


def _files_below(folder: str, names: list[str], entries: Entries) -> Iterator[str]:
    """The files at any depth whose way from `folder` ends in `names`, which may hold more `**`."""
    stack = [("", entries(folder or "."))] if os.path.isdir(folder or ".") else []
    while stack:
        way, here = stack[-1]
        entry = next(here, None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, str):
            yield entry
        elif entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("."):
                path = os.path.join(way, entry.name)
                stack.append((path, entries(os.path.join(folder, path))))
        elif _ends_in([*filter(None, way.split("/")), entry.name], names) and not entry.is_dir():
            yield os.path.join(folder, way, entry.name)


def _ends_in(way: list[str], names: list[str]) -> bool:
    """Whether the last names of a way match; `**` stands for any number of them."""
    places = {len(way)}  # from each of them on, the way matches the names that were looked at
    for name in reversed(names):
        if name == "**":
            places = set(range(max(places, default=-1) + 1))
        else:
            places = {place - 1 for place in places if place > 0 and _fits(way[place - 1], name)}
    return bool(places)


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))
