"""The lexical index: a Tantivy folder that finds candidate passages, and the words of these.

Terms come from ``advisor.text.analysis``, for documents and questions alike, so Tantivy splits on
white space and nothing else. Tantivy's BM25 has fixed parameters and knows no fields weighted
together: it finds candidates, ``advisor.retrieval.bm25f`` ranks them from the words that
``advisor.index.forward`` keeps in the same folder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar, cast

import tantivy

from advisor.catalogue.records import IndexEntry
from advisor.errors import AdvisorError, IndexUnavailable, StorageError, first_line
from advisor.index.embedding import PassageEmbeddings
from advisor.index.forward import ForwardIndex, ForwardWriter, PassageWords, analysed
from advisor.text.analysis import stems

_WRITER_BYTES = 60_000_000
# Its number changes with the analysis, with what makes a line, and with the records of the forward
# index: an index that another version made is built anew.
_TERMS = "terms-5"
# Boosts of the three fields when candidates are looked for.
_FIELD_BOOSTS = {"title": 0.2, "headings": 0.5, "body": 1.0}
_FORWARD = "forward"
# Terms whose number of passages is remembered.
_FREQUENCIES = 10_000
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
    for name in _FIELD_BOOSTS:
        builder.add_text_field(name, tokenizer_name=_TERMS, index_option="freq")
    # Whole words: the vocabulary that spelling correction draws on.
    builder.add_text_field("spellings", tokenizer_name=_TERMS, index_option="basic")
    # Where the words of the passage are in the forward index.
    builder.add_integer_field("place", fast=True)
    builder.add_integer_field("length", fast=True)
    return builder.build()


def _open(path: Path, schema: tantivy.Schema) -> tantivy.Index:
    index = tantivy.Index(schema, path=str(path))
    index.register_tokenizer(
        _TERMS, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    )
    return index


def _reading(
    read: Callable[Concatenate[LexicalIndex, Arguments], Result],
) -> Callable[Concatenate[LexicalIndex, Arguments], Result]:
    """Make a method say that the index is damaged, where Tantivy fails on its files.

    A file cut short makes it panic, which no ``Exception`` catches.
    """

    @wraps(read)
    def method(self: LexicalIndex, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return read(self, *args, **kwargs)
        except (KeyboardInterrupt, SystemExit, GeneratorExit, AdvisorError):
            raise
        except BaseException as error:
            raise IndexUnavailable(
                "index_damaged", path=str(self.path), reason=first_line(error)
            ) from None

    return cast("Callable[Concatenate[LexicalIndex, Arguments], Result]", method)


class LexicalIndex:
    """Reads a built index folder.

    Raises:
        IndexUnavailable: the folder is missing, damaged or of an older layout; so do its methods.
        StorageError: it may not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not (path / "meta.json").is_file():
                raise IndexUnavailable("index_missing", path=str(path))
            self._schema = _schema()
            index = _open(path, self._schema)
            index.reload()
            self._searcher = index.searcher()
            # A question asks for that of each of its terms several times.
            self._frequency = lru_cache(maxsize=_FREQUENCIES)(self._read_frequency)
            #: The words of the passages.
            self.forward = ForwardIndex(path / _FORWARD)
        except IndexUnavailable:
            raise
        except PermissionError:
            raise StorageError("home_not_readable", path=str(path)) from None
        except Exception as error:
            raise IndexUnavailable("index_damaged", path=str(path), reason=str(error)) from None

    @property
    def size(self) -> int:
        """Number of passages."""
        return int(self._searcher.num_docs)

    @cached_property
    @_reading
    def mean_length(self) -> float:
        """Mean number of content words of a passage."""
        everything = tantivy.Query.all_query()
        request = {"mean": {"avg": {"field": "length"}}}
        answer = cast(
            dict[str, dict[str, float | None]], self._searcher.aggregate(everything, request)
        )
        return answer["mean"]["value"] or 1.0

    @cached_property
    @_reading
    def spellings(self) -> Mapping[str, int]:
        """Every whole word of the corpus with the number of passages that hold it."""
        return dict(self._searcher.terms_with_prefix("spellings", ""))

    def document_frequency(self, term: str) -> int:
        """Return how many passages hold a term, in the field that holds it most."""
        return self._frequency(term)

    @_reading
    def _read_frequency(self, term: str) -> int:
        return max(int(self._searcher.doc_freq(field, term)) for field in _FIELD_BOOSTS)

    @_reading
    def search(
        self,
        terms: Mapping[str, float],
        limit: int,
        document_ids: Sequence[str] | None = None,
    ) -> list[PassageWords]:
        """Return the best candidates for weighted terms, among some documents when given.

        They are in the order of their ids: Tantivy's scores decide which they are, and no more.
        """
        if not terms or not self.size:
            return []
        should = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(
                    tantivy.Query.term_query(self._schema, field, term, index_option="freq"),
                    boost * weight,
                ),
            )
            for term, weight in terms.items()
            for field, boost in _FIELD_BOOSTS.items()
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
        # Equal scores come in an order that depends on how the index was built; ids do not.
        return sorted(self._found(query, limit), key=lambda one: one.passage_id)

    @_reading
    def holds(
        self, document_ids: Sequence[str], words: Collection[str], terms: Collection[str] = ()
    ) -> bool:
        """Tell whether one of some documents, its titles included, has a whole word or a term."""
        wanted = {"spellings": words, **dict.fromkeys(_FIELD_BOOSTS, terms)}
        anywhere = [
            (tantivy.Occur.Should, tantivy.Query.term_set_query(self._schema, field, list(found)))
            for field, found in wanted.items()
            if found
        ]
        if not anywhere or not document_ids:
            return False
        among = tantivy.Query.term_set_query(self._schema, "document", list(document_ids))
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, among),
                (tantivy.Occur.Must, tantivy.Query.boolean_query(anywhere)),
            ]
        )
        return bool(self._searcher.search(query, 1).hits)

    @_reading
    def passages(self, passage_ids: Sequence[str]) -> list[PassageWords]:
        """Return the words of some passages, in any order; one that is not there is left out."""
        if not passage_ids:
            return []
        query = tantivy.Query.term_set_query(self._schema, "id", list(passage_ids))
        return self._found(query, len(passage_ids))

    @_reading
    def ids(self) -> set[str]:
        """Return every passage id in the index."""
        found = self._found(tantivy.Query.all_query(), max(self.size, 1))
        return {one.passage_id for one in found}

    def _found(self, query: tantivy.Query, limit: int) -> list[PassageWords]:
        addresses = [address for _, address in self._searcher.search(query, limit).hits]
        places = self._searcher.fast_field_values("place", addresses)
        return self.forward.passages(cast(list[int], places))


