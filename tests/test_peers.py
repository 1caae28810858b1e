"""Territories to learn from: why, what is alike, what differs."""

import re

import pytest

from advisor.answer.answerer import Answerer
from advisor.answer.models import Verdict
from advisor.errors import UsageError
from advisor.guidance.complete import completed
from advisor.guidance.eligibility import Decision
from advisor.guidance.fiches import Fiches
from advisor.guidance.peers import peers
from advisor.guidance.profile import Profile, make_profile
from advisor.i18n import format_number
from tests.conftest import ROOT
from tests.test_eligibility import VILLAGE, decision


def test_a_peer_is_quoted_on_itself_not_on_another(fiches) -> None:
    found = peers(fiches, Profile(kind="commune"), "réseau de chaleur au bois", k=10)
    le_mene = next(one for one in found.peers if one.slug == "le-mene")
    assert all("Tramayes" not in citation.quote for citation in le_mene.citations)


def test_what_a_fiche_says_of_one_peer_is_no_reason_for_another(fiches) -> None:
    found = peers(fiches, Profile(), "rénover l'école communale et son gymnase", k=10).peers
    told = [one.slug for one in found if any("gymnase" in reason for reason in one.reasons)]
    assert told == ["malaunay"]


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


def test_every_population_of_a_peer_has_its_source_and_its_year_or_the_word_that_it_has_none(
    fiches,
) -> None:
    profile = make_profile({"kind": "commune", "population": 100_000, "contexts": ["minier"]})
    found = peers(fiches, profile, k=50)
    assert len(found.peers) > 30
    assert sum("peuplé" in text for one in found.peers for text in one.differences) > 10
    for one in found.peers:
        assert bool(one.population) == bool(one.population_source)
        assert one.updated
        said = [text for text in one.differences if "peuplé" in text]
        if said and one.population:
            assert format_number(one.population) in said[0]
            assert str(one.population_year or "année non précisée") in said[0]


def test_a_british_town_is_out_of_reach_of_french_programmes(fiches) -> None:
    town = completed(fiches, make_profile({"name": "Totnes"}), {"name"})
    assert town.country == "GB"
    assert decision(town) == (Decision.NOT_ELIGIBLE, "french_only")
    assert decision(town, scope="europe")[1] == "outside_union"
    others = peers(fiches, town, "rénovation", k=5).peers
    assert others
    assert all("Autre pays" in " ".join(one.differences) for one in others)


def test_a_population_that_sources_round_is_said_to_be_so(fiches) -> None:
    found = {one.slug: one for one in peers(fiches, VILLAGE, k=50).peers}
    assert found["wolfhagen"].population_approximate
    assert not found["loos-en-gohelle"].population_approximate
    large = make_profile({"kind": "commune", "population": 100_000, "contexts": ["rural"]})
    (said,) = (
        " ".join(one.differences) for one in peers(fiches, large, k=50).peers
        if one.slug == "wolfhagen"
    )  # fmt: skip
    assert "environ 13\u202f000" in said


def test_a_corrected_fiche_is_read_in_each_publication(settings, tmp_path, import_into) -> None:
    """What is derived of the fiches of one publication is not served for another."""
    place = (ROOT / "corpus" / "territoires" / "malaunay.md").read_text(encoding="utf-8")
    read = Fiches(Answerer(settings))
    for size in range(5_000, 5_006):
        path = tmp_path / "malaunay.md"
        path.write_text(re.sub(r"value: \d+", f"value: {size}", place), encoding="utf-8")
        import_into(settings, path)
        (peer,) = peers(read, Profile(kind="commune", population=size)).peers
        assert peer.population == size
        assert peer.shares["population"] == 1.0
