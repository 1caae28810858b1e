"""What readers tell the maintainers: questions without answer, useful answers, wrong citations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from advisor.catalogue.database import Database
from advisor.catalogue.rows import now

Opinion = Literal["useful", "useless", "citation"]
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal; ``kind`` is ``unanswered`` or an opinion."""

    kind: str
    question: str
    said_at: str
    document_id: str | None = None
    quote: str | None = None
    reason: str | None = None


class Journal:
    """Writes to and reads from the catalogue's journal; keeps no name and no address."""

    def __init__(self, catalogue: Database) -> None:
        self._catalogue = catalogue

    def unanswered(self, question: str, lang: str) -> None:
        """Keep a question the corpus could not answer.

        Raises:
            StorageError: the catalogue cannot be written.
        """
        with self._catalogue.transaction() as connection:
            connection.execute(
                "INSERT INTO unanswered VALUES (?, ?, ?)", (question[:_LONGEST], lang, now())
            )

    def opinion(
        self,
        kind: Opinion,
        question: str,
        *,
        document_id: str | None = None,
        quote: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Keep what a reader says of an answer, or of one citation.

        Raises:
            StorageError: the catalogue cannot be written.
        """
        texts = [text[:_LONGEST] if text else None for text in (quote, reason)]
        with self._catalogue.transaction() as connection:
            connection.execute(
                "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?)",
                (kind, question[:_LONGEST], document_id, *texts, now()),
            )

    def entries(self) -> list[Entry]:
        """Return everything, the newest first.

        Raises:
            StorageError: the catalogue cannot be read.
        """
        rows = self._catalogue.rows(
            """SELECT kind, question, said_at, document_id, quote, reason FROM feedback
            UNION ALL SELECT 'unanswered', question, asked_at, NULL, NULL, NULL FROM unanswered
            ORDER BY 3 DESC, 1, 2"""
        )
        return [Entry(*row) for row in rows]
