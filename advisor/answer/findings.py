"""What the sources have for a question, before anything is chosen or written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from advisor.answer.abstention import features, names_of, probability, silence
from advisor.answer.disagreement import Disagreement, disagreement
from advisor.answer.evidence import has_steps, items_in, score_evidence
from advisor.answer.header import header_facts
from advisor.answer.introduction import introduced
from advisor.answer.listing import Listing, listed
from advisor.answer.premise import Correction, asked_count, correction
from advisor.catalogue.records import Filters
from advisor.errors import UsageError
from advisor.retrieval.asked import (
    ABOUT_THE_ANSWER,
    Asked,
    Shape,
    Value,
    measures_in,
    own_words,
    values_in,
)
from advisor.retrieval.conversation import of_several
from advisor.retrieval.entities import Entity, fiche_names, subjects
from advisor.retrieval.models import HELD, Evidence, Hit, Line, SearchResult
from advisor.retrieval.priors import PRACTICAL_KINDS
from advisor.retrieval.query import Query
from advisor.retrieval.search import PassageSearch
from advisor.text.analysis import analyse, stem

_PASSAGES = 8
# Things compared at most, and the passages read for each.
_COMPARED, _EACH = 4, 3
# What a fiche says of its programme in sections of their own.
_OF_A_PROGRAMME = frozenset({Value.STATE, Value.AUDIENCE, Value.HOLDER})
# How many of the best passages name the documents where a list is looked for.
_LISTING = 4


@dataclass(frozen=True, slots=True)
class Findings:
    """The evidence found, scored, and what it says of the question.

    ``chance`` is the probability that it answers, ``silent`` the share of the question that no
    passage answers for, ``count`` how many things are asked for, ``compared`` those compared,
    ``introduced`` the passages, in order, of each fiche that it asks nothing but what it is,
    ``names`` its words that are names or parts of them, ``header`` what the headers of the fiches
    that it names say of it, ``listing`` the fiches that it asks for by their header.
    """

    result: SearchResult
    asked: Asked
    evidence: list[Evidence]
    weights: Mapping[str, float]
    chance: float
    silent: float
    correction: Correction | None
    disagreement: Disagreement | None
    count: int | None
    compared: tuple[Entity, ...]
    introduced: list[list[Evidence]]
    names: frozenset[str]
    header: list[str]
    listing: Listing | None

    @property
    def bearing(self) -> list[Evidence]:
        """The passages that have all that the question puts between quotation marks, if any has.

        All of them for a question that quotes nothing.
        """
        quoted = self.query.quoted
        having = [one for one in self.evidence if one.says(quoted)] if quoted else []
        return having or self.evidence

    @property
    def verbatim(self) -> bool:
        """Whether a line has all that the question puts between quotation marks."""
        quoted = self.query.quoted
        return bool(quoted) and any(
            quoted <= line.terms for one in self.evidence for line in one.lines
        )

    @property
    def unmet(self) -> bool:
        """Whether the passages about a name say nothing of the thing whose value is asked for.

        «Quelle est la dette de Malaunay ?» A measure stands in one line with what is measured:
        for «le salaire du maire», an amount of money that has to do with the mayor.
        """
        known = {
            word
            for word in self.query.words
            if word not in ABOUT_THE_ANSWER and word not in self.names and self._can_tell(word)
        }
        about = _about(self.names, self.evidence)
        # For whom a programme is answers, also when the asker is not among them.
        if not (known and about and self.asked.values - {Value.AUDIENCE}):
            return False
        measures = known & measures_in(self.query.asking, self.query.lang).keys()
        things = known - measures
        if measures and things:
            return not any(
                any(map(line.holds, measures))
                and any(one.told(line)[word] >= HELD for word in things)
                for one in about
                for line in one.lines
                if not line.elsewhere
            )
        return not any(one.holds(word) for one in about for word in known)

    @property
    def contradicting(self) -> list[tuple[Evidence, Line]]:
        """The lines that contradict the question, or each other."""
        lines = (
            [(one, line) for one, line, _ in self.disagreement.lines] if self.disagreement else []
        )
        if self.correction is not None:
            lines.insert(0, (self.correction.evidence, self.correction.line))
        return lines

    def _can_tell(self, word: str) -> bool:
        """A word without a translation says nothing of passages in other languages."""
        lang = self.query.lang
        foreign = any(one.hit.document.lang != lang for one in self.evidence)
        return word in self.weights and (
            not foreign or bool(self.query.translations(stem(word, lang)))
        )

    @property
    def query(self) -> Query:
        return self.result.query


def find(search: PassageSearch, query: Query, filters: Filters | None) -> Findings:
    """Return what the sources have for a question.

    Raises:
        UsageError: the question or the corpus is empty.
        IndexUnavailable: neither index can be read.
    """
    result = search.search(query, _PASSAGES, filters)
    asked = result.query.asked
    compares = asked.shape is Shape.COMPARISON or of_several(result.query.text)
    compared = _compared(search, result.query) if compares else ()
    if compared:
        result = _each_side(search, result, compared, filters)
    count = asked_count(result.query) if asked.shape is Shape.LIST else None
    if count:
        result = _with_lists(search, result, *count)
    if asked.shape is Shape.HOW:
        result = _with_steps(search, result)
    named = subjects(result.query, search.gazetteer)[:_COMPARED]
    result = _with_openings(search, result, named)
    fiches = introduced(search, result, asked, compared)
    known = {hit.passage.id for hit in result.hits}
    added = (hit for fiche in fiches for hit in fiche if hit.passage.id not in known)
    result = replace(result, hits=(*result.hits, *added))
    query = result.query
    weights = result.weights
    evidence = search.lines(result)
    names = _names(query, named)
    told = [word for word in own_words(query.text, query.lang) if word not in names]
    score_evidence(evidence, asked.values, count, bare=not told)
    measured = features(query, evidence, weights)
    return Findings(
        result,
        asked,
        evidence,
        weights,
        probability(measured),
        # What others say of the thing asked is silence about the one named.
        silence(query, weights, _about(names, evidence) or evidence),
        correction(query, evidence, weights, asked.values),
        disagreement(evidence, weights, asked.values, told),
        count[0] if count else None,
        compared,
        _evidence_of(fiches, evidence),
        names,
        header_facts(search.catalogue, query, asked, named),
        None if filters else listed(search, result),
    )


def _about(names: Collection[str], evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the passages that have all of some names."""
    return [one for one in evidence if all(map(one.names, names))]


