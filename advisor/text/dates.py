"""The years a sentence dates its fact by, in French, English and German forms."""

from __future__ import annotations

import re

from advisor.text.mentions import ONE_YEAR, YEAR

# 2019-2021, de 2019 à 2021, from 2019 to 2021, von 2019 bis 2021.
_SPAN = re.compile(
    rf"(?<!\d)({YEAR})\s*(?:[-–]|à|to|bis)\s*({YEAR})(?!\d)"
    rf"|\b(?:entre|between|zwischen)\s+({YEAR})\s+(?:et|and|und)\s+({YEAR})(?!\d)",
    re.IGNORECASE,
)
_DECADE = re.compile(
    r"\b(?:années\s+((?:1[5-9]|20)\d0)\b|the\s+((?:1[5-9]|20)\d0)s\b"
    r"|(?:die|der|den)\s+((?:1[5-9]|20)\d0)er\b)",
    re.IGNORECASE,
)
_ONE = re.compile(ONE_YEAR, re.IGNORECASE)
_SINCE = re.compile(rf"\b(?:depuis|dès|since|seit|ab)\s+(?:\w+\s+){{0,3}}({YEAR})", re.IGNORECASE)

# Words by which a sentence tells sources apart that date the same fact otherwise.
_SAYS = r"(?:selon|d['’]après|pour|par|according to|for|laut|nach)"
_APART = re.compile(
    rf"\bselon (?:les|la) (?:sources?|pages?)\b|{YEAR}\s+{_SAYS}\b.*{YEAR}\s+{_SAYS}\b"
    rf"|\bdat\w+ (?:\w+ ){{0,5}}de {YEAR}\b.*\bde {YEAR}\b|\b{YEAR} ou (?:en |de )?{YEAR}\b"
    rf"|{YEAR},? (?:selon|d['’]après)\b.*\b(?:tandis que|ou)\b.*{YEAR}",
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
            years = [int(year) for year in match.groups() or (match.group(),) if year]
            first = last = years[0]
            if pattern is _SPAN:
                last = years[1]
            elif pattern is _DECADE:
                last = first + 9
            if last < first:
                continue
            taken.append(match.span())
            since = any(int(one.group(1)) == first for one in _SINCE.finditer(text))
            found.append((match.start(), (first, last, since)))
    return [dates for _, dates in sorted(found)]
