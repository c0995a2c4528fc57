"""The command line: every verb, each imported only when it is used, so that `fauxto --help` stays quick."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fauxto import __version__
from fauxto.cli import verbs
from fauxto.errors import FauxtoError

if TYPE_CHECKING:
    from cyclopts import App

ERRORS, INTERRUPTED = 2, 130
"""Exit codes of every verb: a usage error or a failure; Ctrl-C. Each verb says what 0 and 1 mean."""


def build() -> App:
    """The parser of every verb; a verb's own module is imported when it is used."""
    from cyclopts import App  # noqa: PLC0415  # takes three times as long as all else that help needs

    app = App(name="fauxto", help=verbs.ABOUT, help_epilogue=verbs.MORE, help_format="plaintext", version=__version__)
    for verb, summary in verbs.VERBS.items():
        app.command(f"fauxto.cli.{'train' if verb == 'package' else verb}:{verb}", name=verb, help=summary)
    for group, summary in verbs.GROUPS.items():
        inner = App(name=group, help=summary)
        for verb, words in verbs.SUBVERBS[group].items():
            inner.command(f"fauxto.cli.{group}:{verb.replace('-', '_')}", name=verb, help=words)
        app.command(inner)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a verb and exit with its code; a failure is two lines on standard error: what, and what to do."""
    _hold_standard_streams()
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    own = tokens[: tokens.index("--")] if "--" in tokens else tokens
    debug = "--debug" in own
    if debug:
        tokens.remove("--debug")
        os.environ["FAUXTO_DEBUG"] = "1"
    try:
        code = _run(tokens, debug)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        code = _reader_left()
    except FauxtoError as error:
        code = complain(error.what, error.fix, debug)
    except OSError as error:
        where = f": {os.fsdecode(error.filename)!r}" if isinstance(error.filename, str | bytes) else ""
        code = complain(f"{error.strerror or error}{where}.", "Check the disk and the permissions.", debug)
    except Exception as error:  # the last resort: a fault of ours is said plainly, and shown with --debug
        fix = "This is a fault of fauxto. Run again with --debug and report what it says."
        code = complain(f"{type(error).__name__}: {error}", fix, debug)
    sys.exit(code if isinstance(code, int) else 0)


def _run(tokens: list[str], debug: bool) -> object:
    """Print what is asked of the whole command, or run a verb; its exit code."""
    if tokens in ([], ["--help"], ["-h"]):
        print(verbs.overview())
        return 0
    if tokens == ["--version"]:
        print(__version__)
        return 0
    from cyclopts import CycloptsError, UnknownCommandError  # noqa: PLC0415

    try:
        return build()(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except UnknownCommandError:
        return complain(f"There is no verb {tokens[0]!r}.", "Run: fauxto --help", debug)
    except CycloptsError as error:
        return complain(str(error), "Run: fauxto --help, or fauxto VERB --help.", debug)


def complain(what: str, fix: str, debug: bool = False) -> int:
    """Print an error; the exit code for it."""
    if debug:
        traceback.print_exc()
    from fauxto.cli.render import printable  # noqa: PLC0415  # names of files and words of parsers are anybody's

    shown = "\n".join(map(printable, what.split("\n")))
    print(f"fauxto: {shown}", file=sys.stderr)
    if fix:
        print(f"  {printable(fix)}", file=sys.stderr)
    return ERRORS


def _reader_left() -> int:
    """`fauxto ... | head`: nobody reads any more, which is no error; flush nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _hold_standard_streams() -> None:
    """Open what was closed (`>&-`) on the null device, or the next file takes its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
