"""The catalogue's schema. Each entry of ``MIGRATIONS`` takes the file one version further."""

from __future__ import annotations

import sqlite3

MIGRATIONS = (
    """
    CREATE TABLE documents (
        id TEXT PRIMARY KEY,              -- hash of the file's bytes
        state TEXT NOT NULL CHECK (state IN ('staged', 'current', 'replaced', 'withdrawn')),
        title TEXT NOT NULL,
        kind TEXT NOT NULL,
        format TEXT NOT NULL,
        lang TEXT NOT NULL,
        author TEXT, date TEXT, url TEXT,
        themes TEXT NOT NULL,             -- JSON arrays, read by json_each
        territories TEXT NOT NULL,
        record TEXT,                      -- front matter of a fiche, JSON
        sources TEXT NOT NULL,
        marks TEXT NOT NULL,
        warnings TEXT NOT NULL,
        text TEXT NOT NULL,               -- canonical text
        pipeline INTEGER NOT NULL,        -- version of the reading and splitting that made it
        replaced_by TEXT,
        imported_at TEXT NOT NULL
    );
    CREATE INDEX documents_state ON documents (state, kind);
    CREATE TABLE sources (                -- the files met by imports
        path TEXT PRIMARY KEY,
        document_id TEXT NOT NULL REFERENCES documents (id),
        replaces TEXT,                    -- document to retire when document_id is published
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL
    );
    CREATE INDEX sources_document ON sources (document_id);
    CREATE TABLE pages (
        document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        label TEXT NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        width REAL NOT NULL,
        height REAL NOT NULL,
        lines BLOB NOT NULL,              -- float32 rows: start, end, x0, y0, x1, y1
        PRIMARY KEY (document_id, number)
    ) WITHOUT ROWID;
    CREATE TABLE passages (
        id TEXT PRIMARY KEY,
        document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        page INTEGER NOT NULL,
        headings TEXT NOT NULL,
        text TEXT NOT NULL,
        UNIQUE (document_id, ordinal)
    );
    CREATE TABLE vectors (
        passage_id TEXT NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        vector BLOB NOT NULL,             -- float16, unit length
        PRIMARY KEY (passage_id, model)
    ) WITHOUT ROWID;
    CREATE TABLE generations (            -- published versions of the derived indexes
        id INTEGER PRIMARY KEY,
        model TEXT NOT NULL,
        dimension INTEGER NOT NULL,
        passages INTEGER NOT NULL,
        dense_files TEXT NOT NULL,
        published_at TEXT NOT NULL
    );
    CREATE TABLE unanswered (             -- questions the corpus could not answer
        question TEXT NOT NULL,
        lang TEXT NOT NULL,
        asked_at TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE feedback (               -- what readers say of answers and citations
        kind TEXT NOT NULL CHECK (kind IN ('useful', 'useless', 'citation')),
        question TEXT NOT NULL,
        document_id TEXT,
        quote TEXT,
        reason TEXT,
        said_at TEXT NOT NULL
    )
    """,
    # Filters ask for ids alone: the index holds them, the rows with their texts are not read.
    """
    DROP INDEX documents_state;
    CREATE INDEX documents_state ON documents (state, kind, lang, id)
    """,
    """
    ALTER TABLE documents ADD COLUMN dated INTEGER NOT NULL DEFAULT 0;  -- its facts are below
    CREATE INDEX documents_undated ON documents (state, id) WHERE dated = 0;
    CREATE TABLE facts (                  -- sentences that give a date
        passage_id TEXT NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
        document_id TEXT NOT NULL,
        start INTEGER NOT NULL,           -- years
        end INTEGER NOT NULL,
        since INTEGER NOT NULL,
        sentence TEXT NOT NULL
    );
    CREATE INDEX facts_document ON facts (document_id);
    CREATE INDEX facts_passage ON facts (passage_id)
    """,
    # Kilobytes a row: a table of rows reads them faster than an index that holds them.
    """
    CREATE TABLE token_vectors (
        passage_id TEXT PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        codes BLOB NOT NULL               -- two bits for each number of each token's vector
    )
    """,
    # The same of whole vectors: an index of a few of them a page was ten pages deep.
    """
    CREATE TABLE passage_vectors (
        passage_id TEXT NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        vector BLOB NOT NULL,             -- float16, unit length
        PRIMARY KEY (passage_id, model)
    );
    INSERT INTO passage_vectors SELECT passage_id, model, vector FROM vectors;
    DROP TABLE vectors;
    ALTER TABLE passage_vectors RENAME TO vectors
    """,
    # The column comes after the text: to read it there, the whole text is read.
    "CREATE INDEX documents_imported ON documents (id, imported_at)",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a catalogue file to the newest schema, in one transaction.

    ``connection`` must be in autocommit mode (``isolation_level=None``).
    """
    if _version(connection) >= len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have migrated meanwhile.
        for script in MIGRATIONS[_version(connection) :]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
