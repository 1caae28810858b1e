"""Question → answer: the fixed pipeline, with or without a language model."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from advisor.answer.abstention import (
    PARTIAL,
    REFUSED,
    SILENT,
    beyond,
    features,
    missing,
    names_of,
    probability,
    silence,
    undated,
)
from advisor.answer.citation import CitationChecker
from advisor.answer.disagreement import Disagreement, disagreement
from advisor.answer.evidence import (
    Measure,
    Selection,
    in_context,
    items_in,
    list_of,
    score_evidence,
    select,
)
from advisor.answer.extractive import compose, markdown
from advisor.answer.models import Answer, Citation, Sentence
from advisor.answer.premise import Contradiction, Correction, asked_count, correction
from advisor.answer.small_talk import small_talk
from advisor.catalogue.fiche import Kind
from advisor.catalogue.journal import Journal
from advisor.catalogue.records import Filters
from advisor.errors import LanguageModelFailed, StorageError, UsageError
from advisor.i18n import translate
from advisor.retrieval.asked import Asked, Shape, Value, values_in
from advisor.retrieval.conversation import Turn, meant
from advisor.retrieval.entities import Entity
from advisor.retrieval.models import Evidence, Hit, Line, SearchResult
from advisor.retrieval.query import Query, understand
from advisor.retrieval.search import PassageSearch
from advisor.settings import Settings
from advisor.text.analysis import analyse, stem
from advisor.text.language import Language
from advisor.text.words import word_list

_PASSAGES = 8
_NEAREST = 3
# Things compared at most, and the passages read for each.
_COMPARED, _EACH = 4, 3
# How many of the best passages name the documents where a list is looked for.
_LISTING = 4
# How much an answer of each shape says, chosen with `make eval`: whole passages, few of them.
MEASURES = {
    Shape.FACT: Measure(sentences=10, passages=3, floor=0.2, far=0.91),
    Shape.LIST: Measure(sentences=11, passages=4, floor=0.1, far=0.76),
    Shape.HOW: Measure(sentences=10, passages=4, floor=0.2, far=0.91),
    Shape.COMPARISON: Measure(sentences=10, passages=4, floor=0.2, far=0.81),
    Shape.OVERVIEW: Measure(sentences=10, passages=3, floor=0.2, far=0.86),
}
# «Plus de détails».
_DETAILED = Measure(sentences=20, passages=6, floor=0.2, far=0.6)
_NAMED_MISSING = 3
# Values told from any other text without doubt, and the share of the question that a line with
# one answers for when it is the one asked for.
_EXACT_VALUES = {Value.DATE: "uncertain_date", Value.NUMBER: "uncertain_number"}
_ABOUT = 0.4
# Share of the best score that a line needs to be quoted for a second kind of value asked for.
_OTHER_VALUE = 0.6
# Share of the question's words that a programme answers for when its holder is worth asking.
_RELATED = 0.5
# Words that ask for a form of answer, for help or for examples, which no source need hold.
_ABOUT_THE_ANSWER = word_list("asking") | word_list("requesting")
_NO_VECTORS = ("chroma_unreachable", "model_damaged", "model_missing", "model_no_folder")
_NO_READING = ("encoder_missing", "encoder_no_folder", "reranker_missing")


@dataclass(frozen=True, slots=True)
class Findings:
    """What the sources have for a question, before anything is written."""

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

    @property
    def query(self) -> Query:
        return self.result.query


class Answerer:
    """Answers questions from a home's corpus. Safe to share between threads."""

    def __init__(self, settings: Settings, search: PassageSearch | None = None) -> None:
        self._settings = settings
        self.search = search or PassageSearch(settings)
        self.checker = CitationChecker(self.search.catalogue)
        self.journal = Journal(self.search.catalogue)

    def answer(
        self,
        question: str,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        *,
        detailed: bool = False,
    ) -> Answer:
        """Return the answer to a question.

        Args:
            question: as typed.
            history: the turns before it, oldest first.
            filters: restrict the sources.
            detailed: quote more.

        Raises:
            UsageError: the question or the corpus is empty.
            IndexUnavailable: neither index can be read.
        """
        *_, last = self.stream(question, history, filters, detailed=detailed)
        return last

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        *,
        detailed: bool = False,
    ) -> Iterator[Answer]:
        """Yield the answer as it grows; the last one is complete and checked.

        Raises: as ``answer``.
        """
        started = time.perf_counter()
        asked, history, more = meant(question, history)
        query = understand(asked, history, self.search.lang)
        if said := small_talk(query.text):
            yield _said(question, *said)
            return
        found = self._find(query, filters)
        searched = time.perf_counter()
        answer = self._extract(asked, found, detailed or more)
        answer.question = question
        answer.timings_ms = {
            "search": _ms(started, searched),
            "answer": _ms(searched, time.perf_counter()),
        }
        if answer.status != "insufficient" and self._settings.llm:
            yield from self._generate(answer, found.evidence)
        else:
            yield answer

    def _find(self, query: Query, filters: Filters | None) -> Findings:
        asked = query.asked
        result = self.search.search(query, _PASSAGES, filters)
        compared = self._compared(query) if asked.shape is Shape.COMPARISON else ()
        if compared:
            result = self._each_side(result, compared, filters)
        count = asked_count(result.query) if asked.shape is Shape.LIST else None
        if count:
            result = self._with_lists(result, *count)
        query = result.query
        weights = result.weights
        evidence = self.search.lines(result)
        score_evidence(evidence, asked.values, count[0] if count else None)
        measured = features(query, evidence, weights, self.search.size)
        return Findings(
            result,
            asked,
            evidence,
            weights,
            probability(measured),
            silence(query, weights, evidence),
            correction(query, evidence, weights, asked.values),
            disagreement(evidence, weights, asked.values),
            count[0] if count else None,
            compared,
        )

    def _compared(self, query: Query) -> tuple[Entity, ...]:
        """Return the territories and dispositifs that a question compares, none for one alone."""
        named = self.search.gazetteer.find(query.text)[:_COMPARED]
        return named if len(named) > 1 else ()

    def _each_side(
        self, result: SearchResult, compared: Sequence[Entity], filters: Filters | None
    ) -> SearchResult:
        """Add the passages of each thing compared, looked for in its own fiche.

        So one does not crowd out the others.
        """
        hits: list[Hit] = []
        for one in compared:
            only = replace(filters or Filters(), documents=(one.document_id,))
            with suppress(UsageError):
                hits += self.search.search(result.query, _EACH, only).hits
        found = {hit.passage.id: hit for hit in (*hits, *result.hits)}
        return replace(result, hits=tuple(found.values())[: _PASSAGES + len(hits)])

    def _with_lists(self, result: SearchResult, count: int, noun: str) -> SearchResult:
        """Add, from the best documents, the passages that list as many things as are asked for.

        A list seldom repeats the words of the question: «les quatre…» stand in the passage
        before, or in the heading.
        """
        known = {hit.passage.id for hit in result.hits}
        added: list[Hit] = []
        for hit in {hit.document.id: hit for hit in reversed(result.hits[:_LISTING])}.values():
            for passage in self.search.catalogue.passages_of(hit.document.id):
                about = " ".join([*passage.headings, passage.text])
                named = noun in analyse(about, hit.document.lang)
                if passage.id not in known and named and items_in(passage.text) == count:
                    added.append(replace(hit, passage=passage))
        return replace(result, hits=(*result.hits, *added)) if added else result

    def _extract(self, question: str, found: Findings, detailed: bool) -> Answer:
        query = found.query
        lang = query.lang
        notices = list(_search_notices(found.result, lang))
        resolved = question.strip()
        if query.context:
            resolved = f"{query.context} {query.text}"
        # What contradicts the question answers it, however little they have in common.
        weak = found.correction is None and (
            found.chance < (PARTIAL if undated(query, found.evidence, found.weights) else REFUSED)
            or beyond(query, found.evidence, found.asked.values)
        )
        if weak:
            selections = self._nearest(found.evidence)
        else:
            measure = _DETAILED if detailed else MEASURES[found.asked.shape]
            selections = _leading(self._selected(found, measure), found)
        sentences, citations = compose(selections, self.checker, found.asked.values)
        answer = Answer(
            question=question,
            resolved_question=resolved,
            language=lang,
            status="answered",
            method="extractive",
            answer_markdown="",
            sentences=sentences,
            citations=citations,
            notices=notices,
            other_than=list(query.other_than),
        )
        if weak or not citations:
            return self._decline(answer, found)
        if found.correction is None:
            quoted = [one.evidence for one in selections]
            unsure = found.chance < PARTIAL or found.silent >= SILENT
            unmet = missing(query, found.weights, quoted) if unsure else []
            lacking = _typed(query, unmet) or self._unnamed(query, citations)
            for code in () if lacking else _uncertain(found, selections):
                answer.status = "partial"
                answer.notices.append(translate(f"answer.{code}", lang))
            if lacking:
                answer.status = "partial"
                shown = ", ".join(lacking[:_NAMED_MISSING])
                answer.notices.append(translate("answer.partial", lang, words=shown))
        answer.notices += _warnings(found, citations, lang)
        answer.answer_markdown = markdown(sentences)
        return answer

    def _selected(self, found: Findings, measure: Measure) -> list[Selection]:
        """Choose the lines; when things are compared, as many for each of them."""
        if not found.compared:
            return select(found.evidence, measure, names_of(found.query))
        each = max(2, measure.sentences // len(found.compared))
        part = replace(measure, passages=1, sentences=each)
        chosen: list[Selection] = []
        for one in found.compared:
            own = [e for e in found.evidence if e.hit.document.id == one.document_id]
            chosen += select(own, part)
        return chosen or select(found.evidence, measure, names_of(found.query))

    def _unnamed(self, query: Query, citations: Sequence[Citation]) -> list[str]:
        """Return the names of the question that none of the documents quoted has."""
        if query.lang == "de":  # every noun has a capital
            return []
        quoted = list(dict.fromkeys(citation.document_id for citation in citations))
        # An acronym may be written out.
        return [name for name in self.search.unnamed(query, quoted) if not name.isupper()]

    def _decline(self, answer: Answer, found: Findings) -> Answer:
        code = "insufficient" if answer.citations else "nothing_near"
        with suppress(StorageError):  # a question lost to the log is no reason not to answer
            self.journal.unanswered(answer.question, answer.language)
        if holder := self._holder(found):
            answer.notices.append(holder)
        return answer.model_copy(
            update={
                "status": "insufficient",
                "answer_markdown": translate(f"answer.{code}", answer.language),
                "sentences": [],
            }
        )

    def _holder(self, found: Findings) -> str | None:
        """Return whom to ask instead: who runs a programme that answers for part of the question.

        The first of the nearest passages decides; one that has next to nothing of the question
        leads nowhere.
        """
        for one in found.evidence[:_NEAREST]:
            held = sum(map(one.holds, found.weights))
            document = one.hit.document
            if document.kind == Kind.DISPOSITIF and held >= _RELATED * len(found.weights):
                record = self.search.catalogue.document(document.id).record or {}
                if holder := (record.get("dispositif") or {}).get("holder"):
                    lang = found.query.lang
                    return translate("answer.ask_holder", lang, holder=holder, title=document.title)
        return None

    def _nearest(self, evidence: Sequence[Evidence]) -> list[Selection]:
        """The best line of each of the nearest passages, to show what the corpus has instead."""
        found = []
        for one in evidence[:_NEAREST]:
            best = max(one.lines, key=lambda line: line.score, default=None)
            if best is not None:
                found.append(Selection(one, (best,)))
        return found

    def _generate(self, extractive: Answer, evidence: Sequence[Evidence]) -> Iterator[Answer]:
        from advisor.answer.generative import generate

        started = time.perf_counter()
        last: Answer | None = None
        try:
            for partial in generate(extractive, evidence, self.checker, self._settings):
                last = partial
                yield partial
        except LanguageModelFailed as error:
            extractive.notices.append(error.message(extractive.language))
            last = extractive
            yield extractive
        if last is not None:
            last.timings_ms = {
                **extractive.timings_ms,
                "generation": _ms(started, time.perf_counter()),
            }


def _said(question: str, words: str, lang: Language) -> Answer:
    return Answer(
        question=question,
        resolved_question=question.strip(),
        language=lang,
        status="answered",
        method="extractive",
        answer_markdown=words,
        sentences=[Sentence(text=words, citations=[])],
        citations=[],
    )


def _search_notices(result: SearchResult, lang: str) -> Iterator[str]:
    # What a rebuild will not repair is named; the rest is being repaired.
    lasting = [one for one in result.degraded if one.code in (*_NO_VECTORS, *_NO_READING)]
    yield from (one.message(lang) for one in lasting)
    if result.missing_leg is not None and not any(one.code in _NO_VECTORS for one in lasting):
        code = "lexical_only" if result.missing_leg == "dense" else "dense_only"
        yield translate(f"answer.{code}", lang)
    corrected = [one.shown for one in result.query.alternatives if one.origin == "spelling"]
    if corrected:
        yield translate("answer.read_as", lang, words=", ".join(dict.fromkeys(corrected)))


def _leading(selections: list[Selection], found: Findings) -> list[Selection]:
    """Put first what contradicts the question; join the list asked for, and other dates."""
    if found.count:
        selections = _with_list(selections, found.evidence, found.count)
    for one, line in _other_values(selections, found):
        selections = _with_line(selections, one, line, first=False)
    if found.correction is not None:
        one, line = found.correction.evidence, found.correction.line
        selections = _with_line(selections, one, line, first=True)
    if found.disagreement is not None:
        for one, line, _ in found.disagreement.lines:
            selections = _with_line(selections, one, line, first=False)
    return selections


def _other_values(
    selections: Sequence[Selection], found: Findings
) -> Iterator[tuple[Evidence, Line]]:
    """Yield the best line with each kind of value that is asked for beside one already chosen."""
    lines = [line for one in selections for line in one.lines]
    if len(found.asked.values) < 2 or not lines:
        return
    enough = _OTHER_VALUE * max(line.score for line in lines)
    for value in sorted(found.asked.values):
        kind = frozenset({value})
        if any(values_in(line.text, kind) for line in lines):
            continue
        having = [
            (one, line)
            for one in found.evidence
            for line in one.lines
            if line.score >= enough and not line.elsewhere and values_in(line.text, kind)
        ]
        if having:
            yield max(having, key=lambda pair: pair[1].score)


def _with_list(
    selections: list[Selection], evidence: Sequence[Evidence], count: int
) -> list[Selection]:
    """Return selections that hold a list of so many items, when the evidence has one."""
    if any(sum(line.item for line in one.lines) >= count for one in selections):
        return selections
    lists = [(one, items) for one in evidence if (items := list_of(one.lines, count))]
    if not lists:
        return selections
    best, items = max(lists, key=lambda found: found[0].best)
    return [*selections, Selection(best, tuple(items))]


def _with_line(
    selections: list[Selection], one: Evidence, line: Line, *, first: bool
) -> list[Selection]:
    """Return selections that hold a line.

    ``first`` puts it before all others, with what it needs to be understood and what is chosen
    after it in its passage.
    """
    own = next((item for item in selections if item.hit.passage.id == one.hit.passage.id), None)
    others = tuple(known for known in (own.lines if own else ()) if known is not line)
    if first:
        after = (known for known in others if known.start > line.start)
        leading = Selection(one, (*in_context(line, one), *after), leads=True)
        return [leading, *(item for item in selections if item is not own)]
    lines = tuple(sorted((*others, line), key=lambda known: known.start))
    renewed = Selection(one, lines)
    if own is None:
        return [*selections, renewed]
    return [renewed if item is own else item for item in selections]


def _warnings(found: Findings, citations: Sequence[Citation], lang: str) -> Iterator[str]:
    """Say that a source contradicts the question, that sources disagree, each with its number."""
    if (wrong := found.correction) is not None:
        number = _cited(citations, wrong.evidence, wrong.line.start)
        if number and wrong.kind is Contradiction.DENIAL:
            yield translate("answer.denied", lang, number=number)
        elif number:
            yield translate("answer.corrected", lang, supposed=wrong.supposed, number=number)
    if found.disagreement is not None:
        said = [
            f"{year} [{number}]"
            for one, line, year in found.disagreement.lines
            if (number := _cited(citations, one, line.start))
        ]
        if len(said) > 1:
            yield translate("answer.disagree", lang, values=" ; ".join(said))


def _uncertain(found: Findings, selections: Sequence[Selection]) -> list[str]:
    """Return the notices of the kinds of value asked for that no line chosen gives.

    A line gives one for what is asked when it answers, with what is above it, for enough of the
    question's words.
    """
    weights = {w: weight for w, weight in found.weights.items() if w not in _ABOUT_THE_ANSWER}
    total = sum(weights.values())
    lines = [
        line.text
        for one in selections
        for line in one.lines
        if sum(
            weight * max(line.matches.get(word, 0.0), one.evidence.above.get(word, 0.0))
            for word, weight in weights.items()
        )
        >= _ABOUT * total
    ]
    return [
        code
        for value, code in _EXACT_VALUES.items()
        if value in found.asked.values
        and not any(values_in(text, frozenset({value})) for text in lines)
    ]


def _cited(citations: Sequence[Citation], one: Evidence, start: int) -> str:
    for citation in citations:
        same = citation.document_id == one.hit.document.id
        if same and citation.start <= start < citation.end:
            return str(citation.n)
    return ""


def _typed(query: Query, words: Iterable[str]) -> list[str]:
    """Return words of the question as they were typed, less those that ask for a form of answer."""
    terms = {word: stem(word, query.lang) for word in words if word not in _ABOUT_THE_ANSWER}
    return [query.as_typed(term) for term in terms.values() if term in query.terms]


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
