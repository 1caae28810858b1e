"""Canonical text → passages of 400 to 900 characters.

A passage ends on a block or sentence boundary and never crosses a heading. The headings
that open a section belong to its first passage; every passage carries its heading path. One
that would open on a pronoun takes the block or sentence before it along, where it fits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from advisor.catalogue.records import Passage
from advisor.text.sentences import points_back, sentence_spans
from ingest.structure import Block, Canonical, page_at

MIN_CHARS = 400
MAX_CHARS = 900
_TAIL = 250
# A line this short without a final stop, at the end of a passage, is the title of the next.
_TITLE = 80


def split(canonical: Canonical, document_id: str) -> list[Passage]:
    """Return the passages of a document, in order. Offsets refer to the canonical text."""
    spans: list[tuple[int, int, tuple[str, ...]]] = []
    for headings, units in _sections(canonical):
        for start, end in _pack(canonical.text, units):
            spans.append((start, end, headings))
    return [
        Passage(
            id=passage_id(document_id, start, end),
            document_id=document_id,
            ordinal=ordinal,
            start=start,
            end=end,
            page=page_at(canonical.pages, start).number,
            headings=headings,
            text=canonical.text[start:end],
        )
        for ordinal, (start, end, headings) in enumerate(spans)
    ]


def passage_id(document_id: str, start: int, end: int) -> str:
    """Return the id of a span of a document: a hash, so that two documents never share one."""
    digest = hashlib.blake2b(f"{document_id}:{start}:{end}".encode(), digest_size=10)
    return digest.hexdigest()


def _sections(canonical: Canonical) -> Iterator[tuple[tuple[str, ...], list[tuple[int, int]]]]:
    """Yield (heading path, units) of each section; a unit is a span of at most MAX_CHARS."""
    path: dict[int, str] = {}
    units: list[tuple[int, int]] = []
    has_body = False
    for block in canonical.blocks:
        if block.kind == "heading":
            if has_body:
                yield _path(path), units
                units, has_body = [], False
            path = {level: text for level, text in path.items() if level < block.level}
            path[block.level] = canonical.text[block.start : block.end]
        else:
            has_body = True
        units.extend(_units(canonical.text, block))
    if units:
        yield _path(path), units


def _path(path: dict[int, str]) -> tuple[str, ...]:
    return tuple(path[level] for level in sorted(path))


def _units(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """Cut a block longer than a passage at sentences, or at spaces where a sentence is longer."""
    if block.end - block.start <= MAX_CHARS:
        yield block.start, block.end
        return
    for start, end in sentence_spans(text, block.start, block.end):
        while end - start > MAX_CHARS:
            stop = text.rfind(" ", start + MIN_CHARS, start + MAX_CHARS)
            stop = start + MAX_CHARS if stop < 0 else stop
            yield start, stop
            start = stop + 1 if text[stop] == " " else stop
        if start < end:
            yield start, end


def _pack(text: str, units: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Group consecutive units into passages; a short tail joins the passage before it."""
    packed: list[list[tuple[int, int]]] = []
    for unit in units:
        if packed and unit[1] - packed[-1][0][0] <= MAX_CHARS:
            packed[-1].append(unit)
            continue
        carried = []
        if packed and len(packed[-1]) > 1:
            last = packed[-1][-1]
            joined = _announces(text[last[0] : last[1]]) or points_back(text[unit[0] : unit[1]])
            if joined and unit[1] - last[0] <= MAX_CHARS:
                carried = [packed[-1].pop()]
        packed.append([*carried, unit])
    spans = [(group[0][0], group[-1][1]) for group in packed]
    if len(spans) > 1 and spans[-1][1] - spans[-1][0] < _TAIL:
        tail = spans.pop()
        spans[-1] = (spans[-1][0], tail[1])
    return spans


def _announces(unit: str) -> bool:
    """Tell whether a unit belongs with what follows: a bare title line, or one that ends on «:»."""
    if unit.endswith(":"):
        return True
    return len(unit) <= _TITLE and unit[-1].isalnum() and not unit.startswith(("•", "-"))
