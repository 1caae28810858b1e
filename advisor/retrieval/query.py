"""What a question asks for, before any search: its language, its terms, its context."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.text.analysis import analyse
from advisor.text.language import Language, detect_language
from advisor.text.normalise import fold

MAX_QUESTION = 2000
# A follow-up opens on a connective or points back with a pronoun.
_OPENERS: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"^(et|mais|ou|donc|alors|sinon|ca|cela|c'|combien il|qu'en|quoi d'autre|ailleurs)\b"
    ),
    "en": re.compile(r"^(and|but|or|so|what about|how about|then|elsewhere)\b"),
    "de": re.compile(r"^(und|aber|oder|also|dann|wie steht|anderswo)\b"),
}
_PRONOUNS: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(r"\b(ils?|elles?|ca|cela|celui|celles?|ceux|y|en|leur|ces? derniers?)\b"),
    "en": re.compile(r"\b(it|they|them|he|she|that|those|this|these|one|there)\b"),
    "de": re.compile(r"\b(er|sie|es|das|diese|dieser|dort|davon|dazu)\b"),
}
_SHORT = 7
_TAG = re.compile(r"</?[a-z][^<>]{0,200}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """An understood question.

    ``text`` is the question as typed (control characters dropped); ``context`` the earlier
    turn it leans on, empty when it stands alone. ``terms`` are index terms by decreasing
    importance: those of the question, then those of the context.
    """

    text: str
    lang: Language
    terms: tuple[str, ...]
    context: str = ""
    context_terms: tuple[str, ...] = ()

    @property
    def embedded(self) -> str:
        """The text to embed: the question with the turn it follows."""
        return f"{self.context} {self.text}".strip()


def understand(
    question: str, history: Sequence[str] = (), default: Language = "fr", max_terms: int = 40
) -> Query:
    """Analyse a question; ``history`` holds the user's earlier questions, oldest first."""
    text = " ".join(_TAG.sub(" ", _printable(question[:MAX_QUESTION])).split())
    lang = detect_language(text, default)
    terms = _terms(text, lang)[:max_terms]
    context = ""
    if history and _leans_back(text, lang, terms):
        context = " ".join(_printable(history[-1][:MAX_QUESTION]).split())
    context_terms = tuple(
        term for term in _terms(context, detect_language(context, lang)) if term not in terms
    )[:max_terms]
    return Query(text, lang, terms, context, context_terms)


def _terms(text: str, lang: Language) -> tuple[str, ...]:
    """Analyse in the question's language and, since most of the corpus is French, in French."""
    terms = dict.fromkeys(analyse(text, lang))
    if lang != "fr":
        kept = set(analyse(text, lang))
        # Stop words of the question's language must not come back as French terms.
        words = [word for word in re.findall(r"\w+", text) if analyse(word, lang)]
        terms.update(
            dict.fromkeys(
                term for word in words for term in analyse(word, "fr") if term not in kept
            )
        )
    # A letter alone tells nothing.
    return tuple(term for term in terms if len(term) > 1 or term.isdigit())


def _leans_back(text: str, lang: Language, terms: Sequence[str]) -> bool:
    folded = fold(text).replace("’", "'")
    if _OPENERS[lang].search(folded):
        return True
    if len(terms) <= 1 and len(folded.split()) <= 4:
        return True
    return (
        len(folded.split()) <= 2 * _SHORT
        and len(terms) < _SHORT
        and bool(_PRONOUNS[lang].search(folded))
    )


def _printable(text: str) -> str:
    return "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs") else char
        for char in text
    )
