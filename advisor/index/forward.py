"""The forward index: the words of each passage as numbers, and what is known of each word.

It lies in the folder of the lexical index, which keeps where the record of each passage begins.
Candidates are ranked, and compared with a question, from these arrays: no string is made of each of
their words. Records are only added: those of withdrawn documents stay until all are written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, get_args
from zlib import crc32

import numpy as np
import numpy.typing as npt

from advisor.errors import IndexUnavailable, first_line
from advisor.index.embedding import PassageEmbeddings
from advisor.index.scan import coded
from advisor.text.analysis import stem
from advisor.text.language import Language

Numbers = npt.NDArray[np.uint32]
Vectors = npt.NDArray[np.float32]
_LANGUAGES: tuple[Language, ...] = get_args(Language)
#: Words that share so many first letters begin alike.
BEGINNING = 4
# A record: the length of its id in bytes, its language, its words in the title, in the headings and
# in the body; the id, filled up with zeros to whole numbers; the number of each word in order.
_HEADER, _BYTES = 5, 4
_RECORDS, _WORDS, _TABLE, _VECTORS = "records.bin", "words.txt", "words.npz", "vectors.npy"
_BATCH = 4_000
_PIECE = 1 << 20


class PassageWords(NamedTuple):
    """The content words of a passage: those of its title, of its headings, of its body, in order.

    ``title`` and ``headings`` are how many of the words are theirs.
    """

    passage_id: str
    lang: Language
    title: int
    headings: int
    words: Numbers


class Keys:
    """A key for each word, which several may share.

    Args:
        of: for each word, the place of its key.
        hashes: of the keys, in order.
    """

    def __init__(self, of: npt.NDArray[np.int32], hashes: npt.NDArray[np.uint64]) -> None:
        if len(of) and not 0 <= of.min() <= of.max() < len(hashes):
            raise ValueError(f"{of.max()} of {len(hashes)} keys")
        self._of = of
        self._hashes = hashes

    def ranks(self, keys: Sequence[str], words: Numbers) -> npt.NDArray[np.int32]:
        """Return, for each word, which of some different keys it has: 1 for the first, 0 for none.

        Args:
            keys: looked for.
            words: their numbers.
        """
        rank = np.zeros(len(self._hashes), dtype=np.int32)
        if not len(rank):
            return np.zeros(len(words), dtype=np.int32)
        asked = _hashes(keys)
        places = np.searchsorted(self._hashes, asked).clip(max=len(rank) - 1)
        there = np.flatnonzero(self._hashes[places] == asked)
        rank[places[there]] = there + 1
        # A damaged record may have any number: ``intact`` tells.
        return rank[self._of.take(words, mode="clip")]


class ForwardIndex:
    """Reads the folder that ``ForwardWriter`` made.

    Raises:
        IndexUnavailable: a file is missing or damaged; so does ``passages``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            lines = (folder / _WORDS).read_text(encoding="utf-8").splitlines()
            # One of two languages is there twice.
            self._words = [line[2:] for line in lines]
            self._numbers = {word: number for number, word in enumerate(self._words)}
            records = folder / _RECORDS
            self._records: Numbers = np.zeros(0, dtype=np.uint32)
            if records.stat().st_size:
                self._records = np.asarray(np.memmap(records, dtype=np.uint32, mode="r"))
            self._vectors = np.asarray(np.load(folder / _VECTORS, mmap_mode="r"))
            with np.load(folder / _TABLE) as table:
                #: How many records there are, those of withdrawn documents included.
                self.written = int(table["written"])
                #: The model that gave words their vectors.
                self.model_id = str(table["model_id"])
                self._scales: Vectors = table["scales"]
                #: By index term, by form, by the first letters.
                self.terms, self.forms, self.beginnings = (
                    Keys(table[f"{name}_of"], table[f"{name}_hashes"])
                    for name in ("terms", "forms", "beginnings")
                )
                self._sums: list[int] = table["sums"].tolist()
                counts = {len(table["terms_of"]), len(table["forms_of"]), len(lines)}
            if counts != {len(self._vectors)} or len(self._scales) != len(self._vectors):
                raise ValueError(f"{counts} words, {len(self._vectors)} vectors")
        except Exception as error:  # a damaged header is read as a Python expression
            raise self._damaged(first_line(error)) from None

    def intact(self) -> bool:
        """Tell whether the files are what was written, byte for byte."""
        return _sums(self._folder) == self._sums

    def passages(self, places: Sequence[int]) -> list[PassageWords]:
        """Return the words of the passages whose records begin at some places."""
        return [self._passage(place) for place in places]

    def _passage(self, place: int) -> PassageWords:
        try:
            length, lang, title, headings, body = self._records[place : place + _HEADER].tolist()
            start = place + _HEADER
            end = start + -(-length // _BYTES)
            words = self._records[end : end + title + headings + body]
            key = self._records[start:end].tobytes()[:length].decode()
            if not key or len(words) < title + headings + body:
                raise ValueError(f"record {place}")
            return PassageWords(key, _LANGUAGES[lang], title, headings, words)
        except (ValueError, IndexError) as error:
            raise self._damaged(first_line(error)) from None

    def spelt(self, words: npt.NDArray[np.integer[Any]]) -> list[str]:
        """Return some words."""
        return [self._words[number] for number in words.clip(max=len(self._words) - 1).tolist()]

    def numbers(self, words: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the number of each word, in any of its languages, -1 for one that is not there."""
        find = self._numbers.get
        return np.array([find(word, -1) for word in words], dtype=np.int64)

    def cosines(self, words: npt.NDArray[np.integer[Any]], vectors: Vectors) -> Vectors:
        """Return how near the vectors of words are to some others, shape (words, vectors).

        Args:
            words: their numbers.
            vectors: of unit length, of the same model.
        """
        codes = self._vectors.take(words, axis=0, mode="clip")
        found: Vectors = codes.astype(np.float32) @ vectors.T
        found *= self._scales.take(words, mode="clip")[:, None]
        return found

    def _damaged(self, reason: str) -> IndexUnavailable:
        return IndexUnavailable("index_damaged", path=str(self._folder), reason=reason)


class ForwardWriter:
    """Adds passages to a folder, made if it is not there; ``finish`` has to follow.

    Raises:
        OSError: the disk is full, also in its methods.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._words = folder / _WORDS
        text = self._words.read_text(encoding="utf-8") if self._words.is_file() else ""
        # Words of two languages are two: their terms differ.
        self._numbers = {line: number for number, line in enumerate(text.splitlines())}
        self._records = (folder / _RECORDS).open("ab")
        self._size = self._records.tell() // _BYTES
        self._before: dict[str, Any] = {}
        if (folder / _TABLE).is_file():
            with np.load(folder / _TABLE) as table:
                self._before = dict(table)
        self._written = int(self._before.get("written", 0))

    def add(
        self, passage_id: str, lang: Language, title: Sequence[str], headings: Sequence[str],
        body: Sequence[str],
    ) -> int:  # fmt: skip
        """Add the content words of a passage; return where its record begins."""
        key = passage_id.encode()
        header = [len(key), _LANGUAGES.index(lang), len(title), len(headings), len(body)]
        numbers = [
            self._numbers.setdefault(f"{header[1]} {word}", len(self._numbers))
            for word in (*title, *headings, *body)
        ]
        record = np.array(header, dtype=np.uint32).tobytes()
        record += key + b"\0" * (-len(key) % _BYTES)
        record += np.array(numbers, dtype=np.uint32).tobytes()
        place = self._size
        self._records.write(record)
        self._size += len(record) // _BYTES
        self._written += 1
        return place

    def finish(self, embeddings: PassageEmbeddings) -> None:
        """Write what is known of each word, its vector included if the model has some for words."""
        self._records.close()
        self._words.write_text("".join(f"{line}\n" for line in self._numbers), encoding="utf-8")
        words = [line[2:] for line in self._numbers]
        langs = [_LANGUAGES[int(line[0])] for line in self._numbers]
        table: dict[str, Any] = {}
        for name, keys in (
            ("terms", map(stem, words, langs)),
            ("forms", words),
            ("beginnings", (word[:BEGINNING] for word in words)),
        ):
            hashes, of = np.unique(_hashes(list(keys)), return_inverse=True)
            table |= {f"{name}_hashes": hashes, f"{name}_of": of.astype(np.int32)}
        read = self._vectors_kept(embeddings.model_id)
        for first in range(sum(len(scales) for _, scales in read), max(len(words), 1), _BATCH):
            batch = words[first : first + _BATCH]
            vectors = embeddings.word_vectors(batch)
            if vectors is None:
                vectors = np.zeros((len(batch), 0), dtype=np.float32)
            read.append(coded(vectors))
        codes, scales = map(np.concatenate, zip(*read, strict=True))
        np.save(self._folder / _VECTORS, codes)
        table |= {"model_id": embeddings.model_id, "scales": scales, "written": self._written}
        table["sums"] = _sums(self._folder)
        np.savez(self._folder / _TABLE, **table)

    def _vectors_kept(self, model_id: str) -> list[tuple[npt.NDArray[np.int8], Vectors]]:
        """Return the vectors of the words that were there before, if this model gave them."""
        if not self._before or str(self._before["model_id"]) != model_id:
            return []
        return [(np.load(self._folder / _VECTORS), self._before["scales"])]


def _sums(folder: Path) -> list[int]:
    """Return a checksum for each file but the table, which has its own."""
    sums = []
    for name in (_RECORDS, _WORDS, _VECTORS):
        with (folder / name).open("rb") as file:
            sums.append(0)
            while some := file.read(_PIECE):
                sums[-1] = crc32(some, sums[-1])
    return sums


def _hashes(keys: Sequence[str]) -> npt.NDArray[np.uint64]:
    digests = b"".join(blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.frombuffer(digests, dtype=np.uint64)
