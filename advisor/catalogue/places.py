"""The départements of France and their regions."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from advisor.text.normalise import fold

_DEPARTEMENTS = Path(__file__).parent / "departements.toml"


@cache
def _regions() -> dict[str, dict[str, str]]:
    """Return region → code → name."""
    found: dict[str, dict[str, str]] = tomllib.loads(_DEPARTEMENTS.read_text(encoding="utf-8"))
    return found


@cache
def _codes() -> dict[str, str]:
    """Return code or name, as ``plain`` writes it → code."""
    return {plain(known): code for code, name in departements().items() for known in (code, name)}


def plain(name: str) -> str:
    """Return a name folded, without hyphens or articles' apostrophes, to compare names."""
    return " ".join(fold(name).replace("-", " ").replace("’", " ").replace("'", " ").split())


def departement_code(value: Any) -> Any:
    """Return the code of a département given by code or name; other values as they are."""
    if not isinstance(value, str):
        return value
    return _codes().get(plain(value), _codes().get(value.strip().zfill(2), value))


def departements() -> dict[str, str]:
    """Return code → name of the départements."""
    return {code: name for region in _regions().values() for code, name in region.items()}


def is_departement(code: str) -> bool:
    """Tell whether a code is that of a département."""
    return code in departements()


def region_of(departement: str) -> str | None:
    """Return the region of a département's code, ``None`` for an unknown one."""
    return next((region for region, codes in _regions().items() if departement in codes), None)


def is_region(name: str) -> bool:
    """Tell whether a name is that of a French region."""
    return plain(name) in map(plain, _regions())
