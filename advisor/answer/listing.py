"""«Quels dispositifs sont clos ?»: the fiches whose header meets the condition of a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.answer.criteria import (
    STATES,
    Criterion,
    called,
    counts_people,
    criterion,
    inhabitants,
    kind_asked,
    speaks_of,
    states_in,
    tells_for,
)
from advisor.catalogue.fiche import Kind
from advisor.catalogue.records import Filters, Passage
from advisor.i18n import translate
from advisor.retrieval.asked import Value, values_in
from advisor.retrieval.entities import name_words
from advisor.retrieval.models import Evidence, Hit, Line, SearchResult
from advisor.retrieval.query import Query
from advisor.retrieval.search import PassageSearch
from advisor.text.language import Language
from advisor.text.mentions import numbers_in

# Fiches quoted at most; the others are named. Passages ranked to find those of a theme.
_QUOTED, _RANKED = 12, 300
# A word so near that asked speaks of the same.
_LIKE = 0.6
_COUNTED = {
    Kind.TERRITOIRE: "answer.listed_territoire",
    Kind.DISPOSITIF: "answer.listed_dispositif",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The passages that say what the headers say, each with its line, and what to say beside.

    ``found`` is the number of fiches whose header says it.
    """

    lines: list[tuple[Evidence, Line]]
    notices: list[str]
    found: int


def listed(search: PassageSearch, result: SearchResult) -> Listing | None:
    """Return the fiches that a question asks for by their header, ``None`` if it asks otherwise.

    Territories come by number of inhabitants, the largest first, dispositifs by title.
    """
    query, catalogue = result.query, search.catalogue
    kind = kind_asked(query)
    if kind is None:
        return None
    fiches = dict(catalogue.fiche_records(kind))
    places = [record["territory"] for record in fiches.values() if kind is Kind.TERRITOIRE]
    programmes = [record["dispositif"] for record in fiches.values() if kind is Kind.DISPOSITIF]
    asked = criterion(
        query,
        {one["region"] for one in places if one.get("region")},
        {one["holder"] for one in programmes},
    )
    if asked is None:
        return None
    # «Sauf en Bretagne»; and a programme's name is no theme: «Territoires d'industrie».
    if (query.except_for and not query.other_than) or (query.programmes and asked.theme):
        return None
    met = {
        key: record["slug"] not in query.other_than and asked.met_by(record)
        for key, record in fiches.items()
    }
    titles = {key: str(record["title"]) for key, record in fiches.items()}
    chosen = sorted(
        (key for key, answer in met.items() if answer),
        key=lambda key: (-(inhabitants(fiches[key]) or 0), titles[key]),
    )
    hits = (
        _about(search, query, asked.subject, asked.kind, chosen)
        if asked.subject
        else _saying(search, result, asked, {key: fiches[key] for key in chosen[:_QUOTED]})
    )
    read = search.lines(replace(result, hits=hits))
    if asked.state:  # «se distingue du TEPCV, ouvert en 2014» says nothing of TEPOS
        for one in read:
            own = search.gazetteer.programmes(one.hit.document.title)
            one.lines = [
                line for line in one.lines if search.gazetteer.programmes(line.text) <= own
            ]
    lines = [pair for one in read if (pair := _telling(one, asked, fiches[one.hit.document.id]))]
    quoted = {one.hit.document.id for one, _ in lines}
    unquoted = [titles[key] for key in chosen if key not in quoted]
    counts = {"found": len(chosen), "all": len(fiches)}
    notices = [translate(_COUNTED[asked.kind], query.lang, **counts)]
    if asked.theme and not called(asked.theme, query.text, query.lang):
        theme = translate(f"themes.{asked.theme}", query.lang)
        notices.append(translate("answer.listed_theme", query.lang, theme=theme))
    if asked.current:
        doubtful = sum(fiches[key]["dispositif"]["status"] not in STATES for key in chosen)
        notices.append(translate("answer.listed_open", query.lang, count=doubtful))
    if unknown := sum(answer is None for answer in met.values()):
        notices.append(translate("answer.listed_unknown", query.lang, count=unknown))
    if unquoted:
        notices.append(translate("answer.listed_more", query.lang, titles=" ; ".join(unquoted)))
    return Listing(lines, notices, len(chosen))


def _about(
    search: PassageSearch, query: Query, theme: str, kind: Kind, chosen: list[str]
) -> tuple[Hit, ...]:
    """Return the passage of each fiche that says most of a theme, the best first.

    The fiche of a dispositif says first what it is, then who used it and what they did.
    """
    if not chosen:
        return ()

    def sort_key(hit: Hit) -> tuple[bool, int]:
        body = hit.passage.text
        for heading in hit.passage.headings:
            body = body.replace(heading, "")
        speaks = speaks_of(body, theme, hit.document.lang)
        return not speaks, hit.passage.ordinal if kind is Kind.DISPOSITIF else 0

    found: dict[str, Hit] = {}
    ranked = search.search(query, _RANKED, Filters(documents=tuple(chosen))).hits
    for hit in sorted(ranked, key=sort_key):
        found.setdefault(hit.document.id, hit)
    order = [hit.document.id for hit in ranked]
    return tuple(sorted(found.values(), key=lambda hit: order.index(hit.document.id))[:_QUOTED])


def _saying(
    search: PassageSearch,
    result: SearchResult,
    asked: Criterion,
    fiches: Mapping[str, Mapping[str, Any]],
) -> tuple[Hit, ...]:
    """Return the passage of each fiche that says best what is asked: the first of equals."""
    documents = search.catalogue.summaries(fiches)
    hits = []
    for key in (key for key in fiches if key in documents):
        passages: list[Passage] = search.catalogue.passages_of(key)
        if passages:
            lang = documents[key].lang
            best = max(passages, key=lambda one: _says(one.text, asked, fiches[key], lang))
            hits.append(Hit(best, documents[key], 0.0, None, None, result.query))
    return tuple(hits)


def _telling(
    one: Evidence, asked: Criterion, record: Mapping[str, Any]
) -> tuple[Evidence, Line] | None:
    """Return the line that says best what is asked; of what no line says, none.

    Where a territory lies, its opening tells.
    """
    says = {
        place: _of_theme(one, line, asked.subject, asked.words)
        if asked.subject
        else _says(line.text, asked, record, one.hit.document.lang)
        for place, line in enumerate(one.lines)
    }
    best = max(says, key=lambda place: says[place], default=None)
    if best is None or not (says[best] or asked.placed):
        return None
    return one, one.lines[best]


def _of_theme(one: Evidence, line: Line, theme: str, words: Sequence[str]) -> float:
    """Return how well a line speaks of a theme, by a word for it or one like those asked."""
    near = max((line.matches.get(word, 0.0) for word in words), default=0.0)
    if speaks_of(line.text, theme, one.hit.document.lang):
        near = max(near, 1.0)
    return near + line.coverage if near >= _LIKE else 0.0


def _says(text: str, asked: Criterion, record: Mapping[str, Any], lang: Language) -> int:
    """Return how well a text says what the header says: best its very number, or its state."""
    if asked.state:
        told = 2 * states_in(text, asked.state, lang)
        return told or bool(values_in(text, frozenset({Value.STATE})))
    if asked.audience and values_in(text, frozenset({Value.AUDIENCE})):
        return 1 + tells_for(text, asked.audience, lang)
    if asked.holder:
        return set(asked.holder) <= set(name_words(text))
    if asked.sized and counts_people(text, lang):
        return 1 + (str(inhabitants(record)) in numbers_in(text, lang))
    return 0
