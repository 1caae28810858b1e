from hypothesis import given
from hypothesis import strategies as st

from advisor.text.normalise import fold, normalise

TEXT = "Il dit : « c’est l’œuvre d’une transi-\ntion » à Loos-en-Gohelle, 177 700\u202fkWh – ﬁn…"


def test_every_way_of_typing_a_sentence_has_one_normal_form() -> None:
    typed = (
        "Il dit: \"c'est l'oeuvre d'une transition\" à Loos-en-\nGohelle, 177\u00a0700 kWh - fin..."
    )
    assert normalise(TEXT).text == normalise(typed).text


def test_normal_form_keeps_case_accents_digits_and_negations() -> None:
    for other in (
        TEXT.replace("177 700", "177 800"),
        TEXT.replace("Il dit", "il dit"),
        TEXT.replace("à", "a"),
        TEXT.replace("c’est", "ce n’est pas"),
    ):
        assert normalise(other).text != normalise(TEXT).text


def test_offsets_lead_back_to_the_original() -> None:
    normal = normalise(TEXT)
    for needle, original in (
        ("transition", "transi-\ntion"),
        ("LoosenGohelle", "Loos-en-Gohelle"),
        ("oeuvre", "œuvre"),
        ("fin", "ﬁn"),
        ("177 700", "177 700"),
    ):
        start = normal.text.index(needle)
        first, last = normal.span(start, start + len(needle))
        assert TEXT[first:last] == original


@given(st.text(alphabet="aéœ’' -\n\u00a0\u00ad.«»1,…ﬁe\u0301", max_size=60))
def test_normalisation_is_stable_and_its_map_is_monotonous(text: str) -> None:
    normal = normalise(text)
    offsets = [normal.original(offset) for offset in range(len(normal.text) + 1)]
    assert offsets == sorted(offsets)
    assert all(0 <= offset <= len(text) for offset in offsets)


def test_fold_drops_accents_and_case() -> None:
    assert fold("ŒUVRE Élève Straße") == "oeuvre eleve strasse"
