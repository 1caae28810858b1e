"""«Qu'est-ce que… ?», «quelle différence ?», «comment… ?»: what fiches say before anything else."""

import pytest

from advisor.answer.answerer import Answerer
from tests.conftest import ROOT
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
SECOND = """L'aide de secours, ou ADS, paie les travaux urgents des communes[^s1].

## Pour qui

L'aide de secours s'adresse aux départements[^s1]. L'aide de secours refuse les communes[^s1].
"""
HOW_TO = """---
kind: experience
title: Comment planter des haies ?
updated: 2026-11-23
summary: Des communes imaginaires plantent des haies.
themes: [biodiversite]
sources:
  - {id: s1, name: Journal officiel, date: 2021-02-10}
---
## Pourquoi planter

Une haie retient la terre et abrite les oiseaux[^s1].

## Les étapes

1. Choisir les parcelles avec les agriculteurs de la commune[^s1].
2. Réunir les écoles et les chasseurs[^s1].
3. Arroser deux étés de suite[^s1].

## Ce que d'autres ont fait

- Rivebois a planté 400 arbres le long de la rivière[^s1].

## Limites et appuis

Planter des haies demande des plants, et les plants de haies manquent[^s1].
"""
PLACE = """---
kind: territoire
title: Rivebois
updated: 2026-01-10
summary: Un village imaginaire qui plante des arbres.
themes: [biodiversite]
sources:
  - {id: s1, name: "Rapport de la commune"}
territory:
  type: commune
  insee: "56001"
  departements: ["56"]
  region: Bretagne
  contexts: [rural]
---
Rivebois est un village du Morbihan, qui compte 1 200 habitants[^s1].

## Les arbres

Rivebois a planté 400 arbres à Rivebois, au bord de la rivière[^s1]. Les 12 classes de Rivebois ont aidé Rivebois[^s1].
"""


@pytest.fixture
def answerer(settings, tmp_path, import_into) -> Answerer:
    header = FICHE[: FICHE.index("---\n", 4) + 4]
    (tmp_path / "fonds.md").write_text(header + BODY, encoding="utf-8")
    second = header.replace("Fonds d'essai", "ADS, aide de secours")
    (tmp_path / "secours.md").write_text(second + SECOND, encoding="utf-8")
    (tmp_path / "haies.md").write_text(HOW_TO, encoding="utf-8")
    (tmp_path / "histoire.txt").write_text(OTHER, encoding="utf-8")
    import_into(settings, tmp_path)
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


def test_fiches_compared_are_each_presented_from_their_opening(answerer) -> None:
    answer = answerer.answer("Quelle différence entre le fonds d'essai et l'ADS ?")
    by_group: dict[str, list[str]] = {}
    for sentence in answer.sentences:
        by_group.setdefault(sentence.group, []).append(sentence.text)
    fund, relief = by_group["Fonds d'essai"], by_group["ADS, aide de secours"]
    assert fund[0] == "Le fonds d'essai paie les études des communes."
    assert relief[0] == "L'aide de secours, ou ADS, paie les travaux urgents des communes."
    assert any("s'adresse aux communes" in text for text in fund)
    assert any("s'adresse aux départements" in text for text in relief)


def test_many_fiches_compared_each_say_something(settings, import_into) -> None:
    names = ("leader", "actee", "fonds-vert", "fonds-chaleur")
    import_into(settings, *(ROOT / "corpus" / "dispositifs" / f"{name}.md" for name in names))
    answer = Answerer(settings).answer("Compare LEADER, ACTEE, le Fonds vert et le Fonds chaleur")
    groups = [sentence.group for sentence in answer.sentences]
    assert set(groups) == {"LEADER", "ACTEE", "Fonds vert", "Fonds chaleur"}
    assert len(groups) <= 12


def test_a_short_acronym_is_a_name_in_capitals_and_a_word_in_small_letters(answerer) -> None:
    gazetteer = answerer.search.gazetteer
    assert [one.title for one in gazetteer.find("l'ADS")] == ["ADS, aide de secours"]
    assert gazetteer.find("the ads of the town") == ()


@pytest.mark.parametrize(
    "question", ["Comment planter des haies ?", "Comment une commune plante-t-elle ses haies ?"]
)
def test_how_to_questions_get_the_steps_whole(answerer, question) -> None:
    items = [sentence.text for sentence in answerer.answer(question).sentences if sentence.item]
    assert [item[:2] for item in items[:3]] == ["1.", "2.", "3."]


@pytest.mark.parametrize(
    "question",
    ["Comment planter des haies ?", "Comment développer les haies ?", "How to plant haies?"],
)
def test_a_how_to_fiche_gives_its_steps_first_then_what_others_did_each_under_its_heading(
    answerer, question
) -> None:
    answer = answerer.answer(question)
    groups = dict.fromkeys(sentence.group for sentence in answer.sentences)
    assert answer.status == "answered"
    assert list(groups) == ["Comment planter des haies ? Les étapes", "Ce que d'autres ont fait"]
    assert answer.sentences[-1].text.startswith("Rivebois a planté")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Le fonds d'essai est-il encore ouvert ?", "est ouvert"),
        ("Is the Fonds d'essai still open?", "is open"),
        ("Qui gère le fonds d'essai ?", "État"),
        ("Wer verwaltet den Fonds d'essai?", "État"),
    ],
)
def test_the_header_of_a_fiche_says_who_runs_a_programme_and_whether_it_is_open(
    answerer, question, said
) -> None:
    answer = answerer.answer(question)
    assert answer.status == "answered"
    assert said in answer.notices[0]


@pytest.mark.parametrize(
    "question", ["Où se trouve Rivebois ?", "Quel est le code INSEE de Rivebois ?"]
)
def test_the_header_of_a_fiche_says_where_a_place_lies(
    settings, tmp_path, import_into, question
) -> None:
    (tmp_path / "rivebois.md").write_text(PLACE, encoding="utf-8")
    import_into(settings, tmp_path)
    answer = Answerer(settings).answer(question)
    assert "région Bretagne" in answer.notices[0] and "56001" in answer.notices[0]
    assert answer.sentences[0].text.startswith("Rivebois est un village")


def test_the_opening_of_a_fiche_gives_the_population(settings, tmp_path, import_into) -> None:
    (tmp_path / "rivebois.md").write_text(PLACE, encoding="utf-8")
    import_into(settings, tmp_path)
    answerer = Answerer(settings)
    for question in (
        "Combien d'habitants compte Rivebois ?",
        "Quelle est la population de Rivebois ?",
    ):
        answer = answerer.answer(question)
        assert answer.status == "answered" and "1 200 habitants" in answer.answer_markdown
    answer = answerer.answer("Combien de vélos compte Rivebois ?")
    assert answer.status != "answered"


def test_what_other_programmes_say_does_not_answer_for_the_one_named(answerer) -> None:
    search = answerer.search
    about = {
        (one.hit.document.title, line.elsewhere)
        for one in search.lines(search.search("Quelles communes pour l'ADS et ses études ?"))
        for line in one.lines
    }
    assert ("Fonds d'essai", True) in about and ("Fonds d'essai", False) not in about
    assert ("ADS, aide de secours", False) in about
    assert ("ADS, aide de secours", True) not in about


def test_a_fiche_named_in_small_letters_that_no_quote_mentions_is_told(fiches) -> None:
    ask = fiches.answerer.answer
    answer = ask("Est-ce que Malaunay a un budget participatif ?")
    assert answer.status == "partial"
    assert any("budget participatif" in notice for notice in answer.notices)
    assert ask("Qu'a fait Malaunay pour l'énergie ?").status == "answered"
