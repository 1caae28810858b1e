"""The catalogue's file: connections, transactions, and errors in words.

One connection per thread; the file is in write-ahead mode, so readers never block.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from advisor.catalogue.schema import migrate
from advisor.errors import DISK_FULL, StorageError
from advisor.text.normalise import fold


class Database:
    """An SQLite file of a home, created and migrated when first used.

    Raises:
        StorageError: the file is damaged or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA foreign_keys = ON")
                # SQLite's own comparison without case knows no accents.
                connection.create_function("folded", 1, fold, deterministic=True)
                migrate(connection)
            except (sqlite3.DatabaseError, OSError) as error:
                raise storage_error(error, self.path) from None
            self._local.connection = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a write transaction: all of it is kept, or nothing."""
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            raise storage_error(error, self.path) from None

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Return the rows of a query, without taking the write lock."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise storage_error(error, self.path) from None


def storage_error(error: Exception, path: Path) -> StorageError:
    """Turn an error of SQLite or the system into the sentence that helps."""
    text = str(error)
    code = getattr(error, "errno", None)
    if code in DISK_FULL or "full" in text or "disk I/O" in text:
        return StorageError("disk_full", path=str(path))
    if "locked" in text:
        return StorageError("catalogue_locked", path=str(path))
    if isinstance(error, OSError) or "readonly" in text or "unable to open" in text:
        return StorageError("home_not_writable", path=str(path.parent))
    return StorageError("catalogue_damaged", path=str(path), reason=text)
