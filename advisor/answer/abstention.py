"""When to say «the corpus does not say»."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.answer.evidence import Evidence
from advisor.retrieval.query import Query

# Coverage plus similarity of the best passage below which there is no answer; chosen so that no
# answerable question of the shared set is refused for a paraphrase (`make eval` counts them).
MIN_STRENGTH = 0.25
_LOOKED_AT = 5


def strength(query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]) -> float:
    """Return how well the best passages match: term coverage (0 to 1) plus cosine (0 to 1).

    Coverage is the rarity-weighted share of the question's terms that one passage holds;
    terms unknown to the corpus count in full.
    """
    total = sum(weights.get(term, 0.0) for term in query.terms)
    coverage = similarity = 0.0
    for one in evidence[:_LOOKED_AT]:
        held = sum(weights.get(term, 0.0) for term in one.hit.terms)
        coverage = max(coverage, held / total if total else 0.0)
        similarity = max(similarity, one.hit.similarity or 0.0)
    return coverage + similarity


def is_weak(query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]) -> bool:
    """Tell whether the evidence is too weak to be called an answer."""
    return strength(query, evidence, weights) < MIN_STRENGTH
