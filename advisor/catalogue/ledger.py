"""What imports write: which file holds which document, and documents read but not yet published."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from advisor.catalogue.database import Database
from advisor.catalogue.records import DatedFact, Document, Passage
from advisor.catalogue.rows import (
    CURRENT,
    batches,
    glob_literal,
    now,
    pack_lines,
    placeholders,
    to_json,
)
from advisor.catalogue.store import insert_facts
from advisor.catalogue.vectors import Vectors, insert_vectors


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as an import met it."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class KnownSource:
    """What the catalogue knows of a file: its document and that document's state."""

    file: SourceFile
    document_id: str
    state: str
    pipeline: int
    format: str


class ImportLedger:
    """Keeps the files of a catalogue's documents, and stages what was read of them.

    Raises:
        StorageError: the catalogue's file is damaged or the disk is full.
    """

    def __init__(self, catalogue: Database) -> None:
        self._catalogue = catalogue

    def known_sources(self, paths: Sequence[str]) -> dict[str, KnownSource]:
        """Return what is known of the given files."""
        return {
            row[0]: KnownSource(SourceFile(*row[:3]), *row[3:])
            for batch in batches(paths)
            for row in self._catalogue.rows(
                f"""SELECT s.path, s.size, s.mtime_ns, s.document_id, d.state, d.pipeline, d.format
                FROM sources s JOIN documents d ON d.id = s.document_id
                WHERE s.path IN ({placeholders(batch)})""",
                batch,
            )
        }

    def files_below(self, folder: str) -> list[tuple[str, str]]:
        """Return (path, document id) of the files of a folder whose document is current."""
        return [
            (row[0], row[1])
            for row in self._catalogue.rows(
                f"""SELECT s.path, s.document_id FROM sources s JOIN documents d
                ON d.id = s.document_id WHERE {CURRENT} AND s.path GLOB ?
                ORDER BY s.path""",
                (f"{glob_literal(folder.rstrip('/'))}/*",),
            )
        ]

    def forget_files(self, paths: Sequence[str]) -> None:
        """Forget that some files held a document: it stays, and no longer depends on them."""
        with self._catalogue.transaction() as connection:
            connection.executemany("DELETE FROM sources WHERE path = ?", [(one,) for one in paths])

    def stage(
        self,
        document: Document,
        passages: Sequence[Passage],
        vectors: Vectors,
        model: str,
        pipeline: int,
        file: SourceFile,
        facts: Iterable[DatedFact] = (),
    ) -> None:
        """Store a newly read document with what was found in it, not yet visible."""
        with self._catalogue.transaction() as connection:
            connection.execute(
                f"INSERT INTO documents VALUES ({placeholders(range(20))})",
                (
                    document.id, "staged", document.title, document.kind, document.format,
                    document.lang, document.author, document.date, document.url,
                    to_json(document.themes), to_json(document.territories),
                    to_json(document.record) if document.record is not None else None,
                    to_json([asdict(source) for source in document.sources]),
                    to_json([(mark.offset, mark.source) for mark in document.marks]),
                    to_json(document.warnings), document.text, pipeline, None, now(), True,
                ),
            )  # fmt: skip
            connection.executemany(
                "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (document.id, page.number, page.label, page.start, page.end, page.width,
                     page.height, pack_lines(page.lines))
                    for page in document.pages
                ],
            )  # fmt: skip
            connection.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (passage.id, document.id, passage.ordinal, passage.start, passage.end,
                     passage.page, to_json(passage.headings), passage.text)
                    for passage in passages
                ],
            )  # fmt: skip
            insert_facts(connection, document.id, facts)
            insert_vectors(connection, model, [passage.id for passage in passages], vectors)
            _point_source(connection, file, document.id)

    def point_source(self, file: SourceFile, document_id: str, *, restage: bool = False) -> None:
        """Record that a file holds an already known document; ``restage`` brings it back."""
        with self._catalogue.transaction() as connection:
            if restage:
                connection.execute(
                    """UPDATE documents SET state = 'staged', replaced_by = NULL
                    WHERE id = ? AND state IN ('withdrawn', 'replaced')""",
                    (document_id,),
                )
            _point_source(connection, file, document_id)


def _point_source(connection: sqlite3.Connection, file: SourceFile, document_id: str) -> None:
    row = connection.execute(
        """SELECT s.document_id, s.replaces, d.state FROM sources s
        JOIN documents d ON d.id = s.document_id WHERE s.path = ?""",
        (file.path,),
    ).fetchone()
    replaces = None
    if row is not None and row[0] != document_id:
        # A document staged and replaced before publication was never seen: its predecessor stays
        # the one to retire.
        replaces = row[0] if row[2] == "current" else row[1]
    elif row is not None:
        replaces = row[1]
    connection.execute(
        "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?)",
        (
            file.path,
            document_id,
            None if replaces == document_id else replaces,
            file.size,
            file.mtime_ns,
        ),
    )
    if row is not None and row[2] == "staged":
        connection.execute(
            """DELETE FROM documents WHERE id = ? AND state = 'staged'
            AND id NOT IN (SELECT document_id FROM sources)""",
            (row[0],),
        )
