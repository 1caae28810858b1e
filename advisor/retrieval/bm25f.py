"""The lexical ranking: BM25F over the fields of a passage, with bonuses for exact wording.

BM25F weights the occurrences of a term by field before they saturate (Robertson, Zaragoza and
Taylor, «Simple BM25 Extension to Multiple Weighted Fields», 2004). Two bonuses add to it: the
very form of the question's word, where stems alone agree, and terms that stand next to each
other in the question and close together in the passage (after Rasolofo and Savoy, «Term
Proximity Scoring for Keyword-Based Retrieval Systems», 2003).

Parameters were chosen on the two collections of ``eval/reports/retrieval.md`` at once; none is
the best for one of them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from advisor.index.lexical import Candidate
from advisor.text.analysis import stem

# Saturation of repeated terms, and how far the length of the body counts.
K1, B = 1.2, 0.4
TITLE, HEADINGS = 1.0, 1.0
SAME_FORM, CLOSE = 0.3, 0.3
# Terms further apart than this are not close.
_REACH = 3


def bm25f(
    candidate: Candidate,
    terms: Mapping[str, float],
    forms: frozenset[str],
    pairs: Sequence[tuple[str, str]],
    mean_length: float,
) -> float:
    """Score one candidate (unbounded; comparable within one question).

    Args:
        candidate: a passage with its words.
        terms: each term of the question with its weight (rarity times importance).
        forms: the words of the question as typed, folded.
        pairs: couples of terms that follow each other in the question.
        mean_length: mean number of words of a passage in the corpus.
    """
    lang = candidate.lang
    counts: dict[str, float] = {}
    same: dict[str, float] = {}
    places: dict[str, list[int]] = {}
    shrink = 1 / (1 - B + B * len(candidate.body) / mean_length)
    for place, word in enumerate(candidate.body):
        term = stem(word, lang)
        if term in terms:
            counts[term] = counts.get(term, 0.0) + shrink
            places.setdefault(term, []).append(place)
            if word in forms:
                same[term] = same.get(term, 0.0) + shrink
    for words, weight in ((candidate.title, TITLE), (candidate.headings, HEADINGS)):
        for word in words:
            term = stem(word, lang)
            if term in terms:
                counts[term] = counts.get(term, 0.0) + weight
                if word in forms:
                    same[term] = same.get(term, 0.0) + weight
    score = sum(terms[term] * count / (count + K1) for term, count in counts.items())
    score += SAME_FORM * sum(terms[term] * count / (count + K1) for term, count in same.items())
    for first, second in pairs:
        if first in places and second in places:
            gap = min(abs(one - two) for one in places[first] for two in places[second])
            if 0 < gap <= _REACH:
                score += CLOSE * min(terms[first], terms[second]) / gap
    return score


def adjacent(terms: Sequence[str]) -> list[tuple[str, str]]:
    """Return the couples of different terms that follow each other."""
    return [(first, second) for first, second in pairwise(terms) if first != second]
