"""How near passages are to a question, token by token in context.

Late interaction: Khattab and Zaharia, «ColBERT», 2020; of the passages' vectors two bits a number:
Santhanam et al., «ColBERTv2», 2022, without its centroids.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from advisor.catalogue.vectors import PassageVectors, TokenCodes
from advisor.index.token_codes import from_codes
from advisor.index.token_encoder import EncodedQuestion, TokenEncoder, encoder_of
from advisor.retrieval.fusion import Fused, with_nearness

# How many passages are compared token by token.
_NEAR = 25


@dataclass(frozen=True, slots=True)
class QuestionReading:
    """A question that the encoder reads on another thread, if there is one."""

    encoder: TokenEncoder
    text: str
    begun: Future[EncodedQuestion] | None

    def result(self) -> EncodedQuestion:
        """Return the question, read here and now if no thread has begun to."""
        # In a process forked from one that had asked, none ever does.
        if self.begun is None or self.begun.cancel():
            return self.encoder.question(self.text)
        return self.begun.result()


class LateInteraction:
    """Ranks passages again with how near they are to the question, token by token.

    The encoder reads a question on a thread of its own while passages are looked for.

    Args:
        encoder: the setting that names it, see ``encoder_of``.
        vectors: those of the passages' tokens.
    """

    def __init__(self, encoder: str | None, vectors: PassageVectors) -> None:
        self._encoder = encoder
        self._vectors = vectors
        self._threads = ThreadPoolExecutor(os.cpu_count())

    def read(self, text: str) -> QuestionReading | None:
        """Begin to read a question; ``None`` if no encoder is set.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        encoder = encoder_of(self._encoder)
        if encoder is None:
            return None
        begun = None
        # Python is ending: no thread begins any more.
        with suppress(RuntimeError):
            begun = self._threads.submit(encoder.question, text)
        return QuestionReading(encoder, text, begun)

    def rank(self, reading: QuestionReading, ranked: Sequence[Fused]) -> list[Fused]:
        """Return the passages ranked with the nearness of the best.

        Those that the encoder has not read yet leave the ranking as it is: some cannot be
        compared with others.
        """
        encoder = reading.encoder
        best = [one.passage_id for one in ranked[:_NEAR]]
        tokens = self._vectors.tokens(encoder.model_id, best, encoder.width)
        if len(tokens) < len(best):
            return list(ranked)
        near = nearness(reading.result(), [tokens[key] for key in best])
        return with_nearness(ranked, dict(zip(best, near, strict=True)))


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
