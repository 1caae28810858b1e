"""Follow-ups: which questions lean on those before, and on what of them."""

import pytest

from advisor.answer.answerer import Answerer
from advisor.retrieval.asked import Value
from advisor.retrieval.conversation import Turn, leans_back, meant, turns_of
from advisor.retrieval.query import understand
from advisor.web.render import answer_html
from tests.conftest import ROOT


def test_a_follow_up_leans_on_the_question_and_on_its_answer() -> None:
    history = [
        Turn("Quel texte formalise le programme ?", "La Charte du cadre de vie. Autre chose.")
    ]
    query = understand("et combien de temps avant la signature ?", history)
    assert query.context == history[0].question
    assert "charte" in query.context_words
    assert understand("Combien coûte un réseau de chaleur au bois ?", history).context == ""


@pytest.mark.parametrize(
    ("text", "lang", "leans"),
    [
        ("et du Fonds vert ?", "fr", True),
        ("à partir de quand ?", "fr", True),
        ("par qui ?", "fr", True),
        ("Quel est son coût ?", "fr", True),
        ("Qui peut la signer ?", "fr", True),
        ("Qui l'a écrite ?", "fr", True),
        ("Quels ont été les résultats ?", "fr", True),
        ("lequel finance les travaux ?", "fr", True),
        ("Combien d'habitants compte-t-elle ?", "fr", True),
        ("Comment une commune implique-t-elle ses habitants ?", "fr", False),
        ("Comment Tramayes chauffe-t-elle son hôpital ?", "fr", False),
        ("Quel réseau de chaleur à Tramayes ?", "fr", False),
        ("Qu'est-ce qu'un PCAET ?", "fr", False),
        ("Qui est le maire de Malaunay ?", "fr", False),
        ("wer verwaltet ihn?", "de", True),
        ("Was sind seine drei Achsen?", "de", True),
        ("seit wann?", "de", True),
        ("Wie heizt Tramayes das Krankenhaus?", "de", False),
        ("Combien de terrils y a-t-il à Loos ?", "fr", False),
        ("Wie viele Halden gibt es in Loos?", "de", False),
        ("How many slag heaps are there in Loos?", "en", False),
        ("Was kostet das?", "de", True),
        ("who runs it?", "en", True),
        ("What are its three goals?", "en", True),
        ("How does a town reduce its waste?", "en", False),
        ("Qui en est le maire ?", "fr", True),
        ("Quels en sont les résultats ?", "fr", True),
        ("Peut-on en bénéficier ?", "fr", True),
        ("Que faut-il pour le financer ?", "fr", True),
        ("Avec qui ?", "fr", True),
        ("À quoi ça sert ?", "fr", True),
        ("Depuis quand existe-t-elle ?", "fr", True),
        ("Ou pour les écoles ?", "fr", True),
        ("Combien ça coûte ?", "fr", True),
        ("Plus de détails sur la cantine ?", "fr", True),
        ("Qu'en pensent les habitants ?", "fr", True),
        ("Que leur apporte le programme ?", "fr", True),
        ("Où en sont-ils ?", "fr", True),
        ("Depuis quand ?", "fr", True),
        ("How much does that cost?", "en", True),
        ("Who lives there?", "en", True),
        ("Which ones?", "en", True),
        ("What about the second one?", "en", True),
        ("Is that still open?", "en", True),
        ("Wer hat es bezahlt?", "de", True),
        ("Qu'a fait Loos-en-Gohelle ?", "fr", False),
        ("Quelles aides en Bretagne ?", "fr", False),
        ("Où se trouve la Fabrique des Transitions ?", "fr", False),
        ("Quelles communes sont en transition énergétique ?", "fr", False),
        ("Quels projets de chaleur en zone rurale ?", "fr", False),
        ("Qui a rénové des logements en bois ?", "fr", False),
        ("Où trouver un réseau de chaleur au bois ?", "fr", False),
        ("À qui s'adresse le Fonds vert ?", "fr", False),
        ("ou trouver un reseau de chaleur", "fr", False),
        ("a qui s'adresse le fonds vert", "fr", False),
        ("Quelles aides pour la nature ?", "fr", False),
        ("Qu'est-ce que le Forum pour l'avenir ?", "fr", False),
        ("Quelle commune a rénové sa mairie ?", "fr", False),
        ("Comment les communes financent-elles leur cantine ?", "fr", False),
        ("Comment mettre en place un budget participatif ?", "fr", False),
        ("Que s'est-il passé à Malaunay en 2016 ?", "fr", False),
        ("Est-il trop tard pour Avenir Montagnes ?", "fr", False),
        ("À quoi sert la Manufacture des villes et des territoires ?", "fr", False),
        ("Qui en Bretagne finance le vélo ?", "fr", False),
        ("Que peut le maire contre le bruit ?", "fr", False),
        ("Avec qui travailler sur la chaleur renouvelable ?", "fr", False),
        ("De quoi parle la charte d'alliance ?", "fr", False),
        ("Quelles sont les communes engagées en 2021 ?", "fr", False),
        ("Comment faire pour le centre-bourg ?", "fr", False),
        ("Comment lire pour l'avenir des villages ?", "fr", False),
        ("Which programme supports towns that lose their mine?", "en", False),
        ("Which towns have a fund that pays for cycling?", "en", False),
        ("Is it possible to sign the charter online?", "en", False),
        ("How long does it take to build a heat network?", "en", False),
        ("Which town renovated its town hall?", "en", False),
        ("Wie viele Einwohner hat Bottrop?", "de", False),
        ("Wie viele Einwohner?", "de", True),
        ("Welche Stadt hat ihr Wärmenetz gebaut?", "de", False),
        ("Können Sie mir LEADER erklären?", "de", False),
        ("Ist es möglich, die Charta zu unterzeichnen?", "de", False),
    ],
)
def test_a_question_that_says_of_what_it_asks_stands_alone(text, lang, leans) -> None:
    assert leans_back(text, lang) is leans


