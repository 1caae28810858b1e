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

# Words of one family share so many first letters, and such a share of the longer one.
_LETTERS, _SHARE = 4, 0.5
_FAMILY = 0.8


def word_matches(
    weights: Mapping[str, float],
    texts: Sequence[Sequence[str]],
    embeddings: PassageEmbeddings | None,
) -> list[float]:
    """Return the weighted mean similarity of the question's words in each text, in [0, 1].

    Args:
        weights: each content word of the question with its weight.
        texts: the content words of each text, folded.
        embeddings: without word vectors, families of words alone count.
    """
    total = sum(weights.values())
    if not total:
        return [0.0] * len(texts)
    shares = np.fromiter(weights.values(), dtype=np.float32) / total
    return [float(row @ shares) for row in word_similarities(list(weights), texts, embeddings)]


def word_similarities(
    asked: Sequence[str], texts: Sequence[Sequence[str]], embeddings: PassageEmbeddings | None
) -> npt.NDArray[np.float32]:
    """Return how near the nearest word of each text is to each word, shape (texts, asked)."""
    places: dict[str, int] = {}
    rows = [[places.setdefault(word, len(places)) for word in set(text)] for text in texts]
    near = np.zeros((len(texts), len(asked)), dtype=np.float32)
    if not places or not asked:
        return near
    words = list(places)
    similarities = _families(words, asked)
    if embeddings is not None:
        one, other = embeddings.word_vectors(words), embeddings.word_vectors(asked)
        if one is not None and other is not None:
            similarities = np.maximum(similarities, one @ other.T)
    for place, row in enumerate(rows):
        if row:
            near[place] = similarities[row].max(axis=0)
    return near


def _families(words: Sequence[str], asked: Sequence[str]) -> npt.NDArray[np.float32]:
    letters = cdist(words, asked, scorer=Prefix.similarity, dtype=np.int32)
    shares = cdist(words, asked, scorer=Prefix.normalized_similarity, dtype=np.float32)
    # Numbers that begin alike have nothing in common.
    spelt = np.fromiter((word.isalpha() for word in asked), dtype=np.bool_)
    kin = (letters >= _LETTERS) & (shares >= _SHARE) & spelt
    near: npt.NDArray[np.float32] = np.where(shares == 1, 1.0, _FAMILY * kin).astype(np.float32)
    return near
