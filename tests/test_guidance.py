"""Profiles, eligibility, suggestions, peers, diagnosis: each with its reason and its quote."""

import json
import sqlite3
from pathlib import Path

import pytest

from advisor.answer.answerer import Answerer
from advisor.answer.models import Verdict
from advisor.catalogue.fiche import Dispositif
from advisor.errors import UsageError
from advisor.guidance.beside import beside
from advisor.guidance.complete import completed
from advisor.guidance.convergences import converge, load_rules
from advisor.guidance.diagnosis import diagnose, load_parcours, read_answers
from advisor.guidance.dispositifs import suggest
from advisor.guidance.eligibility import Decision, decide
from advisor.guidance.fiches import Fiches
from advisor.guidance.peers import peers
from advisor.guidance.profile import Profile, make_profile, parse_population, read_profile
from advisor.guidance.projects import projects_of, read_projects
from advisor.guidance.trajectory import trajectory
from advisor.i18n import LANGUAGES
from advisor.settings import Settings
from advisor.text.dates import contested, dates_in
from advisor.web.charts import Point, map_svg, radar_svg
from ingest.pipeline import Importer, withdraw
from tests.conftest import ROOT

TODAY = "2026-11-24"


@pytest.fixture(scope="module")
def fiches(tmp_path_factory) -> Fiches:
    settings = Settings(home=tmp_path_factory.mktemp("corpus"))
    Importer(settings).run([ROOT / "corpus"])
    return Fiches(Answerer(settings))


def record(**changes: object) -> Dispositif:
    base = {
        "holder": "Région", "audience": ["commune"], "eligibility": "Pour les communes.",
        "offer": "Une aide aux travaux.", "scope": "national", "status": "ouvert",
        "checked": "2026-11-01",
    }  # fmt: skip
    return Dispositif.model_validate({**base, **changes})


def decision(profile: Profile, **changes: object) -> tuple[Decision, str]:
    found, reasons = decide(profile, record(**changes), TODAY)
    return found, reasons[0].code


VILLAGE = Profile(
    kind="commune",
    population=640,
    departement="23",
    region="Nouvelle-Aquitaine",
    contexts=["rural"],
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (Decision.ELIGIBLE, "audience")),
        ({"status": "clos"}, (Decision.CLOSED, "closed")),
        ({"end": "2025"}, (Decision.CLOSED, "closed")),
        ({"end": "2026"}, (Decision.ELIGIBLE, "audience")),
        ({"start": "2027-01"}, (Decision.CHECK, "not_yet")),
        ({"status": "à vérifier"}, (Decision.CHECK, "to_check")),
        ({"audience": ["epci"]}, (Decision.NOT_ELIGIBLE, "epci_only")),
        ({"audience": ["association"]}, (Decision.NOT_ELIGIBLE, "other_audience")),
        ({"population_min": 3500}, (Decision.NOT_ELIGIBLE, "too_small")),
        ({"population_max": 500}, (Decision.NOT_ELIGIBLE, "too_large")),
        ({"departements": ["62"]}, (Decision.NOT_ELIGIBLE, "elsewhere")),
        ({"regions": ["nouvelle aquitaine"]}, (Decision.ELIGIBLE, "audience")),
        ({"contexts": ["minier"]}, (Decision.NOT_ELIGIBLE, "context_needed")),
        ({"contexts": ["agricole"]}, (Decision.CHECK, "context_needed")),
        ({"reserved_to": ["Lyon", "Paris"]}, (Decision.NOT_ELIGIBLE, "list_unknown")),
    ],
)  # fmt: skip
def test_each_rule_decides_with_its_reason(changes, expected) -> None:
    assert decision(VILLAGE, **changes) == expected


def test_what_is_not_known_is_to_check_never_guessed() -> None:
    blank = Profile()
    assert decision(blank)[0] is Decision.CHECK
    commune = Profile(kind="commune")
    for changes in (
        {"population_max": 500},
        {"departements": ["62"]},
        {"regions": ["Bretagne"]},
        {"contexts": ["minier"]},
    ):
        assert decision(commune, **changes)[0] is Decision.CHECK


