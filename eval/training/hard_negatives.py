"""Hard negatives: right sides that BM25 takes for the answer of another left side.

In-batch negatives are mostly on other subjects; the ones mined here share words with the
question (Karpukhin et al., «Dense Passage Retrieval for Open-Domain Question Answering», 2020).
"""

from __future__ import annotations

import tempfile

import numpy as np
import numpy.typing as npt
import tantivy

from eval.training.batches import Column, Task

# The first ranks often answer as well: they are left alone.
_FIRST, _LAST = 2, 12
#: The tasks whose left side is a question or a title.
MINED = ("pair", "title")
_MOST_TERMS = 24


def mine(task: Task) -> npt.NDArray[np.int64]:
    """Return places of hard negatives for each place, shape (places, 10); -1 where none is left."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("rows", tokenizer_name="rows", index_option="freq")
    schema.add_integer_field("place", stored=True)
    built = schema.build()
    with tempfile.TemporaryDirectory() as folder:
        index = tantivy.Index(built, path=folder)
        index.register_tokenizer(
            "rows", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        )
        writer = index.writer(heap_size=60_000_000, num_threads=1)
        seen: set[bytes] = set()
        for place in range(len(task.right.lengths)):
            rows = task.right[place]
            if (key := rows.tobytes()) not in seen:
                seen.add(key)
                writer.add_document(tantivy.Document(rows=_text(rows), place=place))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        searcher = index.searcher()
        hard = np.full((len(task.left.lengths), _LAST - _FIRST), -1, dtype=np.int64)
        for place in task.usable:
            found = _similar(built, searcher, task.left, int(place))
            own, left = task.right[place].tobytes(), task.left[place].tobytes()
            kept = [
                one
                for one in found
                if task.right[one].tobytes() != own and task.left[one].tobytes() != left
            ][_FIRST:_LAST]
            hard[place, : len(kept)] = kept
    return hard


def _similar(
    schema: tantivy.Schema, searcher: tantivy.Searcher, left: Column, place: int
) -> list[int]:
    terms = dict.fromkeys(str(row) for row in left[place][:_MOST_TERMS])
    should = [
        (tantivy.Occur.Should, tantivy.Query.term_query(schema, "rows", term, index_option="freq"))
        for term in terms
    ]
    hits = searcher.search(tantivy.Query.boolean_query(should), _LAST + 8).hits
    return [int(searcher.doc(address).get_first("place")) for _, address in hits]


def _text(rows: npt.NDArray[np.int32]) -> str:
    return " ".join(map(str, rows))
