"""Five languages for every sentence of a verdict: findings hold English, a catalogue says the same in the others.

`say` marks a sentence where it is made; `translate` finds the sentence of a finding again and says it in another
language; `localized` does that for a whole Finding, `told` for the error of one. Catalogues are gettext's, compiled,
and read by the standard library alone.
"""

from __future__ import annotations

from fauxto.language.catalogue import DEFAULT, LANGUAGES, check, texts
from fauxto.language.errors import REASONS, told
from fauxto.language.findings import localized
from fauxto.language.negotiate import negotiate
from fauxto.language.say import say
from fauxto.language.sentence import in_a_row, numeral, phrase, translate

__all__ = ["DEFAULT", "LANGUAGES", "REASONS", "check", "in_a_row", "localized", "negotiate", "numeral", "phrase", "say"]
__all__ += ["texts", "told", "translate"]
