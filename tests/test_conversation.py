"""What a question asks, contradictions, silence, small talk: what makes an answer honest."""

from collections.abc import Callable

import pytest

from advisor.answer.answerer import Answerer
from advisor.catalogue.journal import Journal
from advisor.catalogue.store import Catalogue
from advisor.retrieval.asked import Shape, Value, understand_shape, values_in
from advisor.retrieval.conversation import Turn

HISTORY = """La Chaîne des terrils

La Chaîne des terrils a été créée en 1988 pour sauvegarder le patrimoine minier.

Repères

1989 création de la Chaîne des terrils

1990 création de Culture Commune

2012 le bassin minier est inscrit au patrimoine mondial

Loosville compte 6 170 habitants et plante des haies chaque hiver.
"""
PLACE = """La Manufacture

La Manufacture des territoires est une démarche collective. Elle n'est pas un lieu physique mais une
communauté d'acteurs.

En 2018, le premier atelier réunit quatre communes pionnières.
"""


@pytest.fixture
def answerer(settings, folder, import_into) -> Answerer:
    (folder / "terrils.txt").write_text(HISTORY, encoding="utf-8")
    (folder / "manufacture.txt").write_text(PLACE, encoding="utf-8")
    import_into(settings, folder)
    return Answerer(settings)