@pytest.mark.parametrize(
    ("opening", "follow_up", "left"),
    [
        (
            "Qui peut bénéficier de LEADER ?",
            "et du Fonds vert ?",
            "Qui peut bénéficier de … ? et du Fonds vert ?",
        ),
        (
            "Combien d'habitants compte Saillans ?",
            "et Malaunay ?",
            "Combien d'habitants compte … ?",
        ),
        ("Qu'a fait Saillans pour l'énergie ?", "et pour l'eau ?", "Qu'a fait Saillans …"),
    ],
)
def test_a_follow_up_takes_the_place_of_what_it_names_anew(
    settings, import_into, opening, follow_up, left
) -> None:
    names = (
        "dispositifs/leader",
        "dispositifs/fonds-vert",
        "territoires/saillans",
        "territoires/malaunay",
    )
    import_into(settings, *(ROOT / "corpus" / f"{name}.md" for name in names))
    answerer = Answerer(settings)
    turn = Turn(opening, answerer.answer(opening).answer_markdown)
    answer = answerer.answer(follow_up, [turn])
    assert answer.resolved_question.startswith(left)
    named = {"Saillans"} if "eau" in follow_up else {"Fonds vert", "Malaunay"}
    assert answer.citations[0].title in named


def test_a_cut_short_follow_up_asks_what_was_asked_before() -> None:
    turns = [Turn("Combien d'habitants compte Saillans ?", "Saillans compte 1 200 habitants.")]
    assert understand("et Malaunay ?", turns).asked.values == {Value.NUMBER}
    assert understand("et depuis quand ?", turns).asked.values == {Value.DATE}


def test_an_ordinal_points_at_an_item_of_the_answer() -> None:
    history = [Turn("Quels piliers ?", "- impliquer les habitants [1]\n- entrer par le réel [1]")]
    assert meant("Détaille le deuxième", history)[0] == "Détaille « entrer par le réel »"
    assert meant("et le premier ?", history) == ("« impliquer les habitants » ?", (), False)
    assert meant("et le quatrième ?", history)[0] == "et le quatrième ?"
    assert meant("et le dernier ?", history)[0] == "« entrer par le réel » ?"


@pytest.mark.parametrize(
    "question",
    [
        "Quelle commune a été la première à passer au bois ?",
        "Who was the first to install solar panels?",
        "Et le dernier ?",
    ],
)
def test_an_ordinal_of_something_else_or_without_a_list_changes_no_question(question) -> None:
    listed = "- impliquer les habitants [1]\n- entrer par le réel [1]"
    history = [Turn("Quels piliers ?", "" if question.startswith("Et") else listed)]
    assert meant(question, history)[0] == question


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("Plus de détails", True),
        ("Peux-tu préciser ?", True),
        ("Give me more details", True),
        ("Développer le vélo : quelles aides ?", False),
        ("Précise-moi ce qu'est LEADER", False),
        ("More on heat networks in France?", False),
    ],
)
def test_more_is_asked_only_by_what_names_nothing_else(question, more) -> None:
    history = [Turn("Combien coûte le Fonds chaleur ?", "Rien.")]
    assert meant(question, history)[2] is more


