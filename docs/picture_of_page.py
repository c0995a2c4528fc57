"""Make docs/page.png: the verdict on one of fauxto's own pictures, as the page of a service shows it.

Run `fauxto serve`, then: python docs/picture_of_page.py http://127.0.0.1:8765
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
PICTURE = HERE.parent / "examples" / "coffee-redrawn.png"
SIZE = {"width": 1200, "height": 820}
LARGEST = 300_000


def main(url: str) -> None:
    """Verify the picture in a browser, photograph the answer, and save it with 256 colours."""
    with sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en-GB", reduced_motion="reduce")
        page.set_default_timeout(240_000)
        page.goto(url)
        page.locator("#picker").set_input_files(PICTURE)
        page.wait_for_selector(".canvas.loaded")
        page.wait_for_function("() => document.querySelector('.over').naturalWidth > 0")
        taken = page.screenshot()
        browser.close()
    few = Image.open(io.BytesIO(taken)).convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(HERE / "page.png", optimize=True)
    size = (HERE / "page.png").stat().st_size
    if size >= LARGEST:
        raise SystemExit(f"docs/page.png has {size:,} bytes; at most {LARGEST:,} are wanted.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765")
