"""Sentence boundaries in French, English and German text.

Rule-based: a boundary follows ``. ! ? …`` (with closing quotes or brackets) when what
comes next can open a sentence and what comes before is not an abbreviation, an initial,
an ordinal or a number. List items and headings stand on lines of their own in canonical
text, so a line end is always a boundary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from advisor.text.words import word_list

_ABBREVIATIONS = word_list("abbreviations")
# Words of their own too, which are abbreviations before a number alone.
_BEFORE_NUMBERS = frozenset({"art", "fig", "max", "min", "no", "nos", "sept", "tab"})
_END = re.compile(r"[.!?…]+[\"'»”’)\]]*(?:[\s\u00a0\u202f]*»)?(?=\s|$)")
_OPENING = re.compile(r"[\s\u00a0\u202f]*[«“\"'(\[–—-]?[\s\u00a0\u202f]*(\S)")
# Beside letters and figures, what a word is made of: «n°».
_IN_WORDS = "_°"

_GERMAN_ORDINAL = re.compile(
    r"\b(?:am|den|der|dem|die|das|vom|bis|zum|im)\s+\d{1,2}$", re.IGNORECASE
)
# A sentence that opens so is about what the one before it names.
_PRONOUN = re.compile(
    r"(?:Il|Elle|Ils|Elles|Ce|Cet|Cette|Ces|Cela|Ceci|Celui-ci|Celle-ci|Ceux-ci|Leur|Leurs|Son|Sa|Ses"
    r"|En parallèle|Ainsi|It|They|This|These|He|She|Er|Sie|Es|Diese[rs]?|Dies)\b"
)


def points_back(text: str) -> bool:
    """Tell whether a sentence opens on a pronoun, or a word like it, that needs the one before."""
    return bool(_PRONOUN.match(text))


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the [start, end) of each sentence, without surrounding white space."""
    stop = len(text) if end is None else end
    line_start = start
    while line_start < stop:
        line_end = text.find("\n", line_start, stop)
        line_end = stop if line_end < 0 else line_end
        yield from _line_spans(text, line_start, line_end)
        line_start = line_end + 1


def _line_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begin = start
    for match in _END.finditer(text, start, end):
        if _is_boundary(text, begin, match, end):
            span = _trim(text, begin, match.end())
            if span:
                yield span
            begin = match.end()
    span = _trim(text, begin, end)
    if span:
        yield span


def _is_boundary(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    after = _OPENING.match(text, match.end(), end)
    if after is None:
        return True
    if after.group(1).islower():
        return False
    if match.group()[0] != "." or match.group().startswith(".."):
        return True
    start = match.start()
    while start > begin and (text[start - 1].isalnum() or text[start - 1] in _IN_WORDS):
        start -= 1
    last = text[start : match.start()]
    if not last:
        return True
    if last.lower() in _ABBREVIATIONS:
        # «Art. 5», «sept. 2020»; but «un centre d'art. Il a ouvert…».
        return last.lower() in _BEFORE_NUMBERS and not after.group(1).isdigit()
    # An initial («J. Dupont») or a bare enumerator («1. Faire», «3. Oktober»).
    if len(last) == 1 and last.isalpha() and last.isupper():
        return False
    if last.isdigit() and len(last) <= 2:
        return start > begin + 1 and not _GERMAN_ORDINAL.search(text, begin, match.start())
    return True


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
