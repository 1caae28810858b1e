import pytest

from advisor.i18n import french_spaces, translate
from advisor.text.analysis import analyse
from advisor.text.language import detect_language
from advisor.text.mentions import years_in
from advisor.text.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Créé en 1988. Il vit.", ["Créé en 1988.", "Il vit."]),
        ("L'équité. Énergie.", ["L'équité.", "Énergie."]),
        ("M. Caron a signé. L'art. 5 vaut 1.5 M€.", ["M. Caron a signé.", "L'art. 5 vaut 1.5 M€."]),
        ("J. Dupont vint. Bien.", ["J. Dupont vint.", "Bien."]),
        ("Un centre d'art. Il ouvre.", ["Un centre d'art.", "Il ouvre."]),
        (
            "Dès sept. 2020 on en vit sept. Puis huit.",
            ["Dès sept. 2020 on en vit sept.", "Puis huit."],
        ),
        ("« Bien ! » dit-il. Puis rien.", ["« Bien ! » dit-il.", "Puis rien."]),
        ("Un titre\nUne phrase.", ["Un titre", "Une phrase."]),
        ("1. Faire. 2. Dire.", ["1. Faire.", "2. Dire."]),
        (
            "Das ist z. B. gut. Am 3. Oktober kam er.",
            ["Das ist z. B. gut.", "Am 3. Oktober kam er."],
        ),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("impôts", "impot"),
        ("L'ÉNERGIE", "energie"),
        ("œuvre", "oeuvre"),
        ("communes", "commune"),
        ("l’habitant", "habitants"),
        ("177 700", "177\u202f700"),
        ("quatre règles", "4 regles"),
        ("au XIXe siècle", "au XIXᵉ siècle".replace("ᵉ", "ème")),
        ("P.C.A.E.T.", "pcaet"),
        ("dix-huit communes", "18 communes"),
        ("rendez-vous", "RENDEZ-VOUS"),
        ("les élus", "l'élue"),
        ("emplois", "emploi"),
        ("foyers", "foyer"),
        ("conseillères", "conseiller"),
        ("petites", "petit"),
        ("commissions", "commission"),
        ("conseillers", "conseiller"),
        ("loisirs", "loisir"),
        ("crédits", "crédit"),
        ("opinions", "opinion"),
        ("diverses", "divers"),
        ("hivers", "hiver"),
        ("des enjeux, des lieux, des vélos", "enjeu, lieu, vélo"),
        ("financent, gèrent, créent, étudient", "financer, gérer, créer, étudie"),
        ("consomment, animent", "consommer, animer"),
        ("clients, agents, moments", "client, agent, moment"),
    ],
)
def test_spellings_of_a_word_give_the_same_terms(one: str, other: str) -> None:
    assert analyse(one) == analyse(other) != []


@pytest.mark.parametrize(
    ("hyphenated", "other"),
    [
        ("Loos-en-Gohelle", "LOOS EN GOHELLE"),
        ("éco-quartier", "écoquartier"),
        ("l'éco‑quartier", "eco quartier"),
    ],
)
def test_a_compound_is_found_in_parts_and_in_one_word(hyphenated: str, other: str) -> None:
    assert set(analyse(other)) <= set(analyse(hyphenated))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pétition", "petite"),
        ("communication", "commune"),
        ("loyers", "loi"),
        ("loisirs", "lois"),
        ("foyer", "foi"),
        ("boisement", "bois"),
        ("gares", "garants"),
        ("département", "départ"),
        ("argent", "arguer"),
    ],
)
def test_words_that_the_stemmer_takes_for_one_stay_two(one: str, other: str) -> None:
    assert analyse(one) != analyse(other)


def test_a_verb_and_its_pronoun_are_no_compound() -> None:
    assert analyse("A-t-il réussi ?") == analyse("réussi")


def test_a_word_that_looks_roman_stays_a_word() -> None:
    assert analyse("la vie, le luxe") == ["vi", "lux"]


def test_words_that_change_the_meaning_stay() -> None:
    assert len(analyse("sans contre pas")) == 3
    assert analyse("Comment est-ce que la") == []


@pytest.mark.parametrize(
    ("question", "lang"),
    [
        ("c koi les 4 regles", "fr"),
        ("How did the town involve residents?", "en"),
        ("Wie viele Einwohner hat die Stadt?", "de"),
        ("Fifty-fifty", "fr"),
        ("Where is Communauté de communes du Thouarsais?", "en"),
        ("Wo liegt Agglomération de La Rochelle?", "de"),
        ("Kohleausstieg", "de"),
        ("Wozu dient LEADER?", "de"),
        ("Was kostet LEADER?", "de"),
        ("Was the town extended?", "en"),
        ("Explain LEADER", "en"),
        ("förderung wärmenetz", "de"),
        ("public lighting", "en"),
        ("rénovation énergétique", "fr"),
        ("budget participatif", "fr"),
        ("Kingersheim", "fr"),
        ("", "fr"),
        ("12 000 ??", "fr"),
    ],
)
def test_language_of_a_question(question: str, lang: str) -> None:
    assert detect_language(question) == lang


def test_no_line_break_parts_french_punctuation_from_its_word() -> None:
    assert french_spaces("Quoi ? « Rien » : non.") == ("Quoi\u202f? «\u00a0Rien\u00a0»\u00a0: non.")
    assert "\u202f?" in translate("profile_question.ask_name", "fr")
    assert "\u202f" not in translate("profile_question.ask_name", "en")


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2000 habitants en 2012", {"2012"}),
        ("l'Agenda 2030 et Horizon 2020", set()),
        ("doublé à l'horizon 2035", {"2035"}),
        ("En 2016 logements et commerces ont rouvert", {"2016"}),
        ("In 2020 people voted", {"2020"}),
        ("1500 euros pour 2030 MWh", set()),
    ],
)
def test_a_year_is_no_number_of_things_and_no_part_of_a_name(text, years) -> None:
    assert years_in(text) == years