@pytest.mark.parametrize(
    ("question", "lang", "shape", "values"),
    [
        ("Quand la charte a-t-elle été signée ?", "fr", Shape.FACT, {Value.DATE}),
        ("Combien d'habitants ?", "fr", Shape.FACT, {Value.NUMBER}),
        ("Comment impliquer les habitants ?", "fr", Shape.HOW, set()),
        ("Quels sont les quatre fondamentaux ?", "fr", Shape.LIST, set()),
        ("Quelle différence entre un CRTE et un COT ?", "fr", Shape.COMPARISON, set()),
        ("Qu'est-ce qu'un PCAET ?", "fr", Shape.OVERVIEW, set()),
        ("Who signed the charter, and when?", "en", Shape.FACT, {Value.PERSON, Value.DATE}),
        ("Wo liegt der Ort?", "de", Shape.FACT, {Value.PLACE}),
        ("Qui peut bénéficier du fonds ?", "fr", Shape.FACT, {Value.AUDIENCE}),
        ("Who is eligible?", "en", Shape.FACT, {Value.AUDIENCE}),
        ("Population de Loos ?", "fr", Shape.FACT, {Value.NUMBER}),
        ("Quelle est la superficie de la vallée ?", "fr", Shape.FACT, {Value.NUMBER}),
        ("Quels budgets participatifs ?", "fr", Shape.LIST, set()),
        ("Le fonds est-il encore ouvert ?", "fr", Shape.FACT, {Value.STATE}),
        ("Pourquoi les mines ont-elles fermé ?", "fr", Shape.OVERVIEW, set()),
        ("What is the charter?", "en", Shape.OVERVIEW, set()),
        ("Is the fund still open?", "en", Shape.FACT, {Value.STATE}),
        ("Was kostet das?", "de", Shape.FACT, {Value.NUMBER}),
        ("Notre population vieillit.", "fr", Shape.OVERVIEW, set()),
        ("La gare a été ouverte quand exactement ?", "fr", Shape.FACT, {Value.DATE}),
        ("Sait-on depuis quand ?", "fr", Shape.FACT, {Value.DATE}),
        ("Que faire quand les habitants ne viennent pas ?", "fr", Shape.HOW, set()),
        ("Quand on débute, par quoi commencer ?", "fr", Shape.HOW, set()),
        ("Sait-on où se trouve la gare ?", "fr", Shape.FACT, {Value.PLACE}),
        ("Faut-il rénover ou se contenter d'isoler ?", "fr", Shape.OVERVIEW, set()),
        ("À qui s'adresse le fonds ?", "fr", Shape.FACT, {Value.AUDIENCE}),
        ("Quel est le prix du bois ?", "fr", Shape.FACT, {Value.NUMBER}),
        ("Comment refaire la place à moindre coût ?", "fr", Shape.HOW, set()),
        ("Quel prix a reçu la commune ?", "fr", Shape.OVERVIEW, set()),
        ("Comment les actions sont-elles coordonnées ?", "fr", Shape.HOW, set()),
        ("Peut-on encore signer un contrat ?", "fr", Shape.FACT, {Value.STATE}),
        ("Une association peut-elle demander le fonds ?", "fr", Shape.FACT, {Value.AUDIENCE}),
        ("À qui demander une aide ?", "fr", Shape.FACT, {Value.HOLDER, Value.PERSON}),
        ("Où s'adresser pour le label ?", "fr", Shape.FACT, {Value.HOLDER}),
        ("La commune continue-t-elle ses ateliers ?", "fr", Shape.FACT, {Value.STATE}),
        ("En quoi Loos et Kingersheim diffèrent-elles ?", "fr", Shape.COMPARISON, set()),
        ("Comment financer un projet différent ?", "fr", Shape.HOW, set()),
        ("Comment une commune peut-elle demander une aide ?", "fr", Shape.HOW, set()),
        ("Fonds vert ou DETR : que choisir ?", "fr", Shape.COMPARISON, set()),
        ("Can we still apply?", "en", Shape.FACT, {Value.STATE}),
        ("Kann man sich noch bewerben?", "de", Shape.FACT, {Value.STATE}),
        ("Which towns share their experience?", "en", Shape.LIST, set()),
        ("What should we do when residents object?", "en", Shape.OVERVIEW, set()),
    ],
)
def test_the_question_words_tell_the_form_of_the_answer(question, lang, shape, values) -> None:
    asked = understand_shape(question, lang)
    assert (asked.shape, asked.values) == (shape, values)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("En 1999, la commune a 6 568 habitants (2017).", ["6 568 habitants"]),
        ("40 millions d'euros depuis 2010", ["40 millions"]),
        ("Le Cd2e et rev3 évitent 2,9 tonnes de CO2.", ["2,9 tonnes"]),
        ("Le 8 mars 2020, plus de 100 personnes sur la base 11/19", ["100"]),
        ("1. Loos compte 3 régies.", ["3"]),
        ("de 203 à 117 kg, soit 42 %", ["203", "117 kg", "42 %"]),
        ("entre 1 et 2 millions d'euros par an", ["1", "2 millions"]),
    ],
)
def test_numbers_are_whole_ones_and_no_years_days_or_parts_of_names(text, numbers) -> None:
    spans = values_in(text, frozenset({Value.NUMBER}))
    assert [text[start:end] for start, end in spans] == numbers


def test_a_list_is_found_though_it_does_not_repeat_the_question(
    settings, tmp_path, import_into: Callable
) -> None:
    (tmp_path / "charte.md").write_text(
        "# La charte du plateau\n\nLes trois engagements de la charte du plateau datent de 2012 et ont"
        " été revus avec les communes.\n\n## Les engagements\n\n- Planter des haies.\n"
        "- Ouvrir les écoles le soir.\n- Partager les machines.\n",
        encoding="utf-8",
    )
    import_into(settings, tmp_path)
    answer = Answerer(settings).answer("Quels sont les trois engagements de la charte du plateau ?")
    assert [one.text for one in answer.sentences if one.item] == [
        "Planter des haies.", "Ouvrir les écoles le soir.", "Partager les machines.",
    ]  # fmt: skip


