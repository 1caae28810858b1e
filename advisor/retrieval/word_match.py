"""How well a text answers for each word of a question, words of like meaning included.

Each word of the question is matched with the nearest word of the text, and the similarities
are averaged by the weight of the question's words: the late interaction of Khattab and Zaharia
(«ColBERT», 2020), with static word vectors in place of a transformer's. Two words are near
when their vectors are, or when they are of one family: «élu» and «élection» begin alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Prefix
from rapidfuzz.process import cdist

from advisor.index.embedding import PassageEmbeddings

# Words of one family share so many first letters, and such a share of the longer one.
_LETTERS, _SHARE = 4, 0.5
_FAMILY = 0.8
# Words with vectors this far apart are of no family, unless they begin alike for so long.
_STRANGERS = 0.08
_SURE_LETTERS, _SURE_SHARE = 7, 0.6


class WordMatch:
    """Compares the words of one question with those of texts, each word met once.

    Args:
        asked: the content words of the question.
        embeddings: without word vectors, families of words alone count.
    """

    def __init__(self, asked: Sequence[str], embeddings: PassageEmbeddings | None) -> None:
        self._asked = asked
        self._embeddings = embeddings
        self._vectors = embeddings.word_vectors(asked) if embeddings and asked else None
        self._rows: dict[str, int] = {}
        self._near = np.zeros((0, len(asked)), dtype=np.float32)

    def similarities(self, texts: Sequence[Collection[str]]) -> npt.NDArray[np.float32]:
        """Return how near the nearest word of each text is to each word asked.

        Args:
            texts: the content words of each text, folded.

        Returns:
            Shape (texts, asked), values in [0, 1]; 0 in a text without words.
        """
        near = np.zeros((len(texts), len(self._asked)), dtype=np.float32)
        if not self._asked:
            return near
        met = dict.fromkeys(chain.from_iterable(texts))
        self._compare([word for word in met if word not in self._rows])
        full = [place for place, text in enumerate(texts) if text]
        if full:
            rows = list(map(self._rows.__getitem__, chain.from_iterable(texts)))
            starts = np.cumsum([0, *(len(texts[place]) for place in full[:-1])])
            near[full] = np.maximum.reduceat(self._near[rows], starts)
        return near

    def weighted_means(
        self, texts: Sequence[Collection[str]], weights: Mapping[str, float]
    ) -> list[float]:
        """Return the mean similarity of the words asked in each text, by their weight, in [0, 1].

        Args:
            texts: the content words of each text, folded.
            weights: the weight of each word asked.
        """
        total = sum(weights.values())
        if not total:
            return [0.0] * len(texts)
        each = np.array([weights[word] for word in self._asked], dtype=np.float32) / total
        return [float(row @ each) for row in self.similarities(texts)]

    def _compare(self, words: Sequence[str]) -> None:
        """Add words that are met for the first time."""
        if not words:
            return
        near, sure = _families(words, self._asked)
        if self._embeddings is not None and self._vectors is not None:
            vectors = self._embeddings.word_vectors(words)
            if vectors is not None:
                cosines = vectors @ self._vectors.T
                # «Passeport» begins like «passés» and has nothing of it.
                strangers = (near < 1) & (cosines < _STRANGERS) & ~sure
                near = np.maximum(np.where(strangers, 0.0, near), cosines)
        self._rows |= {word: row for row, word in enumerate(words, start=len(self._rows))}
        self._near = np.concatenate([self._near, near])


def _families(
    words: Sequence[str], asked: Sequence[str]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return how near words are by how they begin, and which are kin beyond doubt."""
    near = np.zeros((len(words), len(asked)), dtype=np.float32)
    sure = np.zeros(near.shape, dtype=np.bool_)
    # Most words share their first letters with none asked.
    beginnings = {word[:_LETTERS] for word in asked}
    places = [place for place, word in enumerate(words) if word[:_LETTERS] in beginnings]
    alike = [words[place] for place in places]
    if not alike:
        return near, sure
    letters = cdist(alike, asked, scorer=Prefix.similarity, dtype=np.int32)
    shares = cdist(alike, asked, scorer=Prefix.normalized_similarity, dtype=np.float32)
    # Numbers that begin alike have nothing in common.
    spelt = np.fromiter((word.isalpha() for word in asked), dtype=np.bool_)
    kin = (letters >= _LETTERS) & (shares >= _SHARE) & spelt
    near[places] = np.where(shares == 1, 1.0, _FAMILY * kin)
    sure[places] = kin & (letters >= _SURE_LETTERS) & (shares >= _SURE_SHARE)
    return near, sure
