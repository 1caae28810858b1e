"""What an answer is made of; ``Answer.model_dump()`` is the stable JSON of ``advisor ask``."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field


class Verdict(StrEnum):
    """Outcome of checking a quote against its source."""

    VERIFIED = "verified"
    APPROXIMATE = "approximate"
    UNSUPPORTED = "unsupported"


class Box(BaseModel):
    """A rectangle on a page, in fractions of its width and height, origin at the top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class PrimarySource(BaseModel):
    """Where a fiche took the quoted fact from."""

    name: str
    url: str | None = None
    date: str | None = None


class Citation(BaseModel):
    """A quote and its exact place. ``start`` and ``end`` are offsets in the canonical text."""

    n: int
    document_id: str
    title: str
    kind: str
    lang: str
    date: str | None
    page: int | None = Field(description="page number from 1; null for formats without pages")
    page_label: str | None
    section: str
    quote: str
    start: int
    end: int
    boxes: list[Box]
    verdict: Verdict
    url: str | None
    sources: list[PrimarySource]
    before: str = Field(description="text of the passage before the quote")
    after: str = Field(description="text of the passage after the quote")


class Sentence(BaseModel):
    """A sentence of the answer with the numbers of its citations.

    ``group`` is the heading it stands under (the title of its document, or its
    section), ``item`` marks a list item.
    """

    text: str
    citations: list[int]
    group: str = ""
    item: bool = False
    supported: bool = True
    values: list[tuple[int, int]] = Field(
        default=[], description="[start, end) in the text of the values asked for"
    )


class SuggestedItem(BaseModel):
    """A dispositif or a peer territory beside an answer, with why and what its fiche says.

    ``decision`` is for dispositifs alone: ``eligible`` or ``check``.
    """

    slug: str
    name: str
    decision: str | None
    reasons: list[str]
    citations: list[Citation]
    url: str | None


class Suggestions(BaseModel):
    """Dispositifs and peer territories beside an answer; empty when none is relevant."""

    dispositifs: list[SuggestedItem] = []
    peers: list[SuggestedItem] = []
    missing: list[str] = Field(
        default=[], description="fields of the profile that would decide, the most useful first"
    )
    diagnosis: bool = Field(
        default=False, description="where to begin is asked: the self-diagnosis tells"
    )


class Answer(BaseModel):
    """The answer to a question."""

    question: str
    resolved_question: str = Field(description="the question with the turn it follows, if any")
    language: Literal["fr", "en", "de"]
    status: Literal["answered", "partial", "insufficient"]
    method: Literal["extractive", "generated"]
    answer_markdown: str
    sentences: list[Sentence]
    citations: list[Citation]
    notices: list[str] = []
    suggestions: Suggestions = Suggestions()
    other_than: list[str] = Field(
        default=[], description="slugs of the territories that a follow-up asks for others than"
    )
    listing: bool = Field(
        default=False, description="whether it lists the fiches whose header meets a condition"
    )
    timings_ms: dict[str, float] = {}
