"""«Qu'est-ce que… ?»: the fiche of that name presents its subject before anything else."""

import pytest

from advisor.answer.answerer import Answerer
from tests.test_fiche import FICHE

BODY = """Le fonds d'essai paie les études des communes[^s1].

## Pour qui

Le fonds d'essai s'adresse aux communes[^s1]. Le fonds d'essai refuse les départements[^s1].

## Ce que le fonds d'essai apporte

Le fonds d'essai accorde chaque année des subventions du fonds d'essai, dans la limite du fonds[^s1].
"""
OTHER = """L'histoire du fonds d'essai

Le fonds d'essai est né d'une idée du maire. Le fonds d'essai a aidé le fonds d'essai voisin.
"""


@pytest.fixture
def answerer(settings, tmp_path, import_into) -> Answerer:
    header = FICHE[: FICHE.index("---\n", 4) + 4]
    (tmp_path / "fonds.md").write_text(header + BODY, encoding="utf-8")
    (tmp_path / "histoire.txt").write_text(OTHER, encoding="utf-8")
    import_into(settings, tmp_path / "fonds.md", tmp_path / "histoire.txt")
    return Answerer(settings)


@pytest.mark.parametrize(
    "question",
    [
        "Qu'est-ce que le fonds d'essai ?",
        "Fonds d'essai",
        "Peux-tu m'expliquer ce qu'est le dispositif Fonds d'essai ?",
        "Comment fonctionne le fonds d'essai ?",
        "À quoi sert le fonds d'essai ?",
    ],
)
def test_a_fiche_asked_for_by_name_alone_is_presented_from_its_opening(answerer, question) -> None:
    answer = answerer.answer(question)
    assert answer.status == "answered"
    assert answer.sentences[0].text == "Le fonds d'essai paie les études des communes."
    assert {citation.title for citation in answer.citations} == {"Fonds d'essai"}


@pytest.mark.parametrize(
    "question", ["Qui peut bénéficier du fonds d'essai ?", "Quels départements du fonds d'essai ?"]
)
def test_a_question_that_asks_more_is_answered_for_that(answerer, question) -> None:
    answer = answerer.answer(question)
    assert answer.sentences[0].text != "Le fonds d'essai paie les études des communes."
