"""The lines of a passage: its sentences and the items of its lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from advisor.text.sentences import sentence_spans

#: How a line of a list begins.
ITEM = re.compile(r"(?:•|\(?\d{1,2}[.)]|[a-z]\))\s+\S")
# What makes a line, and not a fragment: so many letters and digits, so many of them letters.
_SAYS_SOMETHING = re.compile(r"(?=(?:[\W_]*[^\W_]){12})(?:[\W\d_]*[^\W\d_]){6}")


class Part(NamedTuple):
    """A part of a text, [start, end), and whether it is a line, and one of a list."""

    start: int
    end: int
    line: bool
    item: bool


def parts(text: str, headings: Collection[str]) -> Iterator[Part]:
    """Yield the sentences and items of a passage, in order.

    Its headings and fragments of a few letters are no lines.
    """
    body_starts = False
    for start, end in sentence_spans(text):
        some = text[start:end]
        # The headings that open a passage are its context, not its content.
        if not body_starts and (some in headings or _inside_heading(text, start, headings)):
            yield Part(start, end, line=False, item=False)
            continue
        body_starts = True
        item = bool(ITEM.match(some)) and text[start - 1 : start] in ("", "\n")
        # Capitals make a heading too, but in a text that is all in capitals.
        heading = some.isupper() and not item and not any(map(str.isdigit, some))
        says = bool(_SAYS_SOMETHING.match(some)) or (item and any(map(str.isalnum, some)))
        yield Part(start, end, says and not (heading and not text.isupper()), item)


def _inside_heading(text: str, start: int, headings: Collection[str]) -> bool:
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    return text[line_start : len(text) if line_end < 0 else line_end] in headings
