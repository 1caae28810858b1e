"""From raw pages or blocks to canonical text, with the map back to the page.

Canonical text has one line per block (heading, paragraph, list item), an empty line before
every block but list items, list items opened by ``• `` or their number. Words cut at a
line end are joined, repeated headers, footers and page numbers are left out, ligatures are
written out.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from advisor.catalogue.records import MARK_PATTERN, LineBox, Page, SourceMark
from advisor.text.normalise import fold
from ingest.raw import BlockKind, RawBlock, RawLine, RawPage

_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_PRIVATE_BULLETS = frozenset("\uf0b7\uf0a7\uf0d8\uf0fc\uf076\uf0e0\uf0a8\uf02d\uf0be\uf06e\uf071")
_BULLET = re.compile(r"^[•▪◦‣●○■□▶►➢➤➔→✓✔❖◆⁃∙·*–—-][ \t\u00a0\u202f]+|^[•▪●■►➢✓❖]")
_NUMBERED = re.compile(r"^(?:\(?\d{1,2}[.)]|[a-z]\))[ \u00a0\u202f]+(?=\S)")
_PAGE_NUMBER = re.compile(
    r"^[\W_]*(?:page|p\.|seite)?[\W_]*\d{1,4}(?:\s*(?:/|sur|of|von)\s*\d{1,4})?[\W_]*$",
    re.IGNORECASE,
)
_TERMINAL = re.compile(r"[.!?…:;»\])]$|[.!?…][”\"']$")
_SPACES = re.compile(r"[ \t\r\n\f\v\u2028\u2029]+")
_CUT = re.compile(r"[^\W\d_][-\u2010\u00ad]$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_MAX_HEADING = 120
_WIDE_LINE = 160
_SHORT_HEADING = 80


@dataclass(frozen=True, slots=True)
class Block:
    """A block of canonical text and its [start, end); ``level`` is a heading's rank."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(slots=True)
class Canonical:
    """The canonical text, its blocks in order, its pages, and a fiche's source marks."""

    text: str
    blocks: list[Block]
    pages: tuple[Page, ...]
    marks: tuple[SourceMark, ...] = ()
    unreadable: int = 0


@dataclass(slots=True)
class _Piece:
    """A block under construction: its lines with the page each stands on."""

    kind: BlockKind
    lines: list[tuple[int, RawLine]] = field(default_factory=list)
    level: int = 0
    size: float = 0.0


def clean_text(text: str) -> str:
    """Return a line without control and private characters, ligatures written out, NFC."""
    if not text.isascii():
        if any(char in _LIGATURES for char in text):
            text = "".join(_LIGATURES.get(char, char) for char in text)
        text = unicodedata.normalize("NFC", text)
        text = "".join(_clean_char(char) for char in text)
    else:
        text = "".join(char if char >= " " or char in "\t\n\r\f" else "" for char in text)
    return _SPACES.sub(" ", text).strip(" ")


def _clean_char(char: str) -> str:
    if char in _PRIVATE_BULLETS:
        return "• "
    if char == "\u00ad":
        return char
    category = unicodedata.category(char)
    if category in ("Co", "Cn", "Cs") or char in "\ufeff\u200b\u200c\u200d\u2060\ufffd":
        return ""
    if category == "Cc" and char not in "\t\n\r\f\v":
        return ""
    return char


def canonical_from_blocks(blocks: list[RawBlock]) -> Canonical:
    """Assemble structured blocks; the whole document is one page numbered 1."""
    builder = _Builder()
    marks: list[SourceMark] = []
    for block in blocks:
        # Marks are cut out of the text; each is remembered where it stood.
        parts = MARK_PATTERN.split(block.text)
        text = ""
        places: list[tuple[int, str]] = []
        for position, part in enumerate(parts):
            if position % 2:
                places.append((len(text.rstrip()), part))
            else:
                text += part
        cleaned = clean_text(text.replace("\u00ad", ""))
        if not cleaned:
            continue
        lead = builder.open(block.kind, block.level, cleaned)
        start = builder.size
        builder.add(cleaned if not lead else lead + cleaned)
        for offset, source in places:
            # Cleaning may shorten the text before a mark; measure the cleaned prefix.
            prefix = clean_text(text[:offset].replace("\u00ad", ""))
            marks.append(SourceMark(start + len(lead) + len(prefix), source))
        builder.close()
    text = builder.text()
    page = Page(1, "", 0, len(text))
    return Canonical(text, builder.blocks, (page,), tuple(marks))