def test_a_german_town_is_not_offered_french_programmes_but_european_ones_to_check() -> None:
    town = Profile(kind="stadt", country="DE")
    assert decision(town) == (Decision.NOT_ELIGIBLE, "french_only")
    assert decision(town, scope="europe")[0] is Decision.CHECK


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("12 000 hab.", 12000),
        ("12.000", 12000),
        ("12\u202f000 habitants", 12000),
        ("640", 640),
        (7, 7),
    ],
)
def test_a_population_is_read_as_it_is_written(typed, read) -> None:
    assert parse_population(typed) == read


@pytest.mark.parametrize(
    ("values", "code", "named"),
    [
        ({"population": "-5"}, "profile_value", "population"),
        ({"population": "beaucoup"}, "profile_value", "population"),
        ({"kind": "village"}, "profile_choice", "commune"),
        ({"themes": ["magie"]}, "profile_choice", "energie"),
        ({"couleur": "vert"}, "profile_unknown_field", "couleur"),
        ({"departement": "Pas-de-Calais"}, "profile_value", "departement"),
    ],
)
def test_an_impossible_value_is_named_with_what_is_possible(values, code, named) -> None:
    with pytest.raises(UsageError) as raised:
        make_profile(values)
    assert raised.value.code == code
    assert named in raised.value.message("fr")


def test_a_damaged_profile_file_is_a_sentence(tmp_path) -> None:
    for content in ("{", "[1]", "\x00\x01"):
        (tmp_path / "profil.json").write_text(content)
        with pytest.raises(UsageError, match="JSON"):
            read_profile(tmp_path / "profil.json")
    with pytest.raises(UsageError):
        read_profile(tmp_path / "absent.json")


def test_a_profile_written_with_nothing_known_is_read_back(tmp_path) -> None:
    path = tmp_path / "profil.json"
    path.write_text(json.dumps(Profile(name="Lens").model_dump(mode="json")), encoding="utf-8")
    assert read_profile(path) == Profile(name="Lens")


def test_a_namesake_in_another_departement_is_another_territory(fiches) -> None:
    other = make_profile({"name": "Loos", "departement": "59"})
    assert completed(fiches, other, other.model_fields_set) == other


def test_nothing_asked_and_nothing_known_is_said(fiches) -> None:
    with pytest.raises(UsageError, match="besoin"):
        suggest(fiches, "   ", Profile())
    assert not any(
        "Répond à votre besoin" in reason
        for one in suggest(fiches, "", VILLAGE, today=TODAY).suggestions
        for reason in one.reasons
    )


def test_a_peer_is_quoted_on_itself_not_on_another(fiches) -> None:
    found = peers(fiches, Profile(kind="commune"), "réseau de chaleur au bois", k=10)
    le_mene = next(one for one in found.peers if one.slug == "le-mene")
    assert all("Tramayes" not in citation.quote for citation in le_mene.citations)


def test_a_known_territory_completes_the_profile_without_replacing_what_was_given(fiches) -> None:
    given = make_profile({"name": "loos en gohelle", "population": "7 000"})
    profile = completed(fiches, given, given.model_fields_set)
    assert profile.name == "Loos-en-Gohelle"
    assert profile.insee == "62528"
    assert profile.population == 7000
    assert "minier" in profile.contexts
    assert completed(fiches, Profile(name="Nulle-Part")) == Profile(name="Nulle-Part")


def test_every_suggestion_has_a_reason_and_a_verified_quote_and_none_is_shut(fiches) -> None:
    found = suggest(fiches, "rénover l'école et le gymnase", VILLAGE, today=TODAY)
    assert found.suggestions
    for one in found.suggestions:
        assert one.decision in ("eligible", "check")
        assert one.reasons
        assert one.citations
        assert all(citation.verdict is Verdict.VERIFIED for citation in one.citations)
    for one in found.excluded:
        assert one.decision in ("closed", "not_eligible")


