"""The answer with a language model: prose over the same passages, under the same checks.

Passages go to the model under opaque keys drawn for each answer. A sentence is shown only
once complete; it is kept as supported when it carries a known key and its numbers, dates, names
and quotations stand in the passages it names. The citation shown is a verbatim sentence of the
passage, verified.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from advisor.answer.citation import CitationChecker
from advisor.answer.extractive import markdown
from advisor.answer.findings import Findings
from advisor.answer.models import Answer, Citation, Sentence
from advisor.answer.prompts import prompt
from advisor.answer.support import figures_in, is_supported
from advisor.errors import LanguageModelFailed, UsageError, first_line
from advisor.retrieval.models import Evidence, Line
from advisor.settings import Settings
from advisor.text.analysis import analyse
from advisor.text.language import Language
from advisor.text.sentences import sentence_spans

# As asked for, «[p1a2b3c]», and as models also write it: «(p1a2b3c)», «[clé : P1A2B3C]».
_KEY = re.compile(
    r"\s*[\[(](?:(?:clés?|keys?|schlüssel)\s*:?\s*)?((?:p[0-9a-f]{6}[,;\s]*)+)[\])]", re.IGNORECASE
)
_ONE_KEY = re.compile(r"p[0-9a-f]{6}", re.IGNORECASE)
# A reply that begins with a key writes each of them before its sentence.
_KEY_BEFORE = re.compile(rf"\s*(?:[-*•]|\d{{1,2}}[.)])?{_KEY.pattern}", re.IGNORECASE)
_BRACKET = re.compile(r"\s*\[[^\[\]\n]{1,60}\]")
_REFUSAL = "INSUFFISANT"
_MARKUP = re.compile(
    r"<(script|style)\b.*?</\1\s*>|!?\[(?P<shown>[^\]\n]*)\]\([^)\n]*\)+|<[a-z/!][^>]{0,400}>"
    r"|<(?:a|img|svg|script|style|iframe|form|object|embed)\b[^>]*$|\*\*",
    re.IGNORECASE | re.DOTALL,
)
_ITEM = re.compile(r"(?:[-*•]|\d{1,2}[.)])\s+")
# What some models write before they answer, and its mark when it is not all there yet.
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_CUT = re.compile(r"<(?:t(?:h(?:i(?:nk?)?)?)?)?\Z")
# An answer of eight sentences has some 2,000 characters: this one will not end.
_MOST_TEXT = 20_000
_REFUSED_KEY, _TOO_MANY = (401, 403), 429
_log = logging.getLogger(__name__)


def chat_model(settings: Settings) -> Any:
    """Return the LangChain chat model that ``ADVISOR_LLM`` names.

    Raises:
        LanguageModelFailed: it cannot be set up (unknown provider, missing package or key).
    """
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {
        "temperature": 0,
        "timeout": settings.llm_timeout,
        "max_retries": 0,
    }
    if settings.llm_base_url:
        options["base_url"] = settings.llm_base_url
    if settings.llm_api_key:
        options["api_key"] = settings.llm_api_key
    try:
        return init_chat_model(settings.llm, **options)
    except Exception:
        raise LanguageModelFailed("llm_misconfigured", model=settings.llm) from None


def generate(
    extractive: Answer,
    found: Findings,
    checker: CitationChecker,
    settings: Settings,
) -> Iterator[Answer]:
    """Yield the generated answer as complete sentences arrive; the last one is final.

    What contradicts the question, or sources each other, is cited first, whatever the model says.

    Raises:
        LanguageModelFailed: no usable answer (error, time-out, refusal, no verifiable citation).
    """
    by_key = {f"p{secrets.token_hex(3)}": one for one in found.evidence if one.lines}
    passages = "\n\n".join(
        f'<passage key="{key}">\n{_neutral(one.hit.document.title)}\n'
        f"{_neutral(one.hit.passage.text)}\n</passage>"
        for key, one in by_key.items()
    )
    lang = extractive.language
    messages = [
        ("system", prompt("system", lang)),
        (
            "human",
            prompt("answer", lang).format(
                passages=passages, question=_neutral(extractive.resolved_question)
            ),
        ),
    ]
    model = chat_model(settings)
    keep = settings.llm_unsupported == "show"
    draft = _Draft(extractive, by_key, checker, found.contradicting, keep=keep)
    deadline = time.monotonic() + settings.llm_timeout
    for piece in _pieces(model, messages, deadline):
        if draft.add(piece):
            yield draft.answer()
    draft.finish()
    if draft.unsupported:
        draft = _repaired(draft, model, messages, deadline, lang)
    if not draft.supported:
        raise LanguageModelFailed("llm_uncited")
    yield draft.answer()


def _pieces(model: Any, messages: Sequence[Any], deadline: float) -> Iterator[str]:
    """Yield the model's text as it comes.

    Raises:
        LanguageModelFailed: whatever the provider raised (network, quota, protocol), or a reply
            that has not ended at the deadline.
    """
    try:
        for chunk in model.stream(messages):
            if time.monotonic() > deadline:
                raise LanguageModelFailed("llm_endless")
            yield str(chunk.text)
    except LanguageModelFailed:
        raise
    except Exception as error:
        _log.warning("language model: %s", first_line(error))
        raise LanguageModelFailed(_reason(error)) from None


def _reason(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    if status in _REFUSED_KEY:
        return "llm_refused_key"
    if status == _TOO_MANY:
        return "llm_too_many"
    return "llm_endless" if "timeout" in type(error).__name__.lower() else "llm_unavailable"


def _repaired(
    draft: _Draft, model: Any, messages: Sequence[Any], deadline: float, lang: Language
) -> _Draft:
    """Return the better of the draft and what the model makes of it, told once what failed."""
    told = prompt("repair", lang).format(sentences="\n".join(draft.unsupported))
    again = draft.fresh()
    try:
        for piece in _pieces(model, [*messages, ("ai", draft.text), ("human", told)], deadline):
            again.add(piece)
        again.finish()
    except LanguageModelFailed:  # the first draft stands
        return draft
    return again if len(again.supported) > len(draft.supported) else draft


class _Draft:
    """Turns the model's text into checked sentences, holding back what is not complete."""

    def __init__(
        self,
        extractive: Answer,
        by_key: Mapping[str, Evidence],
        checker: CitationChecker,
        first: Sequence[tuple[Evidence, Line]],
        *,
        keep: bool,
    ) -> None:
        self._keep = keep
        self._raw = ""
        self._extractive = extractive
        self._by_key = by_key
        self._checker = checker
        self.text = ""
        self._taken = 0
        self.sentences: list[Sentence] = []
        self.citations: list[Citation] = []
        self._numbers: dict[tuple[str, int], int] = {}
        self._first = first
        for one, line in first:
            self._cite(line, one)

    def add(self, chunk: str) -> bool:
        """Take a piece of text; tell whether a sentence was completed.

        Raises:
            LanguageModelFailed: there is more than any answer needs.
        """
        self._raw += chunk
        self.text = _CUT.sub("", _THINKING.sub("", self._raw))
        if len(self.text) > _MOST_TEXT:
            raise LanguageModelFailed("llm_too_long")
        before = len(self.sentences)
        if not self._taken and _KEY_BEFORE.match(self.text):
            return False  # turned round at the end
        # A sentence is complete once its key and the start of what follows are there.
        pending = self.text[self._taken :]
        last = max((match.end() for match in _KEY.finditer(pending)), default=0)
        while last < len(pending) and pending[last] in ".!?…»”) \n":
            last += 1
        if last and last < len(pending):
            self._take(pending[:last])
            self._taken += last
        return len(self.sentences) > before

    def finish(self) -> None:
        """Take what is left.

        Raises:
            LanguageModelFailed: the model declined to answer, or said nothing.
        """
        self.text = _THINKING.sub("", self._raw)
        rest = self.text[self._taken :]
        if not self.sentences and (_REFUSAL in rest or not rest.strip()):
            raise LanguageModelFailed("llm_declined" if _REFUSAL in rest else "llm_unavailable")
        if not self._taken and _KEY_BEFORE.match(rest):
            rest = _keys_after(rest)
        self._take(rest)
        self._taken = len(self.text)

    def fresh(self) -> _Draft:
        """Return an empty draft over the same passages."""
        return _Draft(self._extractive, self._by_key, self._checker, self._first, keep=self._keep)

    @property
    def supported(self) -> list[str]:
        """The sentences that passed every check."""
        return [one.text for one in self.sentences if one.supported]

    @property
    def unsupported(self) -> list[str]:
        """The sentences that did not."""
        return [one.text for one in self.sentences if not one.supported]

    def answer(self) -> Answer:
        """Return the answer so far; what failed a check is left out unless it is to be shown."""
        shown = [one for one in self.sentences if one.supported or self._keep]
        return self._extractive.model_copy(
            update={
                "method": "generated",
                "sentences": shown,
                "citations": list(self.citations),
                "answer_markdown": markdown([one for one in self.sentences if one.supported]),
            }
        )

    def _take(self, text: str) -> None:
        """Split a stretch of text into sentences, each with the keys that follow it."""
        position = 0
        for match in [*_KEY.finditer(text), None]:
            stretch = text[position : match.start() if match else len(text)]
            keys = _ONE_KEY.findall(match.group(1).lower()) if match else []
            stretch = _clean(stretch)
            spans = list(sentence_spans(stretch))
            for index, (start, end) in enumerate(spans):
                content = stretch[start:end].strip()
                if content.strip(" .!?…»”)*-"):
                    # Keys belong to the sentence they follow; those before it have none.
                    self._add_sentence(content, keys if index == len(spans) - 1 else [])
            position = match.end() if match else len(text)

    def _add_sentence(self, content: str, keys: Sequence[str]) -> None:
        mark = _ITEM.match(content)
        item = mark is not None
        content = content[mark.end() if mark else 0 :].lstrip(" .")
        known = [self._by_key[key] for key in dict.fromkeys(keys) if key in self._by_key]
        shown = list(self._by_key.values())
        supported = bool(known) and is_supported(content, self._extractive.language, known, shown)
        numbers = (
            [number for one in known if (number := self._cite(_closest(content, one), one))]
            if supported
            else []
        )
        self.sentences.append(
            Sentence(text=content, citations=numbers, item=item, supported=bool(numbers))
        )

    def _cite(self, line: Line, one: Evidence) -> int | None:
        """Return the number of the citation of a line, cited now if it was not before."""
        place = (one.hit.passage.id, line.start)
        if place not in self._numbers:
            try:
                citation = self._checker.cite(len(self.citations) + 1, line.text, one.hit.passage)
            except UsageError:
                return None
            if citation is None:
                return None
            self.citations.append(citation)
            self._numbers[place] = citation.n
        return self._numbers[place]


def _closest(content: str, one: Evidence) -> Line:
    """Return the line of a passage that is closest to what is said of it."""
    terms = set(analyse(content, one.hit.document.lang))
    numbers = figures_in(content)

    def likeness(line: Line) -> tuple[float, float]:
        shared = len(terms & line.terms) + 2 * len(numbers & figures_in(line.text))
        return shared / (1 + len(line.terms) ** 0.5), line.score

    return max(one.lines, key=likeness)


def _clean(text: str) -> str:
    """Drop unknown markers, links, images, tags and emphasis from a generated text."""
    return _BRACKET.sub("", _MARKUP.sub(lambda found: found["shown"] or "", text))


def _keys_after(text: str) -> str:
    """Return a text whose keys stand before their sentences with each of them after its own."""
    found = list(_KEY.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    return text[: found[0].start()] + "".join(
        f"{text[match.end() : end].rstrip()}{match.group()}\n"
        for match, end in zip(found, ends, strict=True)
    )


def _neutral(text: str) -> str:
    """Keep text from closing the tag it stands in."""
    return text.replace("<", "‹").replace(">", "›")
