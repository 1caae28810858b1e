"""Fusion of the lexical and dense rankings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# Share of the dense leg: small, the shipped model being the weaker of the two.
DENSE_WEIGHT = 0.32
# Share of the word by word match in what ranks the best passages.
MATCH_WEIGHT = 0.4
# What nearness token by token adds, to a score of at most 1.
NEARNESS_WEIGHT = 0.8
# A ranking of this length was cut: what it lacks scores a share of its lowest score. A shorter
# one is complete: what it lacks has nothing of what was asked.
FULL, _ABSENT = 60, 0.8


class Fused(NamedTuple):
    """A passage with its fused score in [0, 1] and the scores that made it (``None``: absent).

    ``near`` is what each token of the question adds to how near it is, see
    ``late_interaction.nearness``; empty where no token encoder has read it.
    """

    passage_id: str
    score: float
    lexical: float | None
    similarity: float | None
    near: tuple[float, ...] = ()


def fuse(lexical: Mapping[str, float], dense: Mapping[str, float]) -> list[Fused]:
    """Combine two score maps by a weighted sum of scores relative to each leg's best.

    A convex combination of normalised scores (Bruch, Gai and Ingber, «An Analysis of Fusion
    Functions for Hybrid Retrieval», 2023). With one leg empty, the other decides alone.
    """
    dense_weight = 0.0 if not dense else DENSE_WEIGHT if lexical else 1.0
    from_lexical, low_lexical = _relative(lexical)
    from_dense, low_dense = _relative(dense)
    fused = [
        Fused(
            passage_id,
            (1 - dense_weight) * from_lexical.get(passage_id, low_lexical)
            + dense_weight * from_dense.get(passage_id, low_dense),
            lexical.get(passage_id),
            dense.get(passage_id),
        )
        for passage_id in {*lexical, *dense}
    ]
    return _sorted(fused)


def with_matches(ranked: Sequence[Fused], matches: Mapping[str, float]) -> list[Fused]:
    """Mix matches in [0, 1], by passage id, relative to the best, into the scores; rank again."""
    top = max(matches.values(), default=0.0)
    if not top:
        return list(ranked)
    return _sorted(
        one._replace(
            score=(1 - MATCH_WEIGHT) * one.score
            + MATCH_WEIGHT * matches.get(one.passage_id, 0.0) / top
        )
        for one in ranked
    )


def with_nearness(ranked: Sequence[Fused], near: Mapping[str, tuple[float, ...]]) -> list[Fused]:
    """Add nearness, by passage id, to the scores; rank again."""
    return _sorted(
        one._replace(
            score=(one.score + NEARNESS_WEIGHT * sum(near.get(one.passage_id, ())))
            / (1 + NEARNESS_WEIGHT),
            near=near.get(one.passage_id, ()),
        )
        for one in ranked
    )


def _sorted(ranked: Iterable[Fused]) -> list[Fused]:
    return sorted(ranked, key=lambda one: (-one.score, one.passage_id))


def _relative(scores: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Return scores relative to the best, and that of a passage that is not among them."""
    top = max(scores.values(), default=0.0) or 1.0
    absent = _ABSENT * min(scores.values()) / top if len(scores) >= FULL else 0.0
    return {key: max(0.0, score / top) for key, score in scores.items()}, max(0.0, absent)
