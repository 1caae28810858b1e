"""The forward index: the words of each passage as numbers, and where its lines are.

It lies in the folder of the lexical index, which keeps where the record of each passage begins.
Candidates are ranked, and compared with a question, from these arrays: no string is made of each of
their words. Records are only added: those of withdrawn documents stay until all are written anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

from advisor.catalogue.records import IndexEntry
from advisor.errors import IndexUnavailable, first_line
from advisor.index.embedding import PassageEmbeddings
from advisor.index.words import FILES, Numbers, WordTable
from advisor.text.analysis import content_words
from advisor.text.language import LANGUAGES, Language
from advisor.text.lines import parts

# A record: the length of its id in bytes, its language, its words in the title, in the other names,
# in the headings and in the body, its lines; the id, filled up with zeros to whole numbers; the
# number of each word in order; for each line, five numbers.
_HEADER, _BYTES, _LINE = 7, 4, 5
_RECORDS, _STATE = "records.bin", "state.json"
_PIECE = 1 << 20


class PassageWords(NamedTuple):
    """The content words of a passage, of its titles and of its lines, by their numbers.

    ``words`` are those of the document's title, of its other names, of the headings and of the
    body, in order; the counts say how many are whose. ``lines`` has a row for each line: its start
    and end in the text, 1 if it is an item of a list, the place in the body of its first word, and
    how many they are.
    """

    passage_id: str
    lang: Language
    title: int
    names: int
    headings: int
    words: Numbers
    lines: Numbers

    @property
    def above(self) -> tuple[Numbers, Numbers]:
        """The words of the titles above the text, and those of the document's other names."""
        title, names = self.title, self.title + self.names
        headings = self.words[names : names + self.headings]
        return np.concatenate([self.words[:title], headings]), self.words[title:names]

    @property
    def body(self) -> Numbers:
        """The words of the text."""
        return self.words[self.title + self.names + self.headings :]


class Analysed(NamedTuple):
    """The content words of an entry, by field, and its lines as in ``PassageWords``."""

    title: list[str]
    names: list[str]
    headings: list[str]
    body: list[str]
    lines: list[tuple[int, int, int, int, int]]


def analysed(entry: IndexEntry) -> Analysed:
    """Read an entry."""
    passage, lang = entry.passage, entry.lang
    body: list[str] = []
    lines = []
    for part in parts(passage.text, frozenset(passage.headings)):
        words = content_words(passage.text[part.start : part.end], lang)
        if part.line:
            lines.append((part.start, part.end, int(part.item), len(body), len(words)))
        body += words
    return Analysed(
        content_words(entry.title, lang),
        content_words(" ; ".join(entry.aliases), lang),
        content_words(" ".join(passage.headings), lang),
        body,
        lines,
    )


