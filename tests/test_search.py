import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from advisor.catalogue.records import Filters
from advisor.catalogue.store import Catalogue
from advisor.errors import UsageError
from advisor.index.embedding import load_embeddings
from advisor.index.generations import IndexStore
from advisor.index.words import WordTable
from advisor.retrieval.conversation import Turn
from advisor.retrieval.fusion import fuse
from advisor.retrieval.query import understand
from advisor.retrieval.retriever import HybridRetriever
from advisor.retrieval.search import DENSE, LEXICAL, PassageSearch
from advisor.retrieval.word_match import WordMatch
from advisor.settings import Settings
from tests.test_fiche import FICHE

TERRITORY = """---
kind: territoire
title: Villeneuve-sur-Lie
lang: fr
updated: 2026-01-10
summary: Une commune qui installe des panneaux.
themes: [energie]
aliases: [La Neuve]
sources:
  - {id: s1, name: "Rapport de la commune"}
territory:
  type: commune
  country: FR
  contexts: [rural]
---
La commune de Villeneuve-sur-Lie chauffe ses écoles avec la chaleur du bois[^s1].
"""


@pytest.mark.parametrize(
    "question",
    [
        "panneaux photovoltaïques de l'église",
        "PANNEAUX PHOTOVOLTAIQUES EGLISE",
        "panneau photovoltaique l’eglise",
    ],
)
def test_accents_capitals_and_plurals_do_not_matter(imported, question) -> None:
    assert "5000 €" in PassageSearch(imported).search(question, 1).hits[0].passage.text


def test_filters_restrict_both_legs(settings, folder, import_into) -> None:
    (folder / "fonds.md").write_text(FICHE, encoding="utf-8")
    import_into(settings, folder)
    search = PassageSearch(settings)

    def kinds(filters: Filters) -> set[str]:
        return {hit.document.kind for hit in search.search("commune habitants", 10, filters).hits}

    assert kinds(Filters()) == {"document", "dispositif"}
    assert kinds(Filters(kinds=("dispositif",))) == {"dispositif"}
    assert kinds(Filters(themes=("energie",))) == {"dispositif"}
    assert kinds(Filters(years=(2026,))) == {"dispositif"}
    for nothing in (Filters(languages=("de",)), Filters(themes=("energie",), kinds=("document",))):
        with pytest.raises(UsageError):
            kinds(nothing)
    loos = search.search("fosse 1986", 1).hits[0].document.id
    assert {
        hit.document.id for hit in search.search("commune", 10, Filters(documents=(loos,))).hits
    } == {loos}


def test_results_are_the_same_each_time(imported) -> None:
    first = PassageSearch(imported).search("transition des habitants", 10)
    second = PassageSearch(imported).search("transition des habitants", 10)
    assert [(h.passage.id, h.score) for h in first.hits] == [
        (h.passage.id, h.score) for h in second.hits
    ]


def test_the_langchain_retriever_returns_placed_documents(imported) -> None:
    retriever = HybridRetriever(search=PassageSearch(imported), k=2)
    documents = retriever.invoke("réseau de chaleur au bois")
    assert documents[0].metadata["title"] == "Tramayes et son réseau de chaleur"
    assert {"document_id", "kind", "page", "section", "start", "end", "score"} <= documents[
        0
    ].metadata.keys()


@pytest.mark.parametrize("question", ["", "   ", "?!…", "\x00\x01"])
def test_an_empty_question_gets_a_sentence(imported, question) -> None:
    with pytest.raises(UsageError):
        PassageSearch(imported).search(question)


@pytest.mark.parametrize(
    "question",
    ['"commune" AND (a OR', "le la les", "title:commune*", "общество", "🌱🌱 a", "a" * 50_000],
)
def test_odd_questions_never_fail(imported, question) -> None:
    PassageSearch(imported).search(question)


def test_each_ranking_can_be_asked_alone(imported) -> None:
    search = PassageSearch(imported)
    words = search.search("réseau de chaleur au bois", 1, legs=LEXICAL).hits[0]
    meaning = search.search("réseau de chaleur au bois", 1, legs=DENSE).hits[0]
    assert words.similarity is None
    assert meaning.lexical is None
    assert words.passage.id == meaning.passage.id


def test_an_empty_corpus_is_said(settings) -> None:
    with pytest.raises(UsageError) as caught:
        PassageSearch(settings).search("quelque chose")
    assert "advisor import" in caught.value.message()


def test_a_follow_up_keeps_the_terms_of_the_turn_before() -> None:
    query = understand("et combien ça coûte ?", [Turn("Quel réseau de chaleur à Tramayes ?")])
    assert "tramay" in query.context_terms
    assert understand("Quel réseau de chaleur à Tramayes ?", [Turn("Autre question")]).context == ""


def test_fusion_trusts_the_only_leg_there_is() -> None:
    assert [one.passage_id for one in fuse({"a": 2.0, "b": 1.0}, {})] == ["a", "b"]
    assert [one.passage_id for one in fuse({}, {"a": 0.1, "b": 0.9})] == ["b", "a"]
    both = fuse({"a": 2.0, "b": 1.9}, {"b": 0.9, "c": 0.8})
    assert both[0].passage_id == "b"
    assert all(0 <= one.score <= 1 for one in both)


