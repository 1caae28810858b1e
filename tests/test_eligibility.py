"""Who may ask for a dispositif: each rule with its reason."""

import pytest

from advisor.catalogue.fiche import Dispositif
from advisor.guidance.eligibility import Decision, decide
from advisor.guidance.profile import Profile

TODAY = "2026-11-24"


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


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Dijon", "in_list"),
        ("Métropole de Dijon", "in_list"),
        ("Fontaine-lès-Dijon", "not_in_list"),
    ],
)
def test_a_closed_list_holds_a_town_and_not_its_neighbour(name: str, code: str) -> None:
    listed = record(reserved_to=["Dijon", "Paris"])
    reasons = decide(Profile(name=name, kind="commune"), listed, TODAY)[1]
    assert code in [reason.code for reason in reasons]


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
    ("changes", "expected"),
    [
        ({"eligibility": "Réservé à dix territoires, dont le Nord."}, (Decision.CHECK, "reserved")),
        (
            {"eligibility": "Réservé à la région.", "regions": ["Bretagne"]},
            (Decision.NOT_ELIGIBLE, "elsewhere"),
        ),
    ],
)
def test_a_reservation_that_no_field_holds_is_to_be_checked(changes, expected) -> None:
    assert decision(VILLAGE, **changes) == expected
