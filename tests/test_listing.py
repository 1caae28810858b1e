"""Fiches asked for by what their headers say: inhabitants, state, country, region."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.answer.answerer import Answerer

_HEADER = """---
kind: {kind}
title: {title}
updated: 2026-11-23
summary: Une fiche écrite pour essayer les listes de fiches.
themes: [{themes}]
sources: [{{id: s1, name: Une source d'essai}}]
"""
_TERRITORY = (
    _HEADER.replace("{kind}", "territoire")
    + """territory:
  type: {type}
  country: {country}
  region: {region}
  departements: [{departement}]
  contexts: [rural]
{population}---
{text}[^s1].
"""
)
_PROGRAMME = (
    _HEADER.replace("{kind}", "dispositif")
    + """dispositif:
  holder: {holder}
  audience: [commune]
  eligibility: Toutes les communes.
  offer: Une aide aux communes.
  scope: national
  status: {status}
  checked: 2026-11-22
---
{text}[^s1].
"""
)
_PLACES = (
    ("Belmont", "commune", "FR", "Bretagne", 850, "Belmont compte 850 habitants"),
    ("Grandval", "commune", "FR", "Bretagne", 52_000, "Grandval compte 52 000 habitants"),
    ("Agglomération du Val", "epci", "FR", "Normandie", 90_000, "Elle réunit 90 000 habitants"),
    ("Neudorf", "stadt", "DE", "Hessen", 12_000, "Neudorf compte 12 000 habitants"),
    ("Sansnombre", "commune", "FR", "Bretagne", None, "Sansnombre est un bourg de Bretagne"),
)
_HOLDERS = {
    "clos": "Un ministère",
    "ouvert": "Le Ministère des Bois, avec l'État",
    "à vérifier": "Une région",
}
_PROGRAMMES = (
    (
        "Fonds ancien",
        "clos",
        "Le fonds s'adressait aux communes. Le fonds a fonctionné de 2010 à 2014 : il est clos",
    ),
    (
        "Fonds présent",
        "ouvert",
        "Le fonds est ouvert. Géré par le ministère des Bois, il s'adresse aux communes",
    ),
    ("Fonds douteux", "à vérifier", "Le fonds s'adresse aux communes depuis 2020"),
)


def _write_programme(
    folder: Path, title: str, status: str, text: str, *,
    holder: str = "Un ministère", themes: str = "energie",
) -> Path:  # fmt: skip
    path = folder / f"{title}.md"
    path.write_text(
        _PROGRAMME.format(title=title, status=status, text=text, holder=holder, themes=themes)
    )
    return path


@pytest.fixture
def answerer(settings, tmp_path: Path, import_into) -> Answerer:
    """An advisor over five territories and three programmes."""
    folder = tmp_path / "fiches"
    folder.mkdir()
    for number, (title, kind, country, region, size, text) in enumerate(_PLACES):
        population = f"  population: {{value: {size}, source: s1}}\n" if size else ""
        (folder / f"lieu-{number}.md").write_text(
            _TERRITORY.format(
                title=title, type=kind, country=country, region=region, population=population,
                text=text, departement="35", themes="energie",
            )
        )  # fmt: skip
    for title, status, text in _PROGRAMMES:
        _write_programme(folder, title, status, text, holder=_HOLDERS[status])
    import_into(settings, folder)
    return Answerer(settings)


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("Quels territoires ont plus de 50 000 habitants ?", ["Agglomération du Val", "Grandval"]),
        ("Quelles communes ont plus de 50 000 habitants ?", ["Grandval"]),
        ("Quelles villes dépassent 10 mille habitants ?", ["Grandval", "Neudorf"]),
        ("Quelles communes de moins de 1 000 habitants ?", ["Belmont"]),
        (
            "Combien de communes comptent entre 10 000 et 60 000 habitants ?",
            ["Grandval", "Neudorf"],
        ),
        ("Quelles intercommunalités ont au moins 90 000 habitants ?", ["Agglomération du Val"]),
        ("Quelles communes de Bretagne ont plus de 800 habitants ?", ["Grandval", "Belmont"]),
        ("Which towns have fewer than 1,000 inhabitants?", ["Belmont"]),
        ("Which German towns?", ["Neudorf"]),
        ("Welche Gemeinden haben mehr als 50.000 Einwohner?", ["Grandval"]),
        ("Quels dispositifs sont clos ?", ["Fonds ancien"]),
        ("Quels programmes sont encore ouverts ?", ["Fonds présent"]),
        ("Welche Programme sind abgelaufen?", ["Fonds ancien"]),
        ("Quelles aides pour une commune ?", ["Fonds douteux", "Fonds présent"]),
        ("Quels programmes sont portés par le ministère des bois ?", ["Fonds présent"]),
        ("Quelles communes de 40 000 à 60 000 habitants ?", ["Grandval"]),
        ("Which programmes are for communes?", ["Fonds douteux", "Fonds présent"]),
        ("Quels dispositifs sont ouverts aux communes ?", ["Fonds douteux", "Fonds présent"]),
        ("Quels dispositifs pour les communes sont clos ?", ["Fonds ancien"]),
    ],
)
def test_fiches_are_listed_by_what_their_header_says(answerer, question, titles) -> None:
    answer = answerer.answer(question)
    assert [one.title for one in answer.citations] == titles
    assert answer.status == "answered"
    assert all(one.verdict == "verified" for one in answer.citations)


def test_a_list_says_how_many_fiches_it_was_chosen_among(answerer) -> None:
    """Sansnombre has no number: it is neither listed nor passed over in silence."""
    notices = answerer.answer("Quelles communes ont plus de 50 000 habitants ?").notices
    assert any("1 sur 5" in one for one in notices)
    assert any("trancher" in one and one.endswith("1.") for one in notices)
    notices = answerer.answer("Quels dispositifs sont clos ?").notices
    assert any("1 sur 3" in one for one in notices)
    assert any("trancher" in one and one.endswith("1.") for one in notices)


def test_a_condition_that_no_fiche_meets_is_declined_with_the_count(answerer) -> None:
    for number in ("3 millions", "1 000 millions", "3,5 millions"):
        answer = answerer.answer(f"Quelles communes ont plus de {number} d'habitants ?")
        assert answer.status == "insufficient"
        assert "Aucune fiche" in answer.answer_markdown
    assert any("0 sur 5" in one for one in answer.notices)


@pytest.mark.parametrize(
    "question",
    [
        "Quels territoires ont réduit leur consommation ?",
        "Quelles communes de plus de 500 habitants ont une chaufferie ?",
        "Que dit la commune de Belmont ?",
        "Combien d'habitants à Belmont ?",
        "Quels dispositifs ne sont plus ouverts ?",
        "Quels dispositifs seront clos ?",
        "Which programmes aren't open?",
        "Quels territoires allemands et britanniques ?",
        "Quels territoires ont plus de 10 000 € par habitant ?",
        "Quelles communes ont plus de 50 % d'habitants ?",
        "Quels programmes sont portés par le ministère ?",
        "Quelles aides donne la commune aux associations ?",
    ],
)
def test_what_asks_more_than_the_header_says_is_looked_for_in_the_text(answerer, question) -> None:
    notices = answerer.answer(question).notices
    assert not any("Fiches de" in one or "fact sheets" in one for one in notices)


def test_a_fiche_whose_text_does_not_say_it_is_named_without_a_citation(
    settings, tmp_path, import_into
) -> None:
    for name in ("muet", "parlant"):
        text = "Le fonds est clos" if name == "parlant" else "Le fonds aide les communes"
        import_into(settings, _write_programme(tmp_path, f"Fonds {name}", "clos", text))
    answer = Answerer(settings).answer("Quels dispositifs sont clos ?")
    assert [one.title for one in answer.citations] == ["Fonds parlant"]
    assert any("Fonds muet" in one for one in answer.notices)


def test_another_programme_s_state_is_no_proof_of_this_one_s(
    settings, tmp_path, import_into
) -> None:
    for title, text in (
        ("Fonds premier", "Le Fonds premier se distingue du Fonds second, ouvert en 2014"),
        ("Fonds second", "Le Fonds second est ouvert"),
    ):
        import_into(settings, _write_programme(tmp_path, title, "ouvert", text))
    answer = Answerer(settings).answer("Quels dispositifs sont ouverts ?")
    assert [one.title for one in answer.citations] == ["Fonds second"]
    assert any("Fonds premier" in one for one in answer.notices)


def test_a_list_is_not_written_again_by_a_language_model(answerer) -> None:
    """Nobody listens at this address: the model is not asked."""
    settings = answerer._settings.model_copy(
        update={"llm": "openai:x", "llm_base_url": "http://127.0.0.1:9/v1", "llm_api_key": "none"}
    )
    answer = Answerer(settings).answer("Quels dispositifs sont clos ?")
    assert (answer.method, answer.status) == ("extractive", "answered")
    assert not any("modèle de langage" in one for one in answer.notices)


@pytest.fixture
def themed(settings, tmp_path: Path, import_into) -> Answerer:
    """An advisor over four territories and two programmes, each of its own themes."""
    for title, region, departement, themes, text in (
        (
            "Montbrison",
            "Auvergne-Rhône-Alpes",
            "42",
            "alimentation",
            "Sa cantine est bio depuis 2004",
        ),
        ("Le Puy", "Auvergne-Rhône-Alpes", "43", "alimentation", "Le Puy compte cent rues pavées"),
        (
            "Clisson",
            "Pays de la Loire",
            "44",
            "climat, mobilite",
            "Cent vélos y sont prêtés en 2020",
        ),
        ("Feurs", "Auvergne-Rhône-Alpes", "42", "habitat", "Feurs a isolé vingt logements en 2019"),
    ):
        (tmp_path / f"{title}.md").write_text(
            _TERRITORY.format(
                title=title, type="commune", country="FR", region=region, departement=departement,
                themes=themes, population="", text=text,
            )
        )  # fmt: skip
    for title, status in (("Fonds vélo", "ouvert"), ("Fonds rail", "clos")):
        text = f"Le {title} soutient la mobilité. Il est {status} depuis 2020"
        _write_programme(tmp_path, title, status, text, themes="mobilite")
    import_into(settings, *sorted(tmp_path.glob("*.md")))
    return Answerer(settings)


@pytest.mark.parametrize(
    ("question", "titles", "named"),
    [
        ("Quels territoires ont travaillé sur l'alimentation ?", ["Montbrison"], "Le Puy"),
        ("Which towns have worked on food?", ["Montbrison"], "Le Puy"),
        ("Quelles communes de la Loire ?", ["Feurs", "Montbrison"], None),
        ("Quelles communes de la Loire travaillent sur l'habitat ?", ["Feurs"], None),
        ("Quelles communes des Pays de la Loire ?", ["Clisson"], None),
        ("Welche Gemeinden arbeiten am Thema Mobilität?", ["Clisson"], None),
        ("Quels dispositifs pour la mobilité ?", ["Fonds vélo"], None),
        ("Quels dispositifs pour les transports sont clos ?", ["Fonds rail"], None),
        ("Quelles communes de la Haute Loire ?", ["Le Puy"], None),
        ("Sauf Feurs, quelles communes de la Loire ?", ["Montbrison"], None),
        ("Quelles communes travaillent sur la mobilité et les transports ?", ["Clisson"], None),
    ],
)
def test_fiches_are_listed_by_theme_and_by_departement(themed, question, titles, named) -> None:
    answer = themed.answer(question)
    assert [one.title for one in answer.citations] == titles
    assert named is None or any(named in one for one in answer.notices)
    assert answer.status == "answered"
    assert all(one.verdict == "verified" for one in answer.citations)


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("Quels territoires ont travaillé sur l'alimentation ?", "2 sur 4"),
        ("Quelles communes de la Loire ?", "2 sur 4"),
        ("Quels dispositifs pour la mobilité ?", "1 sur 2"),
    ],
)
def test_a_list_by_theme_or_place_counts_the_fiches_of_both_kinds(themed, question, count) -> None:
    assert any(count in one for one in themed.answer(question).notices)


def test_of_a_long_fiche_the_sentence_on_the_theme_is_quoted(
    settings, tmp_path, import_into
) -> None:
    worked = "Pons a travaillé avec d'autres territoires du pays, et ils ont travaillé avec Pons"
    sections = "".join(
        f"\n\n## Étape {number}\n\n" + f"{worked} en {2000 + number}[^s1]. " * 6
        for number in range(8)
    )
    text = f"Pons compte trois écoles[^s1].{sections}\n\n## Repas\n\nLa cantine de Pons est bio"
    (tmp_path / "pons.md").write_text(
        _TERRITORY.format(
            title="Pons", type="commune", country="FR", region="Nouvelle-Aquitaine",
            departement="17", themes="alimentation", population="", text=text,
        )
    )  # fmt: skip
    import_into(settings, tmp_path / "pons.md")
    answer = Answerer(settings).answer("Quels territoires ont travaillé sur l'alimentation ?")
    assert [one.quote for one in answer.citations] == ["La cantine de Pons est bio."]


def test_a_theme_that_no_fiche_has_is_declined_with_the_count(themed) -> None:
    answer = themed.answer("Quelles communes ont travaillé sur la santé ?")
    assert answer.status == "insufficient"
    assert any("0 sur 4" in one for one in answer.notices)


def test_the_theme_that_was_read_is_told_where_the_question_calls_it_otherwise(themed) -> None:
    (told,) = [
        one
        for one in themed.answer("Quels territoires travaillent sur l'agriculture ?").notices
        if "Thème" in one
    ]
    assert "alimentation" in told


def test_aids_that_may_be_over_are_counted(settings, tmp_path, import_into) -> None:
    for title, status in (("Fonds sûr", "ouvert"), ("Fonds flou", "à vérifier")):
        _write_programme(tmp_path, title, status, "Le fonds aide la mobilité", themes="mobilite")
    import_into(settings, *sorted(tmp_path.glob("*.md")))
    notices = Answerer(settings).answer("Quels dispositifs pour la mobilité ?").notices
    assert any("à vérifier" in one and one.endswith("1.") for one in notices)


def test_fiches_that_say_it_in_their_header_alone_are_named_all_the_same(themed) -> None:
    answer = themed.answer("Quels territoires de la Haute-Loire travaillent sur l'alimentation ?")
    assert any("Le Puy" in one for one in answer.notices)
    assert "en-tête" in answer.answer_markdown
    assert "Aucune fiche" not in answer.answer_markdown


@pytest.mark.parametrize(
    "question",
    [
        "Quels territoires de la Loire et de la Haute-Loire ?",
        "Quelles communes ont une cantine bio ?",
        "Quels territoires travaillent sur l'habitat et la mobilité ?",
        "Quelles petites communes travaillent sur l'habitat ?",
        "Quelles communes sur la Loire ?",
        "Quelles communes le long de la Loire ?",
        "Combien de communes compte la Loire ?",
        "Sauf en Bretagne, quels territoires travaillent sur l'habitat ?",
        "Quelle action commune sur l'alimentation ?",
        "Avec quels territoires travailler sur l'alimentation ?",
        "Quels territoires ont le plus travaillé sur l'alimentation ?",
        "Quels territoires travaillent sur l'habitat, et comment ont-ils commencé ?",
    ],
)
def test_two_themes_or_places_and_details_of_a_theme_make_no_list(themed, question) -> None:
    notices = themed.answer(question).notices
    assert not any("Fiches de" in one for one in notices)
