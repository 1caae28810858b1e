"""The analysis of text into index terms, the same for documents and questions.

Steps: split into words (elided articles and hyphenated compounds come apart), fold case
and accents, drop stop words, stem with Snowball. Folding comes before stemming so that a
question typed without accents gives the same terms (see ``tests/test_analysis.py``).
"""

from __future__ import annotations

import re
from functools import lru_cache

import Stemmer

from advisor.text.language import Language
from advisor.text.normalise import fold
from advisor.text.words import word_list

_WORD = re.compile(r"\d+(?:[ \u00a0\u202f.,]\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?|[^\W\d_]+|[^\W_]+")
_GROUPING = re.compile(r"[ \u00a0\u202f]|[.,](?=\d{3}(?:\D|$))")
_SNOWBALL = {"fr": "french", "en": "english", "de": "german"}

STOP_WORDS: dict[Language, frozenset[str]] = {
    "fr": word_list("stop.fr"),
    "en": word_list("stop.en"),
    "de": word_list("stop.de"),
}


@lru_cache(maxsize=3)
def _stemmer(lang: Language) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_SNOWBALL[lang])


@lru_cache(maxsize=200_000)
def _term(word: str, lang: Language) -> str:
    """Return the index term of one word, empty for a stop word."""
    folded = fold(word)
    if folded[0].isdigit():
        return _GROUPING.sub("", folded).replace(",", ".")
    if folded in STOP_WORDS[lang]:
        return ""
    return str(_stemmer(lang).stemWord(folded))


def analyse(text: str, lang: Language = "fr") -> list[str]:
    """Return the index terms of a text, in order, stop words dropped.

    Numbers lose their thousands separators: ``177 700`` and ``177.700`` give ``177700``.
    """
    return [term for word in _WORD.findall(text) if (term := _term(word, lang))]
