"""Layers over the picture: drawn when asked for, in a worker, kept with the scan, gone with it."""

import io
import json
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from fauxto.errors import ResourceError
from fauxto.finding import Evidence, Finding, Region
from fauxto.language import LANGUAGES
from fauxto.run import layers as drawing
from fauxto.serve import examples
from fauxto.serve.layers import heat_of, png
from fauxto.serve.problems import ServiceError
from fauxto.serve.store.tables import Scan
from fauxto.serve.turnstile import Turnstile
from fauxto.verdict.heatmap import heat
from fauxto.verdict.layer import Layer
from tests.forensics.pictures import disc, pasted, saved, scene
from tests.media.pictures import exif, file_of
from tests.serve.conftest import Open, problem, send

TOOLS = ["error-level", "jpeg-ghosts", "jpeg-grid", "double-compression", "noise", "demosaicing", "upsampling"]
EVERY = ["heatmap", "localizer", *TOOLS, "copy-move"]


@pytest.fixture(scope="module")
def forged() -> bytes:
    """A part of another picture on one that was saved as JPEG, turned by its tag."""
    pixels = pasted(saved(scene(288, 320), 70), scene(288, 320, seed=1), disc(288, 320))
    return file_of(Image.fromarray(pixels), "JPEG", quality=92, subsampling="4:4:4", exif=exif(6))


def words(client: TestClient, scan: dict, name: str, **headers: str) -> dict:
    return client.get(f"{scan['links']['self']}/overlay/{name}.json", headers=headers).json()


def opened(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))


def test_the_heat_map_is_clear_where_nothing_is_and_warm_where_the_score_is():
    cool, hot = Region(0, 0, 100, 100, 0.0), Region(900, 0, 100, 100, 5.0)
    drawn = opened(png(np.rint(255 * heat([cool, hot], 0.0, 1.0)).astype(np.uint8)))
    assert drawn.shape == (51, 512, 4)
    assert drawn[25, 5, 3] == 0 and drawn[25, -5, 3] == round(255 * 0.72)


def test_a_map_comes_back_out_of_its_drawing():
    drawn = np.arange(256, dtype=np.uint8).reshape(8, 32)
    assert np.array_equal(heat_of(png(drawn)), drawn)


def test_every_layer_of_a_picture_is_drawn_the_displayed_way_up_with_its_numbers(client: TestClient, forged: bytes):
    """The forgery stands out in the ghosts, of a scan that was not asked for any forensic tool."""
    scan = send(client, forged, "forged.jpg")
    assert list(scan["links"]["layers"]) == EVERY and scan["finding"]["regions"] == []
    for name, path in scan["links"]["layers"].items():
        said = words(client, scan, name)
        assert said["name"] == name and said["statement"].endswith(".") and said["limits"].endswith(".")
        assert said["title"] and said["looks_for"] and said["unit"] and said["false_alarms"].endswith(".")
        assert said["fails_on"] or name == "heatmap"  # the model of the tests has no card
        answer = client.get(path)
        if said["maps"]:
            assert opened(answer.content).shape == (320, 288, 4) or name == "heatmap"
        else:
            assert problem(answer) == (404, "not_found") and said["statement"] in answer.json()["detail"]
    ghosts = words(client, scan, "jpeg-ghosts")
    assert ghosts["flagged"] and ghosts["number"] > ghosts["threshold"]
    low, high = ghosts["interval"]
    assert 0 <= low <= ghosts["rate"] <= high < 0.5 and f"n = {ghosts['photographs']}" in ghosts["false_alarms"]
    alpha = opened(client.get(scan["links"]["layers"]["jpeg-ghosts"]).content)[..., 3].astype(float)
    inside = np.rot90(disc(288, 320), 3).astype(bool)
    assert alpha[inside].mean() > 3 * alpha[~inside].mean() + 10


def test_the_report_holds_what_was_asked_for_and_what_was_looked_at(client: TestClient, forged: bytes):
    scan = send(client, forged, "reported.jpg", heatmap=True)
    assert words(client, scan, "noise")["name"] == "noise"
    report = client.get(scan["links"]["report_json"]).json()
    assert [layer["name"] for layer in report["layers"]] == ["heatmap", "noise"]
    page = client.get(scan["links"]["report_html"]).text
    for layer in report["layers"]:
        assert layer["title"] in page and layer["false_alarms"] in page.replace("&gt;", ">")
    assert page.count('class="sheet"') == 2 and page.count("data:image/jpeg") == 3
    french = client.get(scan["links"]["report_html"], headers={"Accept-Language": "fr"}).text
    assert words(client, scan, "noise", **{"Accept-Language": "fr"})["title"] in french


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_all_that_a_layer_says_is_said_in_every_language(client: TestClient, bright: bytes, language: str):
    scan = send(client, bright, "spoken.png", heatmap=True)
    for name in ("localizer", "error-level", "copy-move"):
        plain, said = words(client, scan, name), words(client, scan, name, **{"Accept-Language": language})
        for key in ("statement", "limits", "looks_for", "unit", "false_alarms"):
            assert said[key] != plain[key], (name, key)
        assert not set(said["fails_on"]) & set(plain["fails_on"])
        assert {key: said[key] for key in ("name", "number", "rate")} == {
            key: plain[key] for key in ("name", "number", "rate")
        }


