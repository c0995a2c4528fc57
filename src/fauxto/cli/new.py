"""`fauxto new detector NAME`: a working file to start from, which passes `fauxto check` as written."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Literal

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TEMPLATE = Path(__file__).with_name("new_detector.py.txt")


def new(kind: Literal["detector"], name: str, /, *, folder: Path = Path()) -> int:
    """Write a documented template of a system.

    Parameters
    ----------
    kind
        What to write: detector.
    name
        Its name, a Python identifier in lower case such as my_detector; the file is NAME.py.
    folder
        Where to write it.
    """
    path = write_template(name, folder)
    print(f"Wrote {path}. Next: fauxto check {path}")
    return 0


def write_template(name: str, folder: Path) -> Path:
    """Write `folder/name.py` and give its path; an existing file is never overwritten.

    Errors: InputError when the name is no lower-case identifier or the folder does not exist, PolicyError
    when the file is there.
    """
    from fauxto.errors import InputError, PolicyError  # noqa: PLC0415

    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise InputError(f"{name!r} cannot name a module.", fix="Use lower-case words joined by _, as my_detector.")
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", fix=f"mkdir -p {folder}")
    path = folder / f"{name}.py"
    words = name.split("_")
    text = TEMPLATE.read_text(encoding="utf-8")
    for mark, word in (
        ("{{slug}}", "-".join(words)),
        ("{{Class}}", "".join(w.capitalize() for w in words)),
        ("{{title}}", " ".join(words).capitalize()),
    ):
        text = text.replace(mark, word)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise PolicyError(f"{path} exists and is not overwritten.", fix="Choose another name.") from None
    return path
