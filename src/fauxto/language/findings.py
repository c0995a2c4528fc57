"""A whole Finding in another language: its sentences, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from fauxto.finding import Evidence, Finding
from fauxto.language.catalogue import DEFAULT, check
from fauxto.language.sentence import translate


def localized(finding: Finding, language: str) -> Finding:
    """The finding with its evidence and its error said in `language`; keys, verdicts and numbers stay.

    What the catalogue does not know stays English. `InputError` for a language that fauxto does not speak.
    """
    if check(language) == DEFAULT:
        return finding
    error = finding.error and {
        key: value if key == "code" else translate(value, language) for key, value in finding.error.items()
    }
    return replace(finding, evidence=[_item(item, language) for item in finding.evidence], error=error)


def _item(item: Evidence, language: str) -> Evidence:
    return replace(
        item, statement=translate(item.statement, language), limits=item.limits and translate(item.limits, language)
    )
