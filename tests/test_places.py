"""Answers about a territory: what other territories did does not answer for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.answer.answerer import Answerer
from advisor.retrieval.search import LEXICAL
from advisor.settings import Settings

_FRONT = """---
kind: {kind}
title: {title}
lang: fr
updated: 2026-01-10
summary: Une fiche imaginaire qui sert aux essais.
themes: [energie]
aliases: [{alias}]
sources:
  - {{id: s1, name: Rapport}}
"""
_TERRITORY = "territory: {type: commune, country: FR, contexts: [rural]}\n"
_VILLE = """---
Villeneuve-sur-Lie est une commune de la vallée qui compte 900 habitants[^s1].

L'accueil de Villeneuve-sur-Lie s'adresse aux associations du canton et aux écoles[^s1].

## Trente ans

- 1986 : la mine de Villeneuve-sur-Lie ferme, et la commune rachète ses friches[^s1].
- 1995 : Villeneuve-sur-Lie ouvre une maison des associations dans les anciens bureaux[^s1].
"""
_MONT = """---
Montclair est une commune de montagne qui compte 400 habitants[^s1].
"""
_PRACTICE = """---
Les communes minières préparent la suite de plusieurs façons[^s1].

## Les leviers

1. Villeneuve-sur-Lie a planté des haies sur ses terrils avec les écoles[^s1].
2. Montclair, dont la dernière mine a fermé en 2003, a planté des vergers[^s1].
3. Montclair s'est passé de pesticides en 2010[^s1].
"""


@pytest.fixture
def answerer(settings: Settings, tmp_path: Path, import_into: Callable) -> Answerer:
    folder = tmp_path / "fiches"
    folder.mkdir()
    for name, kind, title, alias, rest in (
        ("ville", "territoire", "Villeneuve-sur-Lie", "La Neuve", _TERRITORY + _VILLE),
        ("mont", "territoire", "Montclair", "Mont Clair", _TERRITORY + _MONT),
        ("apres", "experience", "Comment préparer l'après-mine ?", "zéro phyto", _PRACTICE),
    ):
        front = _FRONT.format(kind=kind, title=title, alias=alias)
        (folder / f"{name}.md").write_text(front + rest, encoding="utf-8")
    import_into(settings, folder)
    return Answerer(settings)


def test_what_another_territory_did_is_not_quoted_for_the_one_asked_about(answerer) -> None:
    answer = answerer.answer("Villeneuve-sur-Lie a-t-elle planté des vergers ?")
    assert answer.sentences
    assert not any("Montclair" in one.text for one in answer.sentences)


def test_an_item_about_another_territory_leaves_the_list(answerer) -> None:
    answer = answerer.answer("Qu'a planté Villeneuve-sur-Lie ?")
    said = " ".join(one.text for one in answer.sentences)
    assert "haies" in said
    assert "vergers" not in said


def test_a_question_that_names_no_territory_gets_every_one(answerer) -> None:
    said = answerer.answer("Que plantent les communes minières ?").answer_markdown
    assert "haies" in said
    assert "vergers" in said


def test_what_another_territory_did_contradicts_nothing(answerer) -> None:
    answer = answerer.answer("Que s'est-il passé à Villeneuve-sur-Lie en 1986 ?")
    assert not any(notice.startswith("Attention") for notice in answer.notices)
    assert "1986" in answer.citations[0].quote


def test_a_line_that_opens_on_a_year_is_a_bullet_like_the_others(answerer) -> None:
    answer = answerer.answer("Quand la mine de Villeneuve-sur-Lie a-t-elle fermé ?")
    assert "- 1986 : la mine" in answer.answer_markdown


def test_a_fiche_is_found_by_another_name_that_its_text_does_not_hold(answerer) -> None:
    hits = answerer.search.search("zéro phyto", 3, legs=LEXICAL).hits
    assert {hit.document.title for hit in hits} == {"Comment préparer l'après-mine ?"}


@pytest.mark.parametrize(
    ("question", "certain"),
    [
        ("Combien d'habitants compte Montclair ?", True),
        ("Combien de vergers compte Montclair ?", False),
        ("Quand la commune de Montclair a-t-elle ouvert sa régie ?", False),
    ],
)
def test_a_number_or_date_that_no_quote_gives_is_said_to_be_missing(
    answerer, question, certain
) -> None:
    answer = answerer.answer(question)
    assert (answer.status == "answered") is certain, answer.notices


def test_each_kind_of_value_asked_for_is_quoted(answerer) -> None:
    question = "Quand la mine de Villeneuve-sur-Lie a-t-elle fermé, et pour qui est son accueil ?"
    said = " ".join(one.text for one in answerer.answer(question).sentences)
    assert "1986" in said
    assert "s'adresse aux associations" in said


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("Quelle est la dette de Montclair ?", "insufficient"),
        ("Quel est le loyer moyen à Montclair ?", "insufficient"),
        ("Quelle est la population de Montclair ?", "answered"),
        ("Wie viele Einwohner hat Montclair?", "answered"),
    ],
)
def test_a_value_of_which_the_sources_about_a_name_say_nothing_is_not_guessed(
    answerer, question, status
) -> None:
    assert answerer.answer(question).status == status


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Was macht Görlitz mit den Haldenbergen?", "Görlitz"),
        ("Combien d'habitants compte Montclair en 2019 ?", "2019"),
    ],
)
def test_a_name_or_year_that_nothing_quoted_has_is_said(answerer, question, missing) -> None:
    answer = answerer.answer(question)
    assert answer.status != "answered"
    assert answer.status == "insufficient" or missing in answer.notices[0]
