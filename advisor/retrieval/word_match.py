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
from advisor.index.forward import BEGINNING, ForwardIndex, PassageWords

Matrix = npt.NDArray[np.float32]

# Words of one family begin alike, for such a share of the longer one.
_SHARE = 0.5
_FAMILY = 0.8
# Words with vectors this far apart are of no family, unless they begin alike for so long.
_STRANGERS = 0.08
_SURE_LETTERS, _SURE_SHARE = 7, 0.6


class WordMatch:
    """Compares the words of one question with those of texts.

    Args:
        asked: the content words of the question.
        embeddings: without word vectors, families of words alone count.
        forward: the words of the corpus, with the vectors of the same model.
    """

    def __init__(
        self,
        asked: Sequence[str],
        embeddings: PassageEmbeddings | None,
        forward: ForwardIndex | None = None,
    ) -> None:
        self._asked = asked
        self._beginnings = dict.fromkeys(word[:BEGINNING] for word in asked)
        self._embeddings = embeddings
        self._forward = forward
        # Where vectors of this model are kept.
        self._kept: ForwardIndex | None = None
        if forward is not None and embeddings is not None:
            self._kept = forward if forward.model_id == embeddings.model_id else None
        self._vectors = embeddings.word_vectors(asked) if embeddings and asked else None

    def similarities(self, texts: Sequence[Collection[str]]) -> Matrix:
        """Return how near the nearest word of each text is to each word asked.

        Args:
            texts: the content words of each text, folded.

        Returns:
            Shape (texts, asked), values in [0, 1]; 0 in a text without words.
        """
        if not self._asked:
            return np.zeros((len(texts), 0), dtype=np.float32)
        different = list(dict.fromkeys(chain.from_iterable(texts)))
        alike = [row for row, word in enumerate(different) if word[:BEGINNING] in self._beginnings]
        near = self._similar(
            len(different), alike, [different[row] for row in alike], self._cosines(different)
        )
        rows = {word: row for row, word in enumerate(different)}
        return _nearest(
            near[[rows[word] for text in texts for word in text]], [len(text) for text in texts]
        )

    def weighted_means(
        self, passages: Sequence[PassageWords], weights: Mapping[str, float]
    ) -> list[float]:
        """Return the mean similarity of the words asked in passages, by their weight, in [0, 1].

        Args:
            passages: of the forward index.
            weights: the weight of each word asked.
        """
        total, forward = sum(weights.values()), self._forward
        if not total or not passages or forward is None:
            return [0.0] * len(passages)
        words = np.concatenate([one.words for one in passages])
        different, rows = np.unique(words, return_inverse=True)
        alike = np.flatnonzero(forward.beginnings.ranks(list(self._beginnings), different))
        cosines = None
        if self._kept is not None and self._vectors is not None:
            cosines = self._kept.cosines(different, self._vectors)
        near = self._similar(len(different), alike, forward.spelt(different[alike]), cosines)
        nearest = _nearest(near[rows], [len(one.words) for one in passages])
        each = np.array([weights[word] for word in self._asked], dtype=np.float32) / total
        return [float(row @ each) for row in nearest]

    def _cosines(self, words: Sequence[str]) -> Matrix | None:
        """Return how near words are to those asked, by their vectors if the model has some."""
        if self._embeddings is None or self._vectors is None:
            return None
        numbers = np.full(len(words), -1)
        cosines = np.zeros((len(words), len(self._asked)), dtype=np.float32)
        if self._kept is not None:
            numbers = self._kept.numbers(words)
            known = np.flatnonzero(numbers >= 0)
            cosines[known] = self._kept.cosines(numbers[known], self._vectors)
        new = np.flatnonzero(numbers < 0)
        vectors = self._embeddings.word_vectors([words[row] for row in new.tolist()])
        if vectors is not None:
            cosines[new] = vectors @ self._vectors.T
        return cosines

    def _similar(
        self, count: int, places: Sequence[int] | npt.NDArray[np.int64], alike: Sequence[str],
        cosines: Matrix | None,
    ) -> Matrix:  # fmt: skip
        """Return how near words are to those asked, shape (count, asked).

        Args:
            count: of words.
            places: of those that begin like one asked.
            alike: these.
            cosines: of their vectors with those asked, if the model has some for words.
        """
        near = np.zeros((count, len(self._asked)), dtype=np.float32)
        if cosines is not None:
            np.maximum(near, cosines, out=near)
        if alike:
            kin, sure = _families(alike, self._asked)
            if cosines is not None:
                # «Passeport» begins like «passés» and has nothing of it.
                kin[(kin < 1) & (cosines[places] < _STRANGERS) & ~sure] = 0.0
            near[places] = np.maximum(near[places], kin)
        return near


def _nearest(near: Matrix, lengths: Sequence[int]) -> Matrix:
    """Return the largest values of consecutive rows, so many for each text; 0 for none."""
    nearest = np.zeros((len(lengths), near.shape[1]), dtype=np.float32)
    full = [place for place, length in enumerate(lengths) if length]
    if full:
        starts = np.cumsum([0, *(lengths[place] for place in full[:-1])])
        nearest[full] = np.maximum.reduceat(near, starts)
    return nearest


def _families(words: Sequence[str], asked: Sequence[str]) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Return how near words are by how they begin, and which are kin beyond doubt."""
    letters = cdist(words, asked, scorer=Prefix.similarity, dtype=np.int32)
    shares = cdist(words, asked, scorer=Prefix.normalized_similarity, dtype=np.float32)
    # Numbers that begin alike have nothing in common.
    spelt = np.fromiter((word.isalpha() for word in asked), dtype=np.bool_)
    kin = (letters >= BEGINNING) & (shares >= _SHARE) & spelt
    near = np.where(shares == 1, 1.0, _FAMILY * kin).astype(np.float32)
    return near, kin & (letters >= _SURE_LETTERS) & (shares >= _SURE_SHARE)
