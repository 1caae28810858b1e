"""When to say «the corpus does not say»."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from advisor.answer.evidence import Evidence
from advisor.retrieval.query import Query

# Strength below which there is no answer, in a corpus of at most SMALL and of at least LARGE
# passages; in between it grows with the logarithm of the size. In a small corpus most words of
# a question are unknown whatever it is about, so their absence says little.
LENIENT, STRICT = 0.27, 0.68
SMALL, LARGE = 80, 600
_LOOKED_AT = 5
# Share of the threshold asked of passages in another language, which hold few of its words.
_FOREIGN = 0.66


def strength(query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]) -> float:
    """Return how well the best passages match: term coverage (0 to 1) plus cosine (0 to 1).

    Coverage is the rarity-weighted share of the question's words that one passage holds;
    words unknown to the corpus count in full, numbers only where they are found.
    """
    looked_at = evidence[:_LOOKED_AT]
    held_terms = [
        {*one.hit.terms, *(term for line in one.lines for term in line.terms)} for one in looked_at
    ]
    # «et combien ?» asks with the words of the turn before.
    asked = query.terms if len(query.terms) > 1 else (*query.terms, *query.context_terms)
    words = [
        term
        for term in asked
        if not term[0].isdigit() or any(term in terms for terms in held_terms)
    ]
    total = sum(weights.get(term, 0.0) for term in words)
    coverage = similarity = 0.0
    for one, terms in zip(looked_at, held_terms, strict=True):
        lang = one.hit.document.lang
        held = sum(weights.get(term, 0.0) * query.holds(term, terms, lang) for term in words)
        coverage = max(coverage, held / total if total else 0.0)
        similarity = max(similarity, one.hit.similarity or 0.0)
    return coverage + similarity


def threshold(passages: int) -> float:
    """Return the strength an answer needs in a corpus of so many passages."""
    share = math.log(max(passages, SMALL) / SMALL) / math.log(LARGE / SMALL)
    return LENIENT + (STRICT - LENIENT) * min(1.0, share)


def is_weak(
    query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float], passages: int
) -> bool:
    """Tell whether the evidence is too weak to be called an answer."""
    foreign = all(one.hit.document.lang != query.lang for one in evidence[:_LOOKED_AT])
    needed = threshold(passages) * (_FOREIGN if foreign else 1.0)
    return strength(query, evidence, weights) < needed
