"""A whole Finding in another language: the sentences of its evidence, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from fauxto.finding import Evidence, Finding
from fauxto.language.catalogue import DEFAULT, check
from fauxto.language.sentence import translate


def localized(finding: Finding, language: str) -> Finding:
    """The finding with its evidence said in `language`; keys, verdicts, numbers and its error stay.

    What the catalogue does not know stays English. An error does too: who shows it says it by its code (`told`).
    `InputError` for a language that fauxto does not speak.
    """
    if check(language) == DEFAULT:
        return finding
    return replace(finding, evidence=[_item(item, language) for item in finding.evidence])


def _item(item: Evidence, language: str) -> Evidence:
    return replace(
        item, statement=translate(item.statement, language), limits=item.limits and translate(item.limits, language)
    )
