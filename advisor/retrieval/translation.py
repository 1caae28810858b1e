"""Words of a question in the other languages of the corpus, from two glossaries.

The learned one pairs English and German words with French ones, with a strength in ]0, 1]; see
``eval/training/glossary.py``. That of the field, ``field.<lang>.txt``, is written by hand and
takes the place of what was learned for its words. German compounds that neither knows are
translated by their parts (after Koehn and Knight, «Empirical Methods for Compound Splitting»,
2003).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from advisor.text.analysis import content_words, stem
from advisor.text.language import Language
from advisor.text.normalise import fold
from advisor.text.words import word_table

_PIVOT: Language = "fr"
# How many translations of a word are tried, and how few letters a part of a compound has.
_MOST, _SHORTEST_PART = 3, 4
_LINKS = ("", "s", "n", "en", "es", "er")
# Strengths of the translations written by hand, in their order.
_WRITTEN = (0.8, 0.5, 0.3)
# A part says less than the whole word.
_PART = 0.7


class Translation(NamedTuple):
    """A word in another language: its index term, how sure it is in ]0, 1], the word itself."""

    term: str
    strength: float
    shown: str


def translations(word: str, source: Language, target: Language) -> list[Translation]:
    """Return the translations of a folded word, best first; none when the glossary has none.

    Between English and German there is no glossary, hence no translation.
    """
    if source == target or _PIVOT not in (source, target):
        return []
    table = _glossary(source, target)
    known = table.get(stem(word, source))
    if known is not None:
        return list(known[:_MOST])
    if source != "de":
        return []
    for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        tail = table.get(stem(word[place:], source))
        head = tail and _head(word[:place], table)
        if head and tail:
            return [
                Translation(one.term, one.strength * _PART, one.shown) for one in (head[0], tail[0])
            ]
    return []


def _head(
    part: str, table: Mapping[str, tuple[Translation, ...]]
) -> tuple[Translation, ...] | None:
    for link in _LINKS:
        if part.endswith(link) and len(part) - len(link) >= _SHORTEST_PART:
            found = table.get(stem(part.removesuffix(link), "de"))
            if found:
                return found
    return None


@cache
def _glossary(source: Language, target: Language) -> Mapping[str, tuple[Translation, ...]]:
    """Return stem → translations, best first."""
    other = target if source == _PIVOT else source
    found: dict[str, dict[str, Translation]] = defaultdict(dict)
    for word, french, strength in _entries(other):
        here, there = (word, french) if target == _PIVOT else (french, word)
        one = Translation(stem(there, target), strength, there)
        of_word = found[stem(here, source)]
        if one.term not in of_word or of_word[one.term].strength < one.strength:
            of_word[one.term] = one
    return {
        term: tuple(sorted(of_word.values(), key=lambda one: (-one.strength, one.term)))
        for term, of_word in found.items()
    }


def _entries(lang: Language) -> Iterator[tuple[str, str, float]]:
    """Yield (word, French word, strength), all folded."""
    field = {fold(word): line for word, line in word_table("field", lang).items()}
    for word, line in field.items():
        for one, strength in zip(line.split(","), _WRITTEN, strict=False):
            for french in content_words(one, _PIVOT):
                yield word, french, strength
    written = {stem(word, lang) for word in field}
    for word, line in word_table("glossary", lang).items():
        if stem(word, lang) not in written:
            for entry in line.split():
                french, _, value = entry.partition(":")
                yield word, french, float(value)
