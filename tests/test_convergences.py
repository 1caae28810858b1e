"""Projects read from tables, linked by rule, and what they could become together."""

import pytest

from advisor.answer.models import Verdict
from advisor.errors import UsageError
from advisor.guidance.convergence_rules import load_rules
from advisor.guidance.convergences import converge
from advisor.guidance.profile import Profile
from advisor.guidance.projects import projects_of, read_projects

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


def test_a_link_is_made_for_what_one_of_the_projects_has(fiches) -> None:
    """A canteen beside a solar roof is no farm that produces energy."""

    def titles(*names: str) -> list[str]:
        found = converge(fiches, projects_of(list(names)), Profile())
        return [group.title for group in found.groups]

    farm = "Des fermes qui produisent aussi de l'énergie"
    assert farm not in titles("Toiture solaire de l'école", "Cantine bio de l'école")
    assert farm in titles("Toiture solaire de la ferme", "Maraîchage bio")
    youth = "Des jeunes qui font et qui entretiennent"
    assert youth not in titles("Rénover l'école avec les habitants", "Réunion publique sur l'école")
    assert youth in titles("Skate-park des jeunes", "Budget participatif de la jeunesse")


def test_german_compounds_tell_their_themes(fiches) -> None:
    projects = projects_of(["Solardach auf der Schule", "Sanierung der Siedlung"])
    found = converge(fiches, projects, Profile(country="DE"), "de")
    assert "energie" in found.projects[0].themes
    assert found.groups[0].title == "Sanieren und Heizen in einem Zug"


def test_every_rule_of_convergence_stands_in_the_corpus(fiches) -> None:
    rules = load_rules()
    assert len(rules.by_themes) == len(rules.links)
    for rule in rules.links:
        assert set(rule.themes) <= set(rules.themes)
        assert fiches.quoted(rule.fiche, rule.quote) is not None, rule.id