def test_the_value_asked_for_is_marked_in_the_sentence(answerer) -> None:
    answer = answerer.answer("Combien mesure le réseau de Tramayes ?")
    marked = [
        sentence.text[start:end] for sentence in answer.sentences for start, end in sentence.values
    ]
    assert "1,4 km" in marked


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("Culture Commune a bien été créée en 2012 ?", "1990 création de Culture Commune"),
        (
            "Quelles dix communes pionnières le premier atelier de 2018 réunit-il ?",
            "quatre communes",
        ),
        ("Est-il vrai que Loosville compte 12 000 habitants ?", "6 170 habitants"),
        ("Où est le lieu de la Manufacture des territoires ?", "n'est pas un lieu physique"),
    ],
)
def test_what_contradicts_the_question_comes_first_with_a_warning(answerer, question, held) -> None:
    answer = answerer.answer(question)
    assert answer.status == "answered"
    assert held in answer.citations[0].quote
    assert any(notice.startswith("Attention") for notice in answer.notices)


def test_a_correction_leads_with_what_follows_and_its_passage_is_quoted_once(answerer) -> None:
    answer = answerer.answer("Culture Commune a bien été créée en 2012 ?")
    first = answer.citations[0]
    assert first.quote.startswith("1990 création de Culture Commune")
    places = [one for one in answer.citations if one.document_id == first.document_id]
    assert not any(one.start < first.end and first.start < one.end for one in places[1:])


def test_a_correction_that_opens_on_a_pronoun_comes_with_the_sentence_before(answerer) -> None:
    answer = answerer.answer("Où est le lieu de la Manufacture des territoires ?")
    assert answer.citations[0].quote.startswith("La Manufacture des territoires est une démarche")


def test_what_askers_say_of_themselves_is_no_premise(answerer) -> None:
    answer = answerer.answer("Notre ville a 12 000 habitants : que fait Loosville ?")
    assert not any(notice.startswith("Attention") for notice in answer.notices)


@pytest.mark.parametrize(
    "question",
    [
        "Cite trois communes du premier atelier",
        "Une ville de trois communes du premier atelier de 2018 peut-elle réunir la Manufacture ?",
    ],
)
def test_a_count_that_is_wished_or_describes_is_no_premise(answerer, question) -> None:
    assert not any(notice.startswith("Attention") for notice in answerer.answer(question).notices)


def test_a_true_premise_raises_no_warning(answerer) -> None:
    for question in (
        "Culture Commune a bien été créée en 1990 ?",
        "Quelles quatre communes le premier atelier de 2018 réunit-il ?",
        "Quand la dernière fosse a-t-elle fermé ?",
    ):
        answer = answerer.answer(question)
        assert not any("Attention" in notice for notice in answer.notices), question


def test_sources_that_disagree_on_a_date_are_both_given(answerer) -> None:
    answer = answerer.answer("Quand la Chaîne des terrils a-t-elle été créée ?")
    notice = next(one for one in answer.notices if "même date" in one)
    assert "1988" in notice and "1989" in notice
    quotes = " ".join(citation.quote for citation in answer.citations)
    assert "1988" in quotes and "1989" in quotes


def test_two_dates_in_the_life_of_one_name_are_no_disagreement(
    settings, tmp_path, import_into: Callable
) -> None:
    (tmp_path / "fonds.txt").write_text(
        "Le fonds\n\nLe Fonds Rivage existe depuis 2009.\n\nLe Fonds Rivage a changé en 2021.\n"
    )
    import_into(settings, tmp_path)
    answer = Answerer(settings).answer("Depuis quand le Fonds Rivage existe-t-il ?")
    assert "2009" in answer.answer_markdown
    assert not any("même date" in notice for notice in answer.notices)


def test_a_way_to_reach_someone_a_later_year_and_tomorrow_are_not_guessed(answerer) -> None:
    for question in (
        "Quel est le numéro de téléphone de la Manufacture des territoires ?",
        "Qui anime la Chaîne des terrils depuis 2031 ?",
        "Quel temps fera-t-il demain sur les terrils ?",
    ):
        assert answerer.answer(question).status == "insufficient", question


TOWN = """# Rivebois

Rivebois compte 1 250 habitants en 2019. La maire de Rivebois, Jeanne Martin, a ouvert en 2014 et en 2018 deux maisons des habitants.

## Les arbres

Le programme des haies de la région court jusqu'en 2030.
"""


