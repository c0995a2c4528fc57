"""Patterns against Python's own glob, and where they part from it: links, circles, order, duplicates."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fauxto.run.paths import expand
from fauxto.run.patterns import matches

NAMES = ["a.jpg", "b.png", "c[1].jpg", ".hidden.jpg", "x/a.jpg", "x/y/a.jpg", "x/y/z/b.png", ".dot/a.jpg", "x/x/a.jpg"]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    [
        *("*.jpg", "?.jpg", "[ab].*", "**/*.jpg", "x/**/a.jpg", "*/a.jpg", "**/y/*", "**/**/a.jpg", ".*.jpg"),
        *("**/x/**/a.jpg", "*/*/a.jpg", "./*.png", "**/*/a.jpg", "x/*/../a.jpg", "**/c[[]1].jpg", "x/y/*.jpg"),
    ],
)
def test_the_files_are_those_of_glob(tree: Path, pattern: str):
    oracle = {path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)}
    assert oracle
    found = list(expand([pattern]))
    assert sorted(found) == sorted(oracle)
    absolute = list(expand([str(tree / pattern)]))
    assert [os.path.normpath(path) for path in absolute] == [os.path.normpath(tree / path) for path in found]


def test_a_match_that_is_a_folder_is_walked_and_no_file_comes_twice(tree: Path):
    assert list(expand(["x*"])) == ["x/a.jpg", "x/x/a.jpg", "x/y/a.jpg", "x/y/z/b.png"]
    everything = sorted(name for name in NAMES)
    assert sorted(os.path.relpath(path) for path in expand(["**"])) == everything
    visible = sorted(name for name in NAMES if not name.startswith("."))
    assert sorted(expand(["**/*"])) == visible


@pytest.mark.parametrize("pattern", ["nothing*", "none/*.jpg", "**/none.jpg", "a.jpg/*", "a.jpg/**/b.jpg"])
def test_what_matches_nothing_is_passed_on(tree: Path, pattern: str):
    assert list(expand([pattern])) == [pattern]


def test_links_make_no_circle(tree: Path):
    """Three links of a folder to itself: Python's glob would take 3^40 steps."""
    for name in ("p", "q", "r"):
        (tree / "x" / name).symlink_to(".")
    assert list(expand(["x/**/a.jpg"])) == ["x/a.jpg", "x/x/a.jpg", "x/y/a.jpg"]
    (tree / "dangling.jpg").symlink_to("nowhere")
    (tree / "self.jpg").symlink_to("self.jpg")
    assert list(expand(["*.jpg"])) == ["a.jpg", "c[1].jpg", "dangling.jpg", "self.jpg"]


def test_a_link_to_a_folder_counts_where_it_is_named(tree: Path):
    (tree / "link").symlink_to("x/y/z")
    assert list(expand(["lin?/*"])) == ["link/b.png"]
    assert list(expand(["lin?"])) == ["link/b.png"]


@pytest.mark.parametrize("pattern", ["*.jpg", "**/*.jpg"])
def test_nothing_is_read_ahead_of_the_matches(tree: Path, pattern: str):
    read: list[str] = []

    def entries(folder: str) -> Iterator[os.DirEntry[str]]:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            read.append(entry.name)
            yield entry

    assert next(matches(pattern, entries)) == "a.jpg"
    assert read[-1] == "a.jpg"
