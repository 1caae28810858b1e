"""The lines of an answer, chosen among the findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from advisor.answer.evidence import (
    Measure,
    Selection,
    has_steps,
    in_context,
    list_of,
    repeats,
    select,
    whole_list,
)
from advisor.answer.findings import Findings
from advisor.answer.introduction import asks_how
from advisor.retrieval.asked import Shape, values_in
from advisor.retrieval.models import Evidence, Line
from advisor.retrieval.priors import PRACTICAL_KINDS

NEAREST = 3
# How much an answer of each shape says, chosen with `make eval`: whole passages, few of them.
_MEASURES = {
    Shape.FACT: Measure(sentences=10, passages=3, floor=0.2, far=0.86),
    Shape.LIST: Measure(sentences=11, passages=4, floor=0.1, far=0.76, further=0.76),
    Shape.HOW: Measure(sentences=10, passages=4, floor=0.2, far=0.86),
    Shape.COMPARISON: Measure(sentences=10, passages=4, floor=0.2, far=0.81),
    Shape.OVERVIEW: Measure(sentences=10, passages=3, floor=0.2, far=0.84),
}
# «Plus de détails».
_DETAILED = Measure(sentences=20, passages=6, floor=0.2, far=0.6, further=0.6)
# Sentences of the opening of a fiche that present its subject.
_OPENING = 3
# Share of the best score that a line needs to be quoted for a second kind of value asked for.
_OTHER_VALUE = 0.6


def answering(found: Findings, *, detailed: bool) -> list[Selection]:
    """Return the lines that answer: the best, as many for each thing compared.

    What contradicts the question comes first; the list asked for, the other kinds of value and
    the dates on which sources differ are joined. Fiches asked for by their header come alone.
    """
    if found.listing is not None:
        return [Selection(one, (line,), leads=True) for one, line in found.listing.lines]
    selections = _selected(found, _DETAILED if detailed else _MEASURES[found.asked.shape])
    if found.asked.shape is Shape.HOW:
        selections = _with_steps(selections, found.evidence)
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


def nearest(
    evidence: Sequence[Evidence], first: tuple[Evidence, Line] | None = None
) -> list[Selection]:
    """Return the best line of each of the nearest passages: what the corpus has instead.

    One line may be put first, in place of the best of its passage.
    """
    found = [Selection(first[0], (first[1],), leads=True)] if first else []
    for one in evidence[:NEAREST]:
        best = max(one.lines, key=lambda line: line.score, default=None)
        known = [line for each in found for line in each.lines]
        if best is None or repeats(best, known) or (first and one is first[0]):
            continue
        found.append(Selection(one, (best,)))
    return found[:NEAREST]


def _selected(found: Findings, measure: Measure) -> list[Selection]:
    """Choose the lines: when things are compared, as many for each of them; of what is
    presented, what its fiche says first.
    """
    if found.introduced:
        each = measure.sentences // len(found.introduced)
        how = found.asked.shape is Shape.HOW
        return [
            one
            for fiche in found.introduced
            for one in (how and _guidance(fiche, each)) or _presentation(fiche, each)
        ]
    if not found.compared:
        chosen = select(found.bearing, measure, found.names)
        # What answers best is told before what stands above it in its document; a list is not.
        told = found.asked.shape not in (Shape.LIST, Shape.COMPARISON)
        return [replace(one, leads=told and not place) for place, one in enumerate(chosen)]
    each = max(2, measure.sentences // len(found.compared))
    part = replace(measure, passages=1, sentences=each)
    sides: list[Selection] = []
    for one in found.compared:
        own = [e for e in found.evidence if e.hit.document.id == one.document_id]
        sides += select(own, part)
    return sides or select(found.bearing, measure, found.names)


def _guidance(fiche: Sequence[Evidence], sentences: int) -> list[Selection]:
    """Return the numbered steps of a fiche whose title asks how, then what others did.

    That is its other lists, each of its own section. None where the fiche numbers no steps.
    """
    document = fiche[0].hit.document
    numbered = {one.hit.passage.headings for one in fiche if has_steps(one.hit.passage.text)}
    if not numbered or not asks_how(document.title, document.lang):
        return []
    items = [(one, tuple(line for line in one.lines if line.item)) for one in fiche]
    steps = [pair for pair in items if pair[1] and pair[0].hit.passage.headings in numbered]
    others = [pair for pair in items if pair[1] and pair not in steps]
    each = max(1, (sentences - len(steps)) // max(1, len(others)))
    return [
        *(Selection(one, lines, leads=True, under=_heading(one, True)) for one, lines in steps),
        *(Selection(one, lines[:each], under=_heading(one, False)) for one, lines in others),
    ]


def _heading(one: Evidence, titled: bool) -> str:
    """Return the heading of a passage, the title of its fiche before it where it is told."""
    title = one.hit.document.title if titled else ""
    return f"{title} {next(reversed(one.hit.passage.headings), '')}".strip()


def _presentation(fiche: Sequence[Evidence], sentences: int) -> list[Selection]:
    """Return the opening of a fiche, then what each section says first, a list whole.

    With more sentences than sections, the sections say more.
    """
    opening, *sections = fiche
    first = opening.lines[: min(_OPENING, sentences)]
    chosen = [Selection(opening, tuple(first), leads=True)]
    left = sentences - len(first)
    deep = max(1, left // max(1, len(sections)))
    for one in sections[:left]:
        prose = list(takewhile(lambda line: not line.item, one.lines[:deep]))
        lines = whole_list(one.lines[0], one.lines) or prose or one.lines[:deep]
        chosen.append(Selection(one, tuple(lines)))
    return chosen


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


def _with_steps(selections: list[Selection], evidence: Sequence[Evidence]) -> list[Selection]:
    """Return selections that hold the numbered steps of the document that answers best.

    Only of one that tells how to do things: elsewhere, a numbered list may be anything.
    """
    if not selections or selections[0].hit.document.kind not in PRACTICAL_KINDS:
        return selections
    document = selections[0].hit.document.id
    chosen = {one.hit.passage.id for one in selections}
    for one in evidence:
        passage = one.hit.passage
        if one.hit.document.id == document and has_steps(passage.text):
            items = tuple(line for line in one.lines if line.item and not line.elsewhere)
            if passage.id not in chosen and items:
                return [*selections, Selection(one, items)]
    return selections


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
    if own is None:
        return [*selections, Selection(one, lines)]
    return [replace(item, lines=lines) if item is own else item for item in selections]
