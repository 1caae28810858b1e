"""How a question is read: what it asks, who asks, what it sets aside."""

import pytest

from advisor.answer.answerer import Answerer
from advisor.retrieval.query import understand
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("question", "words", "context"),
    [
        (
            "Nous sommes une petite commune de montagne et nous voulons isoler l'école.",
            ("isoler", "ecole"),
            ("petite", "commune", "montagne"),
        ),
        ("Our town is a former mine: who funds cycling?", ("funds", "cycling"), ("town", "mine")),
        ("Notre commune est-elle éligible ?", ("commune", "eligible"), ()),
        (
            "Ma commune de 4 000 habitants peut-elle isoler l'école ?",
            ("isoler", "ecole"),
            ("commune", "4000", "habitants"),
        ),
        ("Nous sommes une association.", ("association",), ()),
        ("Notre bourg veut restaurer ses haies.", ("restaurer", "haies"), ("bourg",)),
        ("Unsere Stadt sucht Bäume pflanzen.", ("sucht", "baume", "pflanzen"), ("stadt",)),
        ("Comment revitaliser notre bourg ?", ("revitaliser", "bourg"), ()),
    ],
)
def test_what_a_question_says_of_who_asks_is_context(question, words, context) -> None:
    query = understand(question)
    assert query.words == words
    assert set(context) <= set(query.context_words)


@pytest.mark.parametrize(
    ("question", "text", "aside"),
    [
        ("À part Loos-en-Gohelle, qui a des puits ?", "qui a des puits ?", "Loos-en-Gohelle"),
        ("Quelles villes autres que Le Mené ont agi ?", "Quelles villes ont agi ?", "Le Mené"),
        ("Au-delà des grands principes, que faire des puits ?", "que faire des puits ?",
         "grands principes"),
        ("Which towns other than Loos-en-Gohelle closed mines?", "Which towns closed mines?",
         "Loos-en-Gohelle"),
        ("Welche Städte außer Bottrop haben saniert?", "Welche Städte haben saniert?", "Bottrop"),
        ("Au-delà de 20 000 habitants, que faire des puits ?",
         "Au-delà de 20 000 habitants, que faire des puits ?", ""),
        ("À part Loos-en-Gohelle ?", "À part Loos-en-Gohelle ?", ""),
        ("Qui suit une formation en dehors du temps de travail ?",
         "Qui suit une formation en dehors du temps de travail ?", ""),
        ("Quelles méthodes, hormis les médicaments ?", "Quelles méthodes ?", "les médicaments"),
    ],
)  # fmt: skip
def test_what_a_question_sets_aside_is_no_part_of_what_it_asks(question, text, aside) -> None:
    query = understand(question)
    assert (query.text, query.except_for) == (text, aside)


def test_places_set_aside_are_not_answered_with(settings, import_into) -> None:
    import_into(settings, ROOT / "corpus" / "experiences", ROOT / "corpus" / "territoires")
    answerer = Answerer(settings)
    for question in (
        "Quelles communes autres que Loos-en-Gohelle impliquent les habitants ?",
        "À part Loos-en-Gohelle, comment impliquer les habitants ?",
    ):
        answer = answerer.answer(question)
        assert answer.other_than == ["loos-en-gohelle"]
        assert "Kingersheim" in answer.answer_markdown
        assert "Loos-en-Gohelle" not in answer.sentences[0].text


@pytest.mark.parametrize(
    ("question", "year"),
    [
        ("Qu'a fait Loos dans les années 90 ?", "1990"),
        ("Qu'a fait Loos dans les années 1990 ?", "1990"),
        ("Qu'a fait Loos dans les années 20 ?", "2020"),
        ("What did the town do in the 80s?", "1980"),
        ("What did the town do in the 1980s?", "1980"),
        ("Was tat die Stadt in den 90er Jahren?", "1990"),
    ],
)
def test_a_decade_is_looked_for_by_its_first_year(question, year) -> None:
    assert year in understand(question).words
