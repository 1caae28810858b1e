"""What is thought of a passage before any question: gentle factors, never a filter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from advisor.catalogue.fiche import Kind
from advisor.catalogue.records import Passage
from advisor.retrieval.asked import Shape
from advisor.retrieval.models import Hit
from advisor.text.normalise import fold

# BM25 favours short passages: below this length a passage has little to say of its own.
_FULL_LENGTH, _SHORT = 600, 0.8
_LINK_LISTS = re.compile(
    r"^(pour (en savoir|aller) plus|en savoir plus|voir aussi|a lire|liens?( utiles)?|references"
    r"|bibliographie|sources?|sommaire|table des matieres|further reading|see also|links"
    r"|weiterfuhrende|siehe auch|quellen)\b"
)
_LINKS = 0.7
# What a document so many years older than the newest one found loses at most.
_YEARS, _OLD = 10, 0.04
# «Comment faire ?»: what was tried comes before what was planned.
_PRACTICAL = 1.03
#: Kinds of documents that tell how to do something.
PRACTICAL_KINDS = (Kind.EXPERIENCE, Kind.REFERENTIEL)


def informativeness(passage: Passage) -> float:
    """Return a gentle prior in ]0, 1]: lower for very short passages and for lists of links."""
    prior = _SHORT + (1 - _SHORT) * min(1.0, len(passage.text) / _FULL_LENGTH)
    if passage.headings and _LINK_LISTS.match(fold(passage.headings[-1])):
        prior *= _LINKS
    return prior


def with_priors(hits: Sequence[Hit], shape: Shape) -> tuple[Hit, ...]:
    """Return hits in the order of their scores, date and kind of their documents considered.

    At near equal relevance the newer document comes first; one without a date loses nothing.
    Practical kinds come first where the question asks how.
    """
    years = [int(hit.document.date[:4]) if hit.document.date else None for hit in hits]
    newest = max((year for year in years if year is not None), default=0)
    weighed = []
    for hit, year in zip(hits, years, strict=True):
        age = newest - year if year is not None else 0
        factor = 1 - _OLD * min(1.0, age / _YEARS)
        if shape is Shape.HOW and hit.document.kind in PRACTICAL_KINDS:
            factor *= _PRACTICAL
        weighed.append(replace(hit, score=min(1.0, hit.score * factor)))
    return tuple(sorted(weighed, key=lambda hit: (-hit.score, hit.passage.id)))
