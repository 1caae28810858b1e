"""Eligibility, suggestions, peers: each with its reason and its quote."""

import json
import re

import pytest

from advisor.answer.answerer import Answerer
from advisor.answer.models import Verdict
from advisor.errors import UsageError
from advisor.guidance.beside import beside
from advisor.guidance.complete import completed
from advisor.guidance.dispositifs import suggest
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import Profile
from advisor.guidance.stated import with_stated
from advisor.i18n import LANGUAGES
from advisor.retrieval.conversation import Turn
from advisor.text.mentions import numbers_in
from advisor.web.charts import Point, map_svg, radar_svg
from tests.conftest import ROOT
from tests.test_eligibility import TODAY, VILLAGE
from tests.test_fiche import FICHE


def test_nothing_asked_and_nothing_known_is_said(fiches) -> None:
    with pytest.raises(UsageError, match="besoin"):
        suggest(fiches, "   ", Profile())
    assert not any(
        "Répond à votre besoin" in reason
        for one in suggest(fiches, "", VILLAGE, today=TODAY).suggestions
        for reason in one.reasons
    )


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


def test_suggestions_stand_beside_the_answers_that_call_for_them(fiches) -> None:
    ask = fiches.answerer.answer
    helped = beside(fiches, ask("Quelles aides pour une chaufferie bois ?"))
    assert helped.dispositifs[0].slug == "fonds-chaleur"
    others = beside(fiches, ask("Quelles communes ont un réseau de chaleur au bois ?"))
    assert {one.slug for one in others.peers} & {"tramayes", "montdidier", "le-mene"}
    assert beside(fiches, ask("Bonjour")).dispositifs == []
    listed = ask("Quelles communes ont moins de 1 000 habitants ?")
    assert listed.listing and beside(fiches, listed).peers == []


def test_what_would_decide_is_asked_for_the_name_first(fiches) -> None:
    answer = fiches.answerer.answer("Quelles aides pour une chaufferie bois ?")
    assert beside(fiches, answer).missing[0] == "name"
    named = beside(fiches, answer, Profile(name="Ma commune")).missing
    assert "kind" in named and "name" not in named
    known = completed(fiches, Profile(name="Malaunay"), {"name"})
    assert "kind" not in beside(fiches, answer, known).missing


def test_where_to_begin_leads_to_the_self_diagnosis(fiches) -> None:
    for question in ("Par où commencer la transition ?", "Where should we start the transition?"):
        assert beside(fiches, fiches.answerer.answer(question)).diagnosis
    other = fiches.answerer.answer("Comment Loos-en-Gohelle a-t-elle impliqué ses habitants ?")
    assert not beside(fiches, other).diagnosis


def test_nothing_stands_beside_a_question_without_answer_that_calls_for_nothing(fiches) -> None:
    answer = fiches.answerer.answer("Quelle est la capitale du Pérou ?")
    assert answer.status == "insufficient" and answer.citations
    found = beside(fiches, answer)
    assert found.peers == [] and found.dispositifs == [] and found.missing == []


def test_peers_beside_elsewhere_leave_out_the_place_left(fiches) -> None:
    asked = "Comment Loos-en-Gohelle a-t-elle impliqué ses habitants ?"
    said = Turn(asked, fiches.answerer.answer(asked).answer_markdown)
    found = beside(fiches, fiches.answerer.answer("et ailleurs ?", [said]))
    assert found.peers
    assert "loos-en-gohelle" not in [one.slug for one in found.peers]


# -- where numbers come from ------------------------------------------------------------


def test_every_number_of_a_dispositif_is_quoted_beside_it_with_a_source_and_a_date(fiches) -> None:
    records = {record.slug: record for record in fiches.of_kind("dispositif")}
    seen = set()
    for record in records.values():
        found = suggest(fiches, record.title, VILLAGE, k=50, today=TODAY)
        for one in (*found.suggestions, *found.excluded):
            seen.add(one.slug)
            quoted = set().union(*(numbers_in(citation.quote) for citation in one.citations))
            assert records[one.slug].dispositif.stated_numbers(TODAY) <= quoted, one.slug
            shown = numbers_in(f"{one.offer} {(one.deadline or '')[:4]}")
            assert shown <= quoted, one.slug
            for citation in one.citations:
                assert citation.sources or not numbers_in(citation.quote), one.slug
                assert citation.date
                assert citation.verdict is Verdict.VERIFIED
    assert len(seen) >= 0.9 * len(records)


def test_a_fiche_whose_header_says_a_number_its_text_does_not_is_to_correct(tmp_path) -> None:
    from advisor.catalogue.fiche_check import check_corpus

    source = (ROOT / "corpus" / "dispositifs" / "fonds-vert.md").read_text(encoding="utf-8")
    assert "2 milliards" in source.replace("\u00a0", " ").replace("\u202f", " ")
    folder = tmp_path / "dispositifs"
    folder.mkdir()
    changed = re.sub(r'(offer: "?)', r"\g<1>777 millions d'euros. ", source)
    (folder / "fonds-vert.md").write_text(changed, encoding="utf-8")
    _, problems = check_corpus(tmp_path)
    assert any("777" in one.problem.message for one in problems)


