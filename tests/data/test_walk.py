"""Listing trees that mean harm, and reading the cells of tables."""

from __future__ import annotations

import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fauxto.data.places import bytes_in, cell, columns_of, file_of, read_bytes
from fauxto.data.walk import DEEPEST, Problems, files, folders
from fauxto.errors import InputError


def tree(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


def test_files_are_sorted_relative_and_only_pictures(tmp_path):
    tree(tmp_path, "b/2.png", "b/1.JPG", "a/x.txt", "c.webp", ".hidden/a.png", "b/._1.jpg")
    problems = Problems()
    assert list(files(tmp_path, problems)) == ["b/1.JPG", "b/2.png", "c.webp"]
    assert problems.count == 0
    assert list(files(tmp_path, problems, {".txt"})) == ["a/x.txt"]


def test_links_stay_inside_and_loops_end(tmp_path):
    tree(tmp_path, "in/a.png", "in/b.png")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    tree(outside, "secret.png")
    (tmp_path / "in" / "good.png").symlink_to("a.png")
    (tmp_path / "in" / "leaves.png").symlink_to(outside / "secret.png")
    (tmp_path / "in" / "dangling.png").symlink_to("absent.png")
    (tmp_path / "in" / "self.png").symlink_to("self.png")
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    (tmp_path / "in" / "away").symlink_to(outside)
    (tmp_path / "in" / "notes").symlink_to("absent")  # no picture: not worth a word
    problems = Problems()
    assert list(files(tmp_path, problems)) == ["in/a.png", "in/b.png", "in/good.png"]
    said = dict(problems.shown)
    assert set(said) == {"in/leaves.png", "in/dangling.png", "in/self.png", "in/loop", "in/away"}
    assert "leaves the folder" in said["in/leaves.png"]
    assert "links to folders" in said["in/loop"]
    assert "cannot be read" in said["in/self.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_odd_names_pipes_and_deep_nests_are_reported(tmp_path):
    tree(tmp_path, "new\nline.png", "ü, 'quoted\".png", "-rf.png")
    (tmp_path / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.png")
    deep = tmp_path
    for _ in range(DEEPEST + 1):
        deep = deep / "d"
    deep.mkdir(parents=True)
    problems = Problems()
    assert list(files(tmp_path, problems)) == ["-rf.png", "new\nline.png", "ü, 'quoted\".png"]
    said = dict(problems.shown)
    assert "UTF-8" in said[r"bad\xff.png"]
    assert "regular" in said["pipe.png"]
    assert any("nested deeper" in what for what in said.values())
    assert problems.count == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_without_permission_is_reported_and_the_rest_goes_on(tmp_path):
    tree(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a").chmod(0)
    problems = Problems()
    try:
        assert list(files(tmp_path, problems)) == ["b/2.png"]
    finally:
        (tmp_path / "a").chmod(0o700)
    assert "cannot be read" in dict(problems.shown)["a"]


def test_problems_count_without_end_and_keep_a_hundred():
    problems = Problems()
    for i in range(250):
        problems.add(str(i), "why")
    assert problems.count == 250 and len(problems.shown) == 100


def test_folders_are_listed_breadth_first_and_bounded(tmp_path):
    tree(tmp_path, "a/b/c/x.png", "z.csv", "a/n.json")
    assert list(folders(tmp_path)) == ["a/", "z.csv", "a/b/", "a/n.json", "a/b/c/"]
    assert len(list(folders(tmp_path, most=2))) == 2
    assert list(folders(tmp_path, deepest=1)) == ["a/", "z.csv"]


@pytest.fixture(params=["parquet", "arrow"])
def table(request, tmp_path):
    rows = [{"image": {"bytes": bytes([65 + i]) * 3, "path": f"{i}.png"}, "n": i} for i in range(20)]
    path = tmp_path / f"t.{request.param}"
    if request.param == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
    else:
        data = pa.Table.from_pylist(rows)
        with pa.ipc.new_stream(str(path), data.schema) as stream:
            stream.write_table(data, max_chunksize=6)
    return path


def test_cells_are_read_in_any_order(table):
    assert columns_of(table) == ["image", "n"]
    for row in [0, 1, 5, 6, 7, 19, 3, 14, 13, 0]:
        assert read_bytes(cell(str(table), row, "image")) == bytes([65 + row]) * 3
    assert file_of(cell(str(table), 3, "image")) == table
    with pytest.raises(InputError, match="no row 20"):
        read_bytes(cell(str(table), 20, "image"))
    with pytest.raises(InputError, match="no picture bytes"):
        read_bytes(cell(str(table), 2, "n"))


def test_what_is_no_table_is_said(tmp_path):
    for name in ("t.parquet", "t.arrow"):
        (tmp_path / name).write_bytes(b"not a table at all")
        with pytest.raises(InputError, match="cannot be read as a table"):
            columns_of(tmp_path / name)
        with pytest.raises(InputError, match="cannot be read as a table"):
            read_bytes(cell(str(tmp_path / name), 0, "image"))


def test_a_file_whose_name_looks_like_a_cell_is_that_file(tmp_path):
    path = tmp_path / "a.parquet#1:x"
    path.write_bytes(b"me")
    assert read_bytes(str(path)) == b"me"


def test_bytes_stored_as_text_come_back():
    assert bytes_in(b"\xff\xd8".decode("latin-1")) == b"\xff\xd8"
    assert bytes_in("€") is None and bytes_in(None) is None and bytes_in({"bytes": b""}) is None
