"""The error tree: each error says what happened, what was expected, and what to type next."""

from __future__ import annotations


class FauxtoError(Exception):
    """Base of every error that fauxto raises on purpose.

    `what` is one sentence on what happened (with what was expected and what was got); `fix` is the next thing to do
    or to type. `code` is a stable word for machines, the same in JSON rows, the service and the tests.
    """

    code = "error"

    def __init__(self, what: str, *, fix: str = "", code: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.what} {self.fix}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.fix, self.code)


def _rebuild(kind: type[FauxtoError], what: str, fix: str, code: str) -> FauxtoError:
    """Make an error again on the other side of a process boundary."""
    return kind(what, fix=fix, code=code)


class InputError(FauxtoError):
    """The bytes, path or argument that came in cannot be used (truncated, unknown format, empty, not a file)."""

    code = "input"


class WeightError(FauxtoError):
    """A checkpoint or exported model does not fit: missing or unexpected keys, wrong shape, wrong hash."""

    code = "weights"


class ContractError(FauxtoError):
    """A system breaks a contract of DESIGN section 3 (shape, dtype, determinism, batch invariance)."""

    code = "contract"


class ResourceError(FauxtoError):
    """A limit was hit (bytes, pixels, scans, metadata, wall time), or a worker process died."""

    code = "resource"


class PolicyError(FauxtoError):
    """The request is refused by policy: network without leave, overwriting results, a licence not accepted."""

    code = "policy"
