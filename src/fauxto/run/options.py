"""What a scan is asked to do: every option that can change a Finding, in one frozen value."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypedDict

from fauxto.errors import InputError
from fauxto.media.limits import DEFAULT_LIMITS, Limits

LEAST_MEMORY = 2**28
"""Bytes; the libraries of a worker alone take most of it."""

DEFAULT_MEMORY = 4 * 2**30
"""Bytes that one worker may allocate: a 128-megapixel RGBA picture with all its copies fits."""


Regions = bool | Literal["called"]
"""Which pictures are mapped: all, none, or those whose verdict is any but "no_evidence"."""


class OptionKeywords(TypedDict, total=False):
    """The fields of `Options` as keyword arguments of `fauxto.scan` and `fauxto.scan_many`."""

    model: str
    backend: str
    fpr: float
    thorough: bool
    stability: bool
    regions: Regions
    heatmap: str | None
    localize: bool
    forensics: bool
    trust_anchors: str | None
    allow_network: bool
    limits: Limits
    memory: int


@dataclass(frozen=True, slots=True)
class Options:
    """How to scan.

    - `model`: the folder of a model or the name of a shipped one; `backend`: what runs it.
    - `fpr`: the false-alarm bound at which a picture is called, in (0, 1).
    - `thorough`: read more windows of each picture, with references of their own: slower, better on new generators.
    - `stability`: score re-shipped copies too; a call that does not survive becomes "inconclusive".
    - `regions`: the logit of a grid of windows over the whole picture, of all pictures or only those "called"
      (generated, edited or inconclusive); `heatmap`: a folder for drawings of them, of all pictures.
    - `localize`: search the whole picture for altered regions with the shipped localizer. Those that stand out become
      the `regions` of the Finding, unless those hold the windows that `regions` asks for, and always stand in its
      "localizer" evidence. Where `fpr` is not too strict for its references (`verdict.fusion.decides_from`), a picture
      with such a region is called "edited", and detector and localizer share the bound.
    - `forensics`: add what the classical forensic tools say as evidence, in what time is left; no verdict changes.
    - `trust_anchors`: PEM text of the authorities whose C2PA signatures count as proof.
    - `allow_network`: http(s) addresses are fetched; without it they are refused.
    - `limits`: what one file may cost; `memory`: bytes that a worker process may allocate.
    """

    model: str = "house"
    backend: str = "openvino"
    fpr: float = 0.01
    thorough: bool = False
    stability: bool = False
    regions: Regions = False
    heatmap: str | None = None
    localize: bool = False
    forensics: bool = False
    trust_anchors: str | None = None
    allow_network: bool = False
    limits: Limits = field(default=DEFAULT_LIMITS)
    memory: int = DEFAULT_MEMORY

    def __post_init__(self) -> None:
        if not 0 < self.fpr < 1:
            raise InputError(
                f"A false-alarm bound lies between 0 and 1; got {self.fpr}.",
                fix="For example --fpr 0.01 (one in a hundred).",
                code="usage",
            )
        if self.regions not in (False, True, "called"):
            raise InputError(
                f"Regions are asked for by False, True or 'called'; got {self.regions!r}.",
                fix="Leave it out for none.",
                code="usage",
            )
        _check_positive(self.limits, self.memory)

    def to_json(self) -> str:
        """The options as JSON, for a worker process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Options:
        """The inverse of `to_json`."""
        row: dict[str, Any] = json.loads(text)
        return cls(**{**row, "limits": Limits(**row["limits"])})

    def fingerprint(self, model_description_sha256: str, version: str) -> str:
        """A hash of what can change a Finding: these options, the model's description and fauxto's version.

        Rows of a journal count only under the same fingerprint. The model stands in it by its content, not
        by its path.
        """
        row = asdict(self) | {"model": model_description_sha256, "fauxto": version}
        return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


def _check_positive(limits: Limits, memory: int) -> None:
    for name, value in asdict(limits).items():
        if not value > 0:
            raise InputError(
                f"A limit is positive; got {name} = {value}.",
                fix="Leave it out for the default.",
                code="usage",
            )
    if memory < LEAST_MEMORY:
        raise InputError(
            f"A worker needs at least {LEAST_MEMORY:,} bytes; got {memory:,}.",
            fix="Raise --limit-memory, or leave it out.",
            code="usage",
        )
