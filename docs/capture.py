"""Capture what `fauxto scan examples/` says in a terminal, for the README: as a picture and as text.

python docs/capture.py

Writes docs/scan.svg and the lines between the two marks in README.md. Nothing is edited: what the command
prints is what is shown. Run it again after the shipped model has changed.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "fauxto scan examples/"
BEGIN, END = "<!-- capture:scan -->", "<!-- /capture:scan -->"
WIDTH = 118


def main() -> None:
    """The command in the module's docstring."""
    shown = capture()
    (ROOT / "docs" / "scan.svg").write_text(picture(shown), "utf-8")
    readme = ROOT / "README.md"
    readme.write_text(inserted(readme.read_text("utf-8"), shown.plain), "utf-8")
    print(shown.plain)


def capture() -> Text:
    """What the command prints on a terminal with colours, standard error included, without its progress bar."""
    terminal = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "TERM": "xterm-256color", "COLUMNS": str(WIDTH)}
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | terminal
    argv = [sys.executable, "-m", "fauxto", *COMMAND.split()[1:]]
    done = subprocess.run(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    return Text.assemble(f"$ {COMMAND}\n", Text.from_ansi(done.stdout.decode("utf-8").rstrip()))


def picture(shown: Text) -> str:
    """The capture as an SVG that loads nothing: the fonts are the reader's own."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(shown, soft_wrap=False)
    return re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", console.export_svg(title=COMMAND), flags=re.DOTALL)


def inserted(readme: str, text: str) -> str:
    """The README with the capture between its marks; the second mark is added where it is missing."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    block = f"{BEGIN}\n![{COMMAND}](docs/scan.svg)\n\n```\n{lines}\n```\n{END}"
    pattern = re.escape(BEGIN) + rf"(?:.*?{re.escape(END)})?"
    return re.sub(pattern, lambda _: block, readme, count=1, flags=re.DOTALL)


if __name__ == "__main__":
    main()