def _compared(search: PassageSearch, query: Query) -> tuple[Entity, ...]:
    """Return the territories and dispositifs that a question compares, none for one alone."""
    named = (search.gazetteer.find(query.text) or search.gazetteer.find(query.context))[:_COMPARED]
    return named if len(named) > 1 else ()


def _each_side(
    search: PassageSearch,
    result: SearchResult,
    compared: Sequence[Entity],
    filters: Filters | None,
) -> SearchResult:
    """Add the passages of each thing compared, looked for in its own fiche.

    So one does not crowd out the others.
    """
    hits: list[Hit] = []
    for one in compared:
        only = replace(filters or Filters(), documents=(one.document_id,))
        with suppress(UsageError):
            hits += search.search(result.query, _EACH, only).hits
    found = {hit.passage.id: hit for hit in (*hits, *result.hits)}
    return replace(result, hits=tuple(found.values())[: _PASSAGES + len(hits)])


def _evidence_of(
    fiches: Sequence[Sequence[Hit]], evidence: Sequence[Evidence]
) -> list[list[Evidence]]:
    found = {one.hit.passage.id: one for one in evidence if one.lines}
    read = ([found[hit.passage.id] for hit in fiche if hit.passage.id in found] for fiche in fiches)
    return [fiche for fiche in read if fiche]


def _names(query: Query, named: Sequence[Entity]) -> frozenset[str]:
    """Return the words of a question that are names, or parts of the name of a fiche."""
    # In German every noun has a capital.
    capitals = [] if query.lang == "de" else names_of(query)
    fiches = " ".join(name for one in named for name in fiche_names(one.title, one.names))
    own = set(analyse(fiches, query.lang))
    words = (*query.words, *query.context_words)
    return frozenset(capitals) | {word for word in words if stem(word, query.lang) in own}


def _with_openings(
    search: PassageSearch, result: SearchResult, named: Sequence[Entity]
) -> SearchResult:
    """Add the opening of the fiches of what a question names, and what says for whom it is.

    In the opening stand a place's population and whereabouts, and what a programme is; whom to ask
    and until when stand further down. Where no passage of a fiche was found, only if a value is
    asked for: the last hit lends its score.
    """
    known = {hit.passage.id for hit in result.hits}
    values = result.query.asked.values
    told = values & _OF_A_PROGRAMME
    added = []
    for one in named:
        found = next((hit for hit in result.hits if hit.document.id == one.document_id), None)
        if found is None and result.hits and values:
            document = search.catalogue.summaries({one.document_id}).get(one.document_id)
            if document is not None:  # not withdrawn a moment ago
                found = replace(result.hits[-1], document=document, lexical=None, similarity=None)
        if found is None:
            continue
        passages = search.catalogue.passages_of(one.document_id)
        added += [
            replace(found, passage=passage)
            for place, passage in enumerate(passages)
            if passage.id not in known and (not place or values_in(passage.text, told))
        ]
    return replace(result, hits=(*result.hits, *added)) if added else result


def _with_steps(search: PassageSearch, result: SearchResult) -> SearchResult:
    """Add the passages that number the steps, of the first document that tells how to do it.

    Steps seldom repeat the words of the question: they stand in the title.
    """
    hit = next((hit for hit in result.hits if hit.document.kind in PRACTICAL_KINDS), None)
    if hit is None:
        return result
    known = {one.passage.id for one in result.hits}
    added = [
        replace(hit, passage=passage)
        for passage in search.catalogue.passages_of(hit.document.id)
        if passage.id not in known and has_steps(passage.text)
    ]
    return replace(result, hits=(*result.hits, *added))


def _with_lists(search: PassageSearch, result: SearchResult, count: int, noun: str) -> SearchResult:
    """Add, from the best documents, the passages that list as many things as are asked for.

    A list seldom repeats the words of the question: «les quatre…» stand in the passage
    before, or in the heading.
    """
    known = {hit.passage.id for hit in result.hits}
    added: list[Hit] = []
    for hit in {hit.document.id: hit for hit in reversed(result.hits[:_LISTING])}.values():
        for passage in search.catalogue.passages_of(hit.document.id):
            about = " ".join([*passage.headings, passage.text])
            named = noun in analyse(about, hit.document.lang)
            if passage.id not in known and named and items_in(passage.text) == count:
                added.append(replace(hit, passage=passage))
    return replace(result, hits=(*result.hits, *added)) if added else result
