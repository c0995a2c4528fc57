"""A browser, and pages in it that have to stay silent: no error on the console, no request but to their own origin."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.serve.ui.fake import State, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
"""Milliseconds that anything may take on a busy machine."""

Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium with a fresh profile; without it (or playwright) the tests of the page are skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the tests of the page need: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("the tests of the page need a browser: apt-get install chromium")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens an address in a profile of its own; what the pages complained of or asked elsewhere fails the test."""
    contexts, complaints = [], []

    def look(url: str, *, quiet: bool = True, **options: Any) -> Any:
        settings = {"locale": "en-GB", "viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce"}
        context = browser.new_context(**{**settings, **options})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        own = urlsplit(url).netloc
        if quiet:
            page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda box: (complaints.append(f"dialog: {box.message}"), box.dismiss()))
        page.on("request", lambda asked: complaints.append(asked.url) if _foreign(asked.url, own) else None)
        page.goto(url)
        page.wait_for_selector("main:not([aria-busy]) h1")
        return page

    yield look
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def fake() -> Iterator[tuple[str, State]]:
    """The address of the stand-in for the service, and its state."""
    with serving() as running:
        yield running


def _foreign(url: str, own: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("blob", "data", "file") and parts.netloc != own
