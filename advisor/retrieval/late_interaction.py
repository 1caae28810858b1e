"""How near passages are to a question, token by token in context.

Late interaction: Khattab and Zaharia, «ColBERT», 2020; of the passages' vectors the signs alone:
Yamada, Asai and Hajishirzi, «Efficient Passage Retrieval with Hashing», 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.catalogue.vectors import Signs
from advisor.index.token_encoder import EncodedQuestion


def nearness(question: EncodedQuestion, passages: Sequence[Signs]) -> list[float]:
    """Return how near each passage, read under its title, is to a question, in [0, 1].

    Each token of the question is as near as the nearest token of the passage, and counts as
    much as the encoder says.
    """
    if not passages:
        return []
    vectors, weights = question.vectors, question.weights
    bits = np.unpackbits(np.concatenate(passages), axis=1).astype(np.float32)
    # A bit stands for a number of the same size, of one sign or the other.
    near = (2 * (bits @ vectors.T) - vectors.sum(axis=1)) / vectors.shape[1] ** 0.5
    starts = np.cumsum([0, *(len(one) for one in passages[:-1])])
    nearest = np.maximum.reduceat(near, starts, axis=0)
    found: list[float] = np.clip(nearest @ weights, 0.0, 1.0).tolist()
    return found
