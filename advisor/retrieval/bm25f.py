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

import numpy as np
import numpy.typing as npt

from advisor.index.forward import PassageWords
from advisor.index.words import WordTable
from advisor.text.analysis import stems
from advisor.text.language import Language

# Saturation of repeated terms, and how far the length of the body counts.
K1, B = 1.2, 0.4
TITLE, HEADINGS = 1.0, 1.0
SAME_FORM, CLOSE = 0.3, 0.3
# Terms further apart than this are not close.
_REACH = 3


class QuestionRanking:
    """Scores candidates for one question; scores are unbounded, comparable within it alone.

    Args:
        weights: for passages of each language, the terms with their weight (rarity times
            importance).
        words: the content words of the question in order, as typed, folded.
        table: the words of the corpus.
        mean_length: mean number of words of a passage in the corpus.
    """

    def __init__(
        self,
        weights: Mapping[Language, Mapping[str, float]],
        words: Sequence[str],
        table: WordTable,
        mean_length: float,
    ) -> None:
        self._weights = weights
        self._words = words
        self._forms = list(dict.fromkeys(words))
        self._table = table
        self._mean_length = mean_length

    def scores(self, passages: Sequence[PassageWords]) -> list[float]:
        """Return the score of each candidate, 0 for a language without terms."""
        scores = np.zeros(len(passages))
        for lang, terms in self._weights.items():
            rows = [row for row, one in enumerate(passages) if one.lang == lang]
            if rows and terms:
                scores[rows] = self._scores([passages[row] for row in rows], lang, terms)
        return list(scores.tolist())

    def _scores(
        self, passages: Sequence[PassageWords], lang: Language, terms: Mapping[str, float]
    ) -> npt.NDArray[np.float64]:
        """Return the scores of passages of one language."""
        words = np.concatenate([one.words for one in passages])
        ranks = self._table.terms.ranks(list(terms), words)
        # Of the words that are of the question: where they are, in which passage, of which term.
        at = np.flatnonzero(ranks)
        ends = np.cumsum([len(one.words) for one in passages])
        owner = np.searchsorted(ends, at, side="right")
        term = ranks[at] - 1
        title = np.array([one.title + one.names for one in passages])
        headings = title + [one.headings for one in passages]
        starts = np.concatenate([[0], ends[:-1]])
        place = at - starts[owner]
        in_body = place >= headings[owner]
        shrink = 1 / (1 - B + B * (ends - starts - headings) / self._mean_length)
        weight = np.where(in_body, shrink[owner], np.where(place < title[owner], TITLE, HEADINGS))
        same = self._table.forms.ranks(self._forms, words[at]) > 0
        values = np.fromiter(terms.values(), dtype=np.float64)

        def saturated(some: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
            shape = len(passages), len(terms)
            cells = owner[some] * len(terms) + term[some]
            counts = np.bincount(cells, weight[some], shape[0] * shape[1]).reshape(shape)
            summed: npt.NDArray[np.float64] = counts / (counts + K1) @ values
            return summed

        scores = saturated(np.ones(len(at), dtype=np.bool_)) + SAME_FORM * saturated(same)
        couples = _adjacent(self._words, lang, list(terms))
        if couples:
            found = at[in_body], owner[in_body], term[in_body]
            scores += CLOSE * _closeness(couples, values, *found, len(passages))
        return scores


def _adjacent(words: Sequence[str], lang: Language, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Return the couples of different terms that follow each other, by their places."""
    place = {term: number for number, term in enumerate(terms)}
    return [
        (place[first], place[second])
        for first, second in pairwise(stems(words, lang))
        if first != second and first in place and second in place
    ]


def _closeness(
    couples: Sequence[tuple[int, int]],
    values: npt.NDArray[np.float64],
    at: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
    term: npt.NDArray[np.int32],
    passages: int,
) -> npt.NDArray[np.float64]:
    """Return, for each passage, the sum over couples of the weaker term's weight by their gap.

    Args:
        couples: of terms, either way round; one that comes twice counts twice.
        values: the weight of each term.
        at: where the terms are, in order, which passage's they are, and which they are.
        owner: see ``at``.
        term: see ``at``.
        passages: how many there are.
    """
    ordered = np.sort(np.array(couples), axis=1)
    codes, times = np.unique(ordered[:, 0] * len(values) + ordered[:, 1], return_counts=True)
    first, second = np.divmod(codes, len(values))
    gains = times * np.minimum(values[first], values[second])
    closest = np.zeros((passages, len(codes)))
    # No further than so many words on, there are no more than so many terms on.
    for step in range(1, _REACH + 1):
        gap = at[step:] - at[:-step]
        lower = np.minimum(term[step:], term[:-step])
        code = lower * len(values) + np.maximum(term[step:], term[:-step])
        place = np.searchsorted(codes, code).clip(max=len(codes) - 1)
        near = (gap <= _REACH) & (owner[step:] == owner[:-step]) & (codes[place] == code)
        np.maximum.at(closest, (owner[step:][near], place[near]), 1 / gap[near])
    summed: npt.NDArray[np.float64] = closest @ gains
    return summed
