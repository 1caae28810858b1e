"""One file → one document with its passages. Runs in a worker process, under limits."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from advisor.catalogue.records import DatedFact, Document, Passage
from advisor.catalogue.sentences import dated_facts
from advisor.errors import ReadRefused
from advisor.text.language import Language, detect_language
from ingest.raw import RawDocument
from ingest.split import split
from ingest.structure import Canonical, canonical_from_blocks, canonical_from_pages

# Raise when reading, structure or splitting change what they give: files are then read again.
PIPELINE = 2

_SIGNATURES = ((b"%PDF-", ".pdf"), (b"\xd0\xcf\x11\xe0", ".doc"))
_SUFFIXES = {
    ".pdf": "pdf", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".docx": "docx", ".odt": "odt",
    ".md": "markdown", ".markdown": "markdown", ".txt": "text", ".text": "text",
}  # fmt: skip
_HINTS = {
    ".doc": "read_format_doc", ".rtf": "read_format_doc", ".xls": "read_format_sheet",
    ".xlsx": "read_format_sheet", ".ods": "read_format_sheet", ".csv": "read_format_sheet",
    ".ppt": "read_format_slides", ".pptx": "read_format_slides", ".odp": "read_format_slides",
    ".png": "read_format_image", ".jpg": "read_format_image", ".jpeg": "read_format_image",
    ".tif": "read_format_image", ".tiff": "read_format_image", ".gif": "read_format_image",
    ".webp": "read_format_image", ".zip": "read_format_archive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A document ready to store, its passages, the facts they date."""

    document: Document
    passages: list[Passage]
    facts: list[DatedFact]


def document_id(data_hash: str) -> str:
    """Return the id of a document from the hash of its bytes; it depends on ``PIPELINE``."""
    return hashlib.blake2b(f"{PIPELINE}:{data_hash}".encode(), digest_size=8).hexdigest()


def file_format(path: Path) -> str:
    """Return the format to read a file as, from its name (and first bytes for a wrong one).

    Raises:
        ReadRefused: no reader for this format; the message says what to convert it to.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(1024)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise ReadRefused("read_empty")
    for magic, real in _SIGNATURES:
        if magic in head[: 1024 if real == ".pdf" else 4] and suffix not in (
            ".html",
            ".htm",
            ".txt",
            ".md",
        ):
            suffix = real
    if (
        suffix == ".pdf"
        and b"%PDF-" not in head
        and re.match(rb"\s*<(!doctype|html|\?xml)", head, re.I)
    ):
        raise ReadRefused("read_wrong_suffix", real="HTML", suffix=suffix)
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    raise ReadRefused(_HINTS.get(suffix, "read_format"), suffix=suffix or "?")


def _reader(name: str) -> Callable[[Path, int], RawDocument]:
    """Import one reader, so that a worker loads only what it needs."""
    if name == "pdf":
        from ingest.readers.pdf import read_pdf

        return read_pdf
    if name == "html":
        from ingest.readers.html import read_html as read
    elif name == "docx":
        from ingest.readers.office import read_docx as read
    elif name == "odt":
        from ingest.readers.office import read_odt as read
    elif name == "markdown":
        from ingest.readers.markdown import read_markdown as read
    else:
        from ingest.readers.text import read_text as read
    return lambda path, _max_pages: read(path)


def read_file(path: Path, name: str, identifier: str, max_pages: int) -> ReadResult:
    """Read a file into a document and its passages.

    Args:
        path: the file.
        name: the format, from ``file_format``.
        identifier: the document's id.
        max_pages: refuse longer files.

    Raises:
        ReadRefused: with the sentence that says what to do.
    """
    logging.disable(logging.CRITICAL)  # readers log the faults of files; the outcome says it once
    raw = _reader(name)(path, max_pages)
    canonical = canonical_from_pages(raw.pages) if raw.pages else canonical_from_blocks(raw.blocks)
    letters = sum(char.isalpha() for char in canonical.text)
    if letters < 3:
        raise ReadRefused("read_scanned" if raw.format == "pdf" else "read_empty")
    lang = _language(raw, canonical)
    passages = split(canonical, identifier)
    document = Document(
        id=identifier,
        title=_title(raw, canonical, path),
        kind=raw.kind,
        format=raw.format,
        lang=lang,
        text=canonical.text,
        pages=canonical.pages,
        author=raw.author,
        date=raw.date,
        url=raw.url,
        themes=raw.themes,
        territories=raw.territories,
        record=raw.record,
        sources=raw.sources,
        marks=canonical.marks,
        warnings=tuple(_warnings(raw, canonical)),
    )
    return ReadResult(document, passages, dated_facts(passages))


def _language(raw: RawDocument, canonical: Canonical) -> Language:
    """Trust the text; a declared language only decides for a text too short to tell."""
    declared: Language = raw.lang if raw.lang in ("fr", "en", "de") else "fr"  # type: ignore[assignment]
    if raw.format == "fiche":
        return declared
    middle = canonical.text[len(canonical.text) // 4 :]
    return detect_language(middle if len(middle) > 500 else canonical.text, declared)


def _title(raw: RawDocument, canonical: Canonical, path: Path) -> str:
    if raw.title and raw.title.strip():
        return " ".join(raw.title.split())[:200]
    first = canonical.blocks[0]
    candidates = [block for block in canonical.blocks[:12] if block.kind == "heading"]
    candidates.sort(key=lambda block: (block.level, block.start))
    # A text that opens on a short line without a full stop opens on its title.
    opening = canonical.text[first.start : first.end]
    short = len(opening) <= 80 and opening[0].isalpha() and opening[-1] not in ".:;,!?"
    if first.kind == "paragraph" and short:
        candidates.insert(0, first)
    for block in [*candidates, first]:
        text = canonical.text[block.start : block.end].strip("• ")
        if 4 <= len(text) <= 160 and sum(char.isalpha() for char in text) > 3:
            return text
    stem = re.sub(r"[_\s]+", " ", path.stem).strip()
    return "".join(char for char in stem if char.isprintable())[:200] or "?"


def _warnings(raw: RawDocument, canonical: Canonical) -> list[str]:
    """Return warning codes with their numbers, as ``code:count:total``."""
    warnings = list(raw.warnings)
    empty = sum(not _has_text(canonical, page.start, page.end) for page in canonical.pages)
    if raw.format == "pdf" and empty:
        warnings.append(f"pages_without_text:{empty}:{len(canonical.pages)}")
    if canonical.unreadable > 0.02 * len(canonical.text):
        warnings.append(f"unreadable_characters:{canonical.unreadable}:{len(canonical.text)}")
    return warnings


def _has_text(canonical: Canonical, start: int, end: int) -> bool:
    return any(char.isalnum() for char in canonical.text[start:end])