def test_the_same_need_gives_the_same_suggestions(fiches) -> None:
    first, second = (suggest(fiches, "friche minière", Profile(), today=TODAY) for _ in range(2))
    assert first == second


def test_reasons_are_in_the_language_asked_for(fiches) -> None:
    texts = {
        lang: suggest(fiches, "chaufferie bois", VILLAGE, lang, today=TODAY)
        .suggestions[0]
        .reasons[0]
        for lang in LANGUAGES
    }
    assert len(set(texts.values())) == len(LANGUAGES)


def test_peers_say_why_quote_what_was_done_and_what_differs(fiches) -> None:
    profile = make_profile(
        {"name": "Ma commune", "kind": "commune", "population": 1100, "contexts": ["rural"]}
    )
    found = peers(fiches, profile, "réseau de chaleur au bois")
    assert found.peers[0].slug in {"tramayes", "montdidier", "le-mene"}
    for one in found.peers:
        assert one.reasons
        assert all(citation.verdict is Verdict.VERIFIED for citation in one.citations)
    everyone = peers(fiches, profile, k=50).peers
    larger = [one for one in everyone if one.population and one.population > 10_000]
    assert larger
    assert all("fois plus peuplé" in " ".join(one.differences) for one in larger)


def test_a_territory_is_not_its_own_peer_and_a_country_named_is_kept_to(fiches) -> None:
    own = completed(fiches, Profile(name="Bottrop"))
    assert "bottrop" not in {one.slug for one in peers(fiches, own, "charbon", k=20).peers}
    found = peers(fiches, own, "quelles villes françaises sorties du charbon ?")
    assert {one.country for one in found.peers} == {"FR"}


def test_weights_are_shown_and_can_be_changed(fiches) -> None:
    profile = make_profile({"kind": "stadt", "contexts": ["charbon"]})
    plain = peers(fiches, profile, "réseau de chaleur", k=30)
    moved = peers(fiches, profile, "réseau de chaleur", k=30, weights={"topic": 0.0})
    assert plain.weights["topic"] > 0 == moved.weights["topic"]
    assert [one.slug for one in plain.peers] != [one.slug for one in moved.peers]
    with pytest.raises(UsageError, match="context"):
        peers(fiches, profile, weights={"couleur": 1.0})


def test_suggestions_stand_beside_the_answers_that_call_for_them(fiches) -> None:
    ask = fiches.answerer.answer
    helped = beside(fiches, ask("Quelles aides pour une chaufferie bois ?"))
    assert helped.dispositifs[0].slug == "fonds-chaleur"
    others = beside(fiches, ask("Quelles communes ont un réseau de chaleur au bois ?"))
    assert {one.slug for one in others.peers} & {"tramayes", "montdidier", "le-mene"}
    assert beside(fiches, ask("Bonjour")).dispositifs == []


def test_what_would_decide_is_asked_for_the_name_first(fiches) -> None:
    answer = fiches.answerer.answer("Quelles aides pour une chaufferie bois ?")
    assert beside(fiches, answer).missing[0] == "name"
    named = beside(fiches, answer, Profile(name="Ma commune")).missing
    assert "kind" in named and "name" not in named
    known = completed(fiches, Profile(name="Malaunay"), {"name"})
    assert "kind" not in beside(fiches, answer, known).missing


# -- self-diagnosis ---------------------------------------------------------------------


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
    found = diagnose(fiches, load_parcours(), answers, VILLAGE)
    assert [round(score.score or 0, 2) for score in found.scores] == [0.17, 1.0, 0.5, 1.0]
    assert len(found.strengths) == 2
    assert [step.statement for step in found.steps] == ["engagement-1", "cooperation-1"]
    for step in found.steps:
        assert step.source and step.source.verdict is Verdict.VERIFIED
        assert step.examples
    empty = diagnose(fiches, load_parcours(), {}, VILLAGE)
    assert empty.steps == [] and all(score.score is None for score in empty.scores)


