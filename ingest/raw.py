"""What readers produce: the content of a file before it becomes canonical text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.catalogue.records import DocumentSource

BlockKind = Literal["heading", "paragraph", "item"]
Box = tuple[float, float, float, float]


@dataclass(slots=True)
class RawLine:
    """A printed line. ``box`` is (x0, y0, x1, y1) in fractions of the page, top left origin.

    ``size`` is the font size in points (0: unknown); ``gap`` tells that a blank line precedes.
    """

    text: str
    box: Box | None = None
    size: float = 0.0
    bold: bool = False
    gap: bool = False


@dataclass(slots=True)
class RawPage:
    """A page as a list of lines in reading order; width and height in points (0: none)."""

    number: int
    label: str
    lines: list[RawLine]
    width: float = 0.0
    height: float = 0.0


@dataclass(slots=True)
class RawBlock:
    """A block of a format that knows its structure. ``level`` is a heading's rank from 1."""

    kind: BlockKind
    text: str
    level: int = 0


@dataclass(slots=True)
class RawDocument:
    """A file as its reader saw it: either pages of lines or structured blocks.

    A fiche's blocks may hold marks (``[^s1]``) that become ``SourceMark`` offsets.
    """

    format: str
    pages: list[RawPage] = field(default_factory=list)
    blocks: list[RawBlock] = field(default_factory=list)
    title: str | None = None
    author: str | None = None
    date: str | None = None
    lang: str | None = None
    url: str | None = None
    warnings: list[str] = field(default_factory=list)
    kind: str = "document"
    themes: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    record: dict[str, Any] | None = None
    sources: tuple[DocumentSource, ...] = ()
