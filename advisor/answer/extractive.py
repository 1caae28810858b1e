"""The answer without a language model: verbatim sentences, grouped by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.answer.citation import CitationChecker
from advisor.answer.evidence import Line, Selection
from advisor.answer.models import Citation, Sentence
from advisor.errors import UsageError


def compose(
    selections: Sequence[Selection], checker: CitationChecker
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
        for selection in sorted(parts, key=lambda one: one.lines[0].start):
            for run in _runs(selection):
                passage = selection.hit.passage
                quote = passage.text[run[0].start - passage.start : run[-1].end - passage.start]
                try:
                    citation = checker.cite(len(citations) + 1, quote, passage)
                except UsageError:
                    continue
                if citation is None:
                    continue
                citations.append(citation)
                sentences += [
                    Sentence(
                        text=line.text.removeprefix("• "),
                        citations=[citation.n],
                        group=selection.hit.document.title,
                        item=line.item,
                    )
                    for line in run
                ]
    return sentences, citations


def _runs(selection: Selection) -> Iterator[list[Line]]:
    """Yield runs of lines with nothing but white space between them."""
    passage = selection.hit.passage
    run: list[Line] = []
    for line in selection.lines:
        if run:
            between = passage.text[run[-1].end - passage.start : line.start - passage.start]
            if between.strip():
                yield run
                run = []
        run.append(line)
    if run:
        yield run


def markdown(sentences: Sequence[Sentence]) -> str:
    """Write sentences as Markdown: groups in bold when there are several, citations as [n]."""
    several = len({sentence.group for sentence in sentences}) > 1
    parts: list[str] = []
    group: str | None = None
    previous: Sentence | None = None
    for position, sentence in enumerate(sentences):
        following = sentences[position + 1] if position + 1 < len(sentences) else None
        # A run of sentences under one citation shows its number once, at the end.
        same = (
            following is not None
            and following.citations == sentence.citations
            and not sentence.item
        )
        same = same and following is not None and not following.item
        marks = "" if same else "".join(f" [{number}]" for number in sentence.citations)
        if sentence.group != group:
            group = sentence.group
            if several:
                parts.append(f"{chr(10) * 2 if parts else ''}**{group}**\n\n")
            elif parts:
                parts.append("\n\n")
            previous = None
        if sentence.item:
            parts.append(
                ("\n" if previous and not previous.item else "") + f"- {sentence.text}{marks}\n"
            )
        else:
            gap = (
                ""
                if previous is None
                else "\n\n"
                if previous.item or previous.citations != sentence.citations
                else " "
            )
            parts.append(f"{gap}{sentence.text}{marks}")
            if following is not None and following.item:
                parts.append("\n")
        previous = sentence
    return "".join(parts).strip()
