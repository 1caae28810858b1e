"""The files that documents were read from, kept for page images and download.

Each is named by the document's id, with the suffix of the file.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

_PARTIAL = ".partial"


def original_of(folder: Path, document_id: str) -> Path | None:
    """Return the file kept of a document, ``None`` when there is none."""
    found = (one for one in folder.glob(f"{document_id}.*") if one.suffix != _PARTIAL)
    path = next(found, None)
    return path.resolve() if path is not None else None


def without_original(folder: Path, document_ids: Collection[str]) -> set[str]:
    """Return the documents of which no file is kept."""
    kept = {one.stem for one in folder.glob("*") if one.suffix != _PARTIAL}
    return set(document_ids) - kept


def keep_original(folder: Path, document_id: str, path: Path) -> None:
    """Keep the file of a document, complete or not at all; nothing where it is kept already.

    Raises:
        OSError: the file cannot be read, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{document_id}{path.suffix.lower()}"
    if target.exists():
        return
    partial = target.with_suffix(_PARTIAL)
    try:
        shutil.copyfile(path, partial)
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
