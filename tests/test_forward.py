"""The words of passages as numbers: kept, ranked, compared with a question."""

import random
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from advisor.catalogue.records import IndexEntry, Passage
from advisor.errors import IndexUnavailable
from advisor.index.embedding import PassageEmbeddings, load_embeddings
from advisor.index.forward import (
    ForwardIndex,
    ForwardWriter,
    PassageWords,
    analysed,
    words_of,
)
from advisor.index.lexical import LexicalIndex
from advisor.retrieval.bm25f import CLOSE, HEADINGS, K1, SAME_FORM, TITLE, B, QuestionRanking
from advisor.retrieval.search import PassageSearch
from advisor.retrieval.word_match import WordMatch
from advisor.settings import SHIPPED_MODEL, Settings
from advisor.text.analysis import content_words, stem
from advisor.text.language import Language
from ingest.pipeline import rebuild
from tests.test_import import problems
from tests.test_indexes import published

Fields = tuple[list[str], list[str], list[str]]


def kept(settings: Settings) -> dict[str, list[str]]:
    """Return the words of each published passage, with their vectors' sums."""
    lexical = LexicalIndex(published(settings) / "lexical")
    table = lexical.forward.table
    ones = np.ones((1, 256), dtype=np.float32)
    return {
        one.passage_id: [
            f"{word} {cosine:.4f}"
            for word, cosine in zip(
                table.spelt(one.words), table.cosines(one.words, ones)[:, 0], strict=True
            )
        ]
        for one in lexical.passages(sorted(lexical.ids()))
    }


def entry(key: str, fields: Fields, lang: Language = "fr") -> IndexEntry:
    """Return a passage of some words."""
    title, headings, body = map(" ".join, fields)
    above = (headings,) if headings else ()
    return IndexEntry(Passage(key, "document", 0, 0, len(body), 1, above, body), title, lang)


def write(
    folder: Path, entries: Iterable[IndexEntry], model: PassageEmbeddings | None = None
) -> list[int]:
    """Add passages to a folder; return where their records begin."""
    writer = ForwardWriter(folder)
    places = [writer.add(one, analysed(one)) for one in entries]
    writer.finish(model or load_embeddings(str(SHIPPED_MODEL)))
    return places


TEXT = """Se chauffer au bois
Les habitants financent la chaufferie. Elle a coûté 40 000 € en 2019 !
• 12 logements ;
• un tramway
CHAUFFAGE
Oui."""


def test_the_words_of_passages_come_back_whatever_is_added_later(tmp_path) -> None:
    passage = Passage("a", "document", 3, 100, 100 + len(TEXT), 1, ("Se chauffer au bois",), TEXT)
    first = IndexEntry(passage, "Chaufferies", "fr", ("La chaudière", "Bois-énergie"))
    later = entry("passage-ç", (["bois"], ["chaufferie"], ["tramway"]), "de")
    places = write(tmp_path, [first]) + write(tmp_path, [later])
    index = ForwardIndex(tmp_path)
    one, other = index.passages(places)
    spelt = index.table.spelt
    titles, names = map(spelt, one.above)
    assert titles == ["chaufferies", "chauffer", "bois"]
    assert names == ["chaudiere", "bois", "energie", "boisenergie"]
    assert spelt(one.body) == content_words(TEXT)
    lines = [TEXT[start:end] for start, end, *_ in one.lines.tolist()]
    assert lines == [
        "Les habitants financent la chaufferie.",
        "Elle a coûté 40 000 € en 2019 !",
        "• 12 logements ;",
        "• un tramway",
    ]
    assert one.lines[:, 2].tolist() == [0, 0, 1, 1]
    for line, (*_, first_word, count) in zip(lines, one.lines.tolist(), strict=True):
        assert spelt(one.body[first_word : first_word + count]) == content_words(line)
    assert (other.passage_id, other.lang, spelt(other.words)) == (
        "passage-ç", "de", ["bois", "chaufferie", "tramway"],
    )  # fmt: skip
    assert index.written == 2
    assert index.intact()


def test_a_few_passages_are_read_as_an_index_of_them_would_hold_them(tmp_path) -> None:
    entries = [entry(key, fields) for key, fields in _corpus().items()]
    model = load_embeddings(str(SHIPPED_MODEL))
    places = write(tmp_path, entries)
    index = ForwardIndex(tmp_path)
    table, passages = words_of(entries, model)
    for one, kept_one in zip(passages, index.passages(places), strict=True):
        assert one.passage_id == kept_one.passage_id
        assert table.spelt(one.words) == index.table.spelt(kept_one.words)
        assert np.array_equal(one.lines, kept_one.lines)


