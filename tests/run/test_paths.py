"""Which sources a command means: folders, patterns, lists, links and odd names."""

import io
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.run import paths

PNG = b"\x89PNG\r\n\x1a\n"


def names(found, root: Path) -> list[str]:
    return [os.path.relpath(source, root) for source in found]


def touch(root: Path, *files: str, content: bytes = b"") -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def test_a_folder_gives_what_is_named_or_made_like_a_picture(tmp_path: Path):
    touch(tmp_path, "b.JPG", "a/z.png", "a/b.heic", "notes.txt", "clip.mp4", "empty")
    touch(tmp_path, "no-suffix", "wrong.txt", content=PNG)
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    assert names(paths.expand([tmp_path]), tmp_path) == [
        "a/b.heic",
        "a/z.png",
        "b.JPG",
        "no-suffix",
        "pipe.jpg",
        "wrong.txt",
    ]


def test_a_named_source_always_gets_a_row(tmp_path: Path):
    touch(tmp_path, "notes.txt")
    os.mkfifo(tmp_path / "pipe")
    given_ = [str(tmp_path / name) for name in ("notes.txt", "pipe", "missing.jpg", "*.none")]
    assert list(paths.expand([*given_, "http://x/?a=[1]", ""])) == [*given_, "http://x/?a=[1]", ""]


def test_links_to_folders_are_not_followed_and_links_to_files_are(tmp_path: Path):
    touch(tmp_path, "real/a.png")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "real" / "b.png").symlink_to(tmp_path / "real" / "a.png")
    (tmp_path / "real" / "dangling.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "named").symlink_to(tmp_path / "real")
    assert names(paths.expand([tmp_path]), tmp_path) == ["real/a.png", "real/b.png", "real/dangling.png"]
    assert names(paths.expand([tmp_path / "named"]), tmp_path / "named") == ["a.png", "b.png", "dangling.png"]


def test_a_folder_that_cannot_be_listed_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touch(tmp_path, "open/a.png", "shut/b.png")
    genuine = os.scandir

    def scandir(folder: str):
        if folder.endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return genuine(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert names(paths.expand([tmp_path]), tmp_path) == ["open/a.png", "shut"]


def test_patterns_are_expanded_in_order_unless_a_file_has_that_name(tmp_path: Path):
    touch(tmp_path, "b.png", "a.png", "sub/c.png", "[x].png", "x.png")
    assert names(paths.expand([f"{tmp_path}/?.png"]), tmp_path) == ["a.png", "b.png", "x.png"]
    assert names(paths.expand([f"{tmp_path}/[x].png"]), tmp_path) == ["[x].png"]
    assert names(paths.expand([f"{tmp_path}/**/c.png"]), tmp_path) == ["sub/c.png"]
    assert names(paths.expand([f"{tmp_path}/s*"]), tmp_path) == ["sub/c.png"]


def test_odd_names_survive(tmp_path: Path):
    odd = [b"new\nline.png", b"caf\xe9.png", "日本.png".encode(), b" lead.png", b"-dash.png", b"\x1b[31m.png"]
    for name in odd:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(b"")
    found = [os.path.basename(os.fsencode(source)) for source in paths.expand([tmp_path])]
    assert sorted(found) == sorted(odd)


def test_a_deep_tree_needs_no_recursion(tmp_path: Path):
    deep = tmp_path
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(400):
            os.mkdir("d")
            os.chdir("d")
        Path("a.png").write_bytes(b"")
    finally:
        os.chdir(here)
    assert len(list(paths.expand([deep]))) == 1


def test_a_large_folder_is_sorted_in_runs_and_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paths, "SORTED", 10)
    touch(tmp_path, *(f"{i:03}.png" for i in range(95)))
    found = names(paths.expand([tmp_path]), tmp_path)
    assert sorted(found) == [f"{i:03}.png" for i in range(95)]
    assert all(found[i : i + 10] == sorted(found[i : i + 10]) for i in range(0, 95, 10))


def test_memory_does_not_grow_with_the_folder(monkeypatch: pytest.MonkeyPatch):
    """Twenty thousand entries of some 200 bytes each, of which a thousand at a time are held."""

    class Entry:
        def __init__(self, number: int) -> None:
            self.name = self.path = f"{number:09}.png"

        def is_dir(self, *, follow_symlinks: bool) -> bool:
            return False

        def stat(self) -> os.stat_result:
            return status

    class Listing:
        def __init__(self) -> None:
            self.entries = map(Entry, range(20_000))

        def __enter__(self):
            return self.entries

        def __exit__(self, *_: object) -> None:
            return None

    status = os.stat(__file__)
    monkeypatch.setattr(paths, "SORTED", 1_000)
    monkeypatch.setattr(os, "scandir", lambda folder: Listing())
    monkeypatch.setattr(os.path, "isdir", lambda path: True)
    tracemalloc.start()
    try:
        count = sum(1 for _ in paths.expand(["somewhere"]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 2**20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a.png\nb.png\n", ["a.png", "b.png"]),
        (b"a.png\r\nb c.png", ["a.png", "b c.png"]),
        (b"new\nline.png\0b.png\0", ["new\nline.png", "b.png"]),
        (b"\n\n a.png\n\n", [" a.png"]),
        (b"caf\xe9.png\n", ["caf\udce9.png"]),
        (b"*.png\n", ["*.png"]),
        (b"", []),
        (b"\n", []),
        (b"http://host/a?b\n", ["http://host/a?b"]),
    ],
)
def test_a_list_on_standard_input(text: bytes, expected: list[str]):
    assert list(paths.expand(["-"], io.BytesIO(text))) == expected


@given(
    st.lists(st.binary(min_size=1, max_size=40).filter(lambda n: not set(n) & set(b"\n\r\0")), max_size=20),
    st.sampled_from([b"\n", b"\0"]),
    st.integers(1, 7),
)
def test_a_list_survives_any_split_into_blocks(entries: list[bytes], separator: bytes, block: int):
    entries = [entry for entry in entries if entry.strip()]
    stream = io.BytesIO(b"".join(entry + separator for entry in entries))
    stream.read1 = lambda size, read=stream.read: read(block if separator == b"\n" else size)  # type: ignore
    assert [os.fsencode(entry) for entry in paths.read_list(stream)] == entries


def test_a_list_is_followed_while_it_is_written():
    """The first entry comes out before the second has been written."""
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as writer:
        writer.write(b"a.png\nb")
        listed = paths.read_list(stream)
        assert next(listed) == "a.png"
        writer.write(b".png\n")
        assert next(listed) == "b.png"


def test_a_list_without_separators_is_refused():
    with pytest.raises(InputError, match="longer than"):
        list(paths.read_list(io.BytesIO(b"x" * (1 << 21))))
