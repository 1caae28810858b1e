"""The one place that decides whether a quote is in its source."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from advisor.answer.alignment import aligns
from advisor.answer.models import Box, Citation, PrimarySource, Verdict
from advisor.catalogue.records import Document, Page, Passage
from advisor.catalogue.store import Catalogue
from advisor.text.normalise import NormalText, normalise

# Documents kept in memory: a long report with its lines takes ten megabytes and more.
_KEPT = 16
_MARGIN = 20
_NUMBER_BEFORE = re.compile(r"\d[ .,]$")
_GROUP = re.compile(r"\d{3}(?!\d)")


@dataclass(frozen=True, slots=True)
class CheckedQuote:
    """The verdict on a quote and, when verified, its [start, end) in the canonical text."""

    verdict: Verdict
    start: int = 0
    end: int = 0


UNSUPPORTED = CheckedQuote(Verdict.UNSUPPORTED)


def find_quote(quote: str, text: NormalText) -> CheckedQuote:
    """Look a quote up in a text, word for word after reversible normalisation.

    A quote may not begin or end inside a word or a number: «utile» is not a quote of
    «inutile», nor «700 kWh» of «177 700 kWh». The first place wins. Linear in
    the length of the text.
    """
    needle = normalise(quote.strip()).text.strip()
    if not any(char.isalnum() for char in needle):
        return UNSUPPORTED
    position = text.text.find(needle)
    while position >= 0:
        if _on_boundaries(text.text, position, position + len(needle)):
            return CheckedQuote(Verdict.VERIFIED, *text.span(position, position + len(needle)))
        position = text.text.find(needle, position + 1)
    return UNSUPPORTED


def judge_quote(quote: str, text: str) -> CheckedQuote:
    """Look a quote up in a text: verified, approximate or unsupported, with its place."""
    exact = find_quote(quote, normalise(text))
    if exact.verdict is Verdict.VERIFIED:
        return exact
    near = aligns(quote, text)
    return CheckedQuote(Verdict.APPROXIMATE, *near) if near else UNSUPPORTED


def _on_boundaries(text: str, start: int, end: int) -> bool:
    if start and text[start - 1].isalnum() and text[start].isalnum():
        return False
    if end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        return False
    if text[start].isdigit() and _NUMBER_BEFORE.search(text[max(0, start - 2) : start]):
        decimal = text[start - 1] == ","
        if decimal or _GROUP.match(text, start):
            return False
    after = text[end : end + 4]
    return not (text[end - 1].isdigit() and re.match(r"[.,]\d|[ .,]\d{3}(?!\d)", after + " "))


class CitationChecker:
    """Checks quotes against the catalogue and describes where they stand."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._cache: OrderedDict[str, Document] = OrderedDict()
        self._lock = Lock()

    def check(self, quote: str, document_id: str) -> CheckedQuote:
        """Check a quote against a current document, wherever it stands in it.

        ``approximate`` when it is nearly there, see ``alignment.aligns``.

        Raises:
            UsageError: the document is not (or no longer) in the corpus.
        """
        text = self._source(document_id).text
        return judge_quote(quote, text)

    def cite(
        self, number: int, quote: str, passage: Passage, at: int | None = None
    ) -> Citation | None:
        """Return the citation of a quote taken from a passage, ``None`` when it is not verified.

        The quote is shown as the source has it, not as it was given. A quote that runs over
        two pages is on that of ``at``, an offset of the document, else on that of its start.

        Raises:
            UsageError: the document is not (or no longer) in the corpus.
        """
        document = self._source(passage.document_id)
        # The passage first: normalising a whole report for one quote would take longer.
        low, high = max(0, passage.start - _MARGIN), passage.end + _MARGIN
        checked = find_quote(quote, normalise(document.text[low:high]))
        if checked.verdict is not Verdict.VERIFIED:
            return None
        start, end = low + checked.start, low + checked.end
        page = _page(document, start if at is None else min(max(at, start), end - 1))
        return Citation(
            n=number,
            document_id=document.id,
            title=document.title,
            kind=document.kind,
            lang=document.lang,
            date=document.date,
            page=page.number if page is not None else None,
            page_label=page.label if page is not None else None,
            section=" > ".join(passage.headings),
            quote=document.text[start:end],
            start=start,
            end=end,
            boxes=quote_boxes(document, start, end),
            verdict=checked.verdict,
            url=document.url,
            sources=_primary_sources(document, start, end),
            before=document.text[min(passage.start, start) : start],
            after=document.text[end : max(passage.end, end)],
        )

    def _source(self, document_id: str) -> Document:
        # The catalogue is asked each time: a document withdrawn a moment ago must not be quoted.
        current = self._catalogue.state_of(document_id) == "current"
        with self._lock:
            if current and document_id in self._cache:
                self._cache.move_to_end(document_id)
                return self._cache[document_id]
        document = self._catalogue.document(document_id)
        with self._lock:
            self._cache[document_id] = document
            while len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        return document


def _page(document: Document, offset: int) -> Page | None:
    if (
        document.format not in ("pdf", "text")
        or len(document.pages) + (document.format == "pdf") < 2
    ):
        return None
    return max(
        (page for page in document.pages if page.start <= offset),
        key=lambda page: (page.start, page.end > page.start, -page.number),
        default=None,
    )


def quote_boxes(document: Document, start: int, end: int) -> list[Box]:
    """Return the rectangles that cover [start, end) of the canonical text on the pages.

    Inside a line, the place of a character is interpolated from the line's box.
    """
    boxes = []
    for page in document.pages:
        for line in page.lines:
            if line.end <= start or line.start >= end:
                continue
            width = (line.x1 - line.x0) / max(line.end - line.start, 1)
            x0 = line.x0 + width * max(0, start - line.start)
            x1 = line.x1 - width * max(0, line.end - end)
            boxes.append(Box(page=page.number, x0=x0, y0=line.y0, x1=x1, y1=line.y1))
    return boxes


def _primary_sources(document: Document, start: int, end: int) -> list[PrimarySource]:
    """Return the sources a fiche gives for a span: its marks, else the next one of the block."""
    inside = [mark.source for mark in document.marks if start < mark.offset <= end + 1]
    if not inside:
        block_end = document.text.find("\n", end)
        block_end = len(document.text) if block_end < 0 else block_end
        inside = [mark.source for mark in document.marks if end < mark.offset <= block_end][:1]
    known = {source.id: source for source in document.sources}
    return [
        PrimarySource(name=known[name].name, url=known[name].url, date=known[name].date)
        for name in dict.fromkeys(inside)
        if name in known
    ]
