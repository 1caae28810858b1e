"""What the corpus calls what the question asks for.

Acronyms written out and the reverse, synonyms of the field, spelling corrected, words in the
corpus's other languages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from advisor.index.lexical import LexicalIndex
from advisor.retrieval.asked import ABOUT_THE_ANSWER
from advisor.retrieval.query import Alternative, Query
from advisor.retrieval.translation import translations
from advisor.text.analysis import STOP_WORDS, content_words, stem
from advisor.text.language import Language
from advisor.text.normalise import fold
from advisor.text.words import read_groups, read_table, word_groups, word_table

#: A maintainer's own acronyms and synonyms, in the home: one ``ACRONYM = expression`` per line, one
#: group of words per line.
OWN_ACRONYMS, OWN_SYNONYMS = "acronymes.txt", "synonymes.txt"

# A synonym of the field is found, and is not the word: alone, it does not answer for it.
_ACRONYM_WEIGHT, _SYNONYM_WEIGHT, _SPELLING_WEIGHT, _TRANSLATION_WEIGHT = 0.8, 0.4, 0.7, 0.8
# A translation this strong is as good as certain: synonyms share what is left.
_SURE = 0.4
# What the corpus never says itself is said by its synonyms or not at all.
_UNSAID_WEIGHT = 0.7
# Words shorter than this are not corrected; from the second length on, two letters may differ.
_SHORTEST, _LONG = 5, 9
_CHOICES = 5


Terms = tuple[str, ...]


class Expression(NamedTuple):
    """One or more words: their terms, and as they are written."""

    terms: Terms
    shown: str


def synonyms(own: Path | None = None) -> Mapping[str, list[tuple[Expression, list[Expression]]]]:
    """Return first term → the French expressions that begin with it, each with its synonyms.

    Those of a maintainer's own file are included, as it is now.
    """
    return _synonyms_of(own, _changed(own))


@lru_cache(maxsize=4)
def _synonyms_of(
    own: Path | None, _version: int
) -> Mapping[str, list[tuple[Expression, list[Expression]]]]:
    groups = [*word_groups("synonyms", "fr")]
    if own is not None and own.is_file():
        groups += read_groups(own)
    found = defaultdict(list)
    for group in groups:
        members = [Expression(_expression_terms(shown), shown) for shown in group]
        for one in filter(lambda member: member.terms, members):
            others = [other for other in members if other.terms and other.terms != one.terms]
            found[one.terms[0]].append((one, others))
    return found


def _changed(path: Path | None) -> int:
    """Return when a file was last changed, 0 when there is none."""
    try:
        return path.stat().st_mtime_ns if path else 0
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _acronyms_of(own: Path | None, _version: int) -> Mapping[str, str]:
    """Return folded acronym → expression, those of a maintainer's own file included."""
    tables = [word_table("acronyms", "fr")]
    if own is not None and own.is_file():
        tables.append(read_table(own))
    return {
        fold(acronym): text
        for table in tables
        for acronym, text in table.items()
        if content_words(text)  # a line left unfinished says nothing
    }


@lru_cache(maxsize=4)
def _abbreviations_of(own: Path | None, version: int) -> Mapping[str, list[tuple[Terms, str]]]:
    """Return first term → the expressions of several that begin with it, with their acronym."""
    found = defaultdict(list)
    for acronym, expression in _acronyms_of(own, version).items():
        terms = _expression_terms(expression)
        if len(terms) > 1:
            found[terms[0]].append((terms, acronym))
    return found


def expand(
    query: Query,
    lexical: LexicalIndex,
    home: Path | None = None,
    languages: Collection[Language] = (),
    is_word: Callable[[str], bool] = lambda _word: False,
) -> Query:
    """Return the query with the alternatives that a corpus in some languages offers.

    The home may hold a maintainer's own acronyms and synonyms. A word that the corpus knows is
    never corrected, nor one that ``is_word`` knows of. The joined form of a compound that the
    corpus never writes so («bienvivre») is dropped: its parts are there.
    """
    own = home and home / OWN_ACRONYMS
    version = _changed(own)
    known = _acronyms_of(own, version)
    folded = fold(query.text)
    unwritten = {
        stem(word, query.lang)
        for word in query.words
        if word not in folded and not lexical.document_frequency(stem(word, query.lang))
    }
    terms = tuple(term for term in query.terms if term not in unwritten)
    alternatives = [
        *_written_out(query.words, query, known),
        *_abbreviated(query, _abbreviations_of(own, version)),
        *_synonyms(query, lexical, home and home / OWN_SYNONYMS),
        *(
            one
            for word in query.words
            if word not in known and stem(word, query.lang) not in unwritten and not is_word(word)
            for one in _corrected(word, query, lexical, languages)
        ),
        *(
            one
            for word in dict.fromkeys([*query.words, *query.context_words])
            for lang in sorted(languages)
            if lang != query.lang
            for one in _in_language(word, query, lang, lexical)
        ),
    ]
    return replace(query, terms=terms, alternatives=tuple(dict.fromkeys(alternatives)))


