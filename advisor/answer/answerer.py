"""Question → answer: the fixed pipeline, with or without a language model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from advisor.answer.abstention import is_weak
from advisor.answer.citation import CitationChecker
from advisor.answer.evidence import Evidence, Selection, score_evidence, select
from advisor.answer.extractive import compose, markdown
from advisor.answer.models import Answer
from advisor.catalogue.records import Filters
from advisor.errors import LanguageModelFailed, StorageError
from advisor.i18n import translate
from advisor.retrieval.query import understand
from advisor.retrieval.search import PassageSearch, SearchResult
from advisor.settings import Settings

_PASSAGES = 8
_NEAREST = 3
_LASTING = (
    "chroma_unreachable",
    "model_damaged",
    "model_missing",
    "model_no_folder",
    "reranker_missing",
)


class Answerer:
    """Answers questions from a home's corpus. Safe to share between threads."""

    def __init__(self, settings: Settings, search: PassageSearch | None = None) -> None:
        self._settings = settings
        self.search = search or PassageSearch(settings)
        self.checker = CitationChecker(self.search.catalogue)

    def answer(
        self, question: str, history: Sequence[str] = (), filters: Filters | None = None
    ) -> Answer:
        """Return the answer to a question; ``history`` holds the user's earlier questions.

        Raises:
            UsageError: the question or the corpus is empty.
            IndexUnavailable: neither index can be read.
        """
        *_, last = self.stream(question, history, filters)
        return last

    def stream(
        self, question: str, history: Sequence[str] = (), filters: Filters | None = None
    ) -> Iterator[Answer]:
        """Yield the answer as it grows; the last one is complete and checked.

        Raises: as ``answer``.
        """
        started = time.perf_counter()
        query = understand(question, history, self.search.lang)
        result = self.search.search(query, _PASSAGES, filters)
        query = result.query
        searched = time.perf_counter()
        weights = self.search.term_weights(query)
        evidence = score_evidence(query, result.hits, weights, self.search.embeddings)
        answer = self._extract(
            question, result, evidence, is_weak(query, evidence, weights, self.search.size)
        )
        answer.timings_ms = {
            "search": _ms(started, searched),
            "answer": _ms(searched, time.perf_counter()),
        }
        if answer.status == "answered" and self._settings.llm:
            yield from self._generate(answer, evidence)
        else:
            yield answer

    def _extract(
        self, question: str, result: SearchResult, evidence: Sequence[Evidence], weak: bool
    ) -> Answer:
        query = result.query
        lang = query.lang
        notices = []
        # What a rebuild will not repair is named; the rest is being repaired.
        lasting = [one for one in result.degraded if one.code in _LASTING]
        if lasting:
            notices.append(lasting[0].message(lang))
        elif result.missing_leg is not None:
            code = "lexical_only" if result.missing_leg == "dense" else "dense_only"
            notices.append(translate(f"answer.{code}", lang))
        resolved = question.strip()
        if query.context:
            resolved = f"{query.context} {query.text}"
            notices.append(translate("answer.follow_up", lang, question=query.context))
        selections = self._nearest(evidence) if weak else select(evidence)
        sentences, citations = compose(selections, self.checker)
        if weak or not citations:
            code = "insufficient" if citations else "nothing_near"
            text = translate(f"answer.{code}", lang)
            with suppress(StorageError):  # a question lost to the log is no reason not to answer
                self.search.catalogue.log_unanswered(question, lang)
            return Answer(
                question=question,
                resolved_question=resolved,
                language=lang,
                status="insufficient",
                method="extractive",
                answer_markdown=text,
                sentences=[],
                citations=citations,
                notices=notices,
            )
        return Answer(
            question=question,
            resolved_question=resolved,
            language=lang,
            status="answered",
            method="extractive",
            answer_markdown=markdown(sentences),
            sentences=sentences,
            citations=citations,
            notices=notices,
        )

    def _nearest(self, evidence: Sequence[Evidence]) -> list[Selection]:
        """The best line of each of the nearest passages, to show what the corpus has instead."""
        found = []
        for one in evidence[:_NEAREST]:
            best = max(one.lines, key=lambda line: line.score, default=None)
            if best is not None:
                found.append(Selection(one.hit, (best,)))
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


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