def test_wrong_answers_and_a_wrong_parcours_are_sentences(fiches, tmp_path) -> None:
    for answers in ({"inconnu": 1}, {"engagement-1": 7}, {"engagement-1": True}):
        with pytest.raises(UsageError):
            diagnose(fiches, load_parcours(), answers, VILLAGE)
    path = tmp_path / "parcours.yaml"
    path.write_text("id: x\ntitle: {fr: abc}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="title"):
        load_parcours(path)
    path.write_text("id: [", encoding="utf-8")
    with pytest.raises(UsageError):
        load_parcours(Path(path.rename(tmp_path / "autre.yaml")))
    (tmp_path / "reponses.json").write_text("[]")
    with pytest.raises(UsageError):
        read_answers(tmp_path / "reponses.json")


# -- trajectory -------------------------------------------------------------------------


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


# -- convergences -----------------------------------------------------------------------

PROJECTS = """Projet;Description;Porteur
Ferme municipale;Maraîchage bio pour fournir la cantine scolaire;Commune
Protection du captage;Réduire les nitrates dans l'eau potable;Syndicat des eaux
Festival de la mine;Spectacle avec les anciens mineurs;Compagnie du terril
Réouverture du carreau de fosse;Transformer la friche en tiers-lieu;Commune
Télétravail;Poste partagé;Commune
"""


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [(";", "utf-8"), (",", "utf-8-sig"), ("\t", "utf-16"), (";", "cp1252")],
)
def test_a_table_is_read_whatever_its_separator_and_encoding(tmp_path, separator, encoding):
    path = tmp_path / "projets.csv"
    path.write_text(PROJECTS.replace(";", separator), encoding=encoding)
    projects = read_projects(path)
    assert [one.name for one in projects][:2] == ["Ferme municipale", "Protection du captage"]
    assert projects[1].holder == "Syndicat des eaux"
    assert projects[1].description.endswith("potable")


@pytest.mark.parametrize(
    ("table", "name", "holder"),
    [
        ("Nom du porteur;Projet;Description\nMairie;Cantine;bio\n", "Cantine", "Mairie"),
        ("Nom de la commune;Intitulé du projet\nLoos;Cantine\n", "Cantine", ""),
        ("Liste des projets 2026;;\nprojet;description;porteur\nCantine;bio;Mairie\n", "Cantine", "Mairie"),
        ('projet;porteur\n"Cantine\nbio";Mairie\n', "Cantine bio", "Mairie"),
        ("projet;description\nCantine — phase 2;cuisine\n", "Cantine - phase 2", ""),
    ],
)  # fmt: skip
def test_the_project_and_its_holder_are_told_apart(tmp_path, table, name, holder) -> None:
    (tmp_path / "projets.csv").write_text(table, encoding="utf-8")
    (project,) = read_projects(tmp_path / "projets.csv")
    assert (project.name, project.holder) == (name, holder)
    # The page keeps a project as a line.
    (kept,) = projects_of([project.line])
    assert (kept.name, kept.holder) == (name, holder)


def test_lines_without_a_header_are_projects_commas_and_all(tmp_path) -> None:
    path = tmp_path / "liste.txt"
    path.write_text("Rénover l'école, tranche 1\n\nPlanter des haies\nPlanter des haies\n")
    assert [one.name for one in read_projects(path)] == [
        "Rénover l'école, tranche 1",
        "Planter des haies",
    ]


def test_a_table_that_holds_no_project_is_refused_in_words(tmp_path) -> None:
    (tmp_path / "vide.csv").write_text("projet;porteur\n;\n")
    (tmp_path / "cellules.csv").write_text('"",""\n')
    (tmp_path / "image.csv").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "trop.csv").write_text("\n".join(f"Projet {n}" for n in range(1001)))
    for name, code in (
        ("vide.csv", "projects_none"),
        ("cellules.csv", "projects_none"),
        ("image.csv", "projects_no_text"),
        ("trop.csv", "projects_many"),
        ("absent.csv", "no_such_file"),
    ):
        with pytest.raises(UsageError) as raised:
            read_projects(tmp_path / name)
        assert raised.value.code == code


