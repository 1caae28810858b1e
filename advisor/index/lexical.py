"""The lexical index: BM25 over title, headings and body, in a Tantivy folder.

It stores passage ids only. Terms come from ``advisor.text.analysis``, for documents and
questions alike, so Tantivy splits on white space and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import tantivy

from advisor.catalogue.records import Passage
from advisor.errors import IndexUnavailable
from advisor.text.analysis import analyse
from advisor.text.language import Language

_WRITER_BYTES = 60_000_000
_TERMS = "terms"
# Boosts of the three fields; the headings of a section name its subject.
FIELD_BOOSTS = {"title": 0.2, "headings": 0.5, "body": 1.0}


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A passage id and its BM25 score (unbounded, comparable within one query only)."""

    passage_id: str
    score: float


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
    for name in FIELD_BOOSTS:
        builder.add_text_field(name, tokenizer_name=_TERMS, index_option="freq")
    return builder.build()


def _open(path: Path, schema: tantivy.Schema) -> tantivy.Index:
    index = tantivy.Index(schema, path=str(path))
    index.register_tokenizer(
        _TERMS, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    )
    return index


class LexicalIndex:
    """Reads a built index folder.

    Raises:
        IndexUnavailable: the folder is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        if not (path / "meta.json").is_file():
            raise IndexUnavailable("index_missing", path=str(path))
        try:
            self._schema = _schema()
            index = _open(path, self._schema)
            index.reload()
            self._searcher = index.searcher()
        except Exception as error:
            raise IndexUnavailable("index_damaged", path=str(path), reason=str(error)) from None

    @property
    def size(self) -> int:
        """Number of passages."""
        return int(self._searcher.num_docs)

    def document_frequency(self, term: str) -> int:
        """Return how many passages hold a term in their body."""
        return int(self._searcher.doc_freq("body", term))

    def search(
        self, terms: Sequence[str], limit: int, document_ids: Sequence[str] | None = None
    ) -> list[LexicalHit]:
        """Return the best passages for the terms, restricted to some documents when given."""
        if not terms or not self.size:
            return []
        should = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(
                    tantivy.Query.term_query(self._schema, field, term, index_option="freq"), boost
                ),
            )
            for term in dict.fromkeys(terms)
            for field, boost in FIELD_BOOSTS.items()
        ]
        query = tantivy.Query.boolean_query(should)
        if document_ids is not None:
            if not document_ids:
                return []
            allowed = tantivy.Query.term_set_query(self._schema, "document", list(document_ids))
            query = tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Must, query),
                    (tantivy.Occur.Must, tantivy.Query.const_score_query(allowed, 0.0)),
                ]
            )
        found = self._searcher.search(query, limit).hits
        hits = [
            LexicalHit(str(self._searcher.doc(address).get_first("id")), float(score))
            for score, address in found
        ]
        # Equal scores come in an order that depends on how the index was built; ids do not.
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))

    def ids(self) -> set[str]:
        """Return every passage id in the index."""
        found = self._searcher.search(tantivy.Query.all_query(), max(self.size, 1)).hits
        return {str(self._searcher.doc(address).get_first("id")) for _, address in found}


def update_lexical(
    path: Path,
    added: Iterable[tuple[Passage, str, Language]],
    removed_documents: Iterable[str],
) -> Iterator[int]:
    """Apply changes to the index folder (created if absent); yield after each added passage.

    Nothing is visible to readers before the generator is exhausted and the commit done.
    """
    path.mkdir(parents=True, exist_ok=True)
    schema = _schema()
    writer = _open(path, schema).writer(heap_size=_WRITER_BYTES, num_threads=1)
    for document_id in removed_documents:
        writer.delete_documents_by_term("document", document_id)
    for count, (passage, title, lang) in enumerate(added, start=1):
        writer.add_document(
            tantivy.Document(
                id=passage.id,
                document=passage.document_id,
                title=" ".join(analyse(title, lang)),
                headings=" ".join(analyse(" ".join(passage.headings), lang)),
                body=" ".join(analyse(passage.text, lang)),
            )
        )
        yield count
    writer.commit()
    writer.wait_merging_threads()
