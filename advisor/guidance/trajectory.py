"""The «fresque»: the dated facts of a territory, in order, each with its sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from pydantic import BaseModel, Field

from advisor.answer.models import Citation
from advisor.catalogue.records import Passage
from advisor.errors import UsageError
from advisor.guidance.fiches import Fiches, Record, sentences
from advisor.guidance.peers import known_territory, mentions
from advisor.text.analysis import analyse
from advisor.text.language import Language
from advisor.text.mentions import YEAR

# 2019-2021, de 2019 à 2021, from 2019 to 2021, von 2019 bis 2021.
_SPAN = re.compile(rf"(?<!\d)({YEAR})\s*(?:[-–]|à|et|to|and|bis|und)\s*({YEAR})(?!\d)")
_DECADE = re.compile(r"(?:années|the|die)\s+((?:1[5-9]|20)\d0)(?:er|s)?\b", re.IGNORECASE)
_ONE = re.compile(rf"(?<![\w.,])({YEAR})(?!\w|[.,]\d)")
_SINCE = re.compile(rf"\b(?:depuis|dès|since|seit|ab)\s+(?:\w+\s+){{0,3}}({YEAR})", re.IGNORECASE)
# Kinds of fiches that tell of a territory beside its own.
_KINDS = ("territoire", "experience", "evaluation", "referentiel", "charte")
# Two sentences tell of the same thing when they share this much of their words.
_SAME = 0.6


class Event(BaseModel):
    """A dated fact: from ``start`` to ``end`` (the same year for a single date)."""

    start: int
    end: int
    since: bool = Field(description="the fact lasts from that year on")
    text: str
    citation: Citation
    disagrees: list[int] = Field(
        default=[], description="places, in the list, of sentences that date the same otherwise"
    )


class Trajectory(BaseModel):
    """The dated facts of a territory, oldest first."""

    slug: str
    name: str
    events: list[Event]


def trajectory(fiches: Fiches, name: str) -> Trajectory:
    """Return the dated facts that the fiches tell of a territory.

    Raises:
        UsageError: no fiche has this name, or several do.
    """
    found = known_territory(fiches, name)
    if not found:
        known = ", ".join(record.title for record in fiches.of_kind("territoire")[:8])
        raise UsageError("unknown_territory", name=name, known=known)
    if len(found) > 1:
        places = ", ".join(one.title for one in found)
        raise UsageError("profile_homonyms", name=name, places=places)
    own = found[0]
    events: dict[str, Event] = {}
    for record in _records(fiches, own):
        for passage in fiches.answerer.search.catalogue.passages_of(record.document_id):
            for event in _events(fiches, passage, record, own):
                events.setdefault(event.text, event)
    ordered = sorted(events.values(), key=lambda one: (one.start, one.end, one.text))
    _mark_disagreements(ordered, "fr")
    return Trajectory(slug=own.slug, name=own.title, events=ordered)


def _records(fiches: Fiches, own: Record) -> Iterator[Record]:
    for kind in _KINDS:
        for record in fiches.of_kind(kind):
            if record.slug == own.slug or own.slug in record.front.territories:
                yield record


def _events(fiches: Fiches, passage: Passage, record: Record, own: Record) -> Iterator[Event]:
    for sentence in sentences(passage):
        dates = dates_in(sentence)
        # In a fiche that tells of several territories, the sentence must name this one.
        if not dates or (record.slug != own.slug and not mentions(sentence, own.slug)):
            continue
        if citation := fiches.quote(1, passage, sentence):
            start, end, since = dates[0]
            yield Event(start=start, end=end, since=since, text=sentence, citation=citation)


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


def _mark_disagreements(events: Sequence[Event], lang: Language) -> None:
    terms = [
        {term for term in analyse(event.text, lang) if not term[0].isdigit()} for event in events
    ]
    for one, other in combinations(range(len(events)), 2):
        first, second = events[one], events[other]
        if (first.start, first.end) == (second.start, second.end):
            continue
        shared, union = terms[one] & terms[other], terms[one] | terms[other]
        if union and len(shared) >= _SAME * len(union):
            first.disagrees.append(other)
            second.disagrees.append(one)
