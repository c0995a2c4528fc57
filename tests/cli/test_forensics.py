"""`fauxto forensics`, and the option of a scan that adds the same items to a Finding."""

import json
import subprocess
import sys

import pytest
from PIL import Image

import fauxto
from fauxto.cli.app import main
from fauxto.errors import ResourceError
from fauxto.forensics.tools import TOOLS
from fauxto.media.encode import encode
from fauxto.media.limits import Limits
from fauxto.run import traces as running
from tests.forensics.pictures import saved, scene


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    path.write_bytes(encode(saved(scene(), 70), quality=92))
    return path


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["forensics", *map(str, arguments)])
    return (ended.value.code, *capsys.readouterr())


def test_every_tool_answers_in_json_and_draws_its_map(photo, tmp_path, capsys):
    code, out, _ = run(capsys, photo, "--json", "--out", tmp_path)
    found = json.loads(out)
    assert code == 0 and [row["name"] for row in found["tools"]] == list(TOOLS)
    assert (found["width"], found["height"], found["path"]) == (320, 320, str(photo))
    by_name = {row["name"]: row for row in found["tools"]}
    assert by_name["double-compression"]["details"]["first_quality"] == 70
    drawings = sorted(tmp_path.iterdir())
    assert sorted(row["drawing"] for row in found["tools"] if row["drawing"]) == [str(path) for path in drawings]
    assert by_name["jpeg-ghosts"]["drawing"].endswith(f"{found['sha256'][:32]}-jpeg-ghosts.png")
    with Image.open(by_name["jpeg-ghosts"]["drawing"]) as drawing:
        assert drawing.size == (320, 320)


def test_words_for_people_say_how_often_untouched_photographs_are_flagged(photo, capsys):
    code, out, _ = run(capsys, photo, "--only", "noise", "--only", "quantization")
    words = " ".join(out.split())
    assert code == 0 and "Noise inconsistency" in words and "of untouched photographs" in words
    assert "of 2 tools flag the picture" in words and "Copy-move" not in words


def test_what_cannot_be_read_is_one_clear_error(tmp_path, capsys):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(encode(scene(64, 64))[:400])
    for arguments, words in (
        ([broken], "ends early"),
        ([tmp_path / "none.jpg"], "no such file"),
        ([broken, "--only", "magic"], "no forensic tool 'magic'"),
    ):
        code, out, complaint = run(capsys, *arguments)
        assert code == 2 and words in complaint and not out and "Traceback" not in complaint


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"error": 3}', b'{"tools": [{}], "path": "", "together": "", "sha256": ""}', b"NaN"]
)
def test_an_answer_of_a_worker_that_was_taken_over_is_refused(answer):
    with pytest.raises(ResourceError) as caught:
        running._checked(answer)
    assert caught.value.code == "worker_died"


def test_a_scan_adds_items_and_decides_as_before(model, photo):
    patient = Limits(seconds=600)  # a tool that there was no time for would be missing
    plain = fauxto.scan(photo, model=model)
    full = fauxto.scan(photo, model=model, limits=patient, forensics=True)
    assert (full.verdict, full.p_value, full.logit) == (plain.verdict, plain.p_value, plain.logit)
    assert full.evidence[: len(plain.evidence)] == plain.evidence
    items = full.evidence[len(plain.evidence) :]
    assert [item.value["name"] for item in items] == list(TOOLS)
    assert {item.layer for item in items} == {"forensics"} and {item.strength for item in items} <= {"weak", "none"}
    isolated = fauxto.scan(photo, model=model, limits=patient, forensics=True, isolate=True)
    assert [item.statement for item in isolated.evidence] == [item.statement for item in full.evidence]
    of_pixels = fauxto.scan(scene(96, 96), model=model, limits=patient, forensics=True)
    assert sum(item.layer == "forensics" for item in of_pixels.evidence) == len(TOOLS) - 2


def test_a_scan_without_the_option_imports_nothing_of_the_room(model, photo):
    code = (
        "import sys, fauxto\n"
        f"assert fauxto.scan({str(photo)!r}, model={model!r}).status == 'ok'\n"
        "print([name for name in sys.modules if name.startswith(('fauxto.forensics', 'cv2', 'pywt', 'scipy'))])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
