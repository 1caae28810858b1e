"""The answer without a language model: verbatim sentences, grouped by document."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from advisor.answer.citation import CitationChecker
from advisor.answer.evidence import Selection
from advisor.answer.models import Citation, Sentence
from advisor.errors import UsageError
from advisor.retrieval.asked import Value, values_in
from advisor.retrieval.lines import ITEM


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


def markdown(sentences: Sequence[Sentence]) -> str:
    """Write sentences as Markdown: groups in bold when there are several, citations as [n].

    Neighbouring sentences under the same citation form one paragraph or list, which shows
    its numbers once, at the end.
    """
    several = len({sentence.group for sentence in sentences}) > 1
    blocks: list[str] = []
    group: str | None = None
    for (name, item, numbers), run in groupby(sentences, shared_citation):
        if name != group and several and name:
            blocks.append(f"**{name}**")
        group = name
        marks = "".join(f" [{number}]" for number in numbers)
        texts = [sentence.text for sentence in run]
        if item:
            lines = [text if numbered(text) else f"- {text}" for text in texts]
            blocks.append("\n".join(lines) + marks)
        else:
            blocks.append(" ".join(texts) + marks)
    return "\n\n".join(blocks)


def numbered(item: str) -> bool:
    """Tell whether an item of a list brings its own mark: «1.», «a)»; «1986 : …» does not."""
    return bool(ITEM.match(item))


def shared_citation(sentence: Sentence) -> tuple[str, bool, tuple[int, ...]]:
    """Return what neighbouring sentences must share to form one paragraph or list."""
    return sentence.group, sentence.item, tuple(sentence.citations)