def update_lexical(
    path: Path,
    added: Iterable[IndexEntry],
    removed_documents: Iterable[str],
    embeddings: PassageEmbeddings,
) -> Iterator[int]:
    """Apply changes to the index folder (created if absent); yield after each added passage.

    Nothing is visible to readers before the generator is exhausted and the commit done. The model
    gives words their vectors.
    """
    path.mkdir(parents=True, exist_ok=True)
    schema = _schema()
    writer = _open(path, schema).writer(heap_size=_WRITER_BYTES, num_threads=1)
    forward = ForwardWriter(path / _FORWARD)
    for document_id in removed_documents:
        writer.delete_documents_by_term("document", document_id)
    for count, one in enumerate(added, start=1):
        writer.add_document(_document(one, forward))
        yield count
    forward.finish(embeddings)
    writer.commit()
    writer.wait_merging_threads()


def _document(entry: IndexEntry, forward: ForwardWriter) -> tantivy.Document:
    found = analysed(entry)
    fields = {
        # A fiche is found by its other names too.
        "title": [*found.title, *found.names],
        "headings": found.headings,
        "body": found.body,
    }
    spellings = sorted({word for words in fields.values() for word in words})
    return tantivy.Document(
        id=entry.passage.id,
        document=entry.passage.document_id,
        spellings=" ".join(word for word in spellings if word.isalpha()),
        place=forward.add(entry, found),
        length=len(found.body),
        **{name: " ".join(stems(words, entry.lang)) for name, words in fields.items()},
    )
