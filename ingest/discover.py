"""Which files a list of paths stands for, and why some cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import ReadRefused

# Rules that suggestions follow, beside the fiches: data, not documents.
_RULES = "parcours"
_IGNORED = frozenset({"README.md", "LICENSE", "LICENSE.md", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Found:
    """A file met, or a place that could not be entered (with the reason)."""

    path: Path
    refusal: ReadRefused | None = None


def display(path: Path | str) -> str:
    """Return a path that can be stored and shown: control and undecodable characters escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def discover(paths: list[Path]) -> Iterator[Found]:
    """Yield the files below the given paths, sorted, each once.

    Hidden files, guides (``README.md``) and the folder ``parcours`` are passed over inside
    folders. A symbolic link that leads out of the folder being imported is not followed.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _walk(path):
            key = os.path.realpath(found.path) if found.refusal is None else str(found.path)
            if key not in seen:
                seen.add(key)
                yield found


def _walk(path: Path) -> Iterator[Found]:
    try:
        if not path.exists():
            code = "read_broken_link" if path.is_symlink() else "read_missing"
            yield Found(path, ReadRefused(code))
            return
        if not path.is_dir():
            yield _file(path)
            return
    except (PermissionError, OSError):
        yield Found(path, ReadRefused("read_forbidden"))
        return
    yield from _folder(path, path.resolve())


def _folder(folder: Path, root: Path) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        yield Found(folder, ReadRefused("read_forbidden_folder"))
        return
    except OSError:
        yield Found(folder, ReadRefused("read_forbidden"))
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name in _IGNORED or _is_rules(entry):
            continue
        if entry.is_symlink():
            target = Path(os.path.realpath(path))
            if not target.exists():
                yield Found(path, ReadRefused("read_broken_link"))
                continue
            if not target.is_relative_to(root):
                yield Found(path, ReadRefused("read_outside_link"))
                continue
            if target.is_dir():
                continue  # inside the folder, so it is met on its own
        if entry.is_dir():
            yield from _folder(path, root)
        else:
            yield _file(path)


def _is_rules(entry: os.DirEntry[str]) -> bool:
    return entry.name == _RULES and entry.is_dir()


def _file(path: Path) -> Found:
    if not path.is_file():
        return Found(path, ReadRefused("read_not_a_file"))
    if not os.access(path, os.R_OK):
        return Found(path, ReadRefused("read_forbidden"))
    return Found(path)
