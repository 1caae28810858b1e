"""Self-diagnosis on the four fundamentals: the statements are data, their reading is here."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from advisor.answer.models import Citation
from advisor.catalogue.fiche import Theme
from advisor.catalogue.sentences import first_sentence
from advisor.errors import UsageError
from advisor.guidance.dispositifs import suggest
from advisor.guidance.fiches import Fiches
from advisor.guidance.models import Suggestion
from advisor.guidance.parcours import FOLDER, Strict, Text, read_rules
from advisor.guidance.profile import Profile
from advisor.text.language import Language

DEFAULT = "quatre-fondamentaux"
#: Levels of an answer: never, sometimes, often, always.
LEVELS = (0, 1, 2, 3)
_STRONG = 0.6
_STEPS, _EXAMPLES, _PROGRAMMES = 2, 2, 2


class Statement(Strict):
    """An observable fact, the sentence of the corpus it comes from, the step that leads to it."""

    id: str
    text: Text
    fiche: str
    quote: str
    step: Text
    need: str
    themes: list[Theme] = Field(min_length=1)


class Fundamental(Strict):
    """A fundamental and its statements."""

    id: str
    title: Text
    question: Text
    statements: list[Statement] = Field(min_length=4, max_length=6)


class Parcours(Strict):
    """A self-diagnosis."""

    id: str
    title: Text
    updated: dt.date
    fundamentals: list[Fundamental] = Field(min_length=2)

    def statements(self) -> dict[str, Statement]:
        """Return every statement by id."""
        return {one.id: one for group in self.fundamentals for one in group.statements}


class Reply(BaseModel):
    """What a territory says of a statement: a level (``None``: not yet), a comment."""

    model_config = ConfigDict(extra="forbid")

    level: int | None = Field(default=None, ge=LEVELS[0], le=LEVELS[-1])
    comment: str = Field(default="", max_length=2000)


class Score(BaseModel):
    """A fundamental's score in [0, 1], ``None`` when none of its statements was answered."""

    id: str
    title: str
    score: float | None
    answered: int
    statements: int


class Step(BaseModel):
    """What to do next: why, how others did it, what helps."""

    statement: str
    text: str
    step: str
    source: Citation | None
    examples: list[Citation]
    programmes: list[Suggestion]


class Told(BaseModel):
    """A statement that was answered or commented on, as a record for those who were not there."""

    statement: str
    text: str
    level: int | None
    comment: str


class Diagnosis(BaseModel):
    """The reading of the answers."""

    parcours: str
    scores: list[Score]
    strengths: list[str]
    steps: list[Step]
    replies: list[Told]


def load_parcours(path: Path | None = None) -> Parcours:
    """Read a self-diagnosis (YAML); the shipped one when no path is given.

    Raises:
        UsageError: it is missing, or a field is wrong.
    """
    return read_rules(path or FOLDER / f"{DEFAULT}.yaml", Parcours)


def make_answers(parcours: Parcours, values: Mapping[str, Any]) -> dict[str, Reply]:
    """Return the answers that some values describe, ``2`` or ``{"level": 2, "comment": "…"}``.

    Raises:
        UsageError: no such statement, a level that is none of ``LEVELS``, a comment too long.
    """
    answers = {}
    known = parcours.statements()
    for name, value in values.items():
        if name not in known:
            raise UsageError("answers_unknown", name=name)
        given = value if isinstance(value, dict) else {"level": value}
        try:
            # Strict: true is no level.
            answers[name] = Reply.model_validate(given, strict=True)
        except ValidationError:
            shown = str(given.get("level"))[:80]
            raise UsageError("answers_level", name=name, level=shown) from None
    return answers


