"""The «fresque»: the dated facts of a territory or a programme, in order, with their sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import cast

from pydantic import BaseModel, Field

from advisor.answer.models import Citation
from advisor.catalogue.fiche import Kind
from advisor.catalogue.records import DatedFact, Passage
from advisor.errors import UsageError
from advisor.guidance.fiches import Fiches, Record
from advisor.guidance.peers import mentions, words_of
from advisor.text.analysis import analyse
from advisor.text.dates import contested
from advisor.text.language import Language

# Two sentences tell of the same thing when they share this much of their words.
_SAME = 0.6
# With the same years, half of the shorter one is enough.
_SAME_EVENT = 0.5
_KNOWN = 8


class Event(BaseModel):
    """A dated fact: from ``start`` to ``end`` (the same year for a single date)."""

    start: int
    end: int
    since: bool = Field(description="the fact lasts from that year on")
    text: str
    citations: list[Citation] = Field(description="every sentence that tells it")
    contested: bool = Field(description="one sentence gives several dates, by several sources")
    disagrees: list[int] = Field(
        default=[], description="places, in the list, of sentences that date the same otherwise"
    )


class Trajectory(BaseModel):
    """The dated facts of a territory, oldest first."""

    slug: str
    name: str
    events: list[Event]


def trajectory(fiches: Fiches, name: str) -> Trajectory:
    """Return the dated facts that the corpus tells of a territory, a programme, the alliance.

    They come from the fiche of this name, when there is one, and from any document in a
    sentence that names it.

    Raises:
        UsageError: nothing dated is told of this name, or several territories have it.
    """
    own = _named(fiches, name)
    if own is None and not any(len(term) > 1 for term in analyse(name)):
        raise UsageError("trajectory_no_name")
    names = _written(own) if own else [name.strip()]
    catalogue = fiches.answerer.search.catalogue
    facts = catalogue.facts([own.document_id] if own else [], names)
    passages = catalogue.passages({fact.passage_id for fact in facts})
    told = [
        (fact, passage)
        for fact in facts
        if (passage := passages.get(fact.passage_id))
        # «Loos» also stands in «Loosdorf»: whole words only.
        and ((own and passage.document_id == own.document_id) or _names(fact.sentence, names))
    ]
    # Its own fiche words an event best; the others tell the same.
    told.sort(key=lambda one: not (own and one[1].document_id == own.document_id))
    events = _events(fiches, told, {term for name in names for term in analyse(name)})
    if not events:
        if catalogue.undated():
            raise UsageError("dates_missing")
        if own:
            raise UsageError("no_dated_fact", name=own.title)
        known = ", ".join(record.title for record in fiches.of_kind(Kind.TERRITOIRE)[:_KNOWN])
        if not known:
            raise UsageError("no_territory", name=name)
        raise UsageError("unknown_territory", name=name, known=known)
    return Trajectory(
        slug=own.slug if own else "", name=own.title if own else name.strip(), events=events
    )


def _named(fiches: Fiches, name: str) -> Record | None:
    """Return the fiche of a name: of a territory first, then of anything else."""
    found = fiches.named(Kind.TERRITOIRE, name)
    if len(found) > 1:
        places = ", ".join(one.title for one in found)
        raise UsageError("profile_homonyms", name=name, places=places)
    others = (kind for kind in Kind if kind not in (Kind.TERRITOIRE, Kind.DOCUMENT))
    found = [*found, *(one for kind in others for one in fiches.named(kind, name))]
    return found[0] if found else None


def _written(own: Record) -> list[str]:
    """Return the ways a text names a fiche's subject; what is found there is not its name."""
    words = {word for word in words_of(own.title) + words_of(own.slug) if len(word) > 3}
    return [own.title, *(alias for alias in own.front.aliases if words & set(words_of(alias)))]


def _names(sentence: str, names: Sequence[str]) -> bool:
    return any(mentions(sentence, name) for name in names)


def _events(
    fiches: Fiches, told: Iterable[tuple[DatedFact, Passage]], own_terms: AbstractSet[str]
) -> list[Event]:
    """Return the events in order, sentences that tell the same one together."""
    events: list[Event] = []
    terms: list[frozenset[str]] = []
    for fact, passage in told:
        citation = fiches.quote(1, passage, fact.sentence)
        if citation is None:
            continue
        words = analyse(fact.sentence, cast(Language, citation.lang))
        said = frozenset(word for word in words if not word[0].isdigit()) - own_terms
        same = [
            event
            for event, others in zip(events, terms, strict=True)
            if (event.start, event.end) == (fact.start, fact.end)
            and _alike(said, others) >= _SAME_EVENT
        ]
        if same:
            _join(same[0], fact, citation)
        else:
            events.append(_event(fact, citation))
            terms.append(said)
    return _ordered(events, terms)


def _join(event: Event, fact: DatedFact, citation: Citation) -> None:
    event.contested |= contested(fact.sentence)
    if all(known.quote != citation.quote for known in event.citations):
        number = len(event.citations) + 1
        event.citations.append(citation.model_copy(update={"n": number}))


def _ordered(events: Sequence[Event], terms: Sequence[frozenset[str]]) -> list[Event]:
    """Return the events, oldest first; those that date the same otherwise point at each other."""
    order = sorted(range(len(events)), key=lambda n: (events[n].start, events[n].end, n))
    for (first, one), (second, other) in combinations(enumerate(order), 2):
        dates = {(events[n].start, events[n].end) for n in (one, other)}
        shared, union = terms[one] & terms[other], terms[one] | terms[other]
        if len(dates) > 1 and union and len(shared) >= _SAME * len(union):
            events[one].disagrees.append(second)
            events[other].disagrees.append(first)
    return [events[place] for place in order]


def _alike(one: AbstractSet[str], other: AbstractSet[str]) -> float:
    """Return how much of the shorter of two sentences stands in the other."""
    return len(one & other) / (min(len(one), len(other)) or 1)


def _event(fact: DatedFact, citation: Citation) -> Event:
    return Event(
        start=fact.start,
        end=fact.end,
        since=fact.since,
        text=fact.sentence,
        citations=[citation],
        contested=contested(fact.sentence),
    )