def test_a_follow_up_that_the_passages_do_not_speak_of_is_said(settings, import_into) -> None:
    corpus = ROOT / "corpus"
    import_into(settings, corpus / "referentiels", corpus / "territoires" / "loos-en-gohelle.md")
    answerer = Answerer(settings)
    question = "Comment Loos-en-Gohelle a-t-elle impliqué ses habitants ?"
    first = answerer.answer(question)
    assert first.status == "answered"
    after = answerer.answer("Et pour l'énergie ?", [Turn(question, first.answer_markdown)])
    assert after.status == "partial"
    assert any("énergie" in notice for notice in after.notices)


def test_a_chain_of_follow_ups_keeps_its_first_question() -> None:
    history = [
        Turn("Comment Tramayes chauffe-t-elle son hôpital ?", "Au bois."),
        Turn("et pourquoi ?"),
    ]
    assert "Tramayes" in understand("et combien ?", history).context
    longer = [*history, Turn("et combien ?"), Turn("depuis quand ?")]
    assert "Tramayes" in understand("par qui ?", longer).context


def test_elsewhere_asks_the_same_of_other_places(settings, import_into) -> None:
    fiches = ("territoires/mouans-sartoux.md", "experiences/alimentation-et-cantines.md")
    import_into(settings, *(ROOT / "corpus" / name for name in fiches))
    answerer = Answerer(settings)
    question = "Comment Mouans-Sartoux a-t-elle fait sa cantine bio ?"
    first = answerer.answer(question)
    assert first.citations[0].title == "Mouans-Sartoux"
    for follow_up in ("ailleurs ?", "et dans d'autres communes ?"):
        other = answerer.answer(follow_up, [Turn(question, first.answer_markdown)])
        assert all(citation.title != "Mouans-Sartoux" for citation in other.citations)
        assert "Grande-Synthe" in other.answer_markdown


def test_a_follow_up_whose_own_words_no_source_has_is_partial_and_says_so(
    settings, import_into
) -> None:
    import_into(settings, ROOT / "corpus" / "territoires" / "mouans-sartoux.md")
    answerer = Answerer(settings)
    question = "Comment la régie agricole fournit-elle la cantine de Mouans-Sartoux ?"
    turns = [Turn(question, answerer.answer(question).answer_markdown)]
    japan = answerer.answer("Et au Japon ?", turns)
    assert japan.status == "partial" and "Japon" in " ".join(japan.notices)
    assert japan.resolved_question == f"{question} Et au Japon ?"
    page = answer_html(japan, 1, "fr")
    assert page.count("régie agricole fournit-elle") == 1
    land = answerer.answer("Et combien d'hectares ?", turns)
    assert land.status == "answered"


def test_by_the_way_is_not_elsewhere() -> None:
    turns = [Turn("Qu'a fait Loos-en-Gohelle ?")]
    for text in ("D'ailleurs, quel budget ?", "Par ailleurs, quel budget ?"):
        assert not understand(text, turns).elsewhere
    assert understand("et ailleurs ?", turns).elsewhere


def test_messages_become_turns() -> None:
    messages = [
        {"role": "user", "content": "A ?"},
        {"role": "assistant", "content": "B."},
        {"role": "user", "content": "C ?"},
    ]
    assert turns_of(messages) == [Turn("A ?", "B."), Turn("C ?")]
    assert turns_of([{"role": "assistant", "content": "seul"}]) == []


def asked_in_turn(answerer: Answerer, *questions: str):
    history: list[Turn] = []
    for question in questions:
        answer = answerer.answer(question, history)
        history.append(Turn(question, answer.answer_markdown))
    return answer


def test_the_same_asked_of_another_place_says_what_is_not_told_of_it(fiches) -> None:
    answer = asked_in_turn(
        fiches.answerer, "Comment Lons-le-Saunier a-t-il protégé son eau ?", "Et à Kingersheim ?"
    )
    assert answer.status == "partial"
    assert any("eau" in notice for notice in answer.notices)
    told = asked_in_turn(fiches.answerer, "Combien d'habitants à Kingersheim ?", "et à Saillans ?")
    assert told.status == "answered"
    assert "1\u202f200" in told.citations[0].quote


@pytest.mark.parametrize(
    "questions",
    [
        ("Qu'est-ce que le Fonds vert ?", "et LEADER ?", "Quelle est la différence ?"),
        ("Que finance le Fonds vert ?", "et LEADER ?", "Lequel des deux finance les études ?"),
    ],
)
def test_what_compares_means_all_that_was_named_before(fiches, questions) -> None:
    answer = asked_in_turn(fiches.answerer, *questions)
    assert {"Fonds vert", "LEADER"} <= {one.title for one in answer.citations}