class _Vocabulary:
    """Gives words their numbers. Those of two languages are two: their terms differ."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._numbers = {word: number for number, word in enumerate(words)}

    @property
    def words(self) -> list[str]:
        """The words in the order of their numbers, see ``WordTable``."""
        return list(self._numbers)

    def numbered(self, entry: IndexEntry, found: Analysed) -> PassageWords:
        """Return the words of an entry as numbers, new ones at the end."""
        mark = LANGUAGES.index(entry.lang)
        numbers = [
            self._numbers.setdefault(f"{mark} {word}", len(self._numbers))
            for word in (*found.title, *found.names, *found.headings, *found.body)
        ]
        return PassageWords(
            entry.passage.id, entry.lang, len(found.title), len(found.names), len(found.headings),
            np.array(numbers, dtype=np.uint32),
            np.array(found.lines, dtype=np.uint32).reshape(-1, _LINE),
        )  # fmt: skip


def words_of(
    entries: Iterable[IndexEntry], embeddings: PassageEmbeddings | None
) -> tuple[WordTable, list[PassageWords]]:
    """Read some passages as an index of them alone would hold them."""
    vocabulary = _Vocabulary()
    passages = [vocabulary.numbered(one, analysed(one)) for one in entries]
    return WordTable.build(vocabulary.words, embeddings), passages


class ForwardIndex:
    """Reads the folder that ``ForwardWriter`` made.

    Raises:
        IndexUnavailable: a file is missing or damaged; so does ``passages``.
        PermissionError: a file may not be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            #: The words of the corpus.
            self.table = WordTable.load(folder)
            #: How many records there are, those of withdrawn documents included.
            self.written, self._sums = _state(folder)
            records = folder / _RECORDS
            self._records: Numbers = np.zeros(0, dtype=np.uint32)
            if records.stat().st_size:
                self._records = np.asarray(np.memmap(records, dtype=np.uint32, mode="r"))
        except PermissionError:
            raise
        except Exception as error:  # a damaged header is read as a Python expression
            raise self._damaged(first_line(error)) from None

    def intact(self) -> bool:
        """Tell whether the files are what was written, byte for byte."""
        try:
            return _sums(self._folder) == self._sums
        except OSError:
            return False

    def passages(self, places: Sequence[int]) -> list[PassageWords]:
        """Return the words of the passages whose records begin at some places."""
        return [self._passage(place) for place in places]

    def _passage(self, place: int) -> PassageWords:
        try:
            length, lang, title, names, headings, body, lines = self._records[
                place : place + _HEADER
            ].tolist()
            start = place + _HEADER
            words = start + -(-length // _BYTES)
            rows = words + title + names + headings + body
            end = rows + lines * _LINE
            key = self._records[start:words].tobytes()[:length].decode()
            if not key or end > len(self._records):
                raise ValueError(f"record {place}")
            return PassageWords(
                key, LANGUAGES[lang], title, names, headings, self._records[words:rows],
                self._records[rows:end].reshape(-1, _LINE),
            )  # fmt: skip
        except (ValueError, IndexError) as error:
            raise self._damaged(first_line(error)) from None

    def _damaged(self, reason: str) -> IndexUnavailable:
        return IndexUnavailable("index_damaged", path=str(self._folder), reason=reason)


class ForwardWriter:
    """Adds passages to a folder, made if it is not there; ``finish`` has to follow.

    Raises:
        OSError: the disk is full; so do its methods.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._table: WordTable | None = None
        self._written = 0
        if (folder / _STATE).is_file():
            self._table = WordTable.load(folder, mapped=False)
            self._written, _ = _state(folder)
        self._vocabulary = _Vocabulary(self._table.words if self._table is not None else ())
        self._records = (folder / _RECORDS).open("ab")
        self._size = self._records.tell() // _BYTES

    def add(self, entry: IndexEntry, found: Analysed) -> int:
        """Add a passage as it was read; return where its record begins."""
        one = self._vocabulary.numbered(entry, found)
        key = one.passage_id.encode()
        counts = (one.title, one.names, one.headings, len(one.body), len(one.lines))
        header = np.array([len(key), LANGUAGES.index(one.lang), *counts], dtype=np.uint32)
        record = b"".join(
            [
                header.tobytes(),
                key + b"\0" * (-len(key) % _BYTES),
                one.words.tobytes(),
                one.lines.tobytes(),
            ]
        )
        place = self._size
        self._records.write(record)
        self._size += len(record) // _BYTES
        self._written += 1
        return place

    def finish(self, embeddings: PassageEmbeddings) -> None:
        """Write what is known of each word, its vector included if the model has some for words."""
        self._records.close()
        WordTable.build(self._vocabulary.words, embeddings, self._table).save(self._folder)
        state = json.dumps({"written": self._written, "sums": _sums(self._folder)})
        (self._folder / _STATE).write_text(state, encoding="utf-8")


def _state(folder: Path) -> tuple[int, list[int]]:
    """Return how many records were written, and the checksums of the files."""
    state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    return int(state["written"]), list(state["sums"])


def _sums(folder: Path) -> list[int]:
    """Return a checksum for each file."""
    sums = []
    for name in (_RECORDS, *FILES):
        with (folder / name).open("rb") as file:
            sums.append(0)
            while some := file.read(_PIECE):
                sums[-1] = crc32(some, sums[-1])
    return sums
