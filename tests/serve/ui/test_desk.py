"""The page and the service together: `fauxto serve` as anyone starts it, real pictures, real verdicts."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import fauxto
from tests.serve.ui.conftest import Visit
from tests.serve.ui.fake import EXAMPLES
from tests.serve.ui.test_page import RULES, broken_rules, go

HOSTILE = "<img src=x onerror=alert(1)>.png"
HEADLINES = {
    "inconclusive": ("Inconclusive", "Nicht entscheidbar"),
    "no_evidence": ("No evidence of machine generation", "Keine Hinweise auf maschinelle Erzeugung"),
}
"""What the page says of a photograph, in English and German, by the verdict that the engine gives."""


@pytest.fixture(scope="module")
def desk(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service, started by the command."""
    for needed in ("fastapi", "uvicorn", "sqlalchemy"):
        pytest.importorskip(needed, reason="needs: pip install 'fauxto[serve]'")
    folder = tmp_path_factory.mktemp("desk")
    start = [sys.executable, "-c", "from fauxto.cli.app import main; main()", "serve", "--port", "0", "--workers", "1"]
    patient = ["--limit-seconds", "240"]  # on a busy machine there has to be time for a map
    with subprocess.Popen([*start, *patient, "--folder", str(folder)], stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            found = re.search(r"http://[\d.]+:\d+", running.stdout.readline())
            assert found, "the service did not start"
            yield found[0]
        finally:
            running.terminate()


def settings_of_a_generator() -> bytes:
    """A PNG that says it was generated, in the words of an enemy."""
    chunks, buffer = PngInfo(), BytesIO()
    chunks.add_text(
        "parameters", "cat <script>alert(3)</script>\nSteps: 20, Sampler: Euler, Seed: 1, Model: <b>bold</b>"
    )
    Image.effect_noise((300, 300), 60).convert("RGB").save(buffer, "PNG", pnginfo=chunks)
    return buffer.getvalue()


def ask(page: Any, *asked: str) -> None:
    """Of the options, switch on only those whose words begin with one of `asked`: the rest costs time."""
    page.locator("summary", has_text="Options").click()
    for option in page.locator(".options .check").all():
        option.locator("input").set_checked(option.inner_text().startswith(asked))


def verify(page: Any, *files: Any, asked: tuple[str, ...] = ()) -> None:
    """Give pictures to the page as a person picks them, and wait until it says what it found."""
    ask(page, *asked)
    page.locator("#picker").set_input_files(list(files))
    page.wait_for_selector(".answer" if len(files) == 1 else ".batch .row")


def test_a_photograph_gets_a_verdict_an_overlay_and_a_report(visit: Visit, desk: str, tmp_path: Path) -> None:
    page = visit(desk)
    verify(page, EXAMPLES / "coffee.jpg", asked=("Ask copies too", "Map where"))
    verdict = fauxto.scan(EXAMPLES / "coffee.jpg", stability=True).verdict
    english, german = HEADLINES[verdict]
    told = page.inner_text(".answer")
    assert english in told and "1 in 100" in told and re.search(r"\d of \d", told)
    assert page.locator(".evidence li").count() >= 2 and page.locator(".changes li").count() >= 1
    page.wait_for_selector(".canvas.loaded")
    assert "not mapped" not in page.inner_text(".evidence")
    slider = page.get_by_role("slider", name="Where the score comes from")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "1"
    page.wait_for_function("() => document.querySelector('.over').naturalWidth > 0")
    assert broken_rules(page, RULES) == []

    page.get_by_role("combobox").first.select_option("de")
    page.wait_for_function("told => document.querySelector('main').innerText.includes(told)", arg=german)
    page.wait_for_function("() => document.querySelector('.evidence').innerText.includes('Referenzfotos')")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Daten speichern").click()
    report = json.loads(saved.value.path().read_text("utf-8"))
    assert report["finding"]["verdict"] == verdict and len(report["code_sha256"]) == 64
    assert report["command"].startswith("fauxto scan coffee.jpg") and report["finding"]["model"]["sha256"]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Bericht speichern").click()
    saved.value.save_as(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert '<html lang="de">' in text and german in text
    assert report["finding"]["sha256"] in text and report["code_sha256"] in text and "data:image/jpeg" in text


def test_the_report_is_accessible_alone_and_loads_nothing(visit: Visit, desk: str, tmp_path: Path) -> None:
    page = visit(desk)
    verify(page, EXAMPLES / "coffee-redrawn.png")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save report").click()
    saved.value.save_as(tmp_path / "report.html")
    page.goto(f"file://{tmp_path}/report.html")
    assert page.locator("img").first.evaluate("image => image.naturalWidth") > 100
    assert broken_rules(page, RULES) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_several_pictures_are_a_batch_that_can_be_filtered(visit: Visit, desk: str) -> None:
    page = visit(desk)
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": (EXAMPLES / "cat.jpg").read_bytes()[:3000]}
    enemy = {"name": HOSTILE, "mimeType": "image/png", "buffer": settings_of_a_generator()}
    cat = {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": (EXAMPLES / "cat.jpg").read_bytes()}
    verify(page, broken, enemy, cat)
    page.wait_for_function("() => document.querySelector('.batch .lead').textContent === '3 pictures done'")
    assert page.locator(".row").count() == 3
    assert "The file ends before the picture does." in page.inner_text(".row.error")
    page.get_by_role("button", name="Not readable 1").click()
    assert page.locator(".row:visible").count() == 1
    assert broken_rules(page, RULES) == []

    page.get_by_role("button", name="Not readable 1").click()
    page.get_by_role("link", name=HOSTILE).click()
    page.wait_for_selector(".answer")
    assert page.inner_text("h1") == HOSTILE
    assert "<b>bold</b>" in page.text_content(".provenance") or "Steps" in page.text_content(".provenance")
    assert page.locator("main script, main b").count() == 0


def test_pictures_are_dropped_and_pasted(visit: Visit, desk: str) -> None:
    give = """([kind, data]) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const carried = new DataTransfer();
        carried.items.add(new File([bytes], kind + ".jpg", {type: "image/jpeg"}));
        const event = kind === "paste"
            ? new ClipboardEvent("paste", {clipboardData: carried, bubbles: true})
            : new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true});
        document.body.dispatchEvent(event);
    }"""
    page = visit(desk)
    data = base64.b64encode((EXAMPLES / "cat.jpg").read_bytes()).decode()
    for kind in ("drop", "paste"):
        go(page, "/")
        ask(page)
        page.evaluate(give, [kind, data])
        page.wait_for_selector(".answer")
        assert page.inner_text("h1") == f"{kind}.jpg"
    go(page, "/history")
    assert page.locator(".row", has_text="paste.jpg").count() == 1


def test_history_systems_and_ledger_are_those_of_the_service(visit: Visit, desk: str) -> None:
    page = visit(desk)
    verify(page, EXAMPLES / "coffee.jpg")
    go(page, "/history?name=coffee")
    assert "coffee" in page.inner_text(".rows") and "cat" not in page.inner_text(".rows")
    go(page, "/systems?name=npr")
    assert page.locator(".cards li").count() >= 1
    assert broken_rules(page, RULES) == []
    page.get_by_role("link", name="NPR: neighboring pixel relationships").click()
    page.wait_for_selector(".system h1")
    go(page, "/ledger?name=npr")
    assert "holds" in page.inner_text(".claims") and "Measured" in page.inner_text(".claims")
    page.locator("summary").first.click()
    assert "fauxto claims npr" in page.inner_text(".claims")
    assert broken_rules(page, RULES) == []


def test_deleting_is_real(visit: Visit, desk: str) -> None:
    page = visit(desk, quiet=False)
    verify(page, EXAMPLES / "astronaut.jpg")
    page.get_by_role("button", name="Delete").click()
    here = page.evaluate("location.hash")
    page.locator("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_selector(".history")
    go(page, here.removeprefix("#"))
    assert "There is no such scan" in page.inner_text("main")
