"""The self-diagnosis: its statements, its answers, what it advises."""

from pathlib import Path

import pytest

from advisor.answer.answerer import Answerer
from advisor.answer.models import Verdict
from advisor.errors import UsageError
from advisor.guidance.diagnosis import diagnose, load_parcours, make_answers, origins, read_answers
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import Profile

VILLAGE = Profile(kind="commune", population=640, departement="23", contexts=["rural"])


def test_every_statement_of_the_parcours_stands_in_the_corpus(fiches) -> None:
    parcours = load_parcours()
    assert [len(group.statements) for group in parcours.fundamentals] == [5, 5, 5, 5]
    catalogue = fiches.answerer.search.catalogue
    slugs = {
        record.slug: record.document_id
        for kind in (
            "charte",
            "experience",
            "referentiel",
            "evaluation",
            "territoire",
            "dispositif",
        )
        for record in fiches.of_kind(kind)
    }
    for statement in parcours.statements().values():
        document_id = slugs[statement.fiche]
        found = fiches.answerer.checker.check(statement.quote, document_id)
        assert found.verdict is Verdict.VERIFIED, statement.id
        assert catalogue.document(document_id)


def test_a_diagnosis_names_strengths_and_two_next_steps_with_quotes(fiches) -> None:
    answers = {
        "engagement-1": 0, "engagement-2": 1, "action-integree-1": 3, "cooperation-1": 1,
        "cooperation-2": 2, "evaluation-1": 3,
    }  # fmt: skip
    replies = make_answers(
        load_parcours(), {**answers, "evaluation-2": {"comment": "Pas encore vu."}}
    )
    found = diagnose(fiches, load_parcours(), replies, VILLAGE)
    assert [round(score.score or 0, 2) for score in found.scores] == [0.17, 1.0, 0.5, 1.0]
    assert len(found.strengths) == 2
    assert [step.statement for step in found.steps] == ["engagement-1", "cooperation-1"]
    for step in found.steps:
        assert step.source and step.source.verdict is Verdict.VERIFIED
        assert step.examples
    assert found.scores[3].answered == 1  # a comment is no level
    assert found.replies[-1].comment == "Pas encore vu."
    empty = diagnose(fiches, load_parcours(), {}, VILLAGE)
    assert empty.steps == [] and all(score.score is None for score in empty.scores)


def test_wrong_answers_and_a_wrong_parcours_are_sentences(fiches, tmp_path) -> None:
    for answers in (
        {"inconnu": 1}, {"engagement-1": 7}, {"engagement-1": True}, {"engagement-1": {"note": 1}},
        {"engagement-1": {"comment": "x" * 3000}},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            diagnose(fiches, load_parcours(), make_answers(load_parcours(), answers), VILLAGE)
    path = tmp_path / "parcours.yaml"
    path.write_text("id: x\ntitle: {fr: abc}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="title"):
        load_parcours(path)
    path.write_text("id: [", encoding="utf-8")
    with pytest.raises(UsageError):
        load_parcours(Path(path.rename(tmp_path / "autre.yaml")))
    (tmp_path / "reponses.json").write_text("[]")
    with pytest.raises(UsageError):
        read_answers(load_parcours(), tmp_path / "reponses.json")


def test_each_statement_leads_to_its_verified_passage(fiches, settings) -> None:
    for group in load_parcours().fundamentals:
        found = origins(fiches, group)
        assert [one.id for one, _ in found] == [one.id for one in group.statements]
        assert all(citation.verdict is Verdict.VERIFIED for _, citation in found)
    empty = Fiches(Answerer(settings))
    assert origins(empty, load_parcours().fundamentals[0]) == []
