"""Word-processor files: DOCX and ODT."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advisor.errors import ReadRefused
from ingest.raw import BlockKind, RawBlock, RawDocument

_HEADING = re.compile(r"(?:heading|titre|überschrift)\s*_?(?:20_)?(\d)", re.IGNORECASE)
_LIST = re.compile(r"list|liste|puce|bullet|aufzählung", re.IGNORECASE)
# Uncompressed size beyond which an office file is a trap rather than a document.
_MAX_UNPACKED = 400_000_000


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(info.flag_bits & 1 for info in archive.infolist()):
                raise ReadRefused("read_password")
            if sum(info.file_size for info in archive.infolist()) > _MAX_UNPACKED:
                raise ReadRefused("read_bomb")
    except (zipfile.BadZipFile, OSError, ValueError):
        raise ReadRefused("read_damaged") from None


def read_docx(path: Path) -> RawDocument:
    """Read a DOCX file.

    Raises:
        ReadRefused: damaged, locked by a password, or an archive that unpacks to excess.
    """
    import docx
    from docx.table import Table

    _check_archive(path)
    try:
        document: Any = docx.Document(str(path))
        blocks: list[RawBlock] = []
        for part in document.iter_inner_content():
            if isinstance(part, Table):
                blocks.extend(_table_rows(part))
            elif part.text.strip():
                blocks.append(_docx_block(part))
        properties = document.core_properties
        changed = properties.modified or properties.created
        return RawDocument(
            "docx",
            blocks=blocks,
            title=(properties.title or "").strip() or None,
            author=(properties.author or "").strip() or None,
            date=changed.date().isoformat() if changed else None,
            lang=(properties.language or "")[:2].lower() or None,
        )
    except ReadRefused:
        raise
    except Exception:
        raise ReadRefused("read_damaged") from None


def _docx_block(paragraph: Any) -> RawBlock:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    if style in ("Title", "Titre"):
        return RawBlock("heading", paragraph.text, 1)
    heading = _HEADING.search(style)
    if heading:
        return RawBlock("heading", paragraph.text, int(heading.group(1)))
    properties = paragraph._p.pPr
    numbered = properties is not None and properties.numPr is not None
    kind: BlockKind = "item" if numbered or _LIST.search(style) else "paragraph"
    return RawBlock(kind, paragraph.text)


def _table_rows(table: Any) -> Iterator[RawBlock]:
    for row in table.rows:
        cells: list[str] = []
        for cell in row.cells:
            text = " ".join(cell.text.split())
            if text and (not cells or cells[-1] != text):  # a merged cell is listed several times
                cells.append(text)
        if cells:
            yield RawBlock("paragraph", " ; ".join(cells))


def read_odt(path: Path) -> RawDocument:
    """Read an ODT file.

    Raises:
        ReadRefused: damaged, locked by a password, or an archive that unpacks to excess.
    """
    from odfdo import Document

    _check_archive(path)
    try:
        document: Any = Document(path)
        blocks = list(_odt_blocks(document.body.children, in_list=False))
        meta = document.meta
        changed = meta.date or meta.creation_date
        return RawDocument(
            "odt",
            blocks=blocks,
            title=(meta.title or "").strip() or None,
            author=(meta.creator or meta.initial_creator or "").strip() or None,
            date=changed.date().isoformat() if changed else None,
            lang=(meta.language or "")[:2].lower() or None,
        )
    except ReadRefused:
        raise
    except Exception:
        raise ReadRefused("read_damaged") from None


def _odt_blocks(elements: list[Any], in_list: bool) -> Iterator[RawBlock]:
    for element in elements:
        tag = element.tag
        if tag == "text:h":
            level = int(element.get_attribute("text:outline-level") or 1)
            yield RawBlock("heading", element.inner_text, level)
        elif tag == "text:p":
            text = element.inner_text
            if text.strip():
                yield RawBlock("item" if in_list else "paragraph", text)
        elif tag == "text:list":
            for item in element.get_elements("text:list-item"):
                yield from _odt_blocks(item.children, in_list=True)
        elif tag == "table:table":
            for row in element.get_elements("table:table-row"):
                cells = (
                    " ".join(cell.inner_text.split())
                    for cell in row.get_elements("table:table-cell")
                )
                content = " ; ".join(cell for cell in cells if cell)
                if content:
                    yield RawBlock("paragraph", content)
        elif tag in ("text:section", "draw:frame", "draw:text-box", "text:index-body"):
            yield from _odt_blocks(element.children, in_list)
