"""How near passages are to a question, token by token in context.

Late interaction: Khattab and Zaharia, «ColBERT», 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

from advisor.index.token_encoder import TokenEncoder
from advisor.retrieval.models import Hit
from advisor.retrieval.query import Query


def nearness(query: Query, hits: Sequence[Hit], encoder: TokenEncoder) -> list[float]:
    """Return how near each passage, read under its title, is to a question, in [0, 1].

    Each token of the question is as near as the nearest token of the passage, and counts as
    much as the encoder says.
    """
    texts = [f"{hit.document.title}. {hit.passage.text}" for hit in hits]
    question, *passages = encoder.encode([query.embedded, *texts])
    near = [(question.vectors @ one.vectors.T).max(axis=1) @ question.weights for one in passages]
    return [min(1.0, max(0.0, float(one))) for one in near]
