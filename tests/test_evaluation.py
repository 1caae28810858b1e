"""The evaluations of answers and suggestions: what they count, and what they refuse."""

import json
from pathlib import Path

import pytest

from advisor.errors import UsageError
from eval import answers, guidance
from eval.answers import Question, Reply, judge, read_questions
from eval.guidance import read_cases
from tests.conftest import ROOT


def question(**changes: object) -> Question:
    base = {
        "key": "1", "text": "Quand ?", "turns": (), "lang": "fr", "kind": "factual",
        "evidence": ("La dernière fosse a fermé en 1986.", "Le nombre d'associations a doublé."),
        "facts": ("fosse fermée en 1986",), "source": "seed",
    }  # fmt: skip
    return Question(**{**base, **changes})  # type: ignore[arg-type]


def test_quotes_are_compared_on_letters_and_digits_alone() -> None:
    reply = Reply("answered", ("La  dernière fosse a fermé\nen 1986 .", "Autre chose."), "texte")
    outcome = judge(question(), reply)
    assert outcome.quoted == [True, False]
    assert outcome.holding == [True, False]
    assert outcome.facts == [True]


def test_an_answer_that_declines_quotes_nothing() -> None:
    reply = Reply("insufficient", ("La dernière fosse a fermé en 1986.",), "rien")
    outcome = judge(question(), reply)
    assert outcome.quoted == [False, False]
    assert outcome.holding == [] and outcome.facts == [False]


def test_a_fact_with_another_number_is_not_told() -> None:
    reply = Reply("answered", (), "La fosse a fermé en 1988.")
    assert judge(question(), reply).facts == [False]


def test_the_measure_of_answers_runs_end_to_end(folder, tmp_path) -> None:
    path = tmp_path / "questions.jsonl"
    entries = [
        {"question": "Combien rapportent les panneaux de l'église ?", "lang": "fr",
         "evidence": ["5000 € par an"], "answerable_from": "seed", "type": "factual"},
        {"question": "Quel temps fera-t-il demain ?", "lang": "fr", "answerable_from": "none"},
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    results = answers.evaluate(read_questions(path), folder)
    found = {one.question.source: one for one in results["advisor"]}
    assert found["seed"].quoted == [True]
    assert found["none"].reply.status == "insufficient"
    assert "| **seed** | 1 | 100.0 |" in answers.report(results)


def test_the_measure_of_suggestions_runs_end_to_end(tmp_path) -> None:
    case = {
        "id": "1", "task": "dispositifs", "need": "chaufferie au bois", "date": "2026-11-24",
        "profile": {"kind": "commune", "population": None, "themes": ["energie"]},
        "expected": ["fonds-chaleur"], "never": ["tepcv"],
    }  # fmt: skip
    path = tmp_path / "cas.jsonl"
    path.write_text(json.dumps(case), encoding="utf-8")
    results = guidance.evaluate([path])
    figures = guidance.figures(results["cas"]["advisor"])
    assert (figures["hit"], figures["wrong"], figures["explained"]) == (100.0, 0, 100.0)


@pytest.mark.parametrize("read", [read_questions, read_cases])
@pytest.mark.parametrize("content", ["pas du json", "[]", '{"id": 1}'])
def test_a_line_that_cannot_be_read_is_named(tmp_path, read, content) -> None:
    path = tmp_path / "fichier.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="ligne 1"):
        read(path)
    with pytest.raises(UsageError, match="absent"):
        read(tmp_path / "absent.jsonl")


def test_the_cases_name_fiches_of_the_corpus() -> None:
    slugs = {path.stem for path in (ROOT / "corpus").rglob("*.md")}
    for name in ("build", "held"):
        for case in read_cases(Path(ROOT / "eval/guidance" / f"{name}.jsonl")):
            assert case.expected and case.expected | case.never <= slugs, case.key
            assert not case.expected & case.never
