"""Between records and rows of the catalogue: packing, JSON, placeholders."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from advisor.catalogue.records import DocumentSummary, LineBox, Passage

_BATCH = 500
#: Documents to retire at the next publication: replaced for every file they came from.
RETIRED = """SELECT replaces FROM sources WHERE replaces IS NOT NULL
    AND replaces NOT IN (SELECT document_id FROM sources)"""
#: The other names of a document ``d``, JSON.
ALIASES = "json_extract(d.record, '$.aliases')"
#: Whether the published corpus holds a document ``d``.
CURRENT = "d.state = 'current'"
#: Whether the next publication will.
NEXT = f"(d.state = 'staged' OR ({CURRENT} AND d.id NOT IN ({RETIRED})))"


def passage_of(row: Any) -> Passage:
    """Build a passage from its columns, in the order of the table."""
    key, document_id, ordinal, start, end, page, headings, text = row[:8]
    return Passage(key, document_id, ordinal, start, end, page, tuple(json.loads(headings)), text)


def summary_of(row: Any) -> DocumentSummary:
    """Build a summary from the columns that ``Catalogue`` selects, in their order."""
    return DocumentSummary(
        id=row[0], title=row[1], kind=row[2], format=row[3], lang=row[4], author=row[5],
        date=row[6], url=row[7], state=row[8], pages=row[9], passages=row[10],
        imported_at=row[11], paths=tuple(json.loads(row[12])), warnings=tuple(json.loads(row[13])),
        aliases=aliases_of(row[14]),
    )  # fmt: skip


def aliases_of(value: str | None) -> tuple[str, ...]:
    """Return the other names of a document from ``ALIASES``, none for one that is no fiche."""
    return tuple(json.loads(value or "[]"))


def pack_lines(lines: Sequence[LineBox]) -> bytes:
    """Pack line boxes as float32 rows of six numbers."""
    return np.asarray(lines, dtype=np.float64).reshape(-1, 6).astype("<f4").tobytes()


def unpack_lines(blob: bytes) -> tuple[LineBox, ...]:
    """Undo ``pack_lines``."""
    rows = np.frombuffer(blob, dtype="<f4").reshape(-1, 6).tolist()
    return tuple(LineBox(int(row[0]), int(row[1]), *row[2:]) for row in rows)


def to_json(value: object) -> str:
    """Write a value as JSON, accents kept."""
    return json.dumps(value, ensure_ascii=False, default=str)


def now() -> str:
    """Return the time, UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def placeholders(values: Iterable[object]) -> str:
    """Return as many ``?`` as there are values."""
    return ", ".join("?" for _ in values)


def glob_literal(text: str) -> str:
    """Escape the wildcards of GLOB."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def batches(values: Sequence[Any]) -> Iterator[list[Any]]:
    """Cut values into lists short enough for one statement."""
    for first in range(0, len(values), _BATCH):
        yield list(values[first : first + _BATCH])
