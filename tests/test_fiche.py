from pathlib import Path

import pytest

from advisor.catalogue.fiche import FicheError, is_fiche, parse_fiche
from advisor.catalogue.fiche_check import check_body, check_corpus
from tests.conftest import ROOT

FICHE = """---
kind: dispositif
title: Fonds d'essai
updated: 2026-11-23
summary: Un fonds imaginaire qui sert à vérifier la lecture des fiches.
themes: [energie]
sources:
  - {id: s1, name: Journal officiel, date: 2021-02-10}
dispositif:
  holder: État
  audience: [commune]
  eligibility: Toutes les communes de moins de 20 000 habitants.
  offer: Une subvention de 50 000 € au plus.
  scope: national
  population_max: 20000
  status: ouvert
  checked: 2026-11-22
---
Le fonds d'essai finance des études depuis 2021[^s1].

## Pour qui

- Pour 50 000 € au plus, les communes de moins de 20 000 habitants y ont droit[^s1].
"""


def test_a_valid_fiche_is_parsed() -> None:
    fiche = parse_fiche(FICHE)
    assert fiche.front.dispositif is not None
    assert fiche.front.dispositif.population_max == 20000
    assert fiche.front.sources[0].date == "2021-02-10"
    assert check_body(fiche) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("themes: [energie]", "themes: [magie]", 6),
        ("  status: ouvert", "  status: bientôt", 16),
        ("kind: dispositif", "kind: territoire", 2),
        ("updated: 2026-11-23", "updated: hier", 4),
        ("  holder: État", "  holder: [", 11),
    ],
)
def test_an_error_is_reported_with_its_line(old: str, new: str, line: int) -> None:
    with pytest.raises(FicheError) as caught:
        parse_fiche(FICHE.replace(old, new))
    assert abs(caught.value.problems[0].line - line) <= 1


def test_a_paragraph_without_source_or_with_an_unknown_one_is_reported() -> None:
    bare = check_body(parse_fiche(FICHE.replace("depuis 2021[^s1].", "depuis 2021.")))
    assert [problem.line for problem in bare] == [19]
    unknown = check_body(parse_fiche(FICHE.replace("droit[^s1]", "droit[^s9]")))
    assert any("s9" in problem.message for problem in unknown)
    doubtful = FICHE.replace("depuis 2021[^s1].", "depuis 2021 (à vérifier).")
    assert check_body(parse_fiche(doubtful)) == []


def test_a_link_to_a_fiche_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    text = FICHE.replace("themes:", "related: [absente]\nthemes:")
    (tmp_path / "fonds.md").write_text(text, encoding="utf-8")
    count, problems = check_corpus(tmp_path)
    assert count == 1
    assert "absente" in problems[0].problem.message


def test_the_starter_corpus_is_valid_and_as_large_as_promised() -> None:
    count, problems = check_corpus(ROOT / "corpus")
    assert problems == []
    sizes = {
        path.name: len(list(path.glob("*.md")))
        for path in (ROOT / "corpus").iterdir()
        if path.is_dir()
    }
    assert sizes["territoires"] >= 38
    assert sizes["dispositifs"] >= 48
    assert sizes["referentiels"] + sizes["evaluations"] >= 24
    assert sizes["experiences"] >= 20
    assert sizes["chartes"] >= 9
    assert count == sum(sizes.values())


def test_an_impossible_date_and_an_unreadable_header_are_reported_not_raised(
    tmp_path: Path,
) -> None:
    (tmp_path / "date.md").write_text(FICHE.replace("2026-11-23", "2026-13-45"), encoding="utf-8")
    (tmp_path / "ouverte.md").write_text(
        FICHE.replace("\n---\nLe fonds", "\nLe fonds"), encoding="utf-8"
    )
    (tmp_path / "guillemet.md").write_text(FICHE.replace("title: F", 'title: "F'), encoding="utf-8")
    count, problems = check_corpus(tmp_path)
    assert count == 3
    assert {one.path.stem for one in problems} == {"date", "ouverte", "guillemet"}
    for name in ("date", "ouverte", "guillemet"):
        assert is_fiche((tmp_path / f"{name}.md").read_text(encoding="utf-8"))
    assert not is_fiche("---\n\nUn simple filet, puis du texte.\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("checked: 2026-11-22", "checked: 2026-22", "AAAA-MM"),
        ("date: 2021-02-10", "date: 2023-24", "AAAA-MM"),
        ("updated: 2026-11-23", 'updated: "2026-02-30"', "2026-02-30"),
        ("  population_max: 20000", "  population_max: 2\n  population_min: 3", "population_min"),
        ("  status:", "  start: 2026-05\n  end: 2025\n  status:", "end précède start"),
        ("themes:", "title: Un autre titre\nthemes:", "« title » est là deux fois"),
        ("---\nkind", "\n---\nkind", "ouvrir le fichier"),
        ("\n---\nLe fonds", "\nLe fonds", "ferme l'en-tête"),
        ("kind:", "Kind:", "Kind"),
    ],
)
def test_a_header_that_would_mislead_is_a_fiche_to_correct(old: str, new: str, said: str) -> None:
    text = FICHE.replace(old, new)
    assert is_fiche(text)
    with pytest.raises(FicheError, match=said):
        parse_fiche(text)


def test_a_code_keeps_its_first_zero_and_any_line_ends_will_do() -> None:
    text = FICHE.replace("  scope: national", "  scope: local\n  departements: [01, 2A, 62]")
    for ends in ("\n", "\r\n", "\r"):
        front = parse_fiche(text.replace("\n", ends)).front
        assert front.dispositif is not None
        assert front.dispositif.departements == ["01", "2A", "62"]


def test_a_folder_or_a_broken_link_named_like_a_fiche_does_not_stop_the_check(
    tmp_path: Path,
) -> None:
    (tmp_path / "dossier.md").mkdir()
    (tmp_path / "lien.md").symlink_to(tmp_path / "absent.md")
    (tmp_path / "fonds.MD").write_text(FICHE, encoding="utf-8")
    count, problems = check_corpus(tmp_path)
    assert (count, [one.path.name for one in problems]) == (2, ["lien.md"])
