"""Which of the three served languages a text is in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, cast, get_args

from advisor.text.normalise import fold
from advisor.text.words import word_list, word_table

Language = Literal["fr", "en", "de"]
#: All of them; indexes write their places down.
LANGUAGES: tuple[Language, ...] = get_args(Language)
_WORD = re.compile(r"[^\W\d_]+")

# Function words tell the three languages apart; a short question has little else.
_FUNCTION_WORDS: dict[Language, frozenset[str]] = {
    "fr": word_list("function.fr"),
    "en": word_list("function.en"),
    "de": word_list("function.de"),
}
# With what only one of the three languages opens a question, whatever names follow.
_OPENERS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"(?:what|where|when|who|how|which|why|do|does|is|are|can|should|explain|describe|tell) "
    ),
    "de": re.compile(
        r"(?:wo|wann|wer|wen|wem|wessen|wie|warum|wieso|weshalb|wozu|womit|wofür|welche[rs]?|ist|sind"
        r"|kann|gibt|erkläre?|erklären|nenne|beschreibe) "
        # «Was the charter signed?» is English.
        r"|was (?:ist|sind|war|waren|macht|machen|kostet|kosten|bringt|bedeutet|hat|haben|kann|wird"
        r"|tut|leistet|steht|heißt) "
    ),
}
_QUESTION = 40
_KEYWORDS = 4
_GERMAN, _FRENCH = re.compile("[äöüß]"), re.compile("[éèêàùçœîôû]")
# A German compound is known by its last part.
_LAST_PART = 5


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(["fr", "en", "de"])
    return identifier


def detect_language(text: str, default: Language = "fr") -> Language:
    """Return the language of a text among fr, en, de; ``default`` when nothing tells.

    The word that opens a question decides, then function words (they are what a short question
    is made of); for keywords, the glossaries; otherwise the statistical identifier py3langid,
    restricted to the three languages.
    """
    sample = text[:4000]
    words = [word.lower() for word in _WORD.findall(sample)]
    if not words:
        return default
    for lang, openers in _OPENERS.items():
        if openers.match(f"{' '.join(words[:2])} ") and len(words) <= _QUESTION:
            return lang
    counts = {lang: sum(word in known for word in words) for lang, known in _FUNCTION_WORDS.items()}
    ranked = sorted(counts, key=lambda lang: (-counts[lang], lang != default))
    if counts[ranked[0]] > counts[ranked[1]]:
        return ranked[0]
    if len(words) < _KEYWORDS:
        return _of_keywords(words) or default
    return cast(Language, _identifier().classify(sample)[0])


def _of_keywords(words: Sequence[str]) -> Language | None:
    """Return the language other than French that all the words are of, ``None`` without one.

    One of them at least is a word of the field; with the letters of one language alone, none need
    be known.
    """
    letters = "".join(words)
    if _FRENCH.search(letters):
        return None
    if _GERMAN.search(letters):
        return "de"
    folded = [fold(word) for word in words]
    for lang in _OPENERS:
        known = all(is_word(word, lang) for word in folded)
        if known and not _field(lang).isdisjoint(folded):
            return lang
    return None


def is_word(word: str, lang: Language) -> bool:
    """Tell whether the glossaries have a word of English or German, or the end of a compound."""
    known, word = _vocabulary(lang), fold(word)
    ends = range(1, len(word) - _LAST_PART + 1) if lang == "de" else ()
    return word in known or any(word[start:] in known for start in ends)


@cache
def _vocabulary(lang: Language) -> frozenset[str]:
    """Return the words of English or German that the glossaries hold, folded."""
    return frozenset(
        fold(word) for name in ("field", "glossary") for word in word_table(name, lang)
    )


@cache
def _field(lang: Language) -> frozenset[str]:
    """Return the words of the field in English or German that are not French ones, folded."""
    return frozenset(map(fold, word_table("field", lang))) - _french()


@cache
def _french() -> frozenset[str]:
    """Return the French words of the glossaries, folded."""
    return frozenset(
        entry.partition(":")[0]
        for other in _OPENERS
        for line in word_table("glossary", other).values()
        for entry in line.split()
    )