def test_a_layer_is_drawn_once_and_goes_with_the_scan(client: TestClient, bright: bytes, monkeypatch):
    scan = send(client, bright, "once.png", heatmap=True)
    service = client.app.state.service
    asked: list[str] = []
    draw = service.layers._drawing
    monkeypatch.setattr(service.layers, "_drawing", lambda *a, **k: (asked.append(a[2]), draw(*a, **k))[1])
    path = scan["links"]["layers"]["heatmap"]
    assert client.get(path).content == client.get(path).content and asked == ["heatmap"]
    kept = service.files.layer(scan["id"], "heatmap", "png")
    assert kept.read_bytes() == client.get(path).content
    kept.with_suffix(".json").write_text("{}")  # as another version of fauxto may have left it
    assert client.get(path).status_code == 200 and asked == ["heatmap"] * 2
    client.delete(scan["links"]["self"])
    assert not kept.exists() and not kept.parent.parent.exists()
    assert problem(client.get(path)) == (404, "not_found")


def test_a_scan_deleted_while_a_layer_is_drawn_stays_deleted(client: TestClient, bright: bytes, monkeypatch):
    scan = send(client, bright, "race.png", heatmap=True)
    service = client.app.state.service
    draw = service.layers._drawing

    def late(*told, **options):
        found = draw(*told, **options)
        client.delete(scan["links"]["self"])
        return found

    monkeypatch.setattr(service.layers, "_drawing", late)
    assert problem(client.get(scan["links"]["layers"]["heatmap"])) == (404, "not_found")
    assert not service.files.folder(scan["id"]).exists()


def test_what_a_picture_cannot_have_is_not_offered(client: TestClient, bright: bytes):
    evidence = [Evidence("forensics", "", "none", value={"name": "noise", "maps": False})]
    assert "noise" not in drawing.names(Finding("a", evidence=evidence)) and "noise" in drawing.names(Finding("a"))
    assert drawing.names(Finding("a", status="error")) == []
    scan = send(client, bright)
    for name in ("quantization", "other"):
        assert problem(client.get(f"{scan['links']['self']}/overlay/{name}.png")) == (404, "not_found")
    for name in ("..%2foriginal", "a%00", "A", "x" * 41):
        assert client.get(f"{scan['links']['self']}/overlay/{name}.json").status_code in (404, 422)
    error = send(client, b"GIF89a no")
    assert error["links"]["layers"] == {}
    assert problem(client.get(f"{error['links']['self']}/overlay/noise.json")) == (404, "not_found")


def test_a_heat_map_of_another_detector_than_the_verdicts_is_refused(client: TestClient, bright: bytes):
    scan = send(client, bright, "other model.png")
    with client.app.state.service.database.write() as session:
        row = session.get_one(Scan, scan["id"])
        finding = json.loads(row.finding or "")
        row.finding = json.dumps(finding | {"model": finding["model"] | {"sha256": "0" * 64}})
    answer = client.get(scan["links"]["layers"]["heatmap"])
    assert problem(answer) == (422, "input") and "another detector" in answer.json()["detail"]
    report = client.get(scan["links"]["report_json"])
    assert report.status_code == 200 and report.json()["layers"] == []


def test_a_file_that_changed_on_disk_is_not_drawn(client: TestClient, bright: bytes, dark: bytes):
    scan = send(client, bright, "swapped.png")
    client.app.state.service.files.original(scan["id"]).write_bytes(dark)
    assert problem(client.get(scan["links"]["layers"]["noise"])) == (422, "input")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"=",
        b"!" + b'["a"]',
        b"=" + bytes(12),
        b"=" + (2).to_bytes(4, "big") + bytes(8) + b"{}",
        b"=" + (2**32 - 1).to_bytes(4, "big") * 3,
        b"!" + b"[" * 100_000,
        b"?",
    ],
)
def test_a_worker_that_was_taken_over_can_answer_no_layer(answer: bytes):
    """What it answers is read as data, and anything strange is an error."""

    class Liar:
        def map(self, jobs):
            return [(None, answer)]

    taken = drawing.Layers.__new__(drawing.Layers)
    taken._pool = Liar()  # type: ignore[assignment]
    with pytest.raises(ResourceError):
        taken("/nowhere", Finding("a"), "noise", windows=False)  # type: ignore[arg-type]


def test_a_layer_that_claims_another_size_or_name_is_refused():
    found = Finding("a", evidence=[Evidence("pixels", "It is so.", "none", value={"logit": 1.0, "populations": {}})])
    layer = drawing.of_score(found)
    good = drawing._packed(layer, np.ones((4, 6)))
    assert drawing._unpacked(good, "heatmap")[1].shape == (4, 6)
    for strange in (good + b"x", good[:-1], drawing._packed(replace(layer, name="noise"), np.ones((4, 6)))):
        with pytest.raises(ValueError):
            drawing._unpacked(strange, "heatmap")
    infinite = drawing._packed(replace(layer, number=float("inf")), None)
    with pytest.raises(ValueError, match="no number"):
        drawing._unpacked(infinite, "heatmap")


def test_who_finds_the_line_full_is_sent_away():
    stile, inside, leave = Turnstile(line=2), threading.Event(), threading.Event()

    def pass_through():
        with stile:
            inside.set()
            leave.wait(10)

    threads = [threading.Thread(target=pass_through) for _ in range(2)]
    threads[0].start()
    inside.wait(10)
    threads[1].start()
    while stile._room._value:  # until the second stands in line
        pass
    with pytest.raises(ServiceError) as caught, stile:
        raise AssertionError("let in")
    assert caught.value.code == "busy" and "Retry-After" in caught.value.headers
    leave.set()
    for thread in threads:
        thread.join()
    with stile:
        pass


def test_the_example_of_a_layer_is_one():
    assert TypeAdapter(Layer).validate_python(examples.LAYER).name == "noise"


def test_layers_need_the_right_to_read(start: Open, bright: bytes):
    client = start(require_key=True)
    assert problem(client.get(f"/v1/scans/{'0' * 32}/overlay/noise.json")) == (401, "no_key")
