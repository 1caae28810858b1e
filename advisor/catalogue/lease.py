"""One writer at a time: an operating-system lock on a file of the home."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advisor.catalogue.database import storage_error
from advisor.errors import WriterBusy

# A killed import holds its lock until the last of its processes is gone: a moment.
_PATIENCE, _PAUSE = 2.0, 0.05


@contextmanager
def writer_lease(home: Path) -> Iterator[None]:
    """Hold the write lock of a home; the system frees it when the process ends, however it ends.

    Raises:
        WriterBusy: another process holds it (its process number is in the message).
        StorageError: the home cannot be written.
    """
    lock = home / "writer.lock"
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise storage_error(error, lock) from None
    try:
        if not _locked(descriptor):
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise WriterBusy("writer_busy", pid=holder or "?")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock within the seconds of ``_PATIENCE``; tell whether it was taken."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        else:
            return True
