"""PDF: PDFium for text with boxes, pypdf for structure and as second engine for text.

Only ever called in a reading worker: PDFium is C++ and a damaged file may take the process
down, which the pool turns into a refusal.
"""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from pypdf import PdfReader
from pypdf.errors import DependencyError

from advisor.errors import ReadRefused
from ingest.raw import Box, RawDocument, RawLine, RawPage

# PDFium writes U+FFFE for a hyphen that ends a line, in place of the line's end.
_CUT = "\ufffe"
_ENDS = re.compile(rf"\r\n|\r|\n|(?<={_CUT})")
_GUTTER = 0.03
_GRID = 100_000
# Share of words over 25 letters beyond which the text is taken to have lost its spaces.
_GLUED = 0.02


def read_pdf(path: Path, max_pages: int) -> RawDocument:
    """Read a PDF.

    Raises:
        ReadRefused: password, damaged file, too many pages, no text at all.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError:
        return _read_with_pypdf(path, max_pages)
    try:
        count = len(document)
        if count == 0:
            raise ReadRefused("read_damaged")
        if count > max_pages:
            raise ReadRefused("read_too_many_pages", count=count, limit=max_pages)
        labels, info = _structure(path, count)
        pages = [_page(document, index, labels[index]) for index in range(count)]
    except pdfium.PdfiumError:
        raise ReadRefused("read_damaged") from None
    finally:
        document.close()
    if _looks_glued(pages):
        _replace_if_better(path, pages)
    return RawDocument("pdf", pages=pages, **info)


def _structure(path: Path, count: int) -> tuple[list[str], dict[str, Any]]:
    """Return page labels and metadata (title, author, date, lang) as pypdf sees them."""
    labels = [str(number) for number in range(1, count + 1)]
    info: dict[str, Any] = {}
    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            reader.decrypt("")
        found = reader.page_labels
        if len(found) == count:
            labels = [label or number for label, number in zip(found, labels, strict=True)]
        meta = reader.metadata
        if meta is not None:
            info["title"] = _clean_title(meta.title)
            info["author"] = (meta.author or "").strip() or None
            created = meta.creation_date
            info["date"] = created.date().isoformat() if created else None
        root: Any = reader.trailer["/Root"]
        lang = root.get("/Lang")
        info["lang"] = str(lang)[:2].lower() if lang else None
    except Exception:
        # Metadata is a comfort; a file whose text can be read is not refused for its metadata.
        pass
    return labels, info


def _clean_title(title: Any) -> str | None:
    """Drop the titles that office software makes up from file names."""
    text = re.sub(r"^(Microsoft (Word|PowerPoint) - )", "", str(title or "")).strip()
    junk = re.search(r"\.(docx?|pptx?|xlsx?|indd|odt|pdf|qxd)$", text, re.IGNORECASE)
    return (
        text
        if 4 <= len(text) <= 200 and not junk and not text.lower().startswith("untitled")
        else None
    )


def _page(document: pdfium.PdfDocument, index: int, label: str) -> RawPage:
    page = document[index]
    try:
        width, height = page.get_size()
        text_page = page.get_textpage()
        try:
            lines = list(_lines(text_page, page, max(width, 1.0)))
        finally:
            text_page.close()
    finally:
        page.close()
    return RawPage(index + 1, label, _reading_order(lines), width, height)


def _lines(text_page: Any, page: Any, width: float) -> Iterator[RawLine]:
    count = text_page.count_chars()
    if count <= 0:
        return
    text = _characters(text_page, count)
    previous: RawLine | None = None
    for start, end in _line_ranges(text):
        for first, last, box in _segments(text_page, text, start, end, width):
            content = text[first:last]
            if not content.strip():
                continue
            fractions = _fractions(page, box)
            anchor = first + len(content) - len(content.lstrip())
            size = abs(raw.FPDFText_GetFontSize(text_page, anchor)) or 0.0
            weight = raw.FPDFText_GetFontWeight(text_page, anchor)
            line = RawLine(
                content.replace(_CUT, "-"),
                fractions,
                _visual_size(size, box[3] - box[1]),
                weight >= 600,
            )
            if previous is not None and previous.box is not None:
                pitch = fractions[1] - previous.box[1]
                tall = max(fractions[3] - fractions[1], previous.box[3] - previous.box[1], 1e-4)
                line.gap = pitch > 2.1 * tall or pitch < -tall
            previous = line
            yield line


def _visual_size(size: float, height: float) -> float:
    """Font size, or the box height where the size is scaled by the text matrix (often 1)."""
    return round(size if size > 2 else height, 1)


def _characters(text_page: Any, count: int) -> str:
    """Return one character per PDFium index (supplementary ones replaced), so offsets agree."""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace")
    if len(text) == count:
        return text
    codes = (raw.FPDFText_GetUnicode(text_page, index) for index in range(count))
    return "".join(
        chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes
    )


def _line_ranges(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _ENDS.finditer(text):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _segments(
    text_page: Any, text: str, start: int, end: int, page_width: float
) -> Iterator[tuple[int, int, Box]]:
    """Yield the parts of a line set apart by a gutter, with their boxes in page units."""
    rectangles = list(_rectangles(text_page, start, end - start))
    if not rectangles:
        return
    rectangles.sort()
    gaps = [
        right[0] - left[2] for left, right in itertools.pairwise(rectangles) if right[0] > left[2]
    ]
    if not gaps or max(gaps) < _GUTTER * page_width:
        yield start, end, _union(rectangles)
        return
    # Two columns set on one baseline: find the character after the gap.
    part, reach, boxes = start, None, list[Box]()
    for index in range(start, end):
        box = _char_box(text_page, index)
        if box is None or text[index].isspace():
            continue
        if reach is not None and box[0] - reach > _GUTTER * page_width:
            yield part, index, _union(boxes)
            part, boxes = index, []
        boxes.append(box)
        reach = box[2]
    if boxes:
        yield part, end, _union(boxes)


def _rectangles(text_page: Any, start: int, count: int) -> Iterator[Box]:
    for index in range(raw.FPDFText_CountRects(text_page, start, count)):
        left, top, right, bottom = (ctypes.c_double() for _ in range(4))
        if raw.FPDFText_GetRect(text_page, index, left, top, right, bottom):
            yield left.value, bottom.value, right.value, top.value


def _char_box(text_page: Any, index: int) -> Box | None:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _union(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _fractions(page: Any, box: Box) -> Box:
    """Turn a box of page units into fractions of the page as shown (cropped, rotated)."""
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        corners.append((across.value / _GRID, down.value / _GRID))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _reading_order(lines: list[RawLine]) -> list[RawLine]:
    """Read column after column where the file draws both columns line by line.

    Applied only when many neighbouring lines stand side by side as prose does; short cells
    side by side are a table and stay in rows.
    """
    pairs = [
        (left, right)
        for left, right in itertools.pairwise(lines)
        if left.box
        and right.box
        and min(len(left.text), len(right.text)) >= 20
        and right.box[0] > left.box[2] + 0.01
        and min(left.box[3], right.box[3]) - max(left.box[1], right.box[1])
        > 0.5 * min(left.box[3] - left.box[1], right.box[3] - right.box[1])
    ]
    if len(pairs) < 5 or len(pairs) < 0.25 * len(lines):
        return lines
    gutters = sorted(
        (left.box[2] + right.box[0]) / 2 for left, right in pairs if left.box and right.box
    )
    gutter = gutters[len(gutters) // 2]
    ordered: list[RawLine] = []
    columns: tuple[list[RawLine], list[RawLine]] = ([], [])
    for line in lines:
        if line.box and line.box[0] < gutter - 0.02 and line.box[2] > gutter + 0.02:
            ordered += columns[0] + columns[1] + [line]
            columns = ([], [])
        else:
            columns[bool(line.box and (line.box[0] + line.box[2]) / 2 > gutter)].append(line)
    return ordered + columns[0] + columns[1]


def _looks_glued(pages: list[RawPage]) -> bool:
    words = [word for page in pages for line in page.lines for word in line.text.split()]
    return len(words) > 50 and sum(len(word) > 25 for word in words) / len(words) > _GLUED


def _replace_if_better(path: Path, pages: list[RawPage]) -> None:
    """Take pypdf's text for pages where PDFium's seems to lack spaces and pypdf's does not."""
    try:
        other = _read_with_pypdf(path, len(pages)).pages
    except ReadRefused:
        return
    if not _looks_glued(other):
        for page, better in zip(pages, other, strict=False):
            page.lines = better.lines


def _read_with_pypdf(path: Path, max_pages: int) -> RawDocument:
    """Read with pypdf alone: no boxes, but it opens some files that PDFium refuses."""
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ReadRefused("read_password")
        count = len(reader.pages)
        if count > max_pages:
            raise ReadRefused("read_too_many_pages", count=count, limit=max_pages)
        pages = [
            RawPage(
                number, str(number), [RawLine(line) for line in page.extract_text().splitlines()]
            )
            for number, page in enumerate(reader.pages, start=1)
        ]
    except ReadRefused:
        raise
    except DependencyError:
        raise ReadRefused("read_password") from None
    except Exception:
        raise ReadRefused("read_damaged") from None
    if not pages:
        raise ReadRefused("read_damaged")
    return RawDocument("pdf", pages=pages)
