"""Word lists, tables and groups, one plain file each; ``#`` opens a comment.

A list holds words separated by white space; a table one entry per line, ``word = value``; a file of
groups one group per line, its members between commas.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from advisor.errors import ReadRefused, UsageError
from advisor.text.decoding import decode

_FOLDER = Path(__file__).parent


@cache
def word_list(name: str) -> frozenset[str]:
    """Return the words of ``<name>.txt``.

    Raises:
        FileNotFoundError: no such list.
    """
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def word_table(name: str, lang: str) -> dict[str, str]:
    """Return the entries of ``<name>.<lang>.txt``.

    Raises:
        FileNotFoundError: no such table.
    """
    return read_table(_FOLDER / f"{name}.{lang}.txt")


def read_table(path: Path) -> dict[str, str]:
    """Return the entries of a table file; lines without ``=`` are passed over.

    Raises:
        UsageError: the file is not text, or may not be read.
    """
    entries = {}
    for line in _lines(path):
        word, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            entries[word.strip()] = value.strip()
    return entries


def read_groups(path: Path) -> list[list[str]]:
    """Return the groups of a file, those of one member left out.

    Raises:
        UsageError: the file is not text, or may not be read.
    """
    lines = _lines(path)
    groups = (line.split(",") for line in lines if not line.startswith("#"))
    members = ([member.strip() for member in group if member.strip()] for group in groups)
    return [group for group in members if len(group) > 1]


@cache
def word_groups(name: str, lang: str) -> list[list[str]]:
    """Return the groups of ``<name>.<lang>.txt``.

    Raises:
        FileNotFoundError: no such file.
    """
    return read_groups(_FOLDER / f"{name}.{lang}.txt")


def _lines(path: Path) -> list[str]:
    try:
        return decode(path.read_bytes()).splitlines()
    except ReadRefused:
        raise UsageError("words_not_text", path=str(path)) from None
    except PermissionError:
        raise UsageError("words_forbidden", path=str(path)) from None
