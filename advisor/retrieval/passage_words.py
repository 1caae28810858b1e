"""The words of the passages found: those that the index keeps, or else read from the texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from advisor.catalogue.records import IndexEntry
from advisor.errors import IndexUnavailable
from advisor.index.embedding import PassageEmbeddings
from advisor.index.forward import PassageWords, words_of
from advisor.index.lexical import LexicalIndex
from advisor.index.words import WordTable
from advisor.retrieval.models import Hit


class WordsRead(NamedTuple):
    """Words by their numbers, and those of some passages, by passage id."""

    table: WordTable
    passages: Mapping[str, PassageWords]


def read_words(
    hits: Sequence[Hit],
    index: LexicalIndex | None,
    embeddings: PassageEmbeddings | None,
    known: Mapping[str, PassageWords],
) -> WordsRead:
    """Return the words of the passages found.

    Args:
        hits: the passages.
        index: keeps the words of passages, with vectors that may be of another model.
        embeddings: the model that words are compared with.
        known: what the index keeps of some of them.
    """
    ids = [hit.passage.id for hit in hits]
    table = index.forward.table if index is not None else None
    if index is not None and table is not None and _of_model(table, embeddings):
        with suppress(IndexUnavailable):
            others = index.passages([key for key in ids if key not in known])
            found = {**known, **{one.passage_id: one for one in others}}
            there = [found[key] for key in ids if key in found]
            if len(there) == len(hits) and all(map(_fits, there, hits)):
                return WordsRead(table, found)
    entries = [
        IndexEntry(hit.passage, hit.document.title, hit.document.lang, hit.document.aliases)
        for hit in hits
    ]
    table, passages = words_of(entries, embeddings)
    return WordsRead(table, {one.passage_id: one for one in passages})


def _of_model(table: WordTable, embeddings: PassageEmbeddings | None) -> bool:
    return embeddings is None or table.model_id == embeddings.model_id


def _fits(words: PassageWords, hit: Hit) -> bool:
    """Tell whether the lines of a record lie in the text of its passage: not if it is damaged."""
    length, count = len(hit.passage.text), len(words.body)
    return all(
        start < end <= length and first + some <= count
        for start, end, _, first, some in words.lines.tolist()
    )
