"""Sources that give different values for what a question asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from advisor.retrieval.asked import Value
from advisor.retrieval.lines import covered
from advisor.retrieval.models import Evidence, Line
from advisor.text.mentions import years_in

# Two lines date the same thing when the first answers for this much of the question, the second
# for this share of it, lacks at most one of the words that the first holds, and both say as much
# of what happened: of the words that are no names.
_SUBJECT, _NEARLY = 0.55, 0.6
_HELD, _LACKING = 0.8, 1
_EVENT = 0.4


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two lines that date the same thing differently, the better first, each with its year."""

    lines: tuple[tuple[Evidence, Line, str], ...]


def disagreement(
    evidence: Sequence[Evidence],
    weights: Mapping[str, float],
    values: frozenset[Value],
    told: Collection[str],
) -> Disagreement | None:
    """Return the lines that give different years for what the question asks to date, if any.

    Only lines with a single year are compared: a line with several tells a story, not a date.
    ``told`` are the words of the question that say what happened: two dates in the life of what has
    a name, when that is all it says, are none of the same event.
    """
    about = {word: weight for word, weight in weights.items() if not word.isdigit()}
    event = {word: weight for word, weight in about.items() if word in told}
    if values != {Value.DATE} or not event:
        return None
    dated = [
        (covered(line.matches, about), one, line, years.pop())
        for one in evidence
        for line in one.lines
        if not line.elsewhere
        and covered(line.matches, event) >= _EVENT
        and len(years := years_in(line.text)) == 1
    ]
    dated.sort(key=lambda found: (-found[0], found[2].start))
    if not dated or dated[0][0] < _SUBJECT:
        return None
    kept: dict[str, tuple[Evidence, Line, str]] = {}
    best = dated[0][2].matches
    held = [word for word in about if best[word] >= _HELD]
    for share, one, line, year in dated:
        lacking = sum(line.matches[word] < _HELD for word in held)
        if lacking <= _LACKING and share >= _NEARLY * dated[0][0]:
            kept.setdefault(year, (one, line, year))
    # The two best: further ones are less and less about the same thing.
    return Disagreement(tuple(kept.values())[:2]) if len(kept) > 1 else None
