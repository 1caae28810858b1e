"""The optional reranker: a cross-encoder reads the question and each of the best passages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from advisor.errors import ModelUnavailable, first_line
from advisor.index.embedding import sentence_transformers

# How many of the best passages are read again: each costs a pass through the network.
DEPTH = 30


class Reranker:
    """A sentence-transformers ``CrossEncoder``, by folder or name.

    Raises:
        ModelUnavailable: the model is not on this machine or cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        try:
            self._model: Any = sentence_transformers().CrossEncoder(name, device="cpu")
        except Exception as error:
            raise ModelUnavailable(
                "reranker_missing", model=name, reason=first_line(error)
            ) from None

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return one score in [0, 1] per passage, 1 for the best of them."""
        pairs = [(question, passage) for passage in passages]
        raw = np.asarray(self._model.predict(pairs, show_progress_bar=False), dtype=np.float64)
        raw = raw.reshape(len(passages), -1)[:, -1]
        low, high = float(raw.min()), float(raw.max())
        return [1.0 if high == low else (float(score) - low) / (high - low) for score in raw]


@lru_cache(maxsize=1)
def load_reranker(name: str) -> Reranker:
    """Load the reranker that a setting names (kept in memory).

    Raises:
        ModelUnavailable: see ``Reranker``.
    """
    return Reranker(name)