def test_an_index_without_passages_has_no_word(tmp_path) -> None:
    write(tmp_path, [])
    index = ForwardIndex(tmp_path)
    assert index.table.words == []
    assert index.table.terms_in([np.zeros(0, dtype=np.uint32)], ["bois"]) == [set()]


def _corpus() -> dict[str, Fields]:
    draw = random.Random(3)
    words = content_words(
        "des habitants financent la chaufferie bois, l'habitant finance le financement de l'énergie"
        " et les économies d'énergie des logements ; un élu partage l'eau du toit de la mairie"
    )
    return {
        f"{number}": tuple(draw.choices(words, k=draw.randrange(most)) for most in (3, 4, 30))
        for number in range(40)
    }


def _score(fields: Fields, terms: dict[str, float], asked: list[str], mean: float) -> float:
    """BM25F with its bonuses, word by word."""
    title, headings, body = fields
    shrink = 1 / (1 - B + B * len(body) / mean)
    counts: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for words, weight in ((title, TITLE), (headings, HEADINGS), (body, shrink)):
        for word in words:
            term = stem(word, "fr")
            if term in terms:
                counts[term] += weight
                same[term] += weight if word in asked else 0
    score = sum(terms[term] * count / (count + K1) for term, count in counts.items())
    score += SAME_FORM * sum(terms[term] * count / (count + K1) for term, count in same.items())
    stems = [stem(word, "fr") for word in asked]
    found = [stem(word, "fr") for word in body]
    for one, other in pairwise(stems):
        if one == other or not {one, other} <= terms.keys() & set(found):
            continue
        gap = min(
            abs(first - second)
            for first, term in enumerate(found)
            for second, with_it in enumerate(found)
            if (term, with_it) == (one, other)
        )
        score += CLOSE * min(terms[one], terms[other]) / gap if gap <= 3 else 0
    return score


def test_candidates_are_scored_as_word_by_word(tmp_path) -> None:
    corpus = _corpus()
    places = write(tmp_path, [entry(key, fields) for key, fields in corpus.items()])
    asked = content_words(
        "Comment les habitants financent-ils les économies d'énergie d'habitants ?"
    )
    terms = {stem(word, "fr"): 1 + len(word) / 7 for word in asked}
    terms["gouvern"] = 2.0
    index = ForwardIndex(tmp_path)
    scores = QuestionRanking({"fr": terms, "de": {}}, asked, index.table, 12.5).scores(
        index.passages(places)
    )
    expected = [_score(fields, terms, asked, 12.5) for fields in corpus.values()]
    assert scores == pytest.approx(expected)
    assert len(set(scores)) > 20


def test_passages_of_a_language_without_terms_score_nothing(tmp_path) -> None:
    places = write(tmp_path, [entry("a", (["bois"], [], ["bois"]))])
    index = ForwardIndex(tmp_path)
    ranking = QuestionRanking({"de": {"bois": 1.0}, "fr": {}}, ["bois"], index.table, 1.0)
    assert ranking.scores(index.passages(places)) == [0.0]


class _NoWordVectors(PassageEmbeddings):
    """A model that reads texts only."""

    model_id = "texts only"


@pytest.mark.parametrize("model", [load_embeddings(str(SHIPPED_MODEL)), _NoWordVectors()])
def test_the_nearest_word_of_each_text_is_that_of_comparing_them_one_by_one(model) -> None:
    corpus = {**_corpus(), "empty": ([], [], [])}
    table, passages = words_of([entry(key, one) for key, one in corpus.items()], model)
    asked = {"financer": 2.0, "chauffage": 1.0, "logement": 0.5}
    match = WordMatch(list(asked), model)
    vectors = model.word_vectors(list(asked))
    near = match.similarities(table, [one.words for one in passages])
    for row, one in enumerate(passages):
        words = table.spelt(one.words)
        for column in range(len(asked)):
            alone = [
                WordMatch(list(asked), model).similarities(table, [word])[0, column]
                for word in one.words[:, None]
            ]
            assert near[row, column] == pytest.approx(max(alone, default=0.0))
            if vectors is not None and "toit" in words:
                cosine = float(vectors[column] @ model.word_vectors(["toit"])[0])
                assert alone[words.index("toit")] == pytest.approx(max(cosine, 0.0), abs=0.01)
    means = match.weighted_means(table, [one.words for one in passages], asked)
    assert means == pytest.approx((near @ [2 / 3.5, 1 / 3.5, 0.5 / 3.5]).tolist())
    assert means[-1] == 0 < max(means)


