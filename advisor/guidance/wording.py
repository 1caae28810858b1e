"""Reasons in words, from what really decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from advisor.guidance.eligibility import Reason
from advisor.i18n import format_date, format_number, translate
from advisor.retrieval.asked import ABOUT_THE_ANSWER
from advisor.text.normalise import fold
from advisor.text.words import word_list

_SHOWN_TERMS = 5
# What a question asks for, and what turns a sentence round, is nobody's subject.
_NO_SUBJECT = ABOUT_THE_ANSWER | word_list("negations")


def theme_names(themes: Iterable[str], lang: str) -> list[str]:
    """Return the names of themes."""
    return [translate(f"themes.{theme}", lang) for theme in themes]


def context_names(contexts: Iterable[str], lang: str) -> list[str]:
    """Return the names of contexts."""
    return [translate(f"contexts.{context}", lang) for context in contexts]


def population_text(value: int, year: int | None, lang: str, *, approximate: bool) -> str:
    """Return a number of inhabitants with its year, or with the word that it has none."""
    count = figure_text(value, lang, approximate=approximate)
    if year is None:
        return translate("guidance.population_undated", lang, count=count)
    return translate("guidance.population", lang, count=count, year=str(year))


def figure_text(value: int, lang: str, *, approximate: bool) -> str:
    """Return a number, said to be approximate where sources round it or differ."""
    shown = format_number(value, lang)
    return translate("guidance.about", lang, count=shown) if approximate else shown


def why(
    reasons: Sequence[Reason],
    terms: Sequence[str],
    themes: Sequence[str],
    lang: str,
    *,
    bears: bool,
) -> list[str]:
    """Return the sentences that say why: relevance first, then eligibility.

    Words that do not bear on the subject of a need are said to be all that is shared with it.
    """
    said = []
    if shown := telling(terms):
        key = "words_shared" if bears else "words_only"
        said.append(translate(f"guidance.{key}", lang, words=shown))
    elif terms and bears:
        said.append(translate("guidance.near_in_meaning", lang))
    if themes:
        said.append(
            translate("guidance.themes_shared", lang, themes=", ".join(theme_names(themes, lang)))
        )
    return said + [reason_text(reason, lang) for reason in reasons]


def telling(words: Iterable[str]) -> str:
    """Return the first words that tell something of a subject, for a reader; may be empty."""
    return ", ".join(list(filter(tells_something, words))[:_SHOWN_TERMS])


def tells_something(word: str) -> bool:
    """Tell whether a word of a need is about its subject: no verb of asking, no number."""
    return fold(word) not in _NO_SUBJECT and not word.isdigit()


def reason_text(reason: Reason, lang: str) -> str:
    """Return the sentence of one reason of eligibility."""
    params: dict[str, object] = {}
    for name, value in reason.params:
        if name == "date":
            params[name] = format_date(str(value), lang)
        elif name == "kind":
            params[name] = translate(f"profile_kinds.{value}", lang)
        elif name == "contexts" and isinstance(value, tuple):
            params[name] = ", ".join(context_names(value, lang))
        else:
            params[name] = value
    return translate(f"guidance.{reason.code}", lang, **params)
