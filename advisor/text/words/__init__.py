"""Word lists: one plain file each, words separated by white space, ``#`` opens a comment."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def word_list(name: str) -> frozenset[str]:
    """Return the words of ``<name>.txt``.

    Raises:
        FileNotFoundError: no such list.
    """
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