def test_texts_compared_in_turn_are_as_near_as_all_at_once() -> None:
    model = load_embeddings(str(SHIPPED_MODEL))
    table, passages = words_of([entry(key, one) for key, one in _corpus().items()], model)
    texts = [one.words for one in passages]
    asked = ["financer", "chauffage", "logement"]
    near = WordMatch(asked, model).similarities(table, texts)
    match = WordMatch(asked, model)
    # Each brings words that the texts before had not, and has some that they had.
    for some in (slice(-1, None), slice(2), slice(None)):
        assert match.similarities(table, texts[some]) == pytest.approx(near[some], abs=1e-6)
    # Another publication numbers its words otherwise.
    other, (alone,) = words_of([entry("b", (["chauffage"], [], ["financer"]))], model)
    assert match.similarities(other, [alone.words]) == pytest.approx(
        WordMatch(asked, model).similarities(other, [alone.words])
    )


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("records.bin", lambda content: content[:-400]),
        ("records.bin", lambda content: bytes(len(content))),
        ("words.txt", lambda content: content[:-9]),
        ("words.npz", lambda content: content[:-9]),
        ("words.npz", lambda content: content.replace(b"terms", b"terns")),
        ("state.json", lambda content: content[:-9]),
        ("vectors.npy", lambda content: content[:-9]),
        ("vectors.npy", lambda content: content.replace(b", 256)", b", 156)")),
        ("vectors.npy", lambda content: content.replace(b"|i1", b"|u1")),
    ],
)
def test_lost_words_are_answered_around_and_written_anew(imported, name, damage) -> None:
    path = published(imported) / "lexical" / "forward" / name
    path.write_bytes(damage(path.read_bytes()))
    search = PassageSearch(imported)
    result = search.search("fosse fermée en 1986", 1)
    assert "1986" in result.hits[0].passage.text
    assert result.missing_leg == "lexical"
    assert problems(imported) != []
    rebuild(imported)
    assert search.search("fosse fermée en 1986", 1).missing_leg is None
    assert problems(imported) == []


@pytest.mark.parametrize("name", ["records.bin", "words.txt", "vectors.npy"])
def test_words_overwritten_in_place_are_told_and_not_carried_over(
    imported, name, import_into, tmp_path
) -> None:
    path = published(imported) / "lexical" / "forward" / name
    content = bytearray(path.read_bytes())
    # The last number of the last record, beyond all words.
    content[-2] = ord("z")
    path.write_bytes(content)
    assert PassageSearch(imported).search("fosse fermée en 1986", 1).hits
    assert [problem.code for problem in problems(imported)] == ["index_damaged"]
    (tmp_path / "later.txt").write_text("Un jardin partagé a ouvert en 2019.", encoding="utf-8")
    import_into(imported, tmp_path / "later.txt")
    assert problems(imported) == []
    after = kept(imported)
    rebuild(imported)
    assert after == kept(imported)


def test_lines_that_a_damaged_record_misplaces_are_read_from_the_text(
    imported, monkeypatch
) -> None:
    asked = "fosse fermée en 1986"
    whole = PassageSearch(imported).search(asked, 3)
    read = ForwardIndex._passage

    def misplaced(self: ForwardIndex, place: int) -> PassageWords:
        one = read(self, place)
        return one._replace(lines=one.lines + np.array([9_000, 9_000, 0, 0, 0], dtype=np.uint32))

    monkeypatch.setattr(ForwardIndex, "_passage", misplaced)
    damaged = PassageSearch(imported).search(asked, 3)
    assert [hit.passage.id for hit in damaged.hits] == [hit.passage.id for hit in whole.hits]
    for key, one in damaged.evidence.items():
        assert [line.text for line in one.lines] == [
            line.text for line in whole.evidence[key].lines
        ]


def test_words_of_withdrawn_passages_do_not_pile_up(settings, tmp_path, import_into) -> None:
    path = tmp_path / "suivi.txt"
    records = []
    for year in range(2010, 2022):
        path.write_text(f"La commune a rénové {year} logements en {year}.", encoding="utf-8")
        import_into(settings, path)
        records.append(ForwardIndex(published(settings) / "lexical" / "forward").written)
        assert (
            str(year) in PassageSearch(settings).search("logements rénovés", 1).hits[0].passage.text
        )
    assert max(records) == 3
    assert problems(settings) == []


def test_a_folder_that_is_not_there_is_no_index(tmp_path) -> None:
    with pytest.raises(IndexUnavailable):
        ForwardIndex(tmp_path / "nothing")
