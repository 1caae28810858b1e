"""How much each term of a question counts, in passages of each language of the corpus."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from advisor.index.lexical import LexicalIndex
from advisor.retrieval.asked import ASKING, DOING
from advisor.retrieval.query import Query
from advisor.text.analysis import stem
from advisor.text.language import Language

# Words of the turns before count for less than those of the question.
CONTEXT_SHARE = 0.4
# So do those that ask for a form of answer, or say no more than that something is to be done.
_ASKING_SHARE = 0.5
# Words typed between quotation marks are the very words looked for.
_QUOTED_SHARE = 2.0


def rarity(index: LexicalIndex | None, stems: Iterable[str]) -> float:
    """Return BM25's inverse document frequency of a word that may have several stems."""
    if index is None:
        return 1.0
    frequency = min(sum(map(index.document_frequency, stems)), index.size)
    return math.log(1 + (index.size - frequency + 0.5) / (frequency + 0.5))


def stems_of(query: Query, term: str) -> set[str]:
    """Return a term with what the same word gives in the other languages of the corpus."""
    return {
        term,
        *(
            one.terms[0]
            for one in query.alternatives
            if one.origin == "same" and one.asked == (term,)
        ),
    }


def weights_by_language(
    query: Query, index: LexicalIndex, languages: Collection[Language]
) -> dict[Language, dict[str, float]]:
    """Return, for passages of each language, the terms to look for with their weight."""
    shares = _shares(query)
    weights: dict[Language, dict[str, float]] = {lang: {} for lang in languages}
    for term, share in shares.items():
        if query.lang in weights:
            weights[query.lang][term] = share * rarity(index, stems_of(query, term))
    for one in query.alternatives:
        # An acronym found is worth all its words; each of its words, a share of it.
        ratio = len(one.asked) / len(one.terms)
        share = one.weight * (ratio if ratio > 1 else ratio**0.5)
        share *= max(shares.get(term, 0.0) for term in one.asked)
        stems = stems_of(query, one.asked[0]) if one.origin == "same" else None
        for term in one.terms:
            value = share * rarity(index, stems or (term,))
            for lang in weights if one.lang is None else weights.keys() & {one.lang}:
                weights[lang][term] = max(weights[lang].get(term, 0.0), value)
    return weights


def word_weights(query: Query, index: LexicalIndex | None) -> dict[str, float]:
    """Return each word of a question and its context, spelling corrected, with its weight."""
    corrected = {one.asked[0]: one.shown for one in query.alternatives if one.origin == "spelling"}
    shares = _shares(query)
    weights: dict[str, float] = {}
    for word in (*query.words, *query.context_words):
        term = stem(word, query.lang)
        weight = shares.get(term, CONTEXT_SHARE) * rarity(index, stems_of(query, term))
        shown = corrected.get(term, word)
        weights[shown] = max(weights.get(shown, 0.0), weight)
    return weights


def _shares(query: Query) -> dict[str, float]:
    """Return how much each term of a question and of its context counts, before its rarity."""
    asking = {stem(word, query.lang) for word in query.words if word in ASKING | DOING}
    shares = dict.fromkeys(query.context_terms, CONTEXT_SHARE)
    shares |= {term: _ASKING_SHARE if term in asking else 1.0 for term in query.terms}
    return shares | dict.fromkeys(query.quoted & shares.keys(), _QUOTED_SHARE)
