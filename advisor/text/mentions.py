"""Years, numbers and names that a text mentions."""

from __future__ import annotations

import re

from advisor.text.analysis import content_words
from advisor.text.language import Language

#: A year from 1500 to 2099, as part of a pattern.
YEAR = r"(?:1[5-9]|20)\d\d"
# Not inside a number, a decimal or a reference («contrat 1536C0019»).
_YEAR = re.compile(rf"(?<![\w.,]){YEAR}(?!\w|[.,]\d)")
# «Le Fonds chaleur», «La Fabrique des Transitions»: the article that opens a sentence is no name.
_NO_NAME = r"(?!(?:L[ea]s?|Une?|Des|Du|Au|Aux|Ces?|Cette|Il|Elle|En|À|The|An?|In|Der|Die|Das|Im)\b)"
#: A name of several words, as part of a pattern: «Culture Commune», «Grand-Figeac de Lot».
NAME = (
    _NO_NAME + r"\b[A-ZÀ-Ý][\w’'-]+(?:[ \u00a0](?:d[eu’'] ?|des |la |von |van )?[A-ZÀ-Ý][\w’'-]+)+"
)
_NAME = re.compile(NAME)


def years_in(text: str) -> set[str]:
    """Return the years that a text mentions."""
    return set(_YEAR.findall(text))


def numbers_in(text: str, lang: Language = "fr") -> set[str]:
    """Return the numbers that a text mentions, in figures: ``3`` for «trois»."""
    return {word for word in content_words(text, lang) if word[0].isdigit()}


def names_in(text: str) -> list[str]:
    """Return the names of several words that a text mentions, in order."""
    return _NAME.findall(text)