def canonical_from_pages(pages: list[RawPage]) -> Canonical:
    """Rebuild paragraphs, headings and lists from pages of lines."""
    unreadable = sum(
        1
        for page in pages
        for line in page.lines
        for char in line.text
        if char == "\ufffd" or ("\ue000" <= char <= "\uf8ff" and char not in _PRIVATE_BULLETS)
    )
    for page in pages:
        for line in page.lines:
            line.text = clean_text(line.text)
        page.lines = [line for line in page.lines if line.text]
    _drop_running_lines(pages)
    vocabulary = _vocabulary(pages)
    builder = _Builder()
    for piece in _pieces(pages):
        _write(builder, piece, vocabulary)
    text = builder.text()
    return Canonical(text, builder.blocks, _page_spans(pages, builder, len(text)), (), unreadable)


class _Builder:
    """Accumulates canonical text, its blocks and the place of each line."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.boxes: list[tuple[int, LineBox]] = []
        self.firsts: dict[int, int] = {}
        self.size = 0
        self._parts: list[str] = []
        self._open: tuple[BlockKind, int, int] | None = None

    def open(self, kind: BlockKind, level: int, text: str) -> str:
        """Start a block; return the marker to write before its text, if any."""
        if self._parts:
            after_item = self.blocks[-1].kind == "item" and kind == "item"
            self.add("\n" if after_item else "\n\n")
        self._open = (kind, level, self.size)
        needs_marker = kind == "item" and not text.startswith("• ") and not _NUMBERED.match(text)
        return "• " if needs_marker else ""

    def add(self, text: str) -> None:
        self._parts.append(text)
        self.size += len(text)

    def cut(self, count: int) -> None:
        """Take back the last characters."""
        self._parts[-1] = self._parts[-1][:-count]
        self.size -= count

    def close(self) -> None:
        if self._open is not None:
            kind, level, start = self._open
            self.blocks.append(Block(kind, start, self.size, level))
            self._open = None

    def text(self) -> str:
        return "".join(self._parts)


def _write(builder: _Builder, piece: _Piece, vocabulary: Counter[str]) -> None:
    first = piece.lines[0][1].text
    if piece.kind == "item":
        bullet = _BULLET.match(first)
        if bullet:
            first = "• " + first[bullet.end() :].lstrip()
    lead = builder.open(piece.kind, piece.level, first)
    if lead:
        builder.add(lead)
    for position, (page, line) in enumerate(piece.lines):
        text = first if position == 0 else line.text
        if position:
            _join(builder, piece.lines[position - 1][1].text, text, vocabulary)
        start = builder.size
        builder.firsts.setdefault(page, start)
        builder.add(text)
        if line.box is not None:
            builder.boxes.append((page, LineBox(start, builder.size, *line.box)))
    if builder._parts[-1].endswith("\u00ad"):
        builder.cut(1)
    builder.close()


def _join(builder: _Builder, before: str, after: str, vocabulary: Counter[str]) -> None:
    """Write what stands between two lines of a block: a space, or nothing inside a cut word."""
    if not _CUT.search(before) or not after[:1].isalpha():
        builder.add(" ")
        return
    left = re.split(r"[^\w]|_", before[:-1])[-1].lower()
    right_match = re.match(r"[^\W\d_]+", after)
    right = right_match.group().lower() if right_match else ""
    compound = vocabulary[f"{left}-{right}"] > 0
    words = vocabulary[left] > 1 and vocabulary[right] > 1 and len(left) > 2 and len(right) > 2
    keep = before[-1] in "-\u2010" and (
        after[0].isupper() or (not vocabulary[left + right] and (compound or words))
    )
    if not keep:
        builder.cut(1)


def _vocabulary(pages: list[RawPage]) -> Counter[str]:
    """Count the words of a document, and the parts and neighbouring pairs of its compounds."""
    words: Counter[str] = Counter()
    for page in pages:
        for line in page.lines:
            words.update(word.lower() for word in _WORD.findall(line.text))
    for word, count in list(words.items()):
        parts = word.split("-")
        if len(parts) > 1:
            for part in parts:
                words[part] += count
            for left, right in itertools.pairwise(parts):
                words[f"{left}-{right}"] += count
    return words


def _pieces(pages: list[RawPage]) -> Iterator[_Piece]:
    lengths = [len(line.text) for page in pages for line in page.lines]
    has_boxes = any(line.box for page in pages for line in page.lines)
    # In a text file without hard line ends, each line is a paragraph of its own.
    wrapped = has_boxes or not lengths or sorted(lengths)[int(len(lengths) * 0.97)] < _WIDE_LINE
    width = sorted(lengths)[int(len(lengths) * 0.8)] if lengths else 0
    signals = _Signals(_body_size(pages), _mostly(_is_bold, pages), _mostly(_is_capitals, pages))
    piece: _Piece | None = None
    previous: RawLine | None = None
    for page in pages:
        for position, line in enumerate(page.lines):
            level = _heading_level(line, signals)
            item = _is_item(line.text)
            following = page.lines[position + 1] if position + 1 < len(page.lines) else None
            if not wrapped and not level and not item and _announces(line, following):
                level = 2
            if (
                piece is not None
                and previous is not None
                and not _starts_new(
                    piece, previous, line, level, item, position == 0, wrapped, width
                )
            ):
                piece.lines.append((page.number, line))
            else:
                if piece is not None:
                    yield piece
                kind: BlockKind = "item" if item else "heading" if level else "paragraph"
                piece = _Piece(kind, [(page.number, line)], 0 if item else level, line.size)
            previous = line
    if piece is not None:
        yield piece


def _starts_new(
    piece: _Piece,
    previous: RawLine,
    line: RawLine,
    level: int,
    item: bool,
    new_page: bool,
    wrapped: bool,
    width: int,
) -> bool:
    if item:
        return True
    if piece.kind == "heading":
        same = level == piece.level and not line.gap and not new_page and wrapped
        return not (same and sum(len(one.text) for _, one in piece.lines) < _MAX_HEADING)
    if level and piece.kind == "item" and not line.gap and _is_capitals(previous):
        return bool(_TERMINAL.search(previous.text))  # an item in capitals goes on
    if level or not wrapped:
        return True
    cut = bool(_CUT.search(previous.text))
    continues = cut or line.text[0].islower() or previous.text.endswith(",")
    ended = bool(_TERMINAL.search(previous.text))
    if line.gap or new_page:
        return not (continues and not (ended and not cut))
    if previous.box and line.box:
        if abs(line.size - piece.size) > 0.15 * max(piece.size, 1.0) and not continues:
            return True
        missing = line.box[2] - previous.box[2]
        return not continues and missing > (0.12 if ended else 0.25)
    return not continues and len(previous.text) < (0.6 if ended else 0.4) * width


def _announces(line: RawLine, following: RawLine | None) -> bool:
    """Tell whether a short line of unwrapped text is the heading of what follows it."""
    if following is None or len(line.text) > _SHORT_HEADING or _TERMINAL.search(line.text):
        return False
    return len(following.text) > _SHORT_HEADING or _is_item(following.text)


def _is_item(text: str) -> bool:
    return bool(_BULLET.match(text) or _NUMBERED.match(text)) and len(text) > 2


@dataclass(frozen=True, slots=True)
class _Signals:
    """What is ordinary in a document, and so tells nothing about headings."""

    body_size: float
    bold_body: bool
    capital_body: bool


def _heading_level(line: RawLine, ordinary: _Signals) -> int:
    """Return 0 for body text, else the rank of the heading (1 is the largest)."""
    text = line.text
    if len(text) > _MAX_HEADING or text[-1] in ",;" or text[0].islower():
        return 0
    if sum(char.isalpha() for char in text) < 3 or (text[-1] in ".…" and not _NUMBERED.match(text)):
        return 0
    if ordinary.body_size and line.size >= 1.15 * ordinary.body_size:
        return 1 if line.size >= 1.6 * ordinary.body_size else 2
    if not ordinary.capital_body and _is_capitals(line) and len(text.split()) > 1:
        return 2
    if not ordinary.bold_body and line.bold and len(text) < 100:
        return 3
    return 0


def _is_bold(line: RawLine) -> bool:
    return line.bold


def _is_capitals(line: RawLine) -> bool:
    letters = [char for char in line.text if char.isalpha()]
    return len(letters) > 4 and sum(char.isupper() for char in letters) > 0.8 * len(letters)


def _body_size(pages: list[RawPage]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _mostly(trait: Callable[[RawLine], bool], pages: list[RawPage]) -> bool:
    """Tell whether a trait is too common in a document to mark headings."""
    lines = [line for page in pages for line in page.lines]
    return sum(trait(line) for line in lines) > 0.25 * len(lines)


def _drop_running_lines(pages: list[RawPage]) -> None:
    """Remove page numbers and the lines repeated at the top or bottom of many pages.

    The first occurrence of a repeated line stays: it may be the title.
    """
    if len(pages) < 2:
        return
    counts: Counter[tuple[str, str]] = Counter()
    for page in pages:
        counts.update({(zone, _signature(line.text)) for zone, line in _edges(page)})
    threshold = max(3, round(0.4 * len(pages)))
    seen: set[tuple[str, str]] = set()
    for page in pages:
        dropped: set[int] = set()
        for zone, line in _edges(page):
            key = (zone, _signature(line.text))
            if _PAGE_NUMBER.match(line.text) and len(line.text) < 20:
                dropped.add(id(line))
            elif counts[key] >= threshold:
                if key in seen:
                    dropped.add(id(line))
                seen.add(key)
        page.lines = [line for line in page.lines if id(line) not in dropped]


def _edges(page: RawPage) -> Iterator[tuple[str, RawLine]]:
    for line in page.lines[:3]:
        yield "top", line
    for line in page.lines[3:][-3:]:
        yield "bottom", line


def _signature(text: str) -> str:
    return re.sub(r"\d+", "#", fold(text))


def _page_spans(pages: list[RawPage], builder: _Builder, size: int) -> tuple[Page, ...]:
    """Give each page its span: from its first line to the first line of the next."""
    starts: list[int] = []
    known = 0
    for page in pages:
        known = builder.firsts.get(page.number, known)
        starts.append(known)
    # A page without text starts where the following text does.
    following = size
    for position in range(len(pages) - 1, -1, -1):
        if pages[position].number in builder.firsts:
            following = starts[position]
        else:
            starts[position] = following
    if starts:
        starts[0] = 0
    boxes: dict[int, list[LineBox]] = {}
    for number, box in builder.boxes:
        boxes.setdefault(number, []).append(box)
    return tuple(
        Page(
            page.number,
            page.label,
            starts[position],
            starts[position + 1] if position + 1 < len(pages) else size,
            page.width,
            page.height,
            tuple(boxes.get(page.number, ())),
        )
        for position, page in enumerate(pages)
    )


def page_at(pages: tuple[Page, ...], offset: int) -> Page:
    """Return the page on which an offset of the canonical text stands."""
    starts = [page.start for page in pages]
    return pages[max(0, bisect_right(starts, offset) - 1)]
