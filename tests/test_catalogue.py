"""The catalogue's file across versions."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from advisor.catalogue.schema import MIGRATIONS
from advisor.catalogue.store import Catalogue
from advisor.catalogue.vectors import PassageVectors


def test_a_catalogue_of_the_version_before_keeps_the_vectors_of_its_passages(
    tmp_path: Path,
) -> None:
    path = tmp_path / "catalogue.sqlite"
    before = next(n for n, script in enumerate(MIGRATIONS) if "DROP TABLE vectors" in script)
    vector = np.linspace(-1, 1, 8, dtype=np.float16)
    with sqlite3.connect(path) as older:
        for script in MIGRATIONS[:before]:
            older.executescript(script)
        older.execute(f"PRAGMA user_version = {before}")
        older.execute(
            """INSERT INTO documents (id, state, title, kind, format, lang, themes, territories,
            sources, marks, warnings, text, pipeline, imported_at)
            VALUES ('d1', 'current', '', '', '', 'fr', '[]', '[]', '[]', '[]', '[]', '', 1, '')"""
        )
        older.execute("INSERT INTO passages VALUES ('p1', 'd1', 0, 0, 1, 1, '[]', 'x')")
        older.execute("INSERT INTO vectors VALUES ('p1', 'static/model', ?)", [vector.tobytes()])
        older.execute("INSERT INTO vectors VALUES ('p1', 'other', ?)", [vector.tobytes()])
    older.close()

    vectors = PassageVectors(Catalogue(path))

    ids, rows = vectors.of("static/model", ["p1", "p2"])
    assert ids == ["p1"]
    assert rows[0].tolist() == vector.astype(np.float32).tolist()
    assert vectors.of("other", ["p1"])[0] == ["p1"]
