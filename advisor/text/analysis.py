"""The analysis of text into index terms, the same for documents and questions.

Steps: split into words (elided articles come apart, so do hyphenated compounds, which also
give one joined word), fold case and accents, read numbers in figures, words and Roman
numerals alike, drop stop words, stem with Snowball. Folding comes before stemming so that a
question typed without accents gives the same terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import chain
from typing import TypeVar

import Stemmer

from advisor.text.language import Language
from advisor.text.normalise import fold
from advisor.text.words import word_list, word_table

_HYPHENS = "-\u2010\u2011\u00ad\ufffe"
_NUMBER = r"\d+(?:[ \u00a0\u202f.,]\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?"
# A number, a dotted acronym (P.C.A.E.T.), a word or a compound.
_WORD = re.compile(
    rf"{_NUMBER}|(?:[A-ZÉ]\.){{3,}}|[^\W\d_]+(?:[{_HYPHENS}][^\W\d_]+)*|[^\W_]+", re.UNICODE
)
_INSIDE = re.compile(rf"[{_HYPHENS}]")
_GROUPING = re.compile(r"[ \u00a0\u202f]|[.,](?=\d{3}(?:\D|$))")
_SNOWBALL = {"fr": "french", "en": "english", "de": "german"}
# A century: «XIXe», or «xixe» when typed without care; «vie» and «die» are words.
_CENTURY = re.compile(r"(?=[IVX])(X{0,2}(?:IX|IV|V?I{0,3}))(?:e|ème|eme|è|er)")
_LOW_CENTURY = re.compile(r"(x{1,2}(?:ix|iv|v?i{0,3}))e(?:me)?")
_ROMAN = {"i": 1, "v": 5, "x": 10}
_MOST_PARTS = 5
# Compounds although a part is a stop word.
_COMPOUNDS = frozenset({"rendezvous", "savoirfaire", "laisserfaire"})
_LONGEST = 64
# Words whose reading is remembered, by language.
_MOST_KNOWN = 100_000
Found = TypeVar("Found")

STOP_WORDS: dict[Language, frozenset[str]] = {
    "fr": word_list("stop.fr"),
    "en": word_list("stop.en"),
    "de": word_list("stop.de"),
}


@lru_cache(maxsize=3)
def _stemmer(lang: Language) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_SNOWBALL[lang])


# «Ils financent»: Snowball leaves it apart from «finance».
_THEY = re.compile(r"\w(?:\w[^aiom]|[^aotv]i)ent$")
# Plurals whose ending Snowball takes for a verb's: «opinions», «commissions».
_OF_NOUNS = re.compile(r"\w\w[gnsx]ions$")
# Plurals that Snowball leaves as they are: «élus», «emplois», «vélos», «enjeux».
_PLURAL = re.compile(r"\w\w(?:[aiou]s|[eo]ux)$")


def _stemmed(word: str, lang: Language) -> str:
    if word[0].isdigit():
        return word
    if lang != "fr":
        return str(_stemmer(lang).stemWord(word))
    if (_THEY.search(word) and word not in word_list("ent.fr")) or word in word_list("ment.fr"):
        word = word[:-2]
    if _OF_NOUNS.search(word):
        word = word[:-1]
    term = word_table("stems", lang).get(word) or str(_stemmer(lang).stemWord(word))
    return term[:-1] if _PLURAL.search(term) else term


def _content(word: str, lang: Language) -> tuple[str, ...]:
    """Return the content words of one written word: none for a stop word, several if compound."""
    if word[0].isdigit():
        figures = _GROUPING.sub("", fold(word)).replace(",", ".")
        return (figures,) if figures[0].isdigit() else ()
    if "." in word:
        return (fold(word.replace(".", "")),)
    parts = _INSIDE.split(word)
    if len(parts) == 1:
        return _single(word, lang)
    joined = fold("".join(parts))[:_LONGEST]
    if number := word_table("numbers", lang).get(joined):
        return (number,)
    # French compounds have French small words in a text of any language: Loos-en-Gohelle.
    kept = tuple(
        term for part in parts if fold(part) not in STOP_WORDS["fr"] for term in _single(part, lang)
    )
    # «dit-il» and «celui-ci» are no compounds: something of theirs carries no meaning.
    ends = bool(_single(parts[0], lang)) and bool(_single(parts[-1], lang))
    compound = (ends and len(parts) <= _MOST_PARTS) or joined in _COMPOUNDS
    return (*kept, joined) if compound else kept


def _single(word: str, lang: Language) -> tuple[str, ...]:
    century = _CENTURY.fullmatch(word) or _LOW_CENTURY.fullmatch(word)
    if century:
        return (str(_roman(century.group(1).lower())),)
    folded = fold(word)[:_LONGEST]
    if folded in STOP_WORDS[lang]:
        return ()
    return (word_table("numbers", lang).get(folded, folded),)


def _roman(numeral: str) -> int:
    values = [_ROMAN[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(
        -value if value < after else value for value, after in zip(values, following, strict=True)
    )


class _Known(dict[str, Found]):
    """What was found for the words met so far: a look-up is most of what reading a text costs."""

    def __init__(self, find: Callable[[str], Found]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> Found:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        found = self[word] = self._find(word)
        return found


_TERMS: dict[Language, _Known[str]] = {
    lang: _Known(partial(_stemmed, lang=lang)) for lang in STOP_WORDS
}
_CONTENTS: dict[Language, _Known[tuple[str, ...]]] = {
    lang: _Known(partial(_content, lang=lang)) for lang in STOP_WORDS
}


def stem(word: str, lang: Language) -> str:
    """Return the index term of one content word (see ``content_words``)."""
    return _TERMS[lang][word]


def stems(words: Iterable[str], lang: Language) -> Iterator[str]:
    """Yield the index term of each content word."""
    return map(_TERMS[lang].__getitem__, words)


def content_words(text: str, lang: Language = "fr") -> list[str]:
    """Return the words of a text that carry meaning, in order, folded but not stemmed.

    Numbers lose their thousands separators (``177 700`` and ``177.700`` give ``177700``) and
    small numbers in words become figures. A hyphenated compound gives its parts, then itself
    in one word: ``éco-quartier`` gives ``eco``, ``quartier`` and ``ecoquartier``.
    """
    return list(chain.from_iterable(map(_CONTENTS[lang].__getitem__, _WORD.findall(text))))


def analyse(text: str, lang: Language = "fr") -> list[str]:
    """Return the index terms of a text, in order: its content words, stemmed."""
    return list(stems(content_words(text, lang), lang))
