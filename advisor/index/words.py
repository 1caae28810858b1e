"""What is known of each word of a corpus, by its number: letters, index term, vector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from advisor.index.embedding import PassageEmbeddings
from advisor.index.scan import coded
from advisor.text.analysis import stem
from advisor.text.language import LANGUAGES

Numbers = npt.NDArray[np.uint32]
Vectors = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int8]
#: Words that share so many first letters begin alike.
BEGINNING = 4
_LETTERS, _TABLE, _VECTORS = "words.txt", "words.npz", "vectors.npy"
#: The files of the folder.
FILES = _LETTERS, _TABLE, _VECTORS
_KEYS = "terms", "forms", "beginnings"
_BATCH = 4_000


class Keys:
    """A key for each word, which several may share.

    Args:
        of: for each word, the place of its key.
        hashes: of the keys, in order.

    Raises:
        ValueError: they do not go together.
    """

    def __init__(self, of: npt.NDArray[np.int32], hashes: npt.NDArray[np.uint64]) -> None:
        _check(of, np.int32, (len(of),))
        _check(hashes, np.uint64, (len(hashes),))
        if len(of) and not 0 <= of.min() <= of.max() < len(hashes):
            raise ValueError(f"{of.max()} of {len(hashes)} keys")
        self.of = of
        self.hashes = hashes

    @classmethod
    def build(cls, keys: Iterable[str]) -> Keys:
        """Return the keys of words, given in the order of their numbers."""
        hashes, of = np.unique(_hashes(keys), return_inverse=True)
        return cls(of.astype(np.int32), hashes)

    def ranks(self, keys: Sequence[str], words: Numbers) -> npt.NDArray[np.int32]:
        """Return, for each word, which of some different keys it has: 1 for the first, 0 for none.

        Args:
            keys: looked for.
            words: their numbers.
        """
        rank = np.zeros(len(self.hashes), dtype=np.int32)
        if not len(rank):
            return np.zeros(len(words), dtype=np.int32)
        asked = _hashes(keys)
        places = np.searchsorted(self.hashes, asked).clip(max=len(rank) - 1)
        there = np.flatnonzero(self.hashes[places] == asked)
        rank[places[there]] = there + 1
        # A damaged record may have any number: a checksum tells, see ``ForwardIndex.intact``.
        return rank[self.of.take(words, mode="clip")]


class WordTable:
    """The words of a corpus by their numbers. One of two languages is there twice.

    Args:
        words: a digit for the language, a space and the word, in the order of the numbers.
        model_id: the model that gave words their vectors.
        keys: by index term, by form, by the first letters.
        codes: vectors in 8 bits a number, one row each, without columns if the model knows texts
            only.
        scales: what restores them.

    Raises:
        ValueError: they do not go together.
    """

    def __init__(
        self,
        words: Sequence[str],
        model_id: str,
        keys: Sequence[Keys],
        codes: Codes,
        scales: Vectors,
    ) -> None:
        _check(codes, np.int8, (len(words), codes.shape[-1]))
        _check(scales, np.float32, (len(words),))
        for one in keys:
            _check(one.of, np.int32, (len(words),))
        self.words = words
        self.model_id = model_id
        self.terms, self.forms, self.beginnings = keys
        self._codes = codes
        self._scales = scales

    @classmethod
    def build(
        cls,
        words: Sequence[str],
        embeddings: PassageEmbeddings | None,
        before: WordTable | None = None,
    ) -> WordTable:
        """Return the table of some words, see ``WordTable``.

        Args:
            words: the first of them those of ``before``.
            embeddings: gives them their vectors.
            before: a table whose vectors are kept, if the same model gave them.
        """
        letters = [word[2:] for word in words]
        langs = (LANGUAGES[int(word[0])] for word in words)
        keys = [
            Keys.build(map(stem, letters, langs)),
            Keys.build(letters),
            Keys.build(word[:BEGINNING] for word in letters),
        ]
        model_id = embeddings.model_id if embeddings is not None else ""
        read: list[tuple[Codes, Vectors]] = []
        if before is not None and before.model_id == model_id:
            read.append((before._codes, before._scales))
        for first in range(sum(len(scales) for _, scales in read), max(len(words), 1), _BATCH):
            batch = letters[first : first + _BATCH]
            vectors = embeddings.word_vectors(batch) if embeddings is not None else None
            if vectors is None:
                vectors = np.zeros((len(batch), 0), dtype=np.float32)
            read.append(coded(vectors))
        codes, scales = map(np.concatenate, zip(*read, strict=True))
        return cls(words, model_id, keys, codes, scales)

    @classmethod
    def load(cls, folder: Path, *, mapped: bool = True) -> WordTable:
        """Return the table of a folder.

        Args:
            folder: where ``save`` wrote it.
            mapped: leave the vectors in their file, which nothing may write to meanwhile.

        Raises:
            Exception: of any kind, a file is missing or damaged.
        """
        words = (folder / _LETTERS).read_text(encoding="utf-8").splitlines()
        codes = np.asarray(np.load(folder / _VECTORS, mmap_mode="r" if mapped else None))
        with np.load(folder / _TABLE) as table:
            keys = [Keys(table[f"{name}_of"], table[f"{name}_hashes"]) for name in _KEYS]
            # A damaged header may tell of fewer numbers than the file has.
            _check(codes, np.int8, (len(words), int(table["dimension"])))
            return cls(words, str(table["model_id"]), keys, codes, table["scales"])

    def save(self, folder: Path) -> None:
        """Write the table into a folder.

        Raises:
            OSError: the disk is full.
        """
        text = "".join(f"{word}\n" for word in self.words)
        (folder / _LETTERS).write_text(text, encoding="utf-8")
        np.save(folder / _VECTORS, self._codes)
        arrays: dict[str, Any] = {
            "model_id": self.model_id, "dimension": self._codes.shape[1], "scales": self._scales
        }  # fmt: skip
        for name, keys in zip(_KEYS, (self.terms, self.forms, self.beginnings), strict=True):
            arrays |= {f"{name}_of": keys.of, f"{name}_hashes": keys.hashes}
        np.savez(folder / _TABLE, **arrays)

    def spelt(self, words: Numbers) -> list[str]:
        """Return the letters of some words."""
        numbers = words.clip(max=max(len(self.words) - 1, 0)).tolist()
        return [self.words[number][2:] for number in numbers]

    def terms_in(self, texts: Sequence[Numbers], terms: Sequence[str]) -> list[set[str]]:
        """Return which of some different index terms each of some texts has."""
        found: list[set[str]] = [set() for _ in texts]
        ranks = self.terms.ranks(terms, np.concatenate(texts))
        at = np.flatnonzero(ranks)
        owners = np.searchsorted(np.cumsum([len(one) for one in texts]), at, side="right")
        for owner, rank in zip(owners.tolist(), ranks[at].tolist(), strict=True):
            found[owner].add(terms[rank - 1])
        return found

    def cosines(self, words: Numbers, vectors: Vectors) -> Vectors:
        """Return how near the vectors of words are to some others, shape (words, vectors).

        Args:
            words: their numbers.
            vectors: of unit length, of the same model.
        """
        codes = self._codes.take(words, axis=0, mode="clip")
        found: Vectors = codes.astype(np.float32) @ vectors.T
        found *= self._scales.take(words, mode="clip")[:, None]
        return found


def _check(array: npt.NDArray[Any], kind: type[np.generic], shape: tuple[int, ...]) -> None:
    if array.dtype != kind or array.shape != shape:
        raise ValueError(f"{array.dtype} {array.shape}")


def _hashes(keys: Iterable[str]) -> npt.NDArray[np.uint64]:
    digests = b"".join(blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.frombuffer(digests, dtype=np.uint64)