def test_a_fact_of_a_year_after_all_that_is_said_of_it_is_declined_an_older_number_is_told(
    answerer_over,
) -> None:
    answerer = answerer_over(TOWN, "rivebois.md")
    assert answerer.answer("Qui anime les maisons des habitants ?").status == "partial"
    assert answerer.answer("Qui anime les maisons en 2026 ?").status == "insufficient"
    number = answerer.answer("Combien d'habitants à Rivebois en 2026 ?")
    assert "1 250" in number.answer_markdown
    assert any("2026" in notice for notice in number.notices)


def test_a_year_in_the_question_is_no_reason_to_refuse_sources_without_years(
    settings, tmp_path, import_into: Callable
) -> None:
    (tmp_path / "note.txt").write_text(
        "Note\n\nLe réseau de chaleur de la commune mesure 1,4 km.\n"
    )
    import_into(settings, tmp_path)
    answerer = Answerer(settings)
    asked = answerer.answer("Combien mesure le réseau de chaleur de la commune en 2024 ?")
    assert "1,4 km" in " ".join(citation.quote for citation in asked.citations)
    assert answerer.answer("zzyzx 2031").status == "insufficient"


def test_two_hundred_turns_are_answered_as_one(answerer) -> None:
    history = [Turn(f"Question {number} ?", "Réponse.") for number in range(200)]
    assert answerer.answer("Combien mesure le réseau de Tramayes ?", history).status == "answered"


@pytest.mark.parametrize(
    ("said", "word"),
    [("Bonjour !", "corpus"), ("merci beaucoup", "plaisir"), ("Que sais-tu faire ?", "mot à mot"),
     ("What can you do?", "word for word"), ("Danke", "geschehen")],
)  # fmt: skip
def test_greetings_thanks_and_what_it_can_do_are_answered_without_the_corpus(
    answerer, said, word
) -> None:
    answer = answerer.answer(said)
    assert word in answer.answer_markdown
    assert answer.citations == []
    assert Journal(Catalogue(answerer.search.catalogue.path)).entries() == []


def test_more_details_quotes_more(settings, tmp_path, import_into: Callable) -> None:
    for number, subject in enumerate(("haies", "mares", "vergers", "prairies", "lisières")):
        (tmp_path / f"note-{number}.txt").write_text(
            f"Les {subject} de la commune\n\nLa commune plante et entretient ses {subject} avec les"
            f" habitants. Les {subject} abritent des oiseaux.\n",
            encoding="utf-8",
        )
    import_into(settings, tmp_path)
    answerer = Answerer(settings)
    question = "Que plante et entretient la commune avec les habitants ?"
    short = answerer.answer(question)
    asked_again = answerer.answer("Plus de détails", [Turn(question, short.answer_markdown)])
    assert len(answerer.answer(question, detailed=True).citations) > len(short.citations)
    assert len(asked_again.citations) > len(short.citations)


def test_a_declined_question_names_whom_to_ask(settings, tmp_path, import_into: Callable) -> None:
    from tests.test_fiche import FICHE

    (tmp_path / "fonds.md").write_text(FICHE, encoding="utf-8")
    import_into(settings, tmp_path / "fonds.md")
    answer = Answerer(settings).answer("Quel est le courriel du fonds d'essai ?")
    assert answer.status == "insufficient"
    assert any("Porteur" in notice for notice in answer.notices)


def test_the_journal_keeps_what_readers_say(answerer) -> None:
    answerer.answer("Xylophone zanzibar quokka ?")
    answerer.journal.opinion("useless", "Combien ?", reason="hors sujet")
    answerer.journal.opinion("citation", "Titre", document_id="x", quote="phrase")
    entries = answerer.journal.entries()
    assert {entry.kind for entry in entries} == {"unanswered", "useless", "citation"}
    assert next(one for one in entries if one.kind == "useless").reason == "hors sujet"
