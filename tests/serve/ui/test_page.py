"""The page against a stand-in for the service: every view and state, by mouse and keyboard, light, dark and small."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fauxto.finding import Evidence
from fauxto.language import LANGUAGES
from tests.serve.ui.conftest import Visit
from tests.serve.ui.fake import State

GENERATED, ORDINARY, EDITED, BROKEN, ENEMY = (f"{i:032x}" for i in (0, 1, 3, 4, 5))
VIEWS = {
    "verify": "/",
    "generated": f"/scan/{GENERATED}",
    "no evidence": f"/scan/{ORDINARY}",
    "error": f"/scan/{BROKEN}",
    "hostile": f"/scan/{ENEMY}",
    "history": "/history",
    "compare": f"/compare?a={GENERATED}&b={ORDINARY}",
    "systems": "/systems",
    "system": "/systems/npr",
    "ledger": "/ledger",
    "nowhere": "/nowhere",
}
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}

Fake = tuple[str, State]


def go(page: Any, path: str) -> None:
    """Another view of the same page, and wait until it stands."""
    page.evaluate(
        "path => { document.querySelector('main').setAttribute('aria-busy', 'true'); location.hash = path }", path
    )
    page.wait_for_selector("main:not([aria-busy]) h1")


def broken_rules(page: Any, rules: dict[str, Any]) -> list[str]:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs: pip install axe-playwright-python"
    )
    found = axe.Axe().run(page, options=rules).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def test_every_view_is_accessible_in_light_and_dark(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0])
    for name, path in VIEWS.items():
        go(page, path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.emulate_media(color_scheme="light")
        assert broken_rules(page, RULES) == [], name
        if name in ("verify", "generated", "history", "hostile"):  # between them, every colour of the page
            page.emulate_media(color_scheme="dark")
            assert broken_rules(page, CONTRAST) == [], f"{name}, dark"


def test_the_rules_can_fail(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0])
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    page.evaluate("document.querySelector('.lead').style.color = '#ddd'")
    found = " ".join(broken_rules(page, RULES))
    assert "button-name" in found and "color-contrast" in found


def test_no_view_scrolls_sideways_on_a_small_phone(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0], viewport={"width": 360, "height": 740}, locale="de-DE")
    for name, path in VIEWS.items():
        go(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name


def test_no_words_of_a_line_lie_over_others(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/history", viewport={"width": 360, "height": 740}, locale="de-DE")
    page.wait_for_selector(".row")
    lines = page.evaluate(
        """[...document.querySelectorAll('.row > a')].map(line => [...line.children].map(part => {
            const words = document.createRange()
            words.selectNodeContents(part)
            return words.getBoundingClientRect().toJSON()
        }).filter(({ width }) => width))"""
    )
    assert len(lines) == 6
    for boxes in lines:
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                apart = a["right"] <= b["left"] + 1 or b["right"] <= a["left"] + 1
                assert apart or a["bottom"] <= b["top"] + 1 or b["bottom"] <= a["top"] + 1


def test_a_line_that_waits_stands_in_its_column(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0])

    def waiting(route: Any) -> None:
        answer = route.fetch()
        rows = answer.json()
        rows["items"][2] |= {"outcome": None, "status": "queued", "p_value": None}
        route.fulfill(response=answer, json=rows)

    page.route("**/v1/scans?*", waiting)
    go(page, "/history")
    assert page.inner_text(".row.waiting .outcome").strip() == "Waiting"
    for part in (".name", ".outcome", ".soft"):
        starts = page.locator(f".row {part}").evaluate_all("all => all.map(one => one.offsetLeft)")
        assert len(set(starts)) == 1, part


def test_a_narrow_table_breaks_no_word(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/compare?a={GENERATED}&b={2:032x}", viewport={"width": 360, "height": 740})
    page.wait_for_selector(".compare table")
    word = page.locator(".compare .outcome", has_text="Inconclusive")
    assert word.evaluate("one => one.getBoundingClientRect().height") < 30


@pytest.mark.parametrize("locale", ["de-DE", "fr-FR", "es-ES"])
def test_a_comparison_fits_a_small_phone_and_stays_a_table(visit: Visit, fake: Fake, locale: str) -> None:
    address = f"{fake[0]}/#/compare?a={GENERATED}&b={EDITED}"
    page = visit(address, viewport={"width": 360, "height": 740}, locale=locale)
    page.wait_for_selector(".compare table")
    assert page.locator(".compare .scroll").evaluate("box => box.scrollWidth - box.clientWidth") == 0
    assert page.get_by_role("table").get_by_role("row").count() == 7
    assert page.get_by_role("rowheader").count() == 6 and page.get_by_role("columnheader").count() == 2
    left, right = page.locator(".compare tbody tr").first.locator("td").all()
    boxes = left.bounding_box(), right.bounding_box()
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_a_list_calls_an_altered_picture_what_its_verdict_says(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{EDITED}")
    said = page.inner_text("h2.verdict").strip()
    go(page, "/history")
    page.wait_for_selector(".row")
    assert said == "Altered in part"
    assert page.inner_text(".row.edited .outcome").strip() == page.inner_text(".chips .edited").strip() == said


def test_what_an_enemy_wrote_is_text(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{ENEMY}")
    assert page.locator("main img[src=x], main script").count() == 0
    assert "<script>alert(2)</script>" in page.inner_text("h1")
    page.locator("summary", has_text="All of it").click()
    page.wait_for_selector(".beside dl")
    shown = page.inner_text("main")
    assert shown.count("onerror=alert(1)") > 10 and "\u202e" not in page.inner_text(".beside")
    assert "\u202e" not in page.inner_text(".evidence") and "\\u202e" in page.inner_text(".evidence")
    go(page, "/history")
    assert "<script>alert(2)</script>" in page.inner_text(".rows")


def test_the_verdict_is_told_in_words_and_numbers(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}")
    told = page.inner_text(".answer")
    for words in ("Looks generated by a machine", "1 in 250", "1 in 100", "97 %", "3 of 4"):
        assert words in told
    assert "1 in 250 reference photographs" in page.get_attribute(".ruler", "aria-label")
    assert "stricter than 1 in 250" in page.inner_text(".changes")
    assert "c4c4" in page.inner_text(".scan") and "9f9f" in page.inner_text(".scan")
    go(page, f"/scan/{BROKEN}")
    assert "The file ends before the picture does." in page.inner_text(".answer")
    assert page.locator(".stage, .numbers").count() == 0


def test_an_open_answer_says_what_leaves_it_open(visit: Visit, fake: Fake) -> None:
    found, picture = fake[1].scans[f"{2:032x}"]
    flips = next(item for item in found.evidence if item.layer == "stability")
    small = Evidence("quality", "The picture is too small.", "none", limits="The pixel score does not count.")
    fake[1].scans[f"{2:032x}"] = (replace(found, evidence=[*found.evidence, small]), picture)
    page = visit(f"{fake[0]}/#/scan/{2:032x}")
    assert page.locator(".answer .why").all_inner_texts() == [flips.statement, small.statement]
    assert page.inner_text(".answer .reads") == small.limits
    go(page, f"/scan/{GENERATED}")
    assert page.locator(".answer .why").count() == 0 and "rarer than the bound" in page.inner_text(".answer .reads")


def test_the_curtain_moves_by_keyboard_and_by_pointer(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}")
    page.wait_for_selector(".canvas.loaded")
    shown = lambda: page.evaluate("document.querySelector('.canvas').style.getPropertyValue('--shown')")  # noqa: E731
    slider = page.get_by_role("slider", name="Where the score comes from")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert shown() == "51%"
    page.keyboard.press("End")
    assert shown() == "100%" and slider.get_attribute("aria-valuetext") == "100 % of the picture covered"
    box = page.locator(".canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    assert shown() in ("24%", "25%", "26%")
    clip = page.evaluate("getComputedStyle(document.querySelector('.over')).clipPath")
    assert clip.startswith("inset(0")


def test_every_layer_is_reached_by_keyboard_and_says_its_number_and_how_often_it_errs(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}", quiet=False)
    page.wait_for_selector(".canvas.loaded")
    page.wait_for_selector(".beside dl")
    page.get_by_role("radio", name="Where the score comes from").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.beside').innerText.includes('Noise inconsistency')")
    told = page.inner_text(".beside")
    for words in ("flagged", "4.2", "3.54", "Flags 2 % of untouched photographs", "sharp against blurred parts"):
        assert words in told, words
    assert page.get_by_role("slider", name="Noise inconsistency").is_visible()
    assert page.get_by_role("radio", name="Noise inconsistency flagged").is_checked()
    page.wait_for_function("() => document.getElementById('polite').textContent === 'Noise inconsistency: flagged'")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.beside').innerText.includes('shows no place')")
    assert page.locator(".curtain").is_hidden() and page.locator(".canvas .over").is_hidden()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.beside').innerText.includes('Ask again in a moment.')")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="Picture alone").is_checked() and page.inner_text(".beside") == ""


def test_evidence_leads_to_its_place(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}")
    page.get_by_role("button", name="Show on the picture").click()
    page.wait_for_selector(".beside dl")
    assert page.get_by_role("radio", name="Noise inconsistency").is_checked()
    assert page.evaluate("document.activeElement.type") == "radio"


def test_a_layer_is_accessible_whatever_it_says(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}", quiet=False)
    for name, shown in (("Noise", "dl"), ("Copy-move", "dl"), ("Up-sampling", ".warn"), ("Where the score", "dl")):
        page.get_by_role("radio", name=name).check()
        page.wait_for_selector(f".beside {shown}")
        page.emulate_media(color_scheme="light")
        assert broken_rules(page, RULES) == [], name
        page.emulate_media(color_scheme="dark")
        assert broken_rules(page, CONTRAST) == [], f"{name}, dark"


SPOKEN = {
    "de": ("Sieht maschinell erzeugt aus", "1 von 250", "gibt an, dass das Bild von einem Generator erzeugt wurde"),
    "fr": ("Semble générée par une machine", "1 sur 250", "déclare que l’image a été créée par un générateur"),
    "es": ("Parece generada por una máquina", "1 de cada 250", "declara que la imagen fue creada por un generador"),
    "zh": ("看起来由机器生成", "250 分之 1", "声明：图片由生成器制作"),
    "en": ("Looks generated by a machine", "1 in 250", "PNG iTXt (DigitalSourceType) declares that"),
}


def test_every_language_is_spoken_at_once_and_remembered(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}")
    assert set(SPOKEN) == set(LANGUAGES)
    for language, words in SPOKEN.items():
        page.get_by_role("combobox").first.select_option(language)
        page.wait_for_function("code => document.documentElement.lang.startsWith(code)", arg=language)
        page.wait_for_function("words => document.querySelector('main').innerText.includes(words)", arg=words[2])
        assert all(part in page.inner_text("main") for part in words)
        assert page.evaluate("document.activeElement.tagName") == "SELECT"
        if language == "zh":
            page.reload()
            page.wait_for_selector(".answer")
            assert words[0] in page.inner_text(".answer")


def test_the_browsers_language_is_taken(visit: Visit, fake: Fake) -> None:
    assert visit(fake[0], locale="fr-CH").evaluate("document.documentElement.lang") == "fr"
    assert visit(fake[0], locale="pt-BR").evaluate("document.documentElement.lang") == "en"


def test_the_way_by_keyboard_alone(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "picker"
    page.get_by_role("link", name="History").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".history h1")
    assert page.evaluate("document.activeElement.textContent") == "History"
    assert page.title() == "History · fauxto"
    assert page.get_by_role("link", name="History").get_attribute("aria-current") == "page"
    page.go_back()
    page.wait_for_selector(".verify h1")
    page.wait_for_function("() => document.getElementById('polite').textContent === 'Verify'")


def test_filters_stand_in_the_address(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/history")
    assert page.locator(".row").count() == 6
    chip = page.get_by_role("button", name="Generated")
    chip.click()
    page.wait_for_function("() => document.querySelectorAll('.row').length === 1")
    assert chip.get_attribute("aria-pressed") == "true" and page.url.endswith("#/history?outcome=generated")
    page.reload()
    page.wait_for_selector(".row")
    assert page.locator(".row").count() == 1


def test_two_pictures_are_chosen_and_compared(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/history?with={GENERATED}")
    compare = page.get_by_role("button", name="Compare the two")
    assert compare.is_disabled()
    page.get_by_label("Choose cat.jpg to compare").check()
    compare.click()
    page.wait_for_selector(".compare table")
    table = page.inner_text(".compare table")
    assert "1 in 250" in table and "62 in 100" in table
    assert page.get_by_role("slider", name="cat.jpg, drawn over the other").is_visible()


def test_light_and_dark_are_chosen_and_remembered(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0], color_scheme="light")
    paper = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    light = paper()
    page.get_by_label("Appearance").select_option("dark")
    dark = paper()
    assert dark != light
    page.reload()
    page.wait_for_selector("h1")
    assert paper() == dark
    page.get_by_label("Appearance").select_option("auto")
    assert paper() == light


def test_what_the_service_would_refuse_is_refused_at_once(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0])
    picker = page.locator("#picker")
    picker.set_input_files({"name": "big.png", "mimeType": "image/png", "buffer": b"x" * 1_000_001})
    assert "big.png is too large." in page.inner_text(".trouble")
    page.wait_for_function("() => document.getElementById('assertive').textContent.includes('too large')")
    picker.set_input_files([{"name": f"{i}.png", "mimeType": "image/png", "buffer": b"x"} for i in range(4)])
    assert "too many pictures" in page.inner_text(".trouble")


def test_a_service_that_is_gone_and_comes_back(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0], quiet=False)
    page.context.set_offline(True)
    go(page, "/history")
    assert "The service does not answer." in page.inner_text("h1") and "fauxto serve" in page.inner_text("main")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(".rows .row")


def test_a_problem_is_told_with_what_to_do(visit: Visit, fake: Fake) -> None:
    page = visit(fake[0], quiet=False)
    go(page, f"/scan/{'a' * 32}")
    assert "There is no such scan. It may have been deleted." in " ".join(page.inner_text("main").split())
    fake[1].problem = 503, {"detail": "The disk is full.", "code": "disk", "fix": "Wait <b>a while</b>."}
    go(page, "/history")
    assert "The disk is full." in page.inner_text("main") and "<b>a while</b>" in page.inner_text("main")


def test_a_key_is_asked_for_and_kept_for_the_tab(visit: Visit, fake: Fake) -> None:
    fake[1].key = "correct horse"
    page = visit(f"{fake[0]}/#/scan/{GENERATED}", quiet=False)
    assert page.evaluate("document.activeElement.id") in ("key", "")
    for typed, then in (("wrong", "The service does not know this key."), ("correct horse", "Looks generated")):
        page.get_by_label("Key").fill(typed)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_function("words => document.querySelector('main').textContent.includes(words)", arg=then)
    page.wait_for_selector(".canvas.loaded")
    assert page.get_attribute(".under", "src").startswith("blob:")
    page.reload()
    page.wait_for_selector(".answer")


def test_deleting_is_asked_twice_and_escape_is_no(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}")
    page.get_by_role("button", name="Delete").click()
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert page.evaluate("document.activeElement.textContent") == "Delete"
    assert page.url.endswith(GENERATED)


def test_whoever_wants_no_motion_sees_none(visit: Visit, fake: Fake) -> None:
    look = (
        "document.querySelector('main').append(Object.assign(document.createElement('div'), {className: 'lens busy'}))"
    )
    name = "getComputedStyle(document.querySelector('.lens.busy')).animationName"
    for wish, seen in (("reduce", "none"), ("no-preference", "turn")):
        page = visit(fake[0], reduced_motion=wish)
        page.evaluate(look)
        assert page.evaluate(name) == seen


def test_reports_are_saved_in_the_language_of_the_page(visit: Visit, fake: Fake) -> None:
    page = visit(f"{fake[0]}/#/scan/{GENERATED}", locale="es-ES")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Guardar los datos").click()
    assert saved.value.suggested_filename == "coffee-redrawn.report.json"
    report = json.loads(saved.value.path().read_text("utf-8"))
    assert "fue creada por un generador" in report["finding"]["evidence"][0]["statement"]
