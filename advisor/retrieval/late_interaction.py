"""How near passages are to a question, token by token in context.

Late interaction: Khattab and Zaharia, «ColBERT», 2020; of the passages' vectors two bits a number:
Santhanam et al., «ColBERTv2», 2022, without its centroids.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.catalogue.vectors import TokenCodes
from advisor.index.token_codes import from_codes
from advisor.index.token_encoder import EncodedQuestion


def nearness(question: EncodedQuestion, passages: Sequence[TokenCodes]) -> list[tuple[float, ...]]:
    """Return for each passage, read under its title, what each token of the question adds to how
    near it is: 1 in all at most.

    Each token of the question is as near as the nearest token of the passage, and counts as
    much as the encoder says.
    """
    if not passages:
        return []
    near = from_codes(np.concatenate(passages)) @ question.vectors.T
    starts = np.cumsum([0, *(len(one) for one in passages[:-1])])
    nearest = np.maximum.reduceat(near, starts, axis=0)
    return [tuple(row) for row in (np.clip(nearest, 0.0, 1.0) * question.weights).tolist()]
