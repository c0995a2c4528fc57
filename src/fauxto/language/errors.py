"""Why a picture could not be read, for a lay reader: said by the stable code of the error, its English sentence behind.

An error keeps its English sentences wherever it is stored or sent. Those name bytes, markers and limits, differ from
raise to raise, and often quote a library; the code says what a reader has to know. What to do next is one of a few
sentences, found again as those of findings are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fauxto.language.catalogue import DEFAULT, check, texts
from fauxto.language.say import say
from fauxto.language.sentence import translate

REASONS: dict[str, str] = {
    "not_found": say("There is no such file."),
    "not_a_file": say("This is not a file."),
    "unreadable": say("The file cannot be opened."),
    "empty": say("The file is empty."),
    "unknown_format": say("This is no picture in a format that is known."),
    "unsupported": say("This kind of picture is not supported."),
    "truncated": say("The file ends before the picture does."),
    "corrupt": say("The picture is damaged."),
    "too_many_bytes": say("The file is too large."),
    "too_many_pixels": say("The picture has too many pixels."),
    "too_many_scans": say("The file is built to be slow to read."),
    "too_many_chunks": say("The file has too many parts."),
    "too_many_frames": say("The animation is too long."),
    "metadata_too_large": say("The file carries too much metadata."),
    "timeout": say("Reading the picture took too long."),
    "memory": say("Reading the picture takes too much memory."),
    "worker_died": say("The file made the decoder crash: it is suspect."),
    "network": say("The address may not be fetched."),
    "unreachable": say("The address does not answer."),
    "usage": say("This is no address of a picture."),
    "unwritable": say("A drawing cannot be written."),
    "internal": say("Something in fauxto went wrong."),
}
"""Each code that the row of a file can carry; the page has the same list (serve/ui/js/verdicts.js)."""

STEPS = (
    say("Check the spelling of the path."),
    say("Check its spelling; ** stands for any number of folders."),
    say("Check the list of paths."),
    say("Give the path of a picture."),
    say("Check its permissions and the medium it lies on."),
    say("Fetch or export the picture again."),
    say("Give a JPEG, PNG, WebP, GIF, BMP, TIFF, HEIF or AVIF picture."),
    say("Convert it to a baseline or progressive JPEG of 8 bits, or to PNG."),
    say("Convert it to gray, RGB or CMYK of 8 or 16 bits a channel."),
    say("Run: pip install 'fauxto[heif]'"),
    say("If you trust the file, raise the limit with {value}."),
    say("If you trust the file, raise the limit with --limit-memory, or use fewer workers."),
    say("If you trust it, raise the limit with --limit-bytes."),
    say("The file may be crafted to do harm: handle it with care."),
    say("Add --allow-network, or download the file yourself."),
    say("Download the file yourself."),
    say("Check it in a browser."),
    say("Give one such as https://example.org/photo.jpg."),
    say("Choose another folder with --heatmap."),
    say("This is a fault of fauxto: run again with --debug and report what it says."),
)
"""What the errors of `media` and `run` tell to do; said here for the catalogues, since `media` knows no language."""


class Told(NamedTuple):
    """An error as it is shown: what happened, what to do, and what is told in English only, if anything."""

    what: str
    fix: str
    detail: str


def told(error: Mapping[str, str], language: str) -> Told:
    """The `error` of a Finding in `language`; in English, and for a code that no reader was meant to see, as it is.

    `InputError` for a language that fauxto does not speak.

    >>> told({"code": "empty", "what": "The file is empty (0 bytes).", "fix": "Try again."}, "en")
    Told(what='The file is empty (0 bytes).', fix='Try again.', detail='')
    """
    what, fix, reason = error.get("what", ""), error.get("fix", ""), REASONS.get(error.get("code", ""))
    if check(language) == DEFAULT:
        return Told(what, fix, "")
    said = Told(what, fix and translate(fix, language), "")
    return said if reason is None else Told(texts(language).gettext(reason), said.fix, what)
