"""Which of the three served languages a text is in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal, cast

from advisor.text.words import word_list

Language = Literal["fr", "en", "de"]
_WORD = re.compile(r"[^\W\d_]+")

# Function words tell the three languages apart; a short question has little else.
_FUNCTION_WORDS: dict[Language, frozenset[str]] = {
    "fr": word_list("function.fr"),
    "en": word_list("function.en"),
    "de": word_list("function.de"),
}


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(["fr", "en", "de"])
    return identifier


def detect_language(text: str, default: Language = "fr") -> Language:
    """Return the language of a text among fr, en, de; ``default`` when nothing tells.

    Function words decide when they can (they are what a short question is made of);
    otherwise the statistical identifier py3langid, restricted to the three languages.
    """
    sample = text[:4000]
    words = [word.lower() for word in _WORD.findall(sample)]
    if not words:
        return default
    counts = {lang: sum(word in known for word in words) for lang, known in _FUNCTION_WORDS.items()}
    ranked = sorted(counts, key=lambda lang: (-counts[lang], lang != default))
    if counts[ranked[0]] > counts[ranked[1]]:
        return ranked[0]
    if len(words) < 4:
        return default
    return cast(Language, _identifier().classify(sample)[0])
