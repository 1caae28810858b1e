"""Contexts of territories that teach one another."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

# How much a territory of one context learns from one of the other, in ]0, 1[.
_RELATED = (
    ({"minier", "charbon"}, 0.8), ({"charbon", "industriel"}, 0.5), ({"minier", "industriel"}, 0.4),
    ({"rural", "agricole"}, 0.6), ({"rural", "montagne"}, 0.4), ({"rural", "viticole"}, 0.4),
    ({"littoral", "portuaire"}, 0.6), ({"urbain", "metropole"}, 0.6),
    ({"urbain", "petite-ville"}, 0.4), ({"portuaire", "industriel"}, 0.4),
)  # fmt: skip
# From here on, one context may be taken for the other.
_NEAR = 0.6


def likeness(context: str, others: AbstractSet[str]) -> float:
    """Return how much a context is found among others, in [0, 1]; related ones count in part."""
    if context in others:
        return 1.0
    related = [worth for pair, worth in _RELATED if context in pair and pair & others]
    return max(related, default=0.0)


def near(contexts: AbstractSet[str], others: AbstractSet[str]) -> bool:
    """Tell whether one of the contexts may be taken for one of the others."""
    return any(likeness(context, others) >= _NEAR for context in contexts)
