"""A territory's profile: what is read, what is refused, what its fiche completes."""

import json

import pytest

from advisor.errors import UsageError
from advisor.guidance.complete import completed
from advisor.guidance.profile import (
    CONTEXTS,
    THEMES,
    Profile,
    make_profile,
    parse_population,
    read_profile,
)
from advisor.i18n import LANGUAGES, translate


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
        ({"population": "-5"}, "profile_value", "Population"),
        ({"population": "beaucoup"}, "profile_value", "Population"),
        ({"kind": "planète"}, "profile_choice", "commune"),
        ({"themes": ["magie"]}, "profile_choice", "energie"),
        ({"couleur": "vert"}, "profile_unknown_field", "couleur"),
        ({"departement": "999"}, "profile_value", "Département"),
        ({"departement": "Pas-de-Galles"}, "profile_value", "Pas-de-Galles"),
        ({"kind": "kreis", "country": "FR"}, "profile_contradiction", "Kreis"),
        ({"kind": "epci", "country": "DE"}, "profile_contradiction", "intercommunalité"),
        ({"departement": "62", "country": "DE"}, "profile_contradiction", "62"),
        ({"departement": "62", "region": "Bretagne"}, "profile_contradiction", "Bretagne"),
        ({"kind": "commune", "population": "67 000 000"}, "profile_contradiction", "67"),
        ({"kind": "region", "population": "12"}, "profile_contradiction", "région"),
    ],
)
def test_an_impossible_value_is_named_with_what_is_possible(values, code, named) -> None:
    with pytest.raises(UsageError) as raised:
        make_profile(values)
    assert raised.value.code == code
    assert named in raised.value.message("fr")


def test_a_value_may_be_given_by_its_name_in_three_languages() -> None:
    profile = make_profile(
        {
            "kind": "Intercommunalité",
            "contexts": ["mining", "Sortie du charbon", "ländlich"],
            "themes": ["logement", "Énergie", "water"],
            "stage": "engaged",
        }
    )
    assert (profile.kind, profile.stage) == ("epci", "engage")
    assert profile.contexts == ["minier", "charbon", "rural"]
    assert profile.themes == ["habitat", "energie", "eau"]
    assert make_profile({"kind": "Landkreis"}).country == "DE"
    for lang in LANGUAGES:
        for field, table, known in (
            ("contexts", "contexts", CONTEXTS), ("themes", "themes", THEMES),
        ):  # fmt: skip
            named = [translate(f"{table}.{key}", lang) for key in known]
            assert getattr(make_profile({field: named}), field) == list(known)


@pytest.mark.parametrize(
    ("typed", "code", "region"),
    [
        ("Pas-de-Calais", "62", "Hauts-de-France"),
        ("cote d'or", "21", "Bourgogne-Franche-Comté"),
        ("2a", "2A", "Corse"),
        ("1", "01", "Auvergne-Rhône-Alpes"),
        ("974", "974", "La Réunion"),
    ],
)
def test_a_departement_is_given_by_code_or_name_and_tells_its_region(typed, code, region) -> None:
    profile = make_profile({"departement": typed})
    assert (profile.departement, profile.region) == (code, region)
    assert make_profile({"departement": typed, "region": "Land"}).region == "Land"


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


def test_a_known_territory_completes_the_profile_without_replacing_what_was_given(fiches) -> None:
    given = make_profile({"name": "loos en gohelle", "population": "7 000"})
    profile = completed(fiches, given, given.model_fields_set)
    assert profile.name == "Loos-en-Gohelle"
    assert profile.insee == "62528"
    assert profile.population == 7000
    assert "minier" in profile.contexts
    assert completed(fiches, Profile(name="Nulle-Part")) == Profile(name="Nulle-Part")
