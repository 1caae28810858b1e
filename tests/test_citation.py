import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from advisor.answer.citation import find_quote, judge_quote
from advisor.answer.models import Verdict
from advisor.text.normalise import normalise

SOURCE = (
    "La commune de Loos-en-Gohelle n'a pas renoncé en 1986 : elle a créé 350 emplois entre 1999 et "
    "2009, soit 12,5 % de plus qu’avant. Le toit de l’église produit 177 700 kWh par an et rapporte "
    "5 000 € à la Ville. Toute pétition est accueillie « avec bienveillance » par les élus. Il est "
    "impossible de copier la méthode."
)
NORMAL = normalise(SOURCE)
WORDS = [match.span() for match in re.finditer(r"\S+", SOURCE)]


def verified(quote: str) -> bool:
    return find_quote(quote, NORMAL).verdict is Verdict.VERIFIED


@given(st.integers(0, len(WORDS) - 1), st.integers(1, 25), st.randoms(use_true_random=False))
def test_any_span_is_verified_however_it_is_retyped(first: int, count: int, draw) -> None:
    last = min(first + count, len(WORDS)) - 1
    start, end = WORDS[first][0], WORDS[last][1]
    quote = SOURCE[start:end]
    assume(sum(char.isalnum() for char in quote) > 2)
    # A span that starts or ends inside a number written with a space is cut, not quoted.
    assume(not re.match(r"\d{3}\b", SOURCE[start:]) and not re.search(r"\b\d{1,3}$", quote))
    retyped = quote.replace("’", draw.choice("'’")).replace(" ", draw.choice([" ", "\n", "\u00a0"]))
    words = list(re.findall(r"[^\W\d_]{6,}", retyped))
    if words:
        word = draw.choice(words)
        retyped = retyped.replace(word, f"{word[:3]}-\n{word[3:]}", 1)
    found = find_quote(retyped, NORMAL)
    assert found.verdict is Verdict.VERIFIED
    assert normalise(SOURCE[found.start : found.end]).text == normalise(quote).text


@settings(max_examples=2_000, deadline=None)
@given(st.integers(0, len(WORDS) - 6), st.integers(5, 20), st.randoms(use_true_random=False))
def test_a_tampered_quote_is_never_verified(first: int, count: int, draw) -> None:
    last = min(first + count, len(WORDS)) - 1
    words = SOURCE[WORDS[first][0] : WORDS[last][1]].split(" ")
    place = draw.randrange(1, len(words) - 1)
    digits = [index for index, word in enumerate(words) if any(char.isdigit() for char in word)]
    match draw.choice(["insert", "drop", "replace", "number", "splice"]):
        case "insert":
            words.insert(place, draw.choice(["ne", "pas", "jamais", "la suppression du"]))
        case "drop":
            del words[place]
        case "replace":
            words[place] = "autrement"
        case "number":
            assume(digits)
            index = draw.choice(digits)
            words[index] = re.sub(
                r"\d", lambda m: str((int(m.group()) + 1) % 10), words[index], count=1
            )
        case "splice":
            words = words[: len(words) // 2] + SOURCE.split(" ")[-4:]
            assume(" ".join(words) not in SOURCE)
    tampered = " ".join(words)
    assume(normalise(tampered).text not in NORMAL.text)
    assert not verified(tampered)


def test_a_quote_may_not_cut_a_word_or_a_number() -> None:
    assert verified("impossible de copier")
    assert not verified("possible de copier")
    assert verified("177 700 kWh")
    assert not verified("700 kWh")
    assert not verified("177")
    assert not verified("5 % de plus")


def test_nothing_is_not_a_quote() -> None:
    assert not verified("")
    assert not verified(" … ")


NEAR = "elle a créé 350 emplois entre 1999 et 2009, soit 12,5 % de plus qu’avant"


def verdict(quote: str) -> Verdict:
    return judge_quote(quote, SOURCE).verdict


def test_a_quote_with_a_word_changed_is_approximate_not_verified() -> None:
    changed = NEAR.replace("soit", "c'est-à-dire").replace("c'est-à-dire", "donc")
    found = judge_quote(changed, SOURCE)
    assert found.verdict is Verdict.APPROXIMATE
    assert SOURCE[found.start : found.end].startswith("elle a créé 350")


def test_numbers_negations_names_and_clauses_may_not_change() -> None:
    assert verdict(NEAR.replace("350", "360")) is Verdict.UNSUPPORTED
    assert verdict(NEAR.replace("a créé", "n'a pas créé")) is Verdict.UNSUPPORTED
    assert verdict(NEAR.replace("emplois", "emplois à Lens")) is Verdict.UNSUPPORTED
    clause = NEAR.replace("emplois", "emplois et fermé la moitié des usines de la vallée")
    assert verdict(clause) is Verdict.UNSUPPORTED
    assert verdict("créé 350 emplois") is Verdict.VERIFIED
    assert verdict("une phrase qui vient tout entière d'un autre document") is Verdict.UNSUPPORTED


def test_a_near_quote_is_found_in_a_long_document() -> None:
    filler = "La commune agit avec ses habitants et ses associations depuis longtemps. "
    document = filler * 35_000 + SOURCE  # about 1,000 pages
    assert judge_quote(NEAR.replace("soit", "donc"), document).verdict is Verdict.APPROXIMATE
