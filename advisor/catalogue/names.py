"""What people call the values of fiches and profiles, beside the names that the page shows."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_ALSO_CALLED = Path(__file__).parent / "also_called.toml"


@cache
def also_called(table: str) -> Mapping[str, Sequence[str]]:
    """Return value → its other names, in any of the three languages.

    Args:
        table: of texts that names the values, ``themes`` say.
    """
    tables: dict[str, dict[str, list[str]]] = tomllib.loads(
        _ALSO_CALLED.read_text(encoding="utf-8")
    )
    return tables[table]
