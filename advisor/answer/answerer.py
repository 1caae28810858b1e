"""Question → answer: the fixed pipeline, with or without a language model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from advisor.answer import notices
from advisor.answer.abstention import (
    PARTIAL,
    REFUSED,
    beyond,
    off_subject,
    undated,
    unknown,
)
from advisor.answer.citation import CitationChecker
from advisor.answer.extractive import compose, markdown
from advisor.answer.findings import Findings, find
from advisor.answer.models import Answer, Sentence
from advisor.answer.selection import answering, nearest
from advisor.answer.small_talk import small_talk
from advisor.catalogue.journal import Journal
from advisor.catalogue.records import Filters
from advisor.errors import LanguageModelFailed, StorageError
from advisor.i18n import translate
from advisor.retrieval.conversation import Turn, meant
from advisor.retrieval.query import understand
from advisor.retrieval.search import PassageSearch
from advisor.settings import Settings
from advisor.text.language import Language
from advisor.text.normalise import encodable


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
        question = encodable(question)
        asked, history, more = meant(question, history)
        query = understand(asked, history, self.search.lang)
        if said := small_talk(query.text):
            yield _said(question, *said)
            return
        found = find(self.search, query, filters)
        searched = time.perf_counter()
        answer = self._extract(asked, found, detailed or more)
        answer.question = question
        answer.timings_ms = {
            "search": _ms(started, searched),
            "answer": _ms(searched, time.perf_counter()),
        }
        # A list of fiches is told by their headers: nothing for a model to write.
        if answer.status != "insufficient" and self._settings.llm and found.listing is None:
            yield from self._generate(answer, found)
        else:
            yield answer

    def _extract(self, question: str, found: Findings, detailed: bool) -> Answer:
        query = found.query
        # What contradicts the question answers it, however little they have in common; so does what
        # has the very words it quotes, and the fiche of the very name asked for, or its header.
        listing = found.listing
        said = [*found.header, *(listing.notices if listing else ())]
        known = bool(found.introduced or found.header or (listing and listing.lines))
        looked_at = (query, found.evidence, found.weights)
        lacking = unknown(found.evidence, found.weights)
        doubtful = undated(*looked_at) or off_subject(*looked_at)
        weak = not (found.correction or known or found.verbatim) and (
            found.chance < (PARTIAL if doubtful else REFUSED)
            or found.unmet
            or lacking is not None
            or beyond(*looked_at, found.asked.values)
        )
        selections = (
            nearest(found.evidence, lacking) if weak else answering(found, detailed=detailed)
        )
        resolved = f"{query.context} {query.text}" if query.context else question.strip()
        sentences, citations = compose(selections, self.checker, found.asked.values)
        answer = Answer(
            question=question,
            resolved_question=resolved,
            language=query.lang,
            status="answered",
            method="extractive",
            answer_markdown="",
            sentences=sentences,
            citations=citations,
            notices=[*said, *notices.on_search(found.result, query.lang)],
            other_than=list(query.other_than),
            listing=listing is not None,
        )
        if weak or not citations:
            return self._decline(answer, found)
        if not (found.correction or known) and (
            gaps := notices.on_gaps(self.search, found, selections, citations)
        ):
            answer.status = "partial"
            answer.notices += gaps
        answer.notices += notices.on_contradictions(found, citations)
        answer.answer_markdown = markdown(sentences)
        return answer

    def _decline(self, answer: Answer, found: Findings) -> Answer:
        code = "insufficient" if answer.citations else "nothing_near"
        if found.listing is not None:  # what is nearest in words meets no condition
            code = "listed_unsaid" if found.listing.found else "listed_none"
        with suppress(StorageError):  # a question lost to the log is no reason not to answer
            self.journal.unanswered(answer.question, answer.language)
        if holder := notices.on_holder(self.search, found):
            answer.notices.append(holder)
        return answer.model_copy(
            update={
                "status": "insufficient",
                "answer_markdown": translate(f"answer.{code}", answer.language),
                "sentences": [],
                "citations": [] if answer.listing else answer.citations,
            }
        )

    def _generate(self, extractive: Answer, found: Findings) -> Iterator[Answer]:
        from advisor.answer.generative import generate

        started = time.perf_counter()
        last: Answer | None = None
        # They say by its number which citation contradicts, and the model's have their own.
        numbered = list(notices.on_contradictions(found, extractive.citations))
        others = [one for one in extractive.notices if one not in numbered]
        try:
            for partial in generate(extractive, found, self.checker, self._settings):
                partial.notices = [*others, *notices.on_contradictions(found, partial.citations)]
                last = partial
                yield partial
        except LanguageModelFailed as error:
            extractive.notices.append(error.message(extractive.language))
            if error.code == "llm_declined" and extractive.status == "answered":
                extractive.status = "partial"
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


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
