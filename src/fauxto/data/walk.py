"""Listing the pictures of a tree that somebody else made: lazy, sorted, bounded, and never outside of the tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from fauxto.errors import InputError

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}
"""File endings that count as a picture; the content decides what a file is when it is read."""

DEEPEST = 64
"""Folders within folders that are still opened; no public set comes near."""

SORTED = 10_000
"""Entries of one folder that are sorted at a time, so that a million names cost no more memory than these."""

_SHOWN = 100


@dataclass(slots=True)
class Problems:
    """What had to be left out and why: counted without end, the first hundred kept word for word."""

    count: int = 0
    shown: list[tuple[str, str]] = field(default_factory=list)

    def add(self, path: str, what: str) -> None:
        """Note that `path` was left out because of `what`."""
        self.count += 1
        if len(self.shown) < _SHOWN:
            self.shown.append((os.fsencode(path).decode("utf-8", "backslashreplace"), what))


def root_of(folder: str | Path) -> Path:
    """The absolute path of a folder that is to be listed. Errors: InputError when it is none."""
    root = Path(os.path.abspath(folder))
    if not root.is_dir():
        raise InputError(f"{folder} is not a folder.", fix="Give the folder that holds the pictures.")
    return root


def files(folder: str | Path, problems: Problems, suffixes: set[str] | frozenset[str] = PICTURES) -> Iterator[str]:
    """The paths of all files below `folder` with one of the endings, relative to it and with `/`, lazily and sorted.

    A link to a file counts when it stays inside of the folder; links to folders are never followed, so no loop is
    possible. Hidden names are passed over in silence; everything else that is left out goes into `problems`: links
    that leave, dangling links, folders that cannot be read, pipes and devices, names that are not UTF-8 (a manifest
    could not hold them), and folders nested deeper than `DEEPEST`.
    """
    root = root_of(folder)
    inside = os.path.realpath(root)
    stack = [_entries(root, "", problems)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        path = os.path.relpath(entry.path, root)
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if len(stack) >= DEEPEST:
                problems.add(path, f"folders are nested deeper than {DEEPEST}")
            else:
                stack.append(_entries(root, path, problems))
        elif os.path.splitext(entry.name)[1].lower() in suffixes or entry.is_symlink():
            if reason := _why_not(entry, inside, suffixes):
                problems.add(path, reason)
            elif os.path.splitext(entry.name)[1].lower() in suffixes:
                yield path.replace(os.sep, "/")


def folders(folder: str | Path, deepest: int = 5, most: int = 4000) -> Iterator[str]:
    """The first `most` folders and their non-picture files, breadth first, relative, for telling a layout.

    Folders end in `/`. Pictures are passed over, so that a folder of a million of them costs one listing of its head.
    """
    root = root_of(folder)
    queue, seen = [""], 0
    for place in queue:
        for entry in islice(_entries(root, place, Problems()), SORTED):
            path = os.path.join(place, entry.name).replace(os.sep, "/")
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield path + "/"
                if path.count("/") + 1 < deepest:
                    queue.append(path)
            elif os.path.splitext(entry.name)[1].lower() not in PICTURES:
                yield path
            else:
                continue
            seen += 1
            if seen >= most:
                return


def _entries(root: Path, place: str, problems: Problems) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(root / place) as entries:
            while run := sorted(islice(entries, SORTED), key=lambda entry: entry.name):
                yield from run
    except OSError as error:
        problems.add(place or str(root), f"the folder cannot be read: {error.strerror or error}")


def _why_not(entry: os.DirEntry[str], inside: str, suffixes: set[str] | frozenset[str]) -> str:
    """Why a directory entry is not listed; empty text when it is (or does not matter)."""
    wanted = os.path.splitext(entry.name)[1].lower() in suffixes
    reason = ""
    try:
        status = entry.stat()
        if entry.is_symlink() and stat.S_ISDIR(status.st_mode):
            return "it is a link to a folder; links to folders are not followed"
        if entry.is_symlink() and os.path.commonpath([inside, os.path.realpath(entry.path)]) != inside:
            reason = "it is a link that leaves the folder"
        elif not stat.S_ISREG(status.st_mode):
            reason = "it is not a regular file"
        entry.path.encode("utf-8")
    except UnicodeEncodeError:
        reason = "its name is not UTF-8; rename it"
    except OSError as error:
        reason = f"it cannot be read: {error.strerror or error}"
    return reason if wanted else ""
