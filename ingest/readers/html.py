"""HTML: the main content, found by trafilatura, with its headings and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree, html

from advisor.errors import ReadRefused
from advisor.text.decoding import decode
from ingest.raw import RawBlock, RawDocument

_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.IGNORECASE
)
_DROPPED = ("script", "style", "noscript", "template", "iframe", "object", "embed", "svg")
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)


def read_html(path: Path) -> RawDocument:
    """Read a web page saved as a file.

    Raises:
        ReadRefused: the file cannot be parsed.
    """
    from trafilatura import bare_extraction

    data = path.read_bytes()
    try:
        tree = _parse(data)
    except (etree.LxmlError, ValueError, RecursionError):
        raise ReadRefused("read_damaged") from None
    lang = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "")[
        :2
    ].lower()
    for element in list(tree.iter(*_DROPPED)):
        element.drop_tree()
    for element in [one for one in tree.iter() if _is_hidden(one)]:
        if element.getparent() is not None:
            element.drop_tree()
    result: Any = bare_extraction(
        tree,
        include_tables=True,
        favor_recall=True,
        with_metadata=True,
        # Only dates the page declares: one found in its text may be any date.
        date_extraction_params={"extensive_search": False, "original_date": False},
    )
    if result is None:
        title = (tree.findtext(".//title") or "").strip() or None
        blocks = [RawBlock("paragraph", text) for text in _visible_text(tree)]
        return RawDocument("html", blocks=blocks, title=title, lang=lang or None)
    return RawDocument(
        "html",
        blocks=list(_blocks(result.body)),
        title=result.title,
        author=result.author,
        date=result.date,
        lang=lang or None,
        url=result.url,
    )


def _parse(data: bytes) -> Any:
    match = _CHARSET.search(data[:2048])
    text: str
    if match and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            text = data.decode(match.group(1).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            text = decode(data)
    else:
        text = decode(data)
    # A declaration of encoding makes lxml refuse text that is decoded already.
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    tree = html.document_fromstring(
        text, parser=html.HTMLParser(huge_tree=False, remove_comments=True)
    )
    if tree is None:
        raise ValueError("empty")
    return tree


def _is_hidden(element: Any) -> bool:
    if not isinstance(element.tag, str):
        return False
    return (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or bool(_HIDDEN_STYLE.search(element.get("style") or ""))
    )


def _visible_text(tree: Any) -> Iterator[str]:
    for element in tree.iter("p", "li", "h1", "h2", "h3", "td", "div"):
        if not any(child.tag in ("p", "li", "div", "td") for child in element):
            text = " ".join(element.text_content().split())
            if text:
                yield text


def _blocks(body: Any) -> Iterator[RawBlock]:
    """Walk trafilatura's simplified tree (head, p, list/item, table, quote)."""
    for element in body:
        tag = element.tag
        text = " ".join("".join(element.itertext()).split())
        if tag == "head":
            level = int((element.get("rend") or "h2")[1:2] or 2)
            yield RawBlock("heading", text, level)
        elif tag == "list":
            for item in element.iter("item"):
                content = " ".join("".join(item.itertext()).split())
                if content and item.find(".//item") is None:
                    yield RawBlock("item", content)
        elif tag == "table":
            for row in element.iter("row"):
                cells = (" ".join("".join(cell.itertext()).split()) for cell in row.iter("cell"))
                content = " ; ".join(cell for cell in cells if cell)
                if content:
                    yield RawBlock("paragraph", content)
        elif text:
            yield RawBlock("paragraph", text)
