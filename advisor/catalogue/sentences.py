"""What a passage says, sentence by sentence, and the facts it dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from advisor.catalogue.records import DatedFact, Passage
from advisor.text.dates import dates_in
from advisor.text.sentences import sentence_spans

_NUMBERED = re.compile(r"^(?:\d{1,2}[.)]|•)\s+")


def sentences(passage: Passage) -> Iterator[str]:
    """Yield the sentences of a passage, its headings and the numbers of lists left out."""
    for start, end in sentence_spans(passage.text):
        text = passage.text[start:end]
        if text not in passage.headings and text.endswith((".", "!", "?", "…")):
            yield _NUMBERED.sub("", text)


def first_sentence(passage: Passage) -> str | None:
    """Return the first sentence of a passage that is not one of its headings."""
    return next(sentences(passage), None)


def dated_facts(passages: Iterable[Passage]) -> list[DatedFact]:
    """Return the sentences that give a date, each with the first it gives."""
    found = []
    for passage in passages:
        for sentence in sentences(passage):
            if dates := dates_in(sentence):
                start, end, since = dates[0]
                found.append(DatedFact(passage.id, start, end, since, sentence))
    return found
