"""Evidence: the sentences of the retrieved passages that answer the question, scored in context."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.retrieval.asked import Value, values_in
from advisor.retrieval.models import Evidence, Hit, Line
from advisor.text.analysis import analyse
from advisor.text.lines import ITEM
from advisor.text.sentences import points_back

# Items that are sentences of their own.
_SENTENCE = r"\s+[^\W_a-zà-ÿ].*[.!?…]$"
_SENTENCE_BULLET = re.compile(f"•{_SENTENCE}", re.DOTALL)
_SENTENCE_STEP = re.compile(rf"\d{{1,2}}[.)]{_SENTENCE}", re.DOTALL)
# A few words without a number or a stop, or with a colon: what they announce is not quoted.
_ANNOUNCES = re.compile(r"(?!•)(?:[^\d.!?…:;]{1,50}|[^.!?…]*:)")
# A line of a numbered list, and how many make one.
_STEP = re.compile(r"^\d{1,2}[.)] \S", re.MULTILINE)
_FEWEST_STEPS = 3
# Weights of a sentence's features, chosen with `make eval`.
_COVERAGE, _SIMILARITY, _PASSAGE, _NEAR = 0.42, 0.25, 0.45, 0.2
_NEIGHBOUR, _VALUE = 0.05, 0.12
_ONLY_VALUE = 0.35
# What a line gains that gives a number of the things whose number is asked.
_COUNTS = 0.3
# What a list of the length asked for gains, and under a heading that names what is asked for.
_LISTED, _HEADED = 0.4, 0.2
# A run of lines apart from the best of its passage is kept from this share of its score, an item
# that is a sentence of its own from that one.
_ASIDE, _BULLET = 0.7, 0.6
# Share of the best coverage that such an item needs, or what stands above it; share of the
# numbered ones above which all are kept.
_BEARS, _MOST_OF = 0.4, 0.5
# A document is quoted when its passages chosen have so many lines, not one sentence alone.
_ENOUGH = 3


def score_evidence(
    evidence: Sequence[Evidence],
    values: frozenset[Value] = frozenset(),
    listed: tuple[int, str] | None = None,
    *,
    bare: bool = False,
) -> None:
    """Score every line of every passage.

    A line's score adds: how well it answers for each word of the question (the headings above
    it count a little, in full where it gives the number asked for), its similarity to the
    question, the passage's own score and how near it is token by token, what its neighbours hold,
    and whether it has a value of the kinds asked for, a number of the things counted most of all.

    Args:
        evidence: read by ``lines.read_lines``.
        values: the kinds of value asked for.
        listed: how many things are asked for and their term («les quatre fondamentaux»): a list
            of so many comes up, one under a heading of that name first.
        bare: the question says nothing but a name and the kinds of value («depuis quand existe le
            Fonds vert ?»): what has none does not answer.
    """
    value = _ONLY_VALUE if bare else _VALUE
    for one in evidence:
        near = sum(one.hit.near)
        for index, line in enumerate(one.lines):
            around = one.lines[max(0, index - 1) : index + 2]
            neighbour = max((other.coverage for other in around if other is not line), default=0.0)
            line.valued = bool(values_in(line.text, values))
            line.score = (
                _COVERAGE * max(line.coverage, line.counts)
                + _SIMILARITY * line.similarity
                + _PASSAGE * one.hit.score
                + _NEAR * near
                + _NEIGHBOUR * neighbour
                + value * (line.coverage > 0 and line.valued)
                + _COUNTS * (line.counts > 0)
            )
        if listed:
            count, noun = listed
            headed = noun in analyse(" ".join(one.hit.passage.headings), one.hit.document.lang)
            for member in list_of(one.lines, count):
                member.score += _LISTED + _HEADED * headed


def items_in(text: str) -> int:
    """Return how many lines of a text are items of a list."""
    return sum(bool(ITEM.match(line)) for line in text.splitlines())


def has_steps(text: str) -> bool:
    """Tell whether a text numbers steps or levers."""
    return len(_STEP.findall(text)) >= _FEWEST_STEPS


def list_of(lines: Sequence[Line], count: int) -> list[Line]:
    """Return the lines of the lists of so many items."""
    found: list[Line] = []
    run: list[Line] = []
    for line in [*lines, None]:
        if line is not None and line.item:
            run.append(line)
            continue
        found += run if len(run) == count else []
        run = []
    return found


@dataclass(frozen=True, slots=True)
class Selection:
    """Chosen lines of one passage, in reading order.

    ``leads`` puts it before all others; ``under`` is the heading shown above them where it is not
    the title of their document.
    """

    evidence: Evidence
    lines: tuple[Line, ...]
    leads: bool = False
    under: str = ""

    @property
    def hit(self) -> Hit:
        return self.evidence.hit

    def runs(self) -> list[list[Line]]:
        """Return the chosen lines in runs that no line left out parts."""
        chosen = {line.start for line in self.lines}
        runs: list[list[Line]] = [[]]
        for line in self.evidence.lines:
            if line.start in chosen:
                runs[-1].append(line)
            elif runs[-1]:
                runs.append([])
        return [run for run in runs if run]


@dataclass(frozen=True, slots=True)
class Measure:
    """How much an answer says.

    ``sentences`` and ``passages`` are maxima (a list counts as one sentence, however long);
    ``floor`` is the share of the best line's score below which a line is left out, ``far`` the
    same for the best line of another document, ``further`` for that of another passage of a
    document already quoted: what others say adds more.
    """

    sentences: int
    passages: int
    floor: float
    far: float
    further: float = 0.95


def select(
    evidence: Sequence[Evidence], measure: Measure, names: Collection[str] = ()
) -> list[Selection]:
    """Choose the lines of the answer: the best ones, lists kept whole, no near-duplicates.

    ``names`` are the words of the question that are names: another passage needs those that the
    best one has.
    """
    pairs = [(line, one) for one in evidence for line in one.lines]
    here = [pair for pair in pairs if not pair[0].elsewhere]
    ranked = sorted(
        here or pairs, key=lambda pair: (-pair[0].score, pair[1].hit.passage.id, pair[0].start)
    )
    if not ranked:
        return []
    best = ranked[0][0].score
    chosen: dict[str, dict[int, Line]] = {}
    owners: dict[str, Evidence] = {}
    kept: list[Line] = []
    count = 0
    for line, one in ranked:
        if count >= measure.sentences or line.score < measure.floor * best:
            break
        key = one.hit.passage.id
        if line.start in chosen.get(key, {}) or repeats(line, kept):
            continue
        if key not in owners and not _joins(line, one, ranked[0], owners.values(), measure, names):
            continue
        owners[key] = one
        group = whole_list(line, one.lines) or in_context(line, one, best=not kept)
        for member in group:
            chosen.setdefault(key, {})[member.start] = member
            kept.append(member)
        count += 1
    return [
        _without_asides(Selection(owners[key], _joined(owners[key], chosen[key]))) for key in chosen
    ]


def _joins(
    line: Line,
    one: Evidence,
    first: tuple[Line, Evidence],
    quoted: Collection[Evidence],
    measure: Measure,
    names: Collection[str],
) -> bool:
    """Tell whether an answer whose best line is ``first`` quotes one more passage, for a line."""
    best, its = first
    if len(quoted) >= measure.passages:
        return False
    if not all(one.names(name) for name in names if its.names(name)):
        return False
    # Where the number asked for is known, what has none of it says something else.
    if best.counts and not line.counts:
        return False
    document = one.hit.document.id
    told = sum(len(other.lines) for other in quoted if other.hit.document.id == document)
    return line.score >= (measure.further if told >= _ENOUGH else measure.far) * best.score


def _without_asides(selection: Selection) -> Selection:
    """Return a selection without the runs and the loose items far below its best line.

    Where only those have a value asked for, they stay: it is what was asked.
    """
    one = selection.evidence
    best = max(line.score for line in selection.lines)
    runs = [run for run in selection.runs() if max(one.score for one in run) >= _ASIDE * best]
    if not any(line.valued for run in runs for line in run):
        runs += [run for run in selection.runs() if any(line.valued for line in run)]
    # Of what is left: what bears best may stand in a run that was left out.
    enough = _BEARS * max(line.coverage for run in runs for line in run)
    loose = [line for run in runs for line in run if _is_loose(line, one.lines)]
    bearing = [
        line
        for line in loose
        if line.score >= _BULLET * best and max(line.coverage, one.headed) >= enough
    ]
    # Numbers with a gap between them read as something lost.
    if has_steps(one.hit.passage.text) and len(bearing) > _MOST_OF * len(loose):
        bearing = loose
    kept = (line for run in runs for line in run if line in bearing or line not in loose)
    clean = replace(selection, lines=tuple(sorted(kept, key=lambda line: line.start)))
    if not clean.lines:
        return selection
    return replace(clean, lines=tuple(line for run in clean.runs() for line in _closed(run)))


def _closed(run: Sequence[Line]) -> Sequence[Line]:
    """Return a run without the heading, or the announcement of a list, that it would end on."""
    end = len(run)
    while end > 1 and _ANNOUNCES.fullmatch(run[end - 1].text) and not run[end - 1].valued:
        end -= 1
    return run[:end]


def _is_loose(line: Line, lines: Sequence[Line]) -> bool:
    """Tell whether a line is an item that stands alone: a sentence, of no announced list."""
    if _SENTENCE_STEP.match(line.text):
        return not _list_around(line, lines)[0]
    return bool(_SENTENCE_BULLET.match(line.text)) and not whole_list(line, lines)


def _joined(one: Evidence, chosen: Mapping[int, Line]) -> tuple[Line, ...]:
    """Return chosen lines in reading order, with a line that alone parts two of them."""
    kept = []
    for index, line in enumerate(one.lines):
        beside = [
            other.start in chosen
            for other in (one.lines[index - 1 : index] + one.lines[index + 1 : index + 2])
        ]
        if line.start in chosen or (len(beside) == 2 and all(beside)):
            kept.append(line)
    return tuple(kept)


def in_context(line: Line, one: Evidence, *, best: bool = False) -> list[Line]:
    """Return a sentence with what it needs to be understood.

    A sentence that opens on a pronoun comes with the one before it, of its paragraph or of the
    one before; the best sentence of all comes with a next one of its paragraph that goes on
    about the same subject.
    """
    lines, index = one.lines, one.lines.index(line)
    group = [line]
    if index and points_back(line.text) and not _between(one, lines[index - 1], line).strip():
        group.insert(0, lines[index - 1])
    following = lines[index + 1] if index + 1 < len(lines) else None
    goes_on = following is not None and points_back(following.text)
    if best and following is not None and goes_on and "\n" not in _between(one, line, following):
        group.append(following)
    return group


def _between(one: Evidence, first: Line, second: Line) -> str:
    start = one.hit.passage.start
    return one.hit.passage.text[first.end - start : second.start - start]


def whole_list(line: Line, lines: Sequence[Line]) -> list[Line]:
    """Return the list a line belongs to or introduces, with its introduction; else nothing.

    Numbered steps, announced lists and lists of fragments stay whole, less the items about other
    territories than that of the question.
    """
    intro, members = _list_around(line, lines)
    # Bullets that are sentences of their own, announced by nothing, are a text, not a list.
    loose = all(_SENTENCE_BULLET.match(member.text) for member in members if member.item)
    if not intro and loose:
        return []
    return intro + [one for one in members if one is line or not one.elsewhere]


def _list_around(line: Line, lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Return the line that introduces the list of a line, if one does, and its members."""
    index = lines.index(line)
    if not line.item and not (
        line.text.endswith(":") and index + 1 < len(lines) and lines[index + 1].item
    ):
        return [], []
    first = index if line.item else index + 1
    while first > 0 and lines[first - 1].item:
        first -= 1
    last = first
    while last < len(lines) and (lines[last].item or _continues_item(lines, last)):
        last += 1
    intro = [lines[first - 1]] if first and lines[first - 1].text.endswith(":") else []
    return intro, list(lines[first:last])


def _continues_item(lines: Sequence[Line], index: int) -> bool:
    """A sentence inside an item: something of the list still follows it."""
    following = lines[index + 1 : index + 3]
    return (
        index > 0
        and lines[index - 1].end + 1 >= lines[index].start
        and any(one.item for one in following)
    )


def repeats(line: Line, kept: Sequence[Line]) -> bool:
    """Tell whether a line says again, word for word or nearly, what is already kept."""
    if len(line.terms) < 3:
        return any(other.text == line.text for other in kept)
    return any(
        len(line.terms & other.terms) >= 0.8 * len(line.terms | other.terms) for other in kept
    )