def test_projects_that_reinforce_each_other_are_linked_with_reason_and_quote(fiches, tmp_path):
    (tmp_path / "projets.csv").write_text(PROJECTS, encoding="utf-8")
    found = converge(fiches, read_projects(tmp_path / "projets.csv"), Profile())
    links = {(link.source, link.target): link for link in found.links}
    assert {(1, 2), (3, 4)} <= set(links)
    for link in links.values():
        assert link.reasons and 0 < link.strength <= 1
        assert all(citation.verdict is Verdict.VERIFIED for citation in link.citations)
    assert "Lons-le-Saunier" in links[1, 2].citations[0].quote
    assert 5 in found.alone
    group = next(one for one in found.groups if one.projects == [1, 2])
    # The water board is there already; nobody has asked the farmers.
    assert group.missing == ["des agriculteurs"] and "eau" in group.title


def test_one_project_converges_with_nothing(fiches) -> None:
    with pytest.raises(UsageError) as raised:
        converge(fiches, projects_of(["Ferme municipale", "  "]), Profile())
    assert raised.value.code == "projects_few"


def test_german_compounds_tell_their_themes(fiches) -> None:
    projects = projects_of(["Solardach auf der Schule", "Sanierung der Siedlung"])
    found = converge(fiches, projects, Profile(country="DE"), "de")
    assert "energie" in found.projects[0].themes
    assert found.groups[0].title == "Sanieren und Heizen in einem Zug"


def test_every_rule_of_convergence_stands_in_the_corpus(fiches) -> None:
    rules = load_rules()
    assert len(rules.rules) == len(rules.links)
    for rule in rules.links:
        assert set(rule.themes) <= set(rules.themes)
        assert fiches.quoted(rule.fiche, rule.quote) is not None, rule.id


# -- charts -----------------------------------------------------------------------------


def test_charts_are_well_formed_and_escape_their_labels() -> None:
    from xml.etree import ElementTree

    radar = radar_svg([("Un <b>", 0.5), ("Deux", None), ("Trois", 1.0)], "Radar")
    chart = map_svg([Point("A & B", 48.9, 2.3, 0.4), Point("C", 51.0, 3.0, 9.0, own=True)], "Carte")
    for svg in (radar, chart):
        ElementTree.fromstring(svg)
        assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "<b>" not in radar


# -- command line -----------------------------------------------------------------------


def test_the_commands_print_json_and_refuse_in_one_sentence(fiches, tmp_path) -> None:
    from tests.test_cli import advisor

    environment = {"ADVISOR_HOME": str(fiches.answerer.search.catalogue.path.parent)}
    made = advisor("profile", "--name", "Loos", "--theme", "energie", "--json", **environment)
    assert json.loads(made.stdout)["departement"] == "62"
    profile = tmp_path / "profil.json"
    profile.write_text(made.stdout, encoding="utf-8")
    near = advisor("suggest", "chauffer l'école", "--profile", profile, "--json", **environment)
    first = json.loads(near.stdout)["suggestions"][0]
    assert first["citations"][0]["verdict"] == "verified"
    alike = advisor("peers", "--profile", profile, "chaleur bois", "--json", **environment)
    assert json.loads(alike.stdout)["peers"][0]["reasons"]
    for wrong in (
        ("profile", "--population", "beaucoup"),
        ("profile", "--kind", "hameau"),
        ("suggest", "x", "--profile", tmp_path / "absent.json"),
        ("peers", "--weight", "context=beaucoup"),
    ):
        refused = advisor(*wrong, **environment)
        assert refused.returncode == 2, wrong
        assert len(refused.stderr.strip().splitlines()) == 1
        assert "Traceback" not in refused.stderr