def read_answers(parcours: Parcours, path: Path) -> dict[str, Reply]:
    """Read answers, ``{"engagement-1": 2}``; statements left out are unanswered.

    Raises:
        UsageError: the file is missing or damaged, or a value is not possible.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise UsageError("no_such_file", path=str(path)) from None
    except ValueError:
        raise UsageError("answers_bad", path=str(path)) from None
    if not isinstance(values, dict):
        raise UsageError("answers_bad", path=str(path))
    return make_answers(parcours, values)


def diagnose(
    fiches: Fiches,
    parcours: Parcours,
    replies: Mapping[str, Reply],
    profile: Profile,
    lang: Language = "fr",
) -> Diagnosis:
    """Return scores, strengths and the two most useful next steps.

    The next steps answer the lowest statements, one for each of the two lowest fundamentals,
    so that they open two fronts and not one. ``replies`` come from ``make_answers``.

    Raises:
        UsageError: the corpus is empty.
    """
    known = parcours.statements()
    answers = {name: one.level for name, one in replies.items() if one.level is not None}
    scores = [_score(group, answers, lang) for group in parcours.fundamentals]
    told = [one for one in scores if one.score is not None]
    told.sort(key=lambda one: -(one.score or 0.0))
    best = [one.title for one in told if one.score and one.score >= _STRONG]
    steps = []
    for low in sorted(told, key=lambda one: one.score or 0.0)[:_STEPS]:
        group = next(one for one in parcours.fundamentals if one.id == low.id)
        asked = [one for one in group.statements if one.id in answers]
        weakest = min(asked, key=lambda one: (answers[one.id], group.statements.index(one)))
        if answers[weakest.id] < LEVELS[-1]:
            steps.append(_step(fiches, weakest, profile, lang))
    return Diagnosis(
        parcours=parcours.id,
        scores=scores,
        strengths=best,
        steps=steps,
        replies=[
            Told(statement=name, text=known[name].text.in_language(lang), **reply.model_dump())
            for name, reply in replies.items()
            if reply.level is not None or reply.comment
        ],
    )


def origins(fiches: Fiches, group: Fundamental) -> list[tuple[Statement, Citation]]:
    """Return the statements of a fundamental with the passage each comes from.

    A statement whose sentence is not in the corpus of the home is left out.
    """
    try:
        quoted = [(one, fiches.quoted(one.fiche, one.quote)) for one in group.statements]
    except UsageError:  # an empty corpus
        return []
    return [(one, citation) for one, citation in quoted if citation is not None]


def _score(group: Fundamental, answers: Mapping[str, int], lang: str) -> Score:
    given = [answers[one.id] for one in group.statements if one.id in answers]
    return Score(
        id=group.id,
        title=group.title.in_language(lang),
        score=sum(given) / (LEVELS[-1] * len(given)) if given else None,
        answered=len(given),
        statements=len(group.statements),
    )


def _step(fiches: Fiches, statement: Statement, profile: Profile, lang: str) -> Step:
    return Step(
        statement=statement.id,
        text=statement.text.in_language(lang),
        step=statement.step.in_language(lang),
        source=fiches.quoted(statement.fiche, statement.quote),
        examples=_examples(fiches, statement),
        programmes=suggest(
            fiches,
            statement.need,
            profile.model_copy(update={"themes": statement.themes}),
            lang,
            k=_PROGRAMMES,
        ).suggestions,
    )


def _examples(fiches: Fiches, statement: Statement) -> list[Citation]:
    """Quote how others did it: the best passages of as many fiches."""
    found: dict[str, Citation] = {}
    own = {
        record.document_id
        for kind in ("experience", "territoire")
        for record in fiches.of_kind(kind)
        if record.slug == statement.fiche
    }
    for hit in fiches.hits(statement.need, ("experience", "territoire")):
        if len(found) == _EXAMPLES:
            break
        sentence = first_sentence(hit.passage)
        if hit.document.id in {*found, *own} or not sentence:
            continue
        if citation := fiches.quote(len(found) + 1, hit.passage, sentence):
            found[hit.document.id] = citation
    return list(found.values())