def test_a_header_number_that_no_paragraph_says_comes_with_the_sources_of_the_fiche(
    settings, tmp_path, import_into
) -> None:
    silent = FICHE.replace("- Pour 50 000 € au plus, les communes", "- Les communes")
    (tmp_path / "fonds.md").write_text(silent, encoding="utf-8")
    assert "en-tête" in import_into(settings, tmp_path).documents[0].message
    found = suggest(Fiches(Answerer(settings)), "financer des études", VILLAGE, today=TODAY)
    assert [source.name for source in found.suggestions[0].sources] == ["Journal officiel"]


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


def test_a_territory_is_no_peer_of_a_question_about_itself(fiches) -> None:
    answer = fiches.answerer.answer("Que fait Kingersheim pour la participation ?")
    found = beside(fiches, answer)
    assert found.peers
    assert "kingersheim" not in {one.slug for one in found.peers}


def test_a_reason_names_the_subject_and_not_the_words_of_asking(fiches) -> None:
    found = suggest(fiches, "Quelles aides pour le vélo dans notre commune ?", Profile(), "fr", k=5)
    reasons = " ".join(reason for one in found.suggestions for reason in one.reasons)
    assert "vélo" in reasons
    assert not re.search(r"besoin : [^.]*\b(aides|commune)\b", reasons)


@pytest.mark.parametrize(
    ("question", "kind", "population"),
    [
        ("Notre commune compte 2 800 habitants : quels programmes ?", "commune", 2800),
        ("Communauté de communes de 15 000 habitants, que devons-nous faire ?", "epci", 15000),
        ("Ville de 12 000 hab. dont le centre se vide, éligible à quoi ?", "commune", 12000),
        ("Notre agglo cherche une aide", "epci", None),
        ("Unsere Stadt hat 12.000 Einwohner: welche Förderung?", "stadt", 12000),
        ("Our town of 5,000 people needs a grant", "autre", 5000),
        ("Quelle commune de 800 habitants a réussi ?", "autre", None),
    ],
)
def test_a_question_says_who_asks(question: str, kind: str, population: int | None) -> None:
    known = with_stated(Profile(), question)
    assert (known.kind, known.population) == (kind, population)
    given = with_stated(Profile(kind="petr", population=40_000), question)
    assert (given.kind, given.population) == ("petr", 40_000)


def test_what_a_question_says_of_who_asks_decides_what_is_suggested(fiches) -> None:
    def suggested(size: str) -> set[str]:
        question = (
            f"Notre commune compte {size} habitants : quels programmes pour les villages sans"
            " ingénierie ?"
        )
        shown = beside(fiches, fiches.answerer.answer(question)).dispositifs
        return {one.slug for one in shown}

    assert "villages-davenir" in suggested("2 800")
    assert "villages-davenir" not in suggested("60 000")


def test_a_common_word_alone_is_no_reason_and_stands_beside_no_answer(fiches) -> None:
    found = suggest(fiches, "changer le fioul de la mairie", Profile(), today=TODAY)
    assert found.suggestions
    assert not any(one.bears for one in found.suggestions)
    assert all("Répond à votre besoin" not in " ".join(one.reasons) for one in found.suggestions)
    heated = suggest(fiches, "changer la chaudière de la mairie", Profile(), today=TODAY)
    assert heated.suggestions[0].slug == "fonds-chaleur"
    assert heated.suggestions[0].reasons[0] == "Répond à votre besoin\u00a0: chaudière."


def test_words_of_asking_are_no_need(fiches) -> None:
    found = suggest(
        fiches,
        "Notre commune n'est pas riche : quelles aides demander en 2026 pour l'énergie ?",
        Profile(),
        today=TODAY,
    )
    shared = [text for one in found.suggestions for text in one.reasons if "votre besoin" in text]
    assert shared
    assert not any(re.search(r"\b(pas|demander|aides|2026)\b", text) for text in shared)


@pytest.mark.parametrize(
    ("question", "slug", "decision"),
    [
        ("Notre commune de 5 000 habitants peut-elle entrer dans Villages d'avenir ?",
         "villages-davenir", "not_eligible"),
        ("Ma commune peut-elle bénéficier de TEPCV ?", "tepcv", "closed"),
    ],
)  # fmt: skip
def test_a_programme_asked_about_is_told_to_be_out_of_reach(
    fiches, question, slug, decision
) -> None:
    first = beside(fiches, fiches.answerer.answer(question)).dispositifs[0]
    assert (first.slug, first.decision) == (slug, decision)
