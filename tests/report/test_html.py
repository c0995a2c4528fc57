"""The page: hostile text stays text, nothing is loaded, nothing is lost, memory stays put, all or nothing."""

import base64
import hashlib
import html as entities
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fauxto.errors import FauxtoError, InputError
from fauxto.finding import VERDICTS, Evidence, Finding, Region
from fauxto.report import check_target, write
from fauxto.report.picture import Mapped
from fauxto.verdict.layer import Layer

HOSTILE = "\"><script>alert(1)</script><img src=http://a.example/x onerror=alert(1)>{{7*7}}'--><!--"
VOID = {"meta", "img", "link", "br", "input", "rect", "line", "circle"}
URL_ATTRIBUTES = {"src", "href", "action", "srcset", "data", "poster", "xlink:href", "formaction"}


class Page(HTMLParser):
    """Reads a page back: tags, attributes, text, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def finding(path: str = "a.jpg", verdict: str = "no_evidence", **changes: object) -> Finding:
    fields: dict[str, object] = {
        "sha256": "ab" * 32,
        "verdict": verdict,
        "probability": 0.25,
        "logit": -1.1,
        "p_value": 0.004,
        "fpr": 0.01,
        "evidence": [Evidence("pixels", "The pixels are unremarkable.", "none", limits="Many are.")],
        "model": {"name": "house", "version": "1", "sha256": "cd" * 32},
        "seconds": 0.1,
    }
    return Finding(path=path, **{**fields, **changes})  # type: ignore[arg-type]


def page(tmp_path: Path, *findings: Finding, **options: object) -> tuple[str, Page]:
    out = tmp_path / "report.html"
    write(iter(findings), out, **options)  # type: ignore[arg-type]
    text = out.read_text(encoding="utf-8")
    return text, Page(text)


def hostile() -> Finding:
    chain = {
        "chain": HOSTILE,
        "steps": HOSTILE,
        "logit": 0.1,
        "p_value": 0.5,
        "call": HOSTILE,
        "agrees": False,
    }
    return finding(
        f"dir/{HOSTILE}.jpg",
        "inconclusive",
        evidence=[Evidence(HOSTILE, HOSTILE, "declared", "conflict", HOSTILE, {HOSTILE: HOSTILE})],
        provenance={"state": "none", "tags": [{HOSTILE: HOSTILE}]},
        stability={"agree": 0, "total": 1, "flipped": True, "seed": 0, "chains": [chain]},
        model={"name": HOSTILE, "version": HOSTILE},
    )


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    text, read = page(
        tmp_path,
        hostile(),
        Finding(path=HOSTILE, status="error", error={"code": HOSTILE, "what": HOSTILE, "fix": HOSTILE}),
        title=HOSTILE,
    )
    assert "script" not in read.tags and "img" not in read.tags
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    assert "<script" not in text and "<!--" not in text
    assert HOSTILE in "".join(read.text)
    assert "49" not in re.sub(r"[0-9a-f]{20,}", "", read.words)


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\x00", "\x1b", "\ud800", "\u2028", "\ufeff"])
def test_invisible_characters_are_shown(tmp_path: Path, character: str) -> None:
    text, read = page(tmp_path, finding(f"photo{character}gpj.exe"))
    assert character not in text
    assert f"photo{character.encode('unicode_escape').decode()}gpj.exe" in read.words


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_and_statement_make_a_whole_page(
    tmp_path_factory: pytest.TempPathFactory, name: str, statement: str
) -> None:
    item = Evidence("metadata", statement, "declared")
    _, read = page(tmp_path_factory.mktemp("any"), finding(name, evidence=[item], provenance={name: statement}))
    assert read.tags["article"] == 1


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path) -> None:
    text, read = page(tmp_path, finding(regions=[Region(0, 0, 8, 8, 1.0)]), pictures=lambda f: picture())
    links = [value for _, name, value in read.attributes if name in URL_ATTRIBUTES]
    assert all(link.startswith(("#", "data:image/jpeg;base64,")) for link in links)
    assert not {"script", "iframe", "link", "object", "embed", "form"} & set(read.tags)
    assert not read.values("style")
    assert "url(" not in text and "@import" not in text


def test_the_policy_names_the_style_by_its_hash(tmp_path: Path) -> None:
    text, read = page(tmp_path, finding())
    policy = next(value for value in read.values("content") if "default-src" in value)
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy


def test_every_link_inside_the_page_has_its_target(tmp_path: Path) -> None:
    findings = [finding(f"{i}.jpg", verdict) for i, verdict in enumerate([*VERDICTS, "generated"])]
    _, read = page(tmp_path, *findings, Finding(path="x", status="error", error={"what": "Broken."}))
    assert {link[1:] for link in read.values("href")} <= set(read.values("id"))
    assert len(read.values("id")) == len(set(read.values("id")))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_card_says_what_was_found(tmp_path: Path, verdict: str) -> None:
    _, read = page(tmp_path, finding(verdict=verdict))
    for words in (
        "25 %",
        "1 in 250",
        "1 in 100",
        "The pixels are unremarkable.",
        "Many are.",
        "ab" * 32,
        "cd" * 32,
    ):
        assert words in read.words
    assert " real " not in read.words.lower()
    assert "Edited by a machine" not in read.words


def test_a_signed_edit_is_headed_as_signed(tmp_path: Path) -> None:
    _, read = page(tmp_path, finding(verdict="edited", provenance={"decisive": True}))
    assert "Edited by a machine" in read.words


def test_copies_are_named_and_counted_as_people_do_and_the_probability_comes_last(tmp_path: Path) -> None:
    chain = {"chain": "jpeg:85", "steps": "", "logit": 0.1, "p_value": 0.05, "call": "ordinary", "agrees": True}
    stability = {"agree": 1, "total": 1, "flipped": False, "seed": 0, "chains": [chain]}
    _, read = page(tmp_path, finding(stability=stability), language="de")
    assert "Noch einmal gespeichert" in read.words and "jpeg:85" not in read.words
    assert "1 von 20" in read.words
    _, read = page(tmp_path, finding(stability=stability))
    assert read.words.index("False-alarm bound") < read.words.index("Calibrated probability")


def test_an_open_answer_says_what_leaves_it_open(tmp_path: Path) -> None:
    flips = Evidence("stability", "The answer changes.", "weak", "conflict")
    for verdict, times in (("inconclusive", 2), ("generated", 1)):
        _, read = page(tmp_path, finding("a.jpg", verdict, evidence=[flips]))
        assert read.words.count(flips.statement) == times, verdict


@pytest.mark.parametrize(("probability", "words"), [(1.0, "over 99 %"), (0.9951, "over 99 %"), (0.0, "under 1 %")])
def test_a_probability_is_never_rounded_to_a_certainty(tmp_path: Path, probability: float, words: str) -> None:
    _, read = page(tmp_path, finding(probability=probability))
    assert words in read.words and "100 %" not in read.words


def test_an_error_says_what_and_what_to_do(tmp_path: Path) -> None:
    error = {"code": "input", "what": "The file ends early.", "fix": "Download it again."}
    _, read = page(tmp_path, Finding(path="b.jpg", status="error", error=error))
    assert "The file ends early. Download it again." in read.words


def test_an_error_is_said_in_the_language_with_its_english_behind(tmp_path: Path) -> None:
    error = {"code": "truncated", "what": "The PNG ends early.", "fix": "Fetch or export the picture again."}
    _, read = page(tmp_path, Finding(path="b.jpg", status="error", error=error), language="fr")
    fix = "Téléchargez ou exportez l’image à nouveau."
    assert f"Le fichier se termine avant l’image. {fix} The PNG ends early." in read.words


def test_counts_are_of_everything_and_cards_are_capped_by_verdict(tmp_path: Path) -> None:
    ordinary = (finding(f"{i}.jpg") for i in range(30))
    _, read = page(tmp_path, *ordinary, finding("last.jpg", "generated"), shown=10)
    assert read.tags["article"] == 11
    assert "31 pictures" in read.words and "The first 10 of 30 are shown." in read.words
    assert "last.jpg" in read.words
    assert read.words.index("last.jpg") < read.words.index("9.jpg")  # generated comes first


def test_no_findings_is_a_page_too(tmp_path: Path) -> None:
    _, read = page(tmp_path)
    assert "0 pictures" in read.words and read.tags["article"] == 0


def picture(height: int = 300, width: int = 900) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def images(read: Page) -> list[Image.Image]:
    sources = [value.partition(",")[2] for value in read.values("src")]
    return [Image.open(BytesIO(base64.b64decode(source))) for source in sources]


def test_thumbnails_and_drawings_are_inside_the_page(tmp_path: Path) -> None:
    regions = [Region(0, 0, 256, 256, 5.0), Region(644, 44, 256, 256, -5.0)]
    value = {"typical": -2.0, "threshold": 1.0}
    item = Evidence("pixels", "Synthetic.", "strong", "generated", value=value)
    _, read = page(
        tmp_path,
        finding("a.jpg", "generated", regions=regions, evidence=[item]),
        pictures=lambda f: picture(),
    )
    thumbnail, drawing = images(read)
    assert thumbnail.size == drawing.size == (520, 173)
    colours = np.asarray(drawing.convert("RGB")).astype(int)
    assert np.ptp(colours[70, 70]) > 40 > np.ptp(colours[100, 450])
    assert "900 × 300 pixels" in read.words
    assert "not where an edit is" in read.words


def test_the_regions_of_a_localizer_are_not_drawn_as_a_score(tmp_path: Path) -> None:
    region = {"x": 600, "y": 60, "width": 240, "height": 180, "logit": 2.0}
    item = Evidence("localizer", "A part stands out.", "weak", "edited", value={"regions": [region]})
    found = finding("a.jpg", "no_evidence", regions=[Region(**region)], evidence=[item])
    _, read = page(tmp_path, found, pictures=lambda f: picture())
    _, drawing = images(read)
    colours = np.asarray(drawing.convert("RGB")).astype(int)
    assert np.ptp(colours[87, 415]) > 60 > np.ptp(colours[87, 100])
    assert "Altered region" in read.words and "not where an edit is" not in read.words


def test_layers_stand_with_their_numbers_and_what_they_say_is_text(tmp_path: Path) -> None:
    layer = Layer(
        name="noise",
        title="Noise inconsistency",
        looks_for="grain",
        statement=HOSTILE,
        limits=HOSTILE,
        fails_on=("blur", HOSTILE),
        number=4.25,
        unit="deviations",
        threshold=3.5,
        flagged=True,
        p_value=0.01,
        false_alarms="Flags 2 % of untouched photographs.",
        rate=0.02,
        interval=(0.01, 0.05),
        photographs=114,
        maps=True,
    )
    heat = np.zeros((30, 90), np.uint8)
    heat[:, 45:] = 255
    maps = [Mapped("Noise inconsistency", layer, heat), Mapped("Copy-move", missing=HOSTILE)]
    _, read = page(tmp_path, finding(), pictures=lambda f: picture(), layers=lambda f: maps)
    _, drawing = images(read)
    colours = np.asarray(drawing.convert("RGB")).astype(int)
    assert np.ptp(colours[80, 400]) > 40 > np.ptp(colours[80, 100])
    for words in ("flagged", "4.25", "3.5", "deviations", "Flags 2 % of untouched photographs.", "Fails on", "blur"):
        assert words in read.words
    assert read.words.count("onerror=alert(1)") == 4 and "script" not in read.tags
    _, german = page(tmp_path, finding(), pictures=lambda f: picture(), layers=lambda f: maps, language="de")
    assert "4,25" in german.words and "Kopierte Bereiche" in german.words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InputError("The file is gone."), "No preview: The file is gone."),
        (FileNotFoundError(2, "No such file or directory"), "No preview: No such file or directory."),
    ],
)
def test_a_picture_that_cannot_be_loaded_is_said(tmp_path: Path, error: Exception, words: str) -> None:
    def load(finding: Finding) -> np.ndarray:
        raise error

    _, read = page(tmp_path, finding(), pictures=load)
    assert words in read.words and not images(read)


def test_why_there_is_no_preview_is_said_in_the_language(tmp_path: Path) -> None:
    def load(finding: Finding) -> np.ndarray:
        raise InputError("it has 20000 x 9000 pixels, too many to show.")

    _, read = page(tmp_path, finding(), pictures=load, language="de")
    assert "Keine Vorschau: es hat 20000 x 9000 Pixel, zu viele zum Anzeigen." in read.words


def test_a_failure_in_the_middle_leaves_the_old_report(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write([finding()], out)
    before = out.read_bytes()

    def broken() -> Iterator[Finding]:
        yield finding()
        raise InputError("The scan stopped.")

    with pytest.raises(InputError, match="stopped"):
        write(broken(), out)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write([finding()], tmp_path / "missing" / "report.html")


def test_memory_does_not_grow_with_the_number_of_findings(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        write((finding(f"{i}.jpg") for i in range(count)), tmp_path / "r.html", shown=20_000)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(5)
    few, many = peak(50), peak(400)
    assert (tmp_path / "r.html").stat().st_size > 900_000
    assert many < few + 300_000


def test_metadata_is_there_in_full_and_cut_when_endless(tmp_path: Path) -> None:
    _, read = page(tmp_path, finding(provenance={"state": "none", "tags": [{"value": "a cat & a dog"}]}))
    assert '"value": "a cat & a dog"' in read.words
    text, _ = page(tmp_path, finding(provenance={"tags": ["x" * 100_000]}))
    assert "cut here" in entities.unescape(text) and len(text) < 60_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("r.txt", "does not end in .html"),
        (".", "does not end in .html"),
        ("none/r.html", "There is no folder"),
        ("foreign.html", "is no report of fauxto"),
        ("folder.html", "is no report of fauxto"),
    ],
)
def test_a_target_that_cannot_be_ours_is_refused_at_once(tmp_path: Path, name: str, words: str):
    (tmp_path / "foreign.html").write_text("<html>my diary</html>")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(FauxtoError, match=words) as refused:
        check_target(tmp_path / name)
    assert refused.value.fix
    assert (tmp_path / "foreign.html").read_text() == "<html>my diary</html>"


def test_a_report_of_ours_may_be_replaced(tmp_path: Path):
    for _ in range(2):
        check_target(tmp_path / "r.html")
        write([], tmp_path / "r.html")
