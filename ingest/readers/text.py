"""Plain text of any common encoding; form feeds separate pages."""

from __future__ import annotations

from pathlib import Path

from advisor.text.decoding import decode
from ingest.raw import RawDocument, RawLine, RawPage


def read_text(path: Path) -> RawDocument:
    """Read a text file.

    Raises:
        ReadRefused: the bytes are not text.
    """
    text = decode(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    pages = []
    for number, content in enumerate(text.split("\f"), start=1):
        lines: list[RawLine] = []
        gap = False
        for line in content.split("\n"):
            if line.strip():
                lines.append(RawLine(line, gap=gap))
            gap = not line.strip()
        pages.append(RawPage(number, str(number), lines))
    return RawDocument("text", pages=pages)
