"""The command line: every verb, each imported only when it is used, so that `fauxto --help` stays quick."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError, UnknownCommandError

from fauxto import __version__
from fauxto.errors import FauxtoError

ERRORS, INTERRUPTED = 2, 130
"""Exit codes of every verb: a usage error or a failure; Ctrl-C. Each verb says what 0 and 1 mean."""

app = App(
    name="fauxto",
    help="Was this picture made or altered by a machine, where, by what, and how sure can we be?",
    help_epilogue="`fauxto VERB --help` explains a verb. `--debug` after any verb shows tracebacks.",
    help_format="plaintext",
    version=__version__,
)
data = App(name="data", help="Manifests of pictures: index a folder, describe it, split it, audit it.")
weights = App(name="weights", help="Convert checkpoints.")

for verb, summary in {
    "scan": "Scan pictures: verdict, evidence, report.",
    "systems": "List every system, or show the card of one.",
    "check": "Check that a detector keeps every promise of the contract.",
    "new": "Write a documented template of a system.",
    "train": "Train a system on a manifest.",
    "package": "Make a trained detector into a model that `fauxto scan --model` loads.",
    "claims": "Re-check the central claims of the systems.",
}.items():
    app.command(f"fauxto.cli.{'train' if verb == 'package' else verb}:{verb}", name=verb, help=summary)
data.command("fauxto.cli.data:index", help="Write the manifest of a folder or of a public data set.")
data.command("fauxto.cli.data:describe", help="Count the pictures of a manifest.")
data.command("fauxto.cli.data:split", help="Split a manifest so that nothing that belongs together is cut.")
data.command("fauxto.cli.data:audit", help="Ask stupid probes whether anything but a trace gives the label away.")
weights.command("fauxto.cli.weights:convert", help="Turn a legacy torch checkpoint into safetensors.")
app.command(data)
app.command(weights)


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
        code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        code = _reader_left()
    except UnknownCommandError:
        code = complain(f"There is no verb {tokens[0]!r}.", "Run: fauxto --help", debug)
    except CycloptsError as error:
        code = complain(str(error), "Run: fauxto --help, or fauxto VERB --help.", debug)
    except FauxtoError as error:
        code = complain(error.what, error.fix, debug)
    except OSError as error:
        where = f": {os.fsdecode(error.filename)!r}" if isinstance(error.filename, str | bytes) else ""
        code = complain(f"{error.strerror or error}{where}.", "Check the disk and the permissions.", debug)
    except Exception as error:  # the last resort: a fault of ours is said plainly, and shown with --debug
        fix = "This is a fault of fauxto. Run again with --debug and report what it says."
        code = complain(f"{type(error).__name__}: {error}", fix, debug)
    sys.exit(code if isinstance(code, int) else 0)


def complain(what: str, fix: str, debug: bool = False) -> int:
    """Print an error; the exit code for it."""
    if debug:
        traceback.print_exc()
    print(f"fauxto: {what}", file=sys.stderr)
    if fix:
        print(f"  {fix}", file=sys.stderr)
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
