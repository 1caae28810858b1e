"""Dates read in sentences, and the facts of a territory in their order."""

import sqlite3

import pytest

from advisor.answer.answerer import Answerer
from advisor.answer.models import Verdict
from advisor.errors import UsageError
from advisor.guidance.fiches import Fiches
from advisor.guidance.trajectory import trajectory
from advisor.settings import Settings
from advisor.text.dates import contested, dates_in
from ingest.pipeline import Importer, withdraw


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Depuis 1997, la commune éco-construit.", [(1997, 1997, True)]),
        ("Le programme a duré de 2019 à 2021.", [(2019, 2021, False)]),
        ("Budget 2019-2021 de la ville.", [(2019, 2021, False)]),
        ("Dès les années 1990, la ville écoute.", [(1990, 1999, True)]),
        ("Im Jahr 2018 schloss die letzte Zeche.", [(2018, 2018, False)]),
        ("It opened in 2004 and grew in 2010.", [(2004, 2004, False), (2010, 2010, False)]),
        ("La commune compte 2000 habitants et 1500 € d'aides.", []),
        ("Les élections de 2014 et 2020 ont compté.", [(2014, 2014, False), (2020, 2020, False)]),
        ("Entre 2010 et 2020, la zone a changé.", [(2010, 2020, False)]),
        ("The 2020 elections; since the 1990s.", [(2020, 2020, False), (1990, 1999, True)]),
        ("La ville compte 2 018 habitants et 1997,5 ha, contrat 1536C0019.", []),
    ],
)
def test_dates_are_read_as_they_are_written(text, dates) -> None:
    assert dates_in(text) == dates


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("La Chaîne a été créée en 1988 ou en 1989 selon les pages, et en 1987 selon le site.", True),
        ("La reconnaissance date de 2014 pour la Ville, de 2015 pour Horizons publics.", True),
        ("L'écohameau est daté de 2011 par une source et de 2015 par une autre.", True),
        ("Selon l'annonce de janvier 2011, ce parc devait couvrir 53 % en 2015.", False),
        ("Une première salle ouvre en 2010, une autre en 2015.", False),
        ("Elle adhère en 2003 tandis que la région rejoint en 2009.", False),
    ],
)  # fmt: skip
def test_sources_that_date_one_fact_otherwise_are_told_from_two_facts(text, apart) -> None:
    assert contested(text) is apart


def test_a_year_that_is_part_of_a_name_dates_nothing() -> None:
    assert dates_in("L'Agenda 2030 fixe dix-sept objectifs.") == []


def test_a_trajectory_is_in_order_and_each_fact_quoted(fiches) -> None:
    found = trajectory(fiches, "loos")
    starts = [event.start for event in found.events]
    assert starts == sorted(starts) and len(starts) > 5
    citations = [citation for event in found.events for citation in event.citations]
    assert all(citation.verdict is Verdict.VERIFIED for citation in citations)
    assert len({citation.title for citation in citations}) > 3  # other fiches tell of it too
    with pytest.raises(UsageError, match="Nulle-Part"):
        trajectory(fiches, "Nulle-Part")


def test_sentences_that_tell_one_event_stand_together(fiches) -> None:
    found = trajectory(fiches, "Loos-en-Gohelle")
    event = next(one for one in found.events if "Cité Belgique" in one.text)
    assert (event.start, event.end) == (1997, 1997) and len(event.citations) > 1
    assert event.contested  # 1997 for the town, 1998 for its evaluation


def test_a_trajectory_without_a_fiche_is_of_what_names_it(fiches) -> None:
    found = trajectory(fiches, "Fabrique des Transitions")
    assert all("Fabrique des Transitions" in event.text for event in found.events)


def test_dates_come_from_any_document_and_leave_with_it(tmp_path) -> None:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "note.txt").write_text(
        "Note\n\nKernstadt hat im Jahr 2018 die letzte Zeche geschlossen.", encoding="utf-8"
    )
    Importer(settings).run([tmp_path / "note.txt"])
    fiches = Fiches(Answerer(settings))
    (event,) = trajectory(fiches, "Kernstadt").events
    assert (event.start, event.citations[0].lang) == (2018, "de")
    withdraw(settings, event.citations[0].document_id)
    with pytest.raises(UsageError):
        trajectory(fiches, "Kernstadt")


def test_a_home_of_an_older_version_gets_its_dates_at_the_next_import(tmp_path) -> None:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "note.txt").write_text("Note\n\nKernville a ouvert son écopôle en 2002.")
    Importer(settings).run([tmp_path / "note.txt"])
    with sqlite3.connect(settings.catalogue_path) as connection:
        connection.executescript("DELETE FROM facts; UPDATE documents SET dated = 0")
    Importer(settings).run([tmp_path / "note.txt"])
    assert trajectory(Fiches(Answerer(settings)), "Kernville").events[0].start == 2002


def test_an_unknown_name_over_a_corpus_without_territories_suggests_none(tmp_path) -> None:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "note.txt").write_text("Note\n\nKernville a ouvert son écopôle en 2002.")
    Importer(settings).run([tmp_path / "note.txt"])
    with pytest.raises(UsageError) as caught:
        trajectory(Fiches(Answerer(settings)), "Nulle-Part")
    assert caught.value.code == "no_territory"
