"""How well a text answers for each word of a question, words of like meaning included.

Each word of the question is matched with the nearest word of the text, and the similarities
are averaged by the weight of the question's words: the late interaction of Khattab and Zaharia
(«ColBERT», 2020), with static word vectors in place of a transformer's. Two words are near
when their vectors are, or when they are of one family: «élu» and «élection» begin alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Prefix
from rapidfuzz.process import cdist

from advisor.index.embedding import PassageEmbeddings
from advisor.index.words import BEGINNING, Numbers, WordTable

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
    """

    def __init__(self, asked: Sequence[str], embeddings: PassageEmbeddings | None) -> None:
        self._asked = asked
        self._beginnings = list(dict.fromkeys(word[:BEGINNING] for word in asked))
        self._vectors = embeddings.word_vectors(asked) if embeddings and asked else None
        self._table: WordTable | None = None

    def similarities(self, table: WordTable, texts: Sequence[Numbers]) -> Matrix:
        """Return how near the nearest word of each text is to each word asked.

        Args:
            table: the words, with vectors of the same model.
            texts: the words of each.

        Returns:
            Shape (texts, asked), values in [0, 1]; 0 in a text without words.
        """
        nearest = np.zeros((len(texts), len(self._asked)), dtype=np.float32)
        full = [place for place, text in enumerate(texts) if len(text)]
        if full and self._asked:
            starts = np.cumsum([0, *(len(texts[place]) for place in full[:-1])])
            near = self._near(table, np.concatenate(texts))
            nearest[full] = np.maximum.reduceat(near, starts)
        return nearest

    def weighted_means(
        self, table: WordTable, texts: Sequence[Numbers], weights: Mapping[str, float]
    ) -> list[float]:
        """Return the mean similarity of the words asked in each text, by their weight, in [0, 1].

        Args:
            table: see ``similarities``.
            texts: see ``similarities``.
            weights: the weight of each word asked.
        """
        total = sum(weights.values())
        if not total:
            return [0.0] * len(texts)
        each = np.array([weights[word] for word in self._asked], dtype=np.float32) / total
        return [float(row @ each) for row in self.similarities(table, texts)]

    def _near(self, table: WordTable, words: Numbers) -> Matrix:
        """Return how near words are to those asked, shape (words, asked).

        Most words of a passage's lines have been compared with the passage.
        """
        if table is not self._table:
            self._table = table
            self._compared, rows = np.unique(words, return_inverse=True)
            self._found = self._compare(table, self._compared)
            return self._found[rows]
        rows = np.searchsorted(self._compared, words)
        new = words[self._compared.take(rows, mode="clip") != words]
        if len(new):
            new = np.unique(new)
            at = np.searchsorted(self._compared, new)
            self._found = np.insert(self._found, at, self._compare(table, new), axis=0)
            self._compared = np.insert(self._compared, at, new)
            rows = np.searchsorted(self._compared, words)
        return self._found[rows]

    def _compare(self, table: WordTable, words: Numbers) -> Matrix:
        """See ``_near``; the words are different."""
        near = np.zeros((len(words), len(self._asked)), dtype=np.float32)
        cosines = None
        if self._vectors is not None:
            cosines = table.cosines(words, self._vectors)
            np.maximum(near, cosines, out=near)
        alike = np.flatnonzero(table.beginnings.ranks(self._beginnings, words))
        if len(alike):
            kin, sure = _families(table.spelt(words[alike]), self._asked)
            if cosines is not None:
                # «Passeport» begins like «passés» and has nothing of it.
                kin[(kin < 1) & (cosines[alike] < _STRANGERS) & ~sure] = 0.0
            near[alike] = np.maximum(near[alike], kin)
        return near


def _families(words: Sequence[str], asked: Sequence[str]) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Return how near words are by how they begin, and which are kin beyond doubt."""
    letters = cdist(words, asked, scorer=Prefix.similarity, dtype=np.int32)
    shares = cdist(words, asked, scorer=Prefix.normalized_similarity, dtype=np.float32)
    # Numbers that begin alike have nothing in common.
    spelt = np.fromiter((word.isalpha() for word in asked), dtype=np.bool_)
    kin = (letters >= BEGINNING) & (shares >= _SHARE) & spelt
    near = np.where(shares == 1, 1.0, _FAMILY * kin).astype(np.float32)
    return near, kin & (letters >= _SURE_LETTERS) & (shares >= _SURE_SHARE)
