"""«Combien de… ?»: the number of the things asked for."""

import pytest

from advisor.retrieval.counting import counting
from advisor.retrieval.query import understand

COUNTED = """# Le bourg de Rivebois

## Les habitants

À Rivebois, chaque habitant compte : un habitant sur deux a signé.

## La vie des habitants

Les habitants de Rivebois ont créé 12 clubs. Un habitant de Rivebois est né il y a 104 ans. Rivebois dépense 6 € par habitant, et 50 % des arbres y sont plantés par les habitants.

## Repères

- 1 250 habitants
- 14 km²
"""


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Combien d'habitants à Rivebois ?", "1 250"),
        ("Quelle est la population de Rivebois ?", "1 250"),
        ("How many inhabitants does Rivebois have?", "1 250"),
        ("Wie viele Einwohner hat Rivebois?", "1 250"),
        ("Combien de clubs à Rivebois ?", "12 clubs"),
    ],
)
def test_a_number_of_what_is_counted_is_the_answer(answerer_over, question, said) -> None:
    answerer = answerer_over(COUNTED, "rivebois.md")
    answer = answerer.answer(question)
    assert said in answer.citations[0].quote
    assert (answer.status, len(answer.citations)) == ("answered", 1)


@pytest.mark.parametrize(
    ("question", "text", "answered"),
    [
        ("Combien d'emplois ont été créés ?", "Le site compte 350 créations d'emplois.", True),
        ("Combien d'emplois ont été créés ?", "Le site a 350 m² et crée des emplois.", False),
        ("Combien d'habitants ?", "Un habitant a tout changé.", False),
        ("Combien coûte l'étude ?", "L'étude revient à 40 000 € par an.", True),
        ("Combien coûte l'étude ?", "L'étude a duré 12 mois.", False),
        ("Combien de Loossois à Lens ?", "Il y a 20 Lensois.", False),
    ],
)
def test_a_number_answers_for_what_it_counts_alone(question, text, answered) -> None:
    counted = counting(understand(question))
    assert counted is not None
    assert counted.answered_in(text, "fr") is answered


def test_a_question_without_a_number_counts_nothing() -> None:
    assert counting(understand("Comment compter les habitants ?")) is None
