"""Evidence: the sentences of the retrieved passages that answer the question, scored in context."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from advisor.answer.question import Value, values_in
from advisor.index.embedding import PassageEmbeddings
from advisor.retrieval.query import Query
from advisor.retrieval.search import Hit
from advisor.retrieval.word_match import word_similarities
from advisor.text.analysis import analyse, content_words, stem
from advisor.text.language import Language
from advisor.text.sentences import sentence_spans

Matches = npt.NDArray[np.float32]

_ITEM = re.compile(r"(?:•|\(?\d{1,2}[.)]|[a-z]\))\s+\S")
_PRONOUN = re.compile(
    r"(?:Il|Elle|Ils|Elles|Ce|Cet|Cette|Ces|Cela|Ceci|Celui-ci|Celle-ci|Ceux-ci|Leur|Leurs|Son|Sa|Ses"
    r"|En parallèle|Ainsi|It|They|This|These|He|She|Er|Sie|Es|Diese[rs]?|Dies)\b"
)
_SENTENCE_ITEM = re.compile(r"•\s+[^\W\d_a-zà-ÿ].*[.!?…]$", re.DOTALL)
_MIN_LETTERS = 12
# Weights of a sentence's features, chosen with `make eval`.
_COVERAGE, _SIMILARITY, _PASSAGE, _NEIGHBOUR, _VALUE = 0.42, 0.25, 0.45, 0.05, 0.12
# What a list of the length asked for gains.
_LISTED = 0.4
# Below this, two words are near by chance.
_CHANCE = 0.2
# A word found only in the headings above a sentence.
_ABOVE = 0.25


@dataclass(slots=True)
class Line:
    """A sentence or list item of a passage; offsets are those of the document's text."""

    start: int
    end: int
    text: str
    item: bool
    terms: frozenset[str]
    score: float = 0.0
    coverage: float = 0.0
    similarity: float = 0.0
    #: How well the line answers for each word of the question, in [0, 1].
    matches: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Evidence:
    """A passage with its scored lines.

    ``above`` tells how well its title and headings answer for each word of the question.
    """

    hit: Hit
    lines: list[Line] = field(default_factory=list)
    above: Mapping[str, float] = field(default_factory=dict)

    @property
    def best(self) -> float:
        """The score of the best line."""
        return max((line.score for line in self.lines), default=0.0)


def score_evidence(
    query: Query,
    hits: Sequence[Hit],
    weights: Mapping[str, float],
    embeddings: PassageEmbeddings | None,
    values: frozenset[Value] = frozenset(),
    listed: int | None = None,
) -> list[Evidence]:
    """Score every line of every passage.

    A line's score adds: how well it answers for each word of the question (the headings above
    it count a little), its similarity to the question, the passage's own score, what its
    neighbours hold, and whether it has a value of the kinds asked for.

    Args:
        query: the question.
        hits: the passages found.
        weights: each word of the question with its weight, see ``weighting.word_weights``.
        embeddings: compares words and sentences; without it, words alone count.
        values: the kinds of value asked for.
        listed: how many things are asked for («les quatre…»): a list of so many comes up.
    """
    evidence = [Evidence(hit, list(_lines(hit))) for hit in hits]
    lines = [line for one in evidence for line in one.lines]
    if not lines:
        return evidence
    similarities = np.zeros(len(lines))
    if embeddings is not None:
        vectors = embeddings.encode([query.embedded, *[line.text for line in lines]])
        similarities = np.clip(vectors[1:] @ vectors[0], 0.0, 1.0)
    _match(query, evidence, list(weights), embeddings)
    for line, similarity in zip(lines, similarities, strict=True):
        line.similarity = float(similarity)
        line.coverage = covered(line, weights)
    for one in evidence:
        for index, line in enumerate(one.lines):
            around = one.lines[max(0, index - 1) : index + 2]
            neighbour = max((other.coverage for other in around if other is not line), default=0.0)
            line.score = (
                _COVERAGE * line.coverage
                + _SIMILARITY * line.similarity
                + _PASSAGE * one.hit.score
                + _NEIGHBOUR * neighbour
                + _VALUE * (line.coverage > 0 and bool(values_in(line.text, values)))
            )
        if listed:
            for member in list_of(one.lines, listed):
                member.score += _LISTED
    return evidence


def items_in(text: str) -> int:
    """Return how many lines of a text are items of a list."""
    return sum(bool(_ITEM.match(line)) for line in text.splitlines())


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


def covered(line: Line, weights: Mapping[str, float]) -> float:
    """Return the share of the words' weight that a line answers for, in [0, 1]."""
    total = sum(weights.values())
    found = sum(weight * line.matches.get(word, 0.0) for word, weight in weights.items())
    return found / total if total else 0.0


def _match(
    query: Query,
    evidence: Sequence[Evidence],
    asked: Sequence[str],
    embeddings: PassageEmbeddings | None,
) -> None:
    """Tell for each line how well it answers for each word asked."""
    texts = [
        content_words(text, one.hit.document.lang)
        for one in evidence
        for text in (_above(one.hit), *(line.text for line in one.lines))
    ]
    near = np.clip((word_similarities(asked, texts, embeddings) - _CHANCE) / (1 - _CHANCE), 0, 1)
    terms = [stem(word, query.lang) for word in asked]
    position = 0
    for one in evidence:
        lang = one.hit.document.lang

        def answering(row: int, found: Container[str], lang: Language = lang) -> Matches:
            held = [query.holds(term, found, lang) for term in terms]
            best: Matches = np.maximum(near[row], held)
            return best

        above = answering(position, frozenset(analyse(_above(one.hit), lang)))
        one.above = dict(zip(asked, above.tolist(), strict=True))
        for row, line in enumerate(one.lines, start=position + 1):
            best = np.maximum(answering(row, line.terms), _ABOVE * above)
            line.matches = dict(zip(asked, best.tolist(), strict=True))
        position += 1 + len(one.lines)


