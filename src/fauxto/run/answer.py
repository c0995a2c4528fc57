"""What a worker answers, held against the schema: a codec that was taken over may answer anything."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from fauxto.finding import VERDICTS, Evidence, Finding, Region

_POINTS_TO = {"generated", "edited", "camera", "conflict", "none"}
_STRENGTHS = {"proof", "strong", "declared", "weak", "none"}
_CODE = re.compile(r"[a-z_]{1,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ERROR, _MODEL = {"code", "what", "fix"}, {"name", "version", "sha256", "backend", "reading"}


def read_answer(answer: bytes) -> Finding:
    """The Finding that an answer holds; raises `ValueError` where it is none in form or in value.

    What passes can be printed, counted and written to every output: the types are those of the schema,
    numbers are finite, texts can be encoded, and a row is either an error or a complete verdict.
    """
    try:
        row = json.loads(answer, parse_constant=_refuse_constant)
        finding = Finding.from_dict(row)
        finding.to_json().encode("utf-8")
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if not (_is_verdict(finding) if finding.status == "ok" else _is_error(finding)):
        raise ValueError("neither a verdict nor an error")
    return finding


def _is_verdict(finding: Finding) -> bool:
    shares = (finding.probability, finding.p_value, finding.fpr)
    return (
        finding.error is None
        and _common(finding)
        and finding.verdict in VERDICTS
        and _is_number(finding.logit)
        and all(_is_number(share) and 0 <= share <= 1 for share in shares if share is not None)
        and None not in shares
        and all(isinstance(value, dict | None) for value in (finding.stability, finding.provenance))
        and all(map(_is_evidence, finding.evidence))
        and all(map(_is_region, finding.regions))
    )


def _is_error(finding: Finding) -> bool:
    nothing = (finding.verdict, finding.probability, finding.logit, finding.p_value, finding.fpr)
    return (
        finding.status == "error"
        and _common(finding)
        and _is_texts(finding.error, _ERROR)
        and _CODE.fullmatch((finding.error or {})["code"]) is not None
        and nothing == (None,) * len(nothing)
        and (finding.stability, finding.provenance) == (None, None)
        and not finding.evidence
        and not finding.regions
    )


def _common(finding: Finding) -> bool:
    return (
        (finding.sha256 is None or (isinstance(finding.sha256, str) and _SHA256.fullmatch(finding.sha256) is not None))
        and (finding.seconds is None or _is_number(finding.seconds))
        and (finding.model is None or _is_texts(finding.model, _MODEL))
    )


def _is_evidence(item: Evidence) -> bool:
    texts = (item.layer, item.statement, item.limits, item.strength, item.points_to)
    return all(isinstance(t, str) for t in texts) and item.strength in _STRENGTHS and item.points_to in _POINTS_TO


def _is_region(region: Region) -> bool:
    sides = (region.x, region.y, region.width, region.height)
    return all(type(side) is int and 0 <= side < 2**31 for side in sides) and _is_number(region.logit)


def _is_texts(value: Any, keys: set[str]) -> bool:
    return isinstance(value, dict) and value.keys() == keys and all(isinstance(text, str) for text in value.values())


def _is_number(value: Any) -> bool:
    return math.isfinite(value) if type(value) is float else type(value) is int and abs(value) < 2**53


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
