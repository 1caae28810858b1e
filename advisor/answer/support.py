"""What a written sentence must find in the passages it cites: numbers, dates, names, quotations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.answer.alignment import quoted_spans
from advisor.answer.citation import find_quote
from advisor.answer.models import Verdict
from advisor.retrieval.models import Evidence
from advisor.text.analysis import STOP_WORDS
from advisor.text.language import Language
from advisor.text.mentions import capitalised_in, months_in, numbers_in
from advisor.text.normalise import fold, normalise
from advisor.text.words import word_list

_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f.,]\d+)*")
_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s,;)\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NEGATIONS = word_list("negations")
# In words, so few count nothing: «l'un», «les deux».
_FEW = frozenset({"1", "2"})
# «Loossois» is of Loos: names of one family begin with the same letters.
_FAMILY = 4


def is_supported(
    sentence: str, lang: Language, cited: Sequence[Evidence], shown: Sequence[Evidence]
) -> bool:
    """Tell whether nothing a sentence says is foreign to the passages it cites.

    Its numbers, months and names stand in them or in their titles, its quotations stand there
    word for word. A name is a capital inside a sentence; where that tells nothing (the first
    word, German nouns, names translated from the passage's language), only a name of another
    passage counts as foreign: the sentence has mixed two passages up.

    Args:
        sentence: as written.
        lang: its language.
        cited: the passages it cites, at least one.
        shown: all the passages the writer had.
    """
    return (
        _numbers(sentence, lang, cited)
        and _addresses(sentence, cited)
        and _turns(sentence, cited)
        and _months(sentence, lang, cited)
        and _names(sentence, lang, cited, shown)
        and _quotations(sentence, cited)
    )


def figures_in(text: str) -> set[str]:
    """Return the numbers in figures of a text, written one way: ``177700`` for «177 700»."""
    return {_digits(number) for number in _NUMBER.findall(text)}


def _numbers(sentence: str, lang: Language, cited: Sequence[Evidence]) -> bool:
    # «3 axes» is said by a passage that has «trois axes», and the reverse; «les deux» by any.
    texts = [(_text(one), one.hit.document.lang) for one in cited]
    held = set().union(*(figures_in(text) | numbers_in(text, of) for text, of in texts))
    written = numbers_in(_NUMBER.sub(" ", sentence), lang) - _FEW
    return (figures_in(sentence) | written) <= held


def _addresses(sentence: str, cited: Sequence[Evidence]) -> bool:
    """Tell whether the addresses of a sentence, of pages and of people, stand in a passage."""
    said = " ".join(_text(one) for one in cited)
    return all(address.rstrip(".!?»") in said for address in _ADDRESS.findall(sentence))


def _turns(sentence: str, cited: Sequence[Evidence]) -> bool:
    """Tell whether a sentence that denies something cites a passage that does."""
    return not _denies(sentence) or any(_denies(one.hit.passage.text) for one in cited)


def _denies(text: str) -> bool:
    return not _NEGATIONS.isdisjoint(_WORD.findall(fold(text)))


def _months(sentence: str, lang: Language, cited: Sequence[Evidence]) -> bool:
    held = (months_in(_text(one), one.hit.document.lang) for one in cited)
    return months_in(sentence, lang) <= set().union(*held)


def _names(
    sentence: str, lang: Language, cited: Sequence[Evidence], shown: Sequence[Evidence]
) -> bool:
    held = set().union(*(_words(_text(one)) for one in cited))
    inside = {one for one in _names_in(sentence) if not _is_held(one, held)}
    opening = {one for one in _capitals(sentence.split(" ", 1)[0]) if not _is_held(one, held)}
    # A capital means nothing in German passages.
    others = (one for one in shown if one.hit.document.lang != "de")
    known = set().union(*(_names_in(_text(one)) for one in others))
    if lang == "de" or any(one.hit.document.lang != lang for one in cited):
        inside &= known
    return not inside and not opening & known


def _names_in(text: str) -> set[str]:
    return {part for name in capitalised_in(text) for part in _capitals(name)}


def _quotations(sentence: str, cited: Sequence[Evidence]) -> bool:
    texts = [normalise(_text(one)) for one in cited]
    return all(
        any(find_quote(span, text).verdict is Verdict.VERIFIED for text in texts)
        for span in quoted_spans(sentence)
    )


def _text(one: Evidence) -> str:
    return " ".join([one.hit.document.title, *one.hit.passage.headings, one.hit.passage.text])


def _capitals(name: str) -> list[str]:
    """Return the capitalised parts of a name, folded: «loos» and «gohelle», no «Ce» or «The»."""
    parts = [fold(part) for part in _WORD.findall(name) if part[0].isupper() and len(part) > 1]
    return [part for part in parts if not any(part in words for words in STOP_WORDS.values())]


def _words(text: str) -> set[str]:
    return {fold(word) for word in _WORD.findall(text)}


def _is_held(name: str, words: set[str]) -> bool:
    return name in words or (
        len(name) > _FAMILY and any(word[:_FAMILY] == name[:_FAMILY] for word in words)
    )


def _digits(number: str) -> str:
    return re.sub(r"[ \u00a0\u202f]|[.,](?=\d{3}(?:\D|$))", "", number).replace(",", ".")