def _above(hit: Hit) -> str:
    return " ".join([hit.document.title, *hit.passage.headings])


def _lines(hit: Hit) -> Iterator[Line]:
    passage, headings = hit.passage, set(hit.passage.headings)
    body_starts = False
    for start, end in sentence_spans(passage.text):
        text = passage.text[start:end]
        # The headings that open a passage are its context, not its content.
        if not body_starts and (text in headings or _inside_heading(passage.text, start, headings)):
            continue
        body_starts = True
        item = bool(_ITEM.match(text)) and passage.text[start - 1 : start] in ("", "\n")
        if sum(char.isalpha() for char in text) >= _MIN_LETTERS or (
            item and any(map(str.isalnum, text))
        ):
            yield Line(
                passage.start + start,
                passage.start + end,
                text,
                item,
                frozenset(analyse(text, hit.document.lang)),
            )


def _inside_heading(text: str, start: int, headings: set[str]) -> bool:
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    return text[line_start : len(text) if line_end < 0 else line_end] in headings


@dataclass(frozen=True, slots=True)
class Selection:
    """Chosen lines of one passage, in reading order; ``leads`` puts it before all others."""

    hit: Hit
    lines: tuple[Line, ...]
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """How much an answer says.

    ``sentences`` and ``passages`` are maxima (a list counts as one sentence, however long);
    ``floor`` is the share of the best line's score below which a line is left out, ``far`` the
    same for the best line of another passage.
    """

    sentences: int
    passages: int
    floor: float
    far: float


def select(evidence: Sequence[Evidence], measure: Measure) -> list[Selection]:
    """Choose the lines of the answer: the best ones, lists kept whole, no near-duplicates."""
    ranked = sorted(
        ((line, one) for one in evidence for line in one.lines),
        key=lambda pair: (-pair[0].score, pair[1].hit.passage.id, pair[0].start),
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
        if line.start in chosen.get(key, {}) or _repeats(line, kept):
            continue
        if key not in owners and (
            len(owners) >= measure.passages or line.score < measure.far * best
        ):
            continue
        owners[key] = one
        group = _whole_list(line, one.lines) or _in_context(line, one, best=not kept)
        for member in group:
            chosen.setdefault(key, {})[member.start] = member
            kept.append(member)
        count += 1
    return [Selection(owners[key].hit, _joined(owners[key], chosen[key])) for key in chosen]


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


def _in_context(line: Line, one: Evidence, best: bool) -> list[Line]:
    """Return a sentence with what it needs to be understood, inside its paragraph.

    A sentence that opens on a pronoun comes with the one before it; the best sentence of all
    comes with a next one that goes on about the same subject.
    """
    lines, index = one.lines, one.lines.index(line)
    group = [line]
    if index and _points_back(line) and _same_paragraph(one, lines[index - 1], line):
        group.insert(0, lines[index - 1])
    following = lines[index + 1] if index + 1 < len(lines) else None
    goes_on = following is not None and _points_back(following)
    if best and following is not None and goes_on and _same_paragraph(one, line, following):
        group.append(following)
    return group


def _points_back(line: Line) -> bool:
    return bool(_PRONOUN.match(line.text))


def _same_paragraph(one: Evidence, first: Line, second: Line) -> bool:
    start = one.hit.passage.start
    return "\n" not in one.hit.passage.text[first.end - start : second.start - start]


def _whole_list(line: Line, lines: Sequence[Line]) -> list[Line]:
    """Return the list a line belongs to or introduces, with its introduction; else nothing.

    Numbered steps, announced lists and lists of fragments stay whole.
    """
    index = lines.index(line)
    if not line.item and not (
        line.text.endswith(":") and index + 1 < len(lines) and lines[index + 1].item
    ):
        return []
    first = index if line.item else index + 1
    while first > 0 and lines[first - 1].item:
        first -= 1
    last = first
    while last < len(lines) and (lines[last].item or _continues_item(lines, last)):
        last += 1
    intro = [lines[first - 1]] if first and lines[first - 1].text.endswith(":") else []
    members = lines[first:last]
    # Bullets that are sentences of their own, announced by nothing, are a text, not a list.
    loose = all(_SENTENCE_ITEM.match(member.text) for member in members if member.item)
    return intro + list(members) if intro or not loose else []


def _continues_item(lines: Sequence[Line], index: int) -> bool:
    """A sentence inside an item: something of the list still follows it."""
    following = lines[index + 1 : index + 3]
    return (
        index > 0
        and lines[index - 1].end + 1 >= lines[index].start
        and any(one.item for one in following)
    )


def _repeats(line: Line, kept: Sequence[Line]) -> bool:
    """Tell whether a line says again, word for word or nearly, what is already kept."""
    if len(line.terms) < 3:
        return any(other.text == line.text for other in kept)
    return any(
        len(line.terms & other.terms) >= 0.8 * len(line.terms | other.terms) for other in kept
    )
