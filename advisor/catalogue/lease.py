"""One writer at a time: an operating-system lock on a file of the home."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advisor.errors import WriterBusy


@contextmanager
def writer_lease(home: Path) -> Iterator[None]:
    """Hold the write lock of a home; the system frees it when the process ends, however it ends.

    Raises:
        WriterBusy: another process holds it (its process number is in the message).
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "writer.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise WriterBusy("writer_busy", pid=holder or "?") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)
