"""The years a sentence dates its fact by, in French, English and German forms."""

from __future__ import annotations

import re

from advisor.text.mentions import YEAR

# 2019-2021, de 2019 à 2021, from 2019 to 2021, von 2019 bis 2021.
_SPAN = re.compile(rf"(?<!\d)({YEAR})\s*(?:[-–]|à|et|to|and|bis|und)\s*({YEAR})(?!\d)")
_DECADE = re.compile(r"(?:années|the|die)\s+((?:1[5-9]|20)\d0)(?:er|s)?\b", re.IGNORECASE)
# «Agenda 2030» and «France 2030» are names.
_ONE = re.compile(
    rf"(?<![\w.,])(?<!Agenda[ \u00a0])(?<!France[ \u00a0])(?<!Cap[ \u00a0])({YEAR})(?!\w|[.,]\d)"
)
_SINCE = re.compile(rf"\b(?:depuis|dès|since|seit|ab)\s+(?:\w+\s+){{0,3}}({YEAR})", re.IGNORECASE)

# Words by which a sentence tells sources apart that date the same fact otherwise.
_APART = re.compile(
    rf"\b(?:selon|d['’]après|tandis que|une autre|according to|laut|dat\w+ de {YEAR} pour)\b",
    re.IGNORECASE,
)


def contested(text: str) -> bool:
    """Tell whether a sentence gives several dates of one fact, by several sources."""
    years = {start for start, _, _ in dates_in(text)}
    return len(years) > 1 and bool(_APART.search(text))


def dates_in(text: str) -> list[tuple[int, int, bool]]:
    """Return the (first year, last year, still going on) that a sentence gives, in order.

    «2019-2021» is one span, «dès les années 1990» the decade, «depuis 1997» goes on.
    """
    found: list[tuple[int, tuple[int, int, bool]]] = []
    taken: list[tuple[int, int]] = []
    for pattern in (_SPAN, _DECADE, _ONE):
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            first = int(match.group(1))
            last = first
            if pattern is _SPAN:
                last = int(match.group(2))
            elif pattern is _DECADE:
                last = first + 9
            if last < first:
                continue
            taken.append(match.span())
            since = any(one.group(1) == match.group(1) for one in _SINCE.finditer(text))
            found.append((match.start(), (first, last, since)))
    return [dates for _, dates in sorted(found)]
