"""One mechanism for every text a user reads: ``translate(key, lang, **params)``.

Texts live in ``fr.toml``, ``en.toml`` and ``de.toml`` beside this file. Numbers given as
parameters follow the typography of the language.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("fr", "en", "de")
_FOLDER = Path(__file__).parent
# Thin before ; ! ?, plain but unbreakable before a colon and inside guillemets.
_SPACES = (
    (re.compile(r" (?=[;!?])"), "\u202f"),
    (re.compile(r" (?=[:»])|(?<=«) "), "\u00a0"),
)


class Key(str):
    """The key of a text that stands inside another: ``field=Key("territory.kind")``."""


@cache
def texts(lang: str) -> dict[str, str]:
    """Return all texts of a language, keyed ``table.name``."""
    with (_FOLDER / f"{lang}.toml").open("rb") as file:
        tables: dict[str, dict[str, Any]] = tomllib.load(file)
    written = {
        f"{table}.{name}": str(text)
        for table, entries in tables.items()
        for name, text in entries.items()
    }
    return {key: french_spaces(text) for key, text in written.items()} if lang == "fr" else written


def french_spaces(text: str) -> str:
    """Return a French text whose double punctuation no line break parts from its word."""
    for pattern, spaced in _SPACES:
        text = pattern.sub(spaced, text)
    return text


def translate(key: str, lang: str = "fr", **params: object) -> str:
    """Return the text of a key in a language (French where the language is not served).

    With a ``count`` parameter, ``key`` may have a singular form named ``key_one``.

    Raises:
        KeyError: no such key.
    """
    catalogue = texts(lang if lang in LANGUAGES else "fr")
    count = params.get("count")
    # French counts 0 and 1 as singular, English and German 1 alone.
    singular = isinstance(count, int) and (count == 1 or (count == 0 and lang == "fr"))
    if singular and f"{key}_one" in catalogue:
        key = f"{key}_one"
    return catalogue[key].format(**{name: _shown(value, lang) for name, value in params.items()})


def _shown(value: object, lang: str) -> object:
    if isinstance(value, Key):
        return translate(value, lang)
    return format_number(value, lang) if _is_number(value) else value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def format_number(value: Any, lang: str = "fr") -> str:
    """Write a number as the language does: ``1 234,5`` (fr), ``1,234.5`` (en), ``1.234,5`` (de)."""
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=lang))


def format_percent(share: float, lang: str = "fr") -> str:
    """Write a share of 1 as whole per cent, as the language does: ``73 %`` (fr), ``73%`` (en)."""
    from babel.numbers import format_percent as babel_percent

    return str(babel_percent(share, locale=lang))


def format_date(date: str | None, lang: str = "fr") -> str:
    """Write a date given as AAAA, AAAA-MM or AAAA-MM-JJ; an empty string when absent.

    What is no date of the calendar is returned as it is.
    """
    import datetime as dt

    from babel.dates import format_date as babel_date

    if not date:
        return ""
    try:
        parts = [int(part) for part in date[:10].split("-")]
        day = dt.date(*[*parts, 1, 1][:3])
    except ValueError:
        return date
    patterns = {1: "y", 2: "MMMM y"}
    return str(babel_date(day, patterns.get(len(parts), "long"), locale=lang))