def test_a_chroma_server_serves_like_the_embedded_one(tmp_path, folder, import_into) -> None:
    from advisor.settings import Settings

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chroma = Path(sys.executable).parent / "chroma"
    server = subprocess.Popen(
        [chroma, "run", "--path", tmp_path / "server", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        settings = Settings(home=tmp_path / "home", chroma_url=f"http://127.0.0.1:{port}")
        import_into(settings, folder)
        result = PassageSearch(settings).search("réseau de chaleur au bois", 2)
        assert result.missing_leg is None
        assert result.hits[0].document.title == "Tramayes et son réseau de chaleur"
        assert any(hit.similarity is not None for hit in result.hits)
        (folder / "tramayes.txt").unlink()
        (folder / "loos.txt").write_text("Loos\n\nUn texte corrigé sur la fosse.\n")
        import_into(settings, folder)
        store = IndexStore(
            settings.index_path, Catalogue(settings.catalogue_path), settings.chroma_url
        )
        generation = Catalogue(settings.catalogue_path).generation()
        assert generation is not None
        assert store.verify(generation.model) == []
    finally:
        server.kill()
        server.wait()
    # Without the server, words still answer.
    degraded = PassageSearch(settings).search("fosse", 1)
    assert degraded.missing_leg == "dense"
    assert degraded.hits


def test_words_that_begin_alike_are_one_family_only_when_they_mean_alike() -> None:
    embeddings = load_embeddings(Settings().embedding_model)
    match = WordMatch(["passeport", "chauffage", "election", "partenaire"], embeddings)
    table = WordTable.build(
        ["0 passes", "0 chaufferie", "0 electeurs", "0 partenariat"], embeddings
    )
    near = match.similarities(table, list(np.arange(4, dtype=np.uint32)[:, None]))
    assert near[0, 0] < 0.2
    assert near[1, 1] > 0.7 and near[2, 2] > 0.7
    # However seldom both stand in the same sentences.
    assert near[3, 3] > 0.7


@pytest.mark.parametrize(
    "typed", ["la « chaufferie »", "la “chaufferie”", "la „chaufferie“", 'la "chaufferie"']
)
def test_words_between_quotation_marks_count_more(imported, typed) -> None:
    def gap(question: str) -> float:
        hits = PassageSearch(imported).search(question, 9, legs=LEXICAL).hits
        best = {hit.document.title.split()[0].rstrip(","): hit.score for hit in hits[::-1]}
        return best["Tramayes"] - best["Loos-en-Gohelle"]

    asked = "les habitants et {}"
    assert gap(asked.format(typed)) > gap(asked.format("la chaufferie"))


def test_a_small_word_inside_a_name_is_no_term_of_the_question() -> None:
    assert understand("Was tut Loos-en-Gohelle?").words == (
        "tut", "loos", "gohelle", "loosengohelle",
    )  # fmt: skip


def test_a_named_territory_comes_first_without_excluding_others(
    settings, folder, import_into
) -> None:
    (folder / "fiche.md").write_text(TERRITORY, encoding="utf-8")
    import_into(settings, folder)
    hits = PassageSearch(settings).search("les panneaux de Villeneuve-sur-Lie", 5).hits
    assert hits[0].document.title == "Villeneuve-sur-Lie"
    assert len({hit.document.id for hit in hits}) > 1


def test_a_territory_filter_takes_a_name_an_alias_or_a_slug(settings, folder, import_into) -> None:
    (folder / "fiche.md").write_text(TERRITORY, encoding="utf-8")
    import_into(settings, folder)
    search = PassageSearch(settings)
    for name in ("Villeneuve-sur-Lie", "villeneuve sur lie", "La Neuve", "fiche"):
        hits = search.search("chaleur", 5, Filters(territories=(name,))).hits
        assert {hit.document.title for hit in hits} == {"Villeneuve-sur-Lie"}


def test_a_passage_never_ends_on_what_announces_the_next(settings, tmp_path, import_into) -> None:
    sentence = "La commune rénove les logements anciens du quartier avec les habitants. "
    items = "".join(
        f"- le levier numéro {n}, avec les habitants et les artisans ;\n" for n in "123"
    )
    path = tmp_path / "rapport.txt"
    for count in range(4, 14):
        path.write_text(
            f"Rapport\n\n{sentence * count}\n\nTrois leviers comptent :\n\n{items}",
            encoding="utf-8",
        )
        import_into(settings, path)
        catalogue = Catalogue(settings.catalogue_path)
        (document,) = catalogue.documents()
        passages = catalogue.passages_of(document.id)
        assert not any(one.text.endswith(":") for one in passages[:-1])
        assert any("Trois leviers comptent :\n\n• le levier" in one.text for one in passages)


def test_a_reranker_decides_the_order_and_its_absence_is_said(imported, tmp_path) -> None:
    pytest.importorskip("sentence_transformers")
    plain = PassageSearch(imported).search("les habitants", 5)
    missing = imported.model_copy(update={"reranker": str(tmp_path / "absent")})
    result = PassageSearch(missing).search("les habitants", 5)
    assert [hit.passage.id for hit in result.hits] == [hit.passage.id for hit in plain.hits]
    assert "ADVISOR_RERANKER" in result.degraded[0].message("fr")

    folder = tiny_cross_encoder(tmp_path / "cross")
    reranked = PassageSearch(imported.model_copy(update={"reranker": folder}))
    hits = reranked.search("les habitants", 5).hits
    texts = [f"{' '.join(hit.passage.headings)}\n{hit.passage.text}" for hit in hits]
    from sentence_transformers import CrossEncoder

    scores = CrossEncoder(folder).predict([("les habitants", text) for text in texts])
    assert list(scores) == sorted(scores, reverse=True)


def tiny_cross_encoder(path: Path) -> str:
    """Save a cross-encoder of random weights."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(3)
    path.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789'.,%€"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{x}" for x in letters)]
    (path / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab=str(path / "vocab.txt")).save_pretrained(path)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, num_labels=1, initializer_range=1.0,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(path)
    return str(path)


def test_at_equal_relevance_the_newer_document_comes_first(settings, tmp_path, import_into) -> None:
    for name, updated in (("ancienne", "2012-01-10"), ("recente", "2026-01-10")):
        fiche = TERRITORY.replace("2026-01-10", updated).replace("Villeneuve-sur-Lie", name.title())
        # Something of its own: two copies would be one document.
        (tmp_path / f"{name}.md").write_text(fiche, encoding="utf-8")
    import_into(settings, tmp_path)
    hits = PassageSearch(settings).search("chauffer les écoles au bois").hits
    assert [hit.document.date for hit in hits] == ["2026-01-10", "2012-01-10"]
    assert hits[1].score > 0.9 * hits[0].score


def test_a_passage_with_the_kind_of_value_asked_for_comes_first(
    settings, tmp_path, import_into
) -> None:
    for name, text in (
        ("a", "La chaufferie de la commune chauffe les écoles et les logements au bois."),
        ("b", "La chaufferie de la commune chauffe les écoles et 140 logements au bois."),
    ):
        (tmp_path / f"{name}.txt").write_text(f"Bilan {name}\n\n{text}\n", encoding="utf-8")
    import_into(settings, tmp_path)
    hits = PassageSearch(settings).search("Combien de logements chauffe la chaufferie ?").hits
    assert "140" in hits[0].passage.text


def test_a_filtered_search_compares_every_passage_of_the_few_documents_it_is_left(
    settings, tmp_path, import_into
) -> None:
    """Its passage is not among the sixty nearest of the corpus; some others' are."""
    for number in range(80):
        (tmp_path / f"gare-{number}.txt").write_text(f"La gare numéro {number} a ouvert en 1900.")
    (tmp_path / "foret.txt").write_text("Des chênes centenaires bordent le vallon.")
    import_into(settings, *sorted(tmp_path.glob("*.txt")))
    search = PassageSearch(settings)
    stations = [one.id for one in search.catalogue.documents() if "gare" in one.title]
    (forest,) = [one.id for one in search.catalogue.documents() if one.id not in stations]
    left = Filters(documents=(forest, *stations[:25]))
    found = search.search("Quand la gare a-t-elle ouvert ?", 30, left)
    assert forest in [hit.document.id for hit in found.hits if hit.similarity is not None]


def _run(home: Path, script: str) -> subprocess.CompletedProcess[str]:
    opened = (
        "import os, threading\n"
        "from advisor.retrieval.search import PassageSearch\n"
        "from advisor.settings import Settings\n"
        f"search = PassageSearch(Settings(home={str(home)!r}))\n"
        "found = [hit.passage.id for hit in search.search('fosse fermée en 1986', 5).hits]\n"
    )
    return subprocess.run(
        [sys.executable, "-c", opened + script], capture_output=True, text=True, timeout=120
    )


def test_a_process_forked_after_a_question_finds_the_same(imported) -> None:
    done = _run(
        imported.home,
        "child = os.fork()\n"
        "again = [hit.passage.id for hit in search.search('fosse fermée en 1986', 5).hits]\n"
        "print(again == found, len(again) > 0, flush=True)\n"
        "os.waitpid(child, 0) if child else os._exit(0)\n",
    )
    assert done.stdout.split() == ["True"] * 4, done.stderr


def test_questions_still_asked_when_the_program_ends_are_answered(imported) -> None:
    done = _run(
        imported.home,
        "def ask():\n"
        "    threading.main_thread().join()\n"
        "    again = [hit.passage.id for hit in search.search('fosse fermée en 1986', 5).hits]\n"
        "    print(again == found, len(again) > 0)\n"
        "threading.Thread(target=ask).start()\n",
    )
    assert done.stdout.split() == ["True", "True"], done.stderr