def _written_out(words: Sequence[str], query: Query, known: Mapping[str, str]) -> list[Alternative]:
    """An acronym of the question gives its expression."""
    return [
        Alternative(
            (stem(word, query.lang),),
            tuple(stem(part, "fr") for part in content_words(known[word])),
            _ACRONYM_WEIGHT,
            "acronym",
            known[word],
        )
        for word in dict.fromkeys(words)
        # «Ort» is a German word, «ORT» an acronym in any language.
        if word in known and (query.lang == "fr" or word.upper() in query.text)
    ]


def _abbreviated(
    query: Query, known: Mapping[str, list[tuple[Terms, str]]]
) -> Iterator[Alternative]:
    """An expression of the question gives its acronym."""
    stems = tuple(stem(word, "fr") for word in query.words) if query.lang == "fr" else ()
    for place, first in enumerate(stems):
        for terms, acronym in known.get(first, ()):
            if stems[place : place + len(terms)] == terms:
                abbreviation = (stem(acronym, "fr"),)
                yield Alternative(terms, abbreviation, _ACRONYM_WEIGHT, "acronym", acronym.upper())


def _synonyms(query: Query, lexical: LexicalIndex, own: Path | None) -> Iterator[Alternative]:
    """Yield what the corpus may say for the words and expressions of a question in French.

    Words that say what is asked, not about what, have none: «quelle aide» asks for no «soutien».
    """
    if query.lang != "fr":
        return
    known = synonyms(own)
    stems = tuple(stem(word, "fr") for word in query.words)
    for place, word in enumerate(query.words):
        for asked, others in known.get(stems[place], ()):
            size = len(asked.terms)
            if stems[place : place + size] != asked.terms:
                continue
            if size == 1 and word in ABOUT_THE_ANSWER:
                continue
            unsaid = not any(map(lexical.document_frequency, asked.terms))
            weight = _UNSAID_WEIGHT if unsaid else _SYNONYM_WEIGHT
            for terms, shown in others:
                said = all(term in query.terms for term in terms)
                if not said and all(map(lexical.document_frequency, terms)):
                    yield Alternative(asked.terms, terms, weight, "synonym", shown, "fr")


def _in_language(
    word: str, query: Query, lang: Language, lexical: LexicalIndex
) -> Iterator[Alternative]:
    """Yield what another language has for a word: itself, as it is for names, and translations."""
    asked = (stem(word, query.lang),)
    if word not in STOP_WORDS[lang]:
        yield Alternative(asked, (stem(word, lang),), 1.0, "same", word, lang)
    for one in translations(word, query.lang, lang):
        if lexical.document_frequency(one.term):
            weight = _TRANSLATION_WEIGHT * min(1.0, one.strength / _SURE) ** 0.5
            yield Alternative(asked, (one.term,), weight, "translation", one.shown, lang)


def _expression_terms(expression: str) -> Terms:
    return tuple(stem(word, "fr") for word in content_words(expression))


def _corrected(
    word: str, query: Query, lexical: LexicalIndex, languages: Collection[Language]
) -> Iterator[Alternative]:
    """Yield the nearest word of the corpus for a word that it does not know, if one is near.

    It has a term in each language whose passages have it.
    """
    term = stem(word, query.lang)
    if len(word) < _SHORTEST or not word.isalpha():
        return
    if word in lexical.spellings or lexical.document_frequency(term):
        return
    best = _nearest_spelling(word, query.lang, lexical)
    for lang in sorted(languages) if best else ():
        if lexical.document_frequency(stem(best, lang)):
            yield Alternative(
                (term,), (stem(best, lang),), _SPELLING_WEIGHT, "spelling", best, lang
            )


def _nearest_spelling(word: str, lang: Language, lexical: LexicalIndex) -> str:
    """Return the word of the corpus that a word is most likely to be, empty if none is near."""
    # Written as it sounds: «fotovoltaïque».
    for sound, letters in (("f", "ph"), ("k", "qu"), ("k", "c")):
        if (heard := word.replace(sound, letters)) != word and heard in lexical.spellings:
            return heard
    # Words of another language only look like misspelt French: one letter, no more.
    distance = 2 if len(word) >= _LONG and lang == "fr" else 1
    near = process.extract(
        word,
        lexical.spellings.keys(),
        scorer=OSA.distance,
        score_cutoff=distance,
        limit=_CHOICES,
    )
    # A first letter is seldom wrong, twice wrong never.
    near = [one for one in near if one[1] == 1 or one[0][0] == word[0]]
    best = min(
        near,
        key=lambda one: (one[1], one[0][0] != word[0], -lexical.spellings[one[0]], one[0]),
        default=None,
    )
    return best[0] if best else ""
