"""What the catalogue stores and hands out: plain, immutable records."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from advisor.text.language import Language

# How a fiche's body ties a fact to a source of its header: ``[^s1]``.
MARK_PATTERN = re.compile(r"\[\^([\w-]+)\]")


class LineBox(NamedTuple):
    """A printed line: its [start, end) in the canonical text and its box on the page.

    Coordinates are fractions of the page's width and height, origin at the top left.
    """

    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a document: printed label and [start, end) in the canonical text.

    ``width`` and ``height`` are PDF points, 0 for formats without a page geometry.
    """

    number: int
    label: str
    start: int
    end: int
    width: float = 0.0
    height: float = 0.0
    lines: tuple[LineBox, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceMark:
    """In a fiche, the source given for the text that ends at ``offset``."""

    offset: int
    source: str


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """A primary source that a fiche rests on."""

    id: str
    name: str
    url: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the catalogue knows it. ``id`` is a hash of the file's bytes.

    ``kind``, ``themes`` and ``territories`` serve the filters; ``record`` is the validated
    front matter of a fiche, as JSON-ready values, and ``None`` for other files.
    """

    id: str
    title: str
    kind: str
    format: str
    lang: Language
    text: str
    pages: tuple[Page, ...]
    author: str | None = None
    date: str | None = None
    url: str | None = None
    themes: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    record: dict[str, Any] | None = None
    sources: tuple[DocumentSource, ...] = ()
    marks: tuple[SourceMark, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrievable span of a document: [start, end) of its canonical text."""

    id: str
    document_id: str
    ordinal: int
    start: int
    end: int
    page: int
    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class DatedFact:
    """A sentence of a passage and the years it dates: from ``start`` to ``end``, or on."""

    passage_id: str
    start: int
    end: int
    since: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A line of the document list, without the text. A fiche may have other names."""

    id: str
    title: str
    kind: str
    format: str
    lang: Language
    author: str | None
    date: str | None
    url: str | None
    state: str
    pages: int
    passages: int
    imported_at: str
    paths: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A passage as the indexes take it, with its document's title, language and other names."""

    passage: Passage
    title: str
    lang: Language
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions of a search; an empty tuple restricts nothing, values of a field are OR-ed."""

    kinds: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    documents: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(
            (self.kinds, self.territories, self.themes, self.languages, self.years, self.documents)
        )


@dataclass(frozen=True, slots=True)
class Generation:
    """One published version of the derived indexes. ``id`` names its folder or collection."""

    id: int
    model: str
    dimension: int
    passages: int
    dense_files: dict[str, int] = field(default_factory=dict)
