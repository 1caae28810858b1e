"""The vectors of passages that the catalogue keeps: one for the whole, and one for each token.

Each is kept by the model that made it; a passage that lacks one gets it when the indexes of the
next publication are built.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from advisor.catalogue.database import Database
from advisor.catalogue.rows import NEXT, batches, placeholders

Vectors = npt.NDArray[np.float32]
#: The vectors of a passage's tokens, see ``advisor.index.token_codes``, shape (tokens, bytes).
TokenCodes = npt.NDArray[np.uint8]


class PassageVectors:
    """Reads and writes the vectors of a catalogue's passages."""

    def __init__(self, catalogue: Database) -> None:
        self._catalogue = catalogue

    def of(self, model: str, passage_ids: Sequence[str]) -> tuple[list[str], Vectors]:
        """Return the ids that have a vector of this model, in order, and the vectors as rows."""
        blobs = {
            row[0]: row[1]
            for batch in batches(passage_ids)
            for row in self._catalogue.rows(
                f"""SELECT passage_id, vector FROM vectors
                WHERE model = ? AND passage_id IN ({placeholders(batch)})""",
                [model, *batch],
            )
        }
        ids = [one for one in passage_ids if one in blobs]
        if not ids:
            return [], np.zeros((0, 0), dtype=np.float32)
        flat = np.frombuffer(b"".join(blobs[one] for one in ids), dtype=np.float16)
        return ids, flat.reshape(len(ids), -1).astype(np.float32)

    def missing(self, model: str) -> list[str]:
        """Return the ids of the next publication's passages that lack a vector of this model."""
        return self._lacking("vectors", model)

    def add(self, model: str, passage_ids: Sequence[str], vectors: Vectors) -> None:
        """Store vectors (one row per id), replacing those of the same model."""
        with self._catalogue.transaction() as connection:
            insert_vectors(connection, model, passage_ids, vectors)

    def tokens(self, model: str, passage_ids: Sequence[str], width: int) -> dict[str, TokenCodes]:
        """Return the codes of the tokens of each passage that has some of this model.

        Args:
            model: the token encoder.
            passage_ids: the passages.
            width: bytes of a token.
        """
        return {
            row[0]: np.frombuffer(row[1], dtype=np.uint8).reshape(-1, width)
            for batch in batches(passage_ids)
            for row in self._catalogue.rows(
                f"""SELECT passage_id, codes FROM token_vectors
                WHERE model = ? AND passage_id IN ({placeholders(batch)})""",
                [model, *batch],
            )
        }

    def without_tokens(self, model: str, of: str = NEXT) -> list[str]:
        """Return the ids of the next publication's passages that this encoder has not read.

        ``of`` may be ``CURRENT``, for those of the published corpus.
        """
        return self._lacking("token_vectors", model, of)

    def add_tokens(
        self, model: str, passage_ids: Sequence[str], codes: Sequence[TokenCodes]
    ) -> None:
        """Store the codes of passages' tokens in place of those of any other encoder."""
        with self._catalogue.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO token_vectors VALUES (?, ?, ?)",
                [(key, model, one.tobytes()) for key, one in zip(passage_ids, codes, strict=True)],
            )

    def _lacking(self, table: str, model: str, of: str = NEXT) -> list[str]:
        return [row[0] for row in self._catalogue.rows(
            f"""SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id
            WHERE {of} AND NOT EXISTS
            (SELECT 1 FROM {table} v WHERE v.passage_id = p.id AND v.model = ?)""",
            (model,),
        )]  # fmt: skip


def insert_vectors(
    connection: sqlite3.Connection, model: str, passage_ids: Sequence[str], vectors: Vectors
) -> None:
    """Store vectors inside a transaction, see ``PassageVectors.add``."""
    rows = vectors.astype(np.float16)
    connection.executemany(
        "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
        [(key, model, row.tobytes()) for key, row in zip(passage_ids, rows, strict=True)],
    )
