"""«Comme…», «puisque…»: what a question says is granted, and sources deny."""

import pytest

METHOD = """# La méthode de Rivebois

## Transmettre

La méthode de Rivebois donne partout des résultats mesurés. Tout copier-coller en est inutile, voire impossible. Chaque commune l'adapte à sa situation.

## Les ateliers

Les ateliers de Rivebois réunissent les voisins le samedi. Ils ne sont pas réservés aux élus. Le goûter est offert.

## Repères

La brochure de la méthode n'est pas datée.
"""


def warned(answer) -> bool:
    return any("suppose" in notice or "granted" in notice for notice in answer.notices)


@pytest.mark.parametrize(
    ("question", "denied"),
    [
        ("Puisque la méthode garantit les mêmes résultats, par quoi commencer ?", "copier-coller"),
        ("Comme la méthode s'applique telle quelle, on commence quand ?", "impossible"),
        ("Given that the method works anywhere, where do we start?", "copier-coller"),
        ("Puisque les ateliers sont réservés aux élus, comment s'inscrire ?", "ne sont pas"),
        ("Comment s'inscrire, vu que les ateliers sont réservés aux élus ?", "ne sont pas"),
    ],
)
def test_what_is_said_to_be_granted_is_corrected_by_the_sentence_that_denies_it(
    answerer_over, question, denied
) -> None:
    answer = answerer_over(METHOD, "rivebois.md").answer(question)
    assert denied in answer.citations[0].quote
    assert warned(answer)


@pytest.mark.parametrize(
    "question",
    [
        "Comme Rivebois, peut-on réunir les voisins dans des ateliers ?",
        "Comme nous avons la méthode et les résultats, par quoi commencer ?",
        "Puisque les ateliers réunissent les voisins, quel jour ont-ils lieu ?",
        "As a mayor of Rivebois with a method, where do I start?",
        "Puisque la commune adapte la méthode à sa situation, par quoi commencer ?",
        "Par où commencer avec la méthode de Rivebois ?",
        "Quelle méthode pour le bien commun de Rivebois ?",
    ],
)
def test_a_comparison_what_askers_say_of_themselves_and_what_is_true_raise_no_warning(
    answerer_over, question
) -> None:
    assert not warned(answerer_over(METHOD, "rivebois.md").answer(question))


FESTIVAL = """# Rivebois

## Repères

- 1990 : création du festival de Rivebois
- 1 250 habitants (2017)
- 2001 : Jeanne Martin est élue maire de Rivebois
"""


def test_an_item_of_a_list_contradicts_as_a_sentence_does(answerer_over) -> None:
    answerer = answerer_over(FESTIVAL, "rivebois.md")
    answer = answerer.answer("Le festival de Rivebois a bien été créé en 2001 ?")
    assert "1990" in answer.citations[0].quote
    assert any(one.startswith("Attention") and one.endswith("[1].") for one in answer.notices)


@pytest.mark.parametrize(
    ("question", "year"),
    [
        ("Combien d'habitants à Rivebois en 2015 ?", "2015"),
        ("Qui est maire de Rivebois en 2010 ?", "2010"),
    ],
)
def test_an_older_number_and_who_holds_an_office_contradict_no_year(
    answerer_over, question, year
) -> None:
    answer = answerer_over(FESTIVAL, "rivebois.md").answer(question)
    assert not any(notice.startswith("Attention") for notice in answer.notices)
    assert any(year in notice for notice in answer.notices)


COUNTS = """# La charte du plateau

La charte du plateau réunit quatre communes et compte trois engagements. La charte du plateau sert à rénover les écoles.

La maison de la charte n'est pas ouverte aux visites. En 2012, les communes du plateau ont rénové deux écoles.
"""


@pytest.mark.parametrize(
    "question",
    [
        "Quelles aides pour rénover cinq écoles du plateau ?",
        "La charte du plateau sert-elle à dix communes ?",
        "Lequel des deux engagements de la charte compte ?",
        "À quoi sert la maison de la charte du plateau ?",
        "Qu'ont fait les communes en 2010 ?",
    ],
)
def test_what_supposes_nothing_is_not_contradicted(answerer_over, question) -> None:
    answer = answerer_over(COUNTS, "plateau.md").answer(question)
    assert not any(notice.startswith("Attention") for notice in answer.notices)


@pytest.mark.parametrize(
    "question",
    [
        "Quelles sont les six communes que la charte du plateau réunit ?",
        "La charte du plateau compte six engagements : lesquels ?",
        "Pourquoi les communes du plateau ont-elles rénové des écoles en 2010 ?",
    ],
)
def test_a_count_or_a_year_that_is_supposed_is_contradicted(answerer_over, question) -> None:
    answer = answerer_over(COUNTS, "plateau.md").answer(question)
    assert any(notice.startswith("Attention") for notice in answer.notices)


HISTORY = """# Rivebois

Rivebois a racheté son réseau électrique en 2006. La mine de Rivebois a fermé en 1986.

L'élection de 2014 a ouvert à Rivebois une expérience citoyenne avec les habitants. L'élection de 2020 a mis fin à cette expérience citoyenne.
"""


@pytest.mark.parametrize(
    "question",
    [
        "Rivebois a-t-il racheté son réseau électrique en 2010 ?",
        "Est-il vrai que Rivebois a racheté son réseau électrique en 2010 ?",
        "Did the mine of Rivebois close in 1995?",
        "Hat Rivebois sein Stromnetz 2010 zurückgekauft?",
        "Was the mine of Rivebois closed in 1995?",
        "Stimmt es, dass Rivebois sein Stromnetz 2010 zurückgekauft hat?",
    ],
)
def test_a_wrong_year_is_told_however_the_question_opens(answerer_over, question) -> None:
    notices = answerer_over(HISTORY, "rivebois.md").answer(question).notices
    assert any("2010" in one or "1995" in one for one in notices)
    assert any("autre chose" in o or "otherwise" in o or "anderes" in o for o in notices)


def test_a_year_that_a_line_has_is_not_contradicted_by_a_line_nearer_in_words(
    answerer_over,
) -> None:
    question = "Que s'est-il passé à Rivebois après l'élection de 2020 et l'expérience citoyenne ?"
    answer = answerer_over(HISTORY, "rivebois.md").answer(question)
    assert not any("autre chose" in notice for notice in answer.notices)
