"""«Qu'est-ce que… ?»: the fiches of which a question asks nothing but what they are.

Such a fiche is presented: its opening, then what each of its sections says first. One whose title
asks how to do what is asked («Comment impliquer les habitants ?») gives its steps first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from advisor.answer.header import PLACE_WORDS
from advisor.errors import UsageError
from advisor.retrieval.asked import (
    ABOUT_THE_ANSWER,
    DOING,
    NO_SUBJECT,
    Asked,
    Shape,
    Value,
    understand_shape,
)
from advisor.retrieval.entities import Entity, fiche_names
from advisor.retrieval.models import Hit, SearchResult
from advisor.retrieval.priors import PRACTICAL_KINDS
from advisor.retrieval.query import Query
from advisor.retrieval.search import PassageSearch
from advisor.text.analysis import analyse, content_words, stem
from advisor.text.language import Language

# «Qu'est-ce que… ?», «comment fonctionne… ?».
_PRESENTING = (Shape.OVERVIEW, Shape.HOW)
_ALLOWED = NO_SUBJECT | DOING | PLACE_WORDS
# Where a place is, its fiche says first.
_PRESENTED = frozenset({Value.PLACE})
# A question names a fiche with this share of one of its names at least: «la charte d'alliance»
# for «La charte d'alliance de la Fabrique des Transitions».
_NAMED = 0.5
# Passages of a fiche that are read at most: one has some ten.
_MOST = 20


def introduced(
    search: PassageSearch, result: SearchResult, asked: Asked, compared: Sequence[Entity]
) -> list[list[Hit]]:
    """Return the passages, in reading order, of each fiche that a question asks to present.

    None for a question that asks more than what something is, or how things compared differ, or
    when no document found has the name. The opening of a fiche stands above its first heading; one
    that tells how to do something («Comment impliquer les habitants ?») may go without.
    """
    query = result.query
    # Of other places than those of the fiche, it has to be looked through.
    if asked.values - _PRESENTED or query.recalled or query.elsewhere:
        return []
    if compared:
        hits = [
            next((hit for hit in result.hits if hit.document.id == one.document_id), None)
            for one in compared
        ]
        known = [hit for hit in hits if hit is not None]
        if len(known) < len(hits):
            return []
        names = " ".join(name for one in compared for name in fiche_names(one.title, one.names))
        if not _rest(query, frozenset(analyse(names, "fr")), "fr") <= _ALLOWED:
            return []
    elif asked.shape in _PRESENTING or asked.values:
        known = _named(result, asked)
    else:
        return []
    fiches = [_passages(search, hit) for hit in known]
    return fiches if all(fiches) else []


def asks_how(title: str, lang: Language) -> bool:
    """Tell whether the title of a fiche asks how to do something."""
    return understand_shape(title, lang).shape is Shape.HOW


def _named(result: SearchResult, asked: Asked) -> list[Hit]:
    """Return a hit of the document whose name is all that the question says, if one was found.

    Where the question asks how, one whose title asks it too.
    """
    shares = [(_share(result.query, hit), hit) for hit in result.hits]
    named = [(share, hit) for share, hit in shares if share >= _NAMED]
    if asked.shape is Shape.HOW:
        titled = [one for one in named if asks_how(one[1].document.title, one[1].document.lang)]
        named = titled or named
    # Of equals, the first of the ranking.
    return [max(named, key=lambda one: one[0])[1]] if named else []


def _passages(search: PassageSearch, hit: Hit) -> list[Hit]:
    try:
        is_fiche = search.catalogue.document(hit.document.id).record is not None
    except UsageError:  # withdrawn a moment ago
        return []
    passages = search.catalogue.passages_of(hit.document.id)
    opened = hit.document.kind in PRACTICAL_KINDS or not (passages and passages[0].headings)
    if not is_fiche or not opened:
        return []
    return [replace(hit, passage=passage) for passage in passages[:_MOST]]


def _share(query: Query, hit: Hit) -> float:
    """Return the share of a document's name that a question gives, 0 if it says anything else.

    Words that tell nothing count for neither: «mettre en place», «commune».
    """
    lang = hit.document.lang
    shares = [0.0]
    for name in fiche_names(hit.document.title, hit.document.aliases):
        held = frozenset(analyse(name, lang))
        telling = {stem(w, lang) for w in content_words(name, lang) if w not in ABOUT_THE_ANSWER}
        needed = frozenset(telling or held)
        given = sum(bool(query.holds(term, needed, lang)) for term in query.terms)
        if needed and _rest(query, held, lang) <= _ALLOWED:
            shares.append(min(1.0, given / len(needed)))
    return max(shares)


def _rest(query: Query, held: frozenset[str], lang: Language) -> set[str]:
    """Return the words of a question that are none of the terms held."""
    words = (*query.words, *content_words(query.context, query.lang))
    return {word for word in words if not query.holds(stem(word, query.lang), held, lang)}
