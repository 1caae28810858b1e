"""Markdown files, and fiches: Markdown with a validated front matter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from advisor.catalogue.fiche import FicheError, FrontMatter, is_fiche, parse_fiche
from advisor.catalogue.fiche_check import check_body, check_numbers
from advisor.catalogue.records import DocumentSource
from advisor.errors import ReadRefused
from advisor.text.decoding import decode
from ingest.raw import BlockKind, RawBlock, RawDocument


def read_markdown(path: Path) -> RawDocument:
    """Read a Markdown file, or a fiche when it opens with a fiche's front matter.

    Raises:
        ReadRefused: not text, or a fiche whose header or sources are wrong (with the line).
    """
    text = decode(path.read_bytes())
    if is_fiche(text):
        return _read_fiche(text, path.stem)
    blocks = list(_blocks(text))
    title = next((block.text for block in blocks if block.kind == "heading"), None)
    return RawDocument("markdown", blocks=blocks, title=title)


def _read_fiche(text: str, stem: str) -> RawDocument:
    try:
        fiche = parse_fiche(text)
        problems = check_body(fiche)
    except FicheError as error:
        problems = error.problems
    if problems:
        first, others = problems[0], len(problems) - 1
        raise ReadRefused(
            "read_fiche", line=first.line, reason=first.message, others=others, count=others
        )
    front = fiche.front
    unsaid = check_numbers(fiche)
    return RawDocument(
        "fiche",
        warnings=[f"unsaid_numbers:{len(unsaid)}:{len(unsaid)}"] if unsaid else [],
        blocks=list(_blocks(fiche.body)),
        title=front.title,
        date=front.updated,
        lang=front.lang,
        url=_link(front),
        kind=front.kind.value,
        themes=tuple(front.themes),
        territories=(*front.territories, *([stem] if front.territory else [])),
        record={"slug": stem, **front.model_dump(mode="json", exclude_none=True)},
        sources=tuple(DocumentSource(s.id, s.name, s.url, s.date) for s in front.sources),
    )


def _link(front: FrontMatter) -> str | None:
    record = front.dispositif or front.reference
    return record.url if record else None


def _blocks(text: str) -> Iterator[RawBlock]:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    items: list[str | None] = []
    cells: list[str] = []
    numbers: list[int] = []
    heading = 0
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = int(token.tag[1:])
        elif token.type == "heading_close":
            heading = 0
        elif token.type == "ordered_list_open":
            numbers.append(int(token.attrGet("start") or 1))
        elif token.type == "bullet_list_open":
            numbers.append(0)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            numbers.pop()
        elif token.type == "list_item_open":
            items.append(f"{numbers[-1]}. " if numbers[-1] else "• ")
            numbers[-1] += bool(numbers[-1])
        elif token.type == "list_item_close":
            items.pop()
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            yield RawBlock("paragraph", " ; ".join(cell for cell in cells if cell))
            cells = []
        elif token.type == "inline" and token.children is not None:
            content = _plain(token.children)
            if cells or tokens[place - 1].type in ("td_open", "th_open"):
                cells.append(content)
                continue
            kind: BlockKind = "heading" if heading else "item" if items else "paragraph"
            lead = items[-1] if items else None
            if items:
                items[-1] = None  # only the first paragraph of an item carries its marker
                kind = "item" if lead else "paragraph"
            yield RawBlock(kind, (lead or "") + content, heading)
        elif token.type in ("fence", "code_block"):
            yield RawBlock("paragraph", token.content)


def _plain(tokens: list[Token]) -> str:
    """Return the text a reader sees: no emphasis marks, link texts, no images, no HTML tags."""
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)
