"""The catalogue: the one truth about documents, passages, vectors and published indexes.

Documents go through four states. An import *stages* them (one transaction each); nothing
of a staged document is visible. ``publish`` makes all staged documents *current*, retires
the ones they replace and names the index generation that holds them, in one transaction.
A *withdrawn* or *replaced* document keeps its row as history and can no longer be found.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from advisor.catalogue.database import Database
from advisor.catalogue.records import (
    DatedFact,
    Document,
    DocumentSource,
    DocumentSummary,
    Filters,
    Generation,
    IndexEntry,
    Page,
    Passage,
    SourceMark,
)
from advisor.catalogue.rows import (
    ALIASES,
    CURRENT,
    NEXT,
    RETIRED,
    aliases_of,
    batches,
    glob_literal,
    now,
    passage_of,
    placeholders,
    summary_of,
    to_json,
    unpack_lines,
)
from advisor.errors import UsageError
from advisor.text.language import Language
from advisor.text.normalise import fold

_PASSAGE = "p.id, p.document_id, p.ordinal, p.start, p.end, p.page, p.headings, p.text"


class Catalogue(Database):
    """What the catalogue file of a home holds. Safe to share between threads.

    Raises:
        StorageError: the file is damaged or the disk is full.
    """

    # -- documents ---------------------------------------------------------------------

    def documents(self, *, every_state: bool = False) -> list[DocumentSummary]:
        """List the current documents (or all, with their state), by kind and title."""
        where = "1" if every_state else CURRENT
        return self._summaries(where, ())

    def summary(self, document_id: str) -> DocumentSummary:
        """Return one document's line, whatever its state; a unique prefix of the id is enough.

        Raises:
            UsageError: no such document, or several share the prefix.
        """
        found = self._summaries("d.id = ?", (document_id,))
        if not found and document_id:
            found = self._summaries("d.id GLOB ? || '*'", (glob_literal(document_id),))
        if len(found) != 1:
            code = "ambiguous_document" if found else "unknown_document"
            raise UsageError(code, id=document_id)
        return found[0]

    def summaries(self, document_ids: Iterable[str]) -> dict[str, DocumentSummary]:
        """Return the lines of the current documents among the given ids."""
        return {
            one.id: one
            for batch in batches(sorted(document_ids))
            # The plus keeps SQLite off the index of states, which holds every document.
            for one in self._summaries(f"+{CURRENT} AND d.id IN ({placeholders(batch)})", batch)
        }

    def _summaries(self, where: str, parameters: Sequence[object]) -> list[DocumentSummary]:
        rows = self.rows(
            f"""SELECT d.id, d.title, d.kind, d.format, d.lang, d.author, d.date, d.url, d.state,
                (SELECT count(*) FROM pages WHERE document_id = d.id),
                (SELECT count(*) FROM passages WHERE document_id = d.id),
                (SELECT imported_at FROM documents INDEXED BY documents_imported WHERE id = d.id),
                (SELECT json_group_array(path) FROM sources WHERE document_id = d.id), d.warnings,
                {ALIASES}
            FROM documents d WHERE {where} ORDER BY d.kind, d.title, d.id""",
            parameters,
        )
        return [summary_of(row) for row in rows]

    def document(self, document_id: str) -> Document:
        """Return a current document with its text and pages.

        Raises:
            UsageError: no current document has this id.
        """
        rows = self.rows(
            """SELECT id, title, kind, format, lang, text, author, date, url, themes, territories,
                record, sources, marks, warnings
            FROM documents WHERE id = ? AND state = 'current'""",
            (document_id,),
        )
        if not rows:
            raise UsageError("unknown_document", id=document_id)
        row = rows[0]
        pages = self.rows(
            """SELECT number, label, start, end, width, height, lines FROM pages
            WHERE document_id = ? ORDER BY number""",
            (document_id,),
        )
        return Document(
            id=row[0], title=row[1], kind=row[2], format=row[3], lang=row[4], text=row[5],
            pages=tuple(
                Page(
                    number=page[0], label=page[1], start=page[2], end=page[3], width=page[4],
                    height=page[5], lines=unpack_lines(page[6]),
                )
                for page in pages
            ),
            author=row[6], date=row[7], url=row[8], themes=tuple(json.loads(row[9])),
            territories=tuple(json.loads(row[10])),
            record=json.loads(row[11]) if row[11] else None,
            sources=tuple(DocumentSource(**source) for source in json.loads(row[12])),
            marks=tuple(SourceMark(*mark) for mark in json.loads(row[13])),
            warnings=tuple(json.loads(row[14])),
        )  # fmt: skip

    def document_ids(self, filters: Filters) -> list[str]:
        """Return the ids of the current documents that satisfy the filters."""
        clauses, values = ["state = 'current'"], cast(list[object], [])
        for column, wanted in (
            ("kind", filters.kinds),
            ("lang", filters.languages),
            ("id", filters.documents),
        ):
            if wanted:
                clauses.append(f"{column} IN ({placeholders(wanted)})")
                values += wanted
        if filters.years:
            clauses.append(
                f"CAST(substr(date, 1, 4) AS INTEGER) IN ({placeholders(filters.years)})"
            )
            values += filters.years
        for column, wanted in (("themes", filters.themes), ("territories", filters.territories)):
            if wanted:
                clauses.append(
                    f"EXISTS (SELECT 1 FROM json_each({column}) "
                    f"WHERE value IN ({placeholders(wanted)}))"
                )
                values += wanted
        rows = self.rows(f"SELECT id FROM documents WHERE {' AND '.join(clauses)}", values)
        return [row[0] for row in rows]

    # -- passages ----------------------------------------------------------------------

    def fiche_records(self, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
        """Return (document id, front matter) of the current fiches of some kinds."""
        rows = self.rows(
            f"""SELECT id, record FROM documents WHERE state = 'current' AND record IS NOT NULL
            AND kind IN ({placeholders(kinds)}) ORDER BY id""",
            kinds,
        )
        return [(row[0], json.loads(row[1])) for row in rows]

    def languages(self) -> frozenset[Language]:
        """Return the languages of the current documents."""
        rows = self.rows("SELECT DISTINCT lang FROM documents WHERE state = 'current'")
        return frozenset(row[0] for row in rows)

    def passages(self, passage_ids: Iterable[str]) -> dict[str, Passage]:
        """Return the passages of current documents among the given ids."""
        return {
            row[0]: passage_of(row)
            for batch in batches(list(passage_ids))
            for row in self.rows(
                # CROSS JOIN fixes the order: a few passages first, then their documents.
                f"""SELECT {_PASSAGE} FROM passages p CROSS JOIN documents d
                WHERE p.id IN ({placeholders(batch)}) AND d.id = p.document_id
                AND {CURRENT}""",
                batch,
            )
        }

    def passage_ids_of(self, document_ids: Sequence[str]) -> list[str]:
        """Return the ids of the passages of some documents."""
        return [
            row[0]
            for batch in batches(document_ids)
            for row in self.rows(
                f"SELECT id FROM passages WHERE document_id IN ({placeholders(batch)})", batch
            )
        ]

    def passages_of(self, document_id: str) -> list[Passage]:
        """Return the passages of a document, in reading order."""
        rows = self.rows(
            f"SELECT {_PASSAGE} FROM passages p WHERE document_id = ? ORDER BY ordinal",
            (document_id,),
        )
        return [passage_of(row) for row in rows]

    def facts(self, document_ids: Sequence[str], names: Sequence[str]) -> list[DatedFact]:
        """Return the dated facts of some documents, and those of others that hold a name."""
        told = f"f.document_id IN ({placeholders(document_ids)})"
        named = " OR ".join("instr(folded(f.sentence), ?) > 0" for _ in names) or "0"
        rows = self.rows(
            f"""SELECT f.passage_id, f.start, f.end, f.since, f.sentence
            FROM facts f JOIN documents d ON d.id = f.document_id
            WHERE {CURRENT} AND ({told} OR {named})
            ORDER BY f.start, f.end, f.sentence, f.passage_id""",
            [*document_ids, *map(fold, names)],
        )
        return [DatedFact(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows]

    def undated(self) -> list[str]:
        """Return the current documents imported before their dates were kept."""
        return [
            row[0]
            for row in self.rows("SELECT id FROM documents WHERE state = 'current' AND dated = 0")
        ]

    def add_facts(self, document_id: str, facts: Iterable[DatedFact]) -> None:
        """Keep the dated facts of such a document."""
        with self.transaction() as connection:
            connection.execute("UPDATE documents SET dated = 1 WHERE id = ?", (document_id,))
            insert_facts(connection, document_id, facts)

    def passage_ids(self) -> set[str]:
        """Return the ids of all passages of current documents."""
        return {row[0] for row in self.rows(
            """SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id
            WHERE d.state = 'current'"""
        )}  # fmt: skip

    def next_passages(self) -> dict[str, str]:
        """Return passage id → document id of what the next publication will hold."""
        return dict(self.rows(
            f"""SELECT p.id, p.document_id FROM passages p JOIN documents d ON d.id = p.document_id
            WHERE {NEXT}"""
        ))  # fmt: skip

    def index_entries(self, passage_ids: Sequence[str]) -> Iterator[IndexEntry]:
        """Yield passages as the indexes take them."""
        for batch in batches(passage_ids):
            for row in self.rows(
                f"""SELECT {_PASSAGE}, d.title, d.lang, {ALIASES}
                FROM passages p JOIN documents d ON d.id = p.document_id
                WHERE p.id IN ({placeholders(batch)})""",
                batch,
            ):
                yield IndexEntry(passage_of(row), row[8], row[9], aliases_of(row[10]))

    # -- publication -------------------------------------------------------------------

    def state_of(self, document_id: str) -> str | None:
        """Return the state of a document, ``None`` when it was never imported."""
        rows = self.rows("SELECT state FROM documents WHERE id = ?", (document_id,))
        return str(rows[0][0]) if rows else None

    def staged_count(self) -> int:
        """Return how many documents wait for publication."""
        return int(self.rows("SELECT count(*) FROM documents WHERE state = 'staged'")[0][0])

    def generation(self) -> Generation | None:
        """Return the published index generation, ``None`` before the first import."""
        rows = self.rows(
            """SELECT id, model, dimension, passages, dense_files FROM generations
            ORDER BY id DESC LIMIT 1"""
        )
        if not rows:
            return None
        number, model, dimension, passages, files = rows[0]
        return Generation(number, model, dimension, passages, json.loads(files))

    def publish(self, generation: Generation) -> None:
        """Make staged documents current, retire what they replace, name the new generation."""
        with self.transaction() as connection:
            connection.execute(
                f"""UPDATE documents SET state = 'replaced',
                replaced_by = (SELECT document_id FROM sources WHERE replaces = documents.id)
                WHERE state = 'current' AND id IN ({RETIRED})"""
            )
            connection.execute("UPDATE sources SET replaces = NULL")
            connection.execute("UPDATE documents SET state = 'current' WHERE state = 'staged'")
            connection.execute(
                "INSERT INTO generations VALUES (?, ?, ?, ?, ?, ?)",
                (
                    generation.id, generation.model, generation.dimension, generation.passages,
                    to_json(generation.dense_files), now(),
                ),
            )  # fmt: skip
            connection.execute("DELETE FROM generations WHERE id < ?", (generation.id - 1,))

    def withdraw(self, document_id: str) -> None:
        """Withdraw a document: from this instant it can no longer be found or cited."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE documents SET state = 'withdrawn' WHERE id = ?", (document_id,)
            )

    # -- soundness ---------------------------------------------------------------------

    def integrity_problems(self) -> list[str]:
        """Return what SQLite's own check finds wrong with the file; empty when sound."""
        found = [row[0] for row in self.rows("PRAGMA quick_check")]
        broken = self.rows("PRAGMA foreign_key_check")
        return [line for line in found if line != "ok"] + [f"{row[0]}: {row[2]}" for row in broken]


def insert_facts(
    connection: sqlite3.Connection, document_id: str, facts: Iterable[DatedFact]
) -> None:
    """Store the dated facts of a document inside a transaction."""
    connection.executemany(
        "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)",
        [
            (fact.passage_id, document_id, fact.start, fact.end, fact.since, fact.sentence)
            for fact in facts
        ],
    )
