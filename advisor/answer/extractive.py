"""The answer without a language model: verbatim sentences, grouped by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from advisor.answer.citation import CitationChecker
from advisor.answer.evidence import Selection
from advisor.answer.models import Citation, Sentence
from advisor.errors import UsageError
from advisor.retrieval.asked import Value, values_in
from advisor.text.lines import ITEM


def compose(
    selections: Sequence[Selection],
    checker: CitationChecker,
    values: frozenset[Value] = frozenset(),
) -> tuple[list[Sentence], list[Citation]]:
    """Return the sentences and citations of the answer.

    Neighbouring lines of a passage share one citation, whose quote is the whole run. A quote
    that does not verify is not shown; neither is one whose document was withdrawn meanwhile.
    Documents come in the order of their best line.
    """
    sentences: list[Sentence] = []
    citations: list[Citation] = []
    documents = list(dict.fromkeys(selection.hit.document.id for selection in selections))
    for document_id in documents:
        parts = [one for one in selections if one.hit.document.id == document_id]
        for selection in sorted(parts, key=lambda one: (not one.leads, one.lines[0].start)):
            for run in selection.runs():
                passage = selection.hit.passage
                quote = passage.text[run[0].start - passage.start : run[-1].end - passage.start]
                try:
                    best = max(run, key=lambda line: line.score)
                    citation = checker.cite(len(citations) + 1, quote, passage, best.start)
                except UsageError:
                    continue
                if citation is None:
                    continue
                citations.append(citation)
                for line in run:
                    text = line.text.removeprefix("• ")
                    sentences.append(
                        Sentence(
                            text=text,
                            citations=[citation.n],
                            group=selection.under or selection.hit.document.title,
                            item=line.item,
                            values=values_in(text, values) if line.coverage else [],
                        )
                    )
    return sentences, citations


class Block(NamedTuple):
    """Neighbouring sentences under the same citations: one paragraph, or one list.

    ``heading`` is what they stand under, empty when the block before stands under it too, or when
    all of the answer does.
    """

    heading: str
    item: bool
    numbers: tuple[int, ...]
    sentences: list[Sentence]


def blocks(sentences: Sequence[Sentence]) -> Iterator[Block]:
    """Yield the paragraphs and lists of an answer, in order."""
    several = len({sentence.group for sentence in sentences}) > 1
    above: str | None = None
    for (group, item, numbers), run in groupby(
        sentences, lambda one: (one.group, one.item, tuple(one.citations))
    ):
        yield Block(group if several and group != above else "", item, numbers, list(run))
        above = group


def markdown(sentences: Sequence[Sentence]) -> str:
    """Write sentences as Markdown: headings in bold, citations as [n] at the end of a block."""
    parts: list[str] = []
    for block in blocks(sentences):
        if block.heading:
            parts.append(f"**{block.heading}**")
        marks = "".join(f" [{number}]" for number in block.numbers)
        texts = [sentence.text for sentence in block.sentences]
        if block.item:
            lines = [text if numbered(text) else f"- {text}" for text in texts]
            parts.append("\n".join(lines) + marks)
        else:
            parts.append(" ".join(texts) + marks)
    return "\n\n".join(parts)


def numbered(item: str) -> bool:
    """Tell whether an item of a list brings its own mark: «1.», «a)»; «1986 : …» does not."""
    return bool(ITEM.match(item))
