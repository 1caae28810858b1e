"""What opens the answer to «qu'est-ce que… ?»: how the fiche of that name presents its subject."""

from __future__ import annotations

from advisor.catalogue.records import Passage
from advisor.errors import UsageError
from advisor.retrieval.asked import NO_SUBJECT, Asked, Shape
from advisor.retrieval.entities import names_of
from advisor.retrieval.models import Hit, SearchResult
from advisor.retrieval.query import Query
from advisor.retrieval.search import PassageSearch
from advisor.text.analysis import analyse, stem

# «Qu'est-ce que… ?», «comment fonctionne… ?».
_PRESENTING = (Shape.OVERVIEW, Shape.HOW)
# A question names a fiche with this share of one of its names at least: «la charte d'alliance»
# for «La charte d'alliance de la Fabrique des Transitions».
_NAMED = 0.5


def introduction(
    search: PassageSearch, result: SearchResult, asked: Asked
) -> tuple[Hit, Passage] | None:
    """Return a hit of the fiche that a question asks nothing of but what it is, and its opening.

    ``None`` for a question that asks more, or when no document found has the name: the opening
    of a fiche stands above its first heading.
    """
    query = result.query
    if asked.shape not in _PRESENTING or asked.values or query.context:
        return None
    shares = [(_share(query, hit), hit) for hit in result.hits]
    # Of equals, the first of the ranking.
    share, hit = max(shares, key=lambda one: one[0], default=(0.0, None))
    if hit is None or share < _NAMED:
        return None
    try:
        is_fiche = search.catalogue.document(hit.document.id).record is not None
    except UsageError:  # withdrawn a moment ago
        return None
    opening = next(iter(search.catalogue.passages_of(hit.document.id)), None)
    if not is_fiche or opening is None or opening.headings:
        return None
    return hit, opening


def _share(query: Query, hit: Hit) -> float:
    """Return the share of a document's name that a question gives, 0 if it says anything else."""
    lang = hit.document.lang
    terms = {stem(word, query.lang): word for word in query.words}
    shares = [0.0]
    for name in names_of(hit.document.title, hit.document.aliases):
        held = frozenset(analyse(name, lang))
        given = {term for term in terms if query.holds(term, held, lang)}
        if held and all(terms[term] in NO_SUBJECT for term in terms.keys() - given):
            shares.append(min(1.0, len(given) / len(held)))
    return max(shares)
