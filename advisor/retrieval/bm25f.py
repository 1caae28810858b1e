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

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from advisor.index.lexical import Candidate
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
        mean_length: mean number of words of a passage in the corpus.
    """

    def __init__(
        self,
        weights: Mapping[Language, Mapping[str, float]],
        words: Sequence[str],
        mean_length: float,
    ) -> None:
        self._weights = weights
        self._pairs = {lang: _adjacent(stems(words, lang)) for lang in weights}
        self._forms = frozenset(words)
        self._mean_length = mean_length

    def score(self, candidate: Candidate) -> float:
        """Return the score of one candidate, 0 for a language without terms."""
        terms = self._weights.get(candidate.lang)
        if terms is None:
            return 0.0
        counts: dict[str, float] = {}
        same: dict[str, float] = {}
        places: dict[str, list[int]] = {}
        shrink = 1 / (1 - B + B * len(candidate.body) / self._mean_length)
        for words, weight in (
            (candidate.body, shrink),
            (candidate.title, TITLE),
            (candidate.headings, HEADINGS),
        ):
            found = [
                (place, term)
                for place, term in enumerate(stems(words, candidate.lang))
                if term in terms
            ]
            for place, term in found:
                counts[term] = counts.get(term, 0.0) + weight
                if words[place] in self._forms:
                    same[term] = same.get(term, 0.0) + weight
                if words is candidate.body:
                    places.setdefault(term, []).append(place)
        score = sum(terms[term] * count / (count + K1) for term, count in counts.items())
        score += SAME_FORM * sum(terms[term] * count / (count + K1) for term, count in same.items())
        for first, second in self._pairs[candidate.lang]:
            if first in places and second in places:
                gap = min(abs(one - two) for one in places[first] for two in places[second])
                if 0 < gap <= _REACH:
                    score += CLOSE * min(terms[first], terms[second]) / gap
        return score


def _adjacent(terms: Iterable[str]) -> list[tuple[str, str]]:
    """Return the couples of different terms that follow each other."""
    return [(first, second) for first, second in pairwise(terms) if first != second]
