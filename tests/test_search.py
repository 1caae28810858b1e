import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor.catalogue.records import Filters
from advisor.catalogue.store import Catalogue
from advisor.errors import UsageError
from advisor.index.embedding import load_embeddings
from advisor.index.generations import IndexStore
from advisor.retrieval.conversation import Turn
from advisor.retrieval.fusion import fuse
from advisor.retrieval.query import understand
from advisor.retrieval.retriever import HybridRetriever
from advisor.retrieval.search import DENSE, LEXICAL, PassageSearch
from advisor.retrieval.translation import translations
from advisor.retrieval.word_match import WordMatch
from advisor.settings import Settings
from advisor.text.analysis import content_words, stem
from advisor.text.words import word_table
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


@pytest.mark.parametrize(
    ("question", "word"),
    [("panneaux fotovoltaiques", "photovoltaiques"), ("reseau de challeur", "chaleur")],
)
def test_a_misspelt_word_is_read_as_the_nearest_word_of_the_corpus(
    imported, question, word
) -> None:
    result = PassageSearch(imported).search(question, 1)
    assert word in [one.shown for one in result.query.alternatives if one.origin == "spelling"]


def test_a_word_of_the_corpus_is_never_corrected(imported) -> None:
    result = PassageSearch(imported).search("panneaux photovoltaïques de l'église", 1)
    assert "spelling" not in [one.origin for one in result.query.alternatives]


def test_an_acronym_finds_its_expression_and_the_reverse(settings, folder, import_into) -> None:
    (folder / "plan.txt").write_text("Vie locale\n\nLe plan local d'urbanisme est révisé.\n")
    (folder / "sigle.txt").write_text("Logement\n\nLe PLH prévoit des maisons sobres.\n")
    import_into(settings, folder)
    search = PassageSearch(settings)
    assert "urbanisme" in search.search("Que dit le PLU ?", 1).hits[0].passage.text
    question = "le programme local de l'habitat"
    assert "PLH" in search.search(question, 1).hits[0].passage.text


def test_maintainers_add_acronyms_of_their_own(settings, folder, import_into) -> None:
    (folder / "plan.txt").write_text("Mairie\n\nLa fête des voisins solidaires a lieu en mai.\n")
    (settings.home).mkdir(parents=True, exist_ok=True)
    lines = "FVS = fête des voisins solidaires\nXYZ =\nAZE = de la\n"
    (settings.home / "acronymes.txt").write_text(lines)
    import_into(settings, folder)
    search = PassageSearch(settings)
    assert "voisins" in search.search("FVS ?", 1).hits[0].passage.text
    # What is unfinished stands for nothing.
    assert search.search("la fête XYZ et AZE", 1).hits


def test_a_word_misspelt_is_read_in_the_language_of_its_passages(
    settings, folder, import_into
) -> None:
    (folder / "rooms.txt").write_text(
        "The old buildings of the mine\n\nThe buildings of the mine were given back to the people"
        " of the town, who meet there and grow vegetables for the school.\n"
    )
    import_into(settings, folder)
    found = PassageSearch(settings).search("Which buidings were given back?", 1, legs=LEXICAL)
    assert "buildings" in found.hits[0].passage.text
    assert [one.terms for one in found.query.alternatives if one.origin == "spelling"] == [
        ("build",)
    ]


def test_what_documents_call_otherwise_is_found(settings, folder, import_into) -> None:
    (folder / "filiere.txt").write_text(
        "Une filière née de la mine\n\nLe pôle des éco-entreprises compte une centaine d'emplois"
        " aujourd'hui, dans une quinzaine d'entreprises installées sur l'ancien carreau de mine.\n"
    )
    (folder / "parc.txt").write_text(
        "Le parc du bassin de rétention\n\nLa biodiversité y revient depuis dix ans : des"
        " libellules, des hérons, des chauves-souris que les classes viennent compter au printemps.\n"
    )
    import_into(settings, folder)
    search = PassageSearch(settings)
    # By words alone: nearness in meaning might find them too.
    for question, found in (("Combien de postes ?", "emplois"), ("le vivant", "biodiversité")):
        assert found in search.search(question, 1, legs=LEXICAL).hits[0].passage.text


def test_a_word_itself_comes_before_its_synonym(settings, folder, import_into) -> None:
    for name, word in (("un", "emplois"), ("deux", "postes")):
        (folder / f"{name}.txt").write_text(f"Filière\n\nLe pôle compte cent {word} de plus.\n")
    import_into(settings, folder)
    found = PassageSearch(settings).search("Combien de postes ?", 2, legs=LEXICAL).hits
    assert ["postes" in hit.passage.text for hit in found] == [True, False]


def test_a_synonym_counts_more_where_the_corpus_never_says_the_word(
    settings, folder, import_into
) -> None:
    def found() -> float:
        import_into(settings, folder)
        hits = PassageSearch(settings).search("Combien de postes à la laiterie ?", 9, legs=LEXICAL)
        return next(hit.lexical for hit in hits.hits if "emplois" in hit.passage.text)

    (folder / "un.txt").write_text("Filière\n\nLe pôle compte cent emplois de plus.\n")
    (folder / "deux.txt").write_text("Filière\n\nLe pôle compte cent machines de plus.\n")
    unsaid = found()
    (folder / "deux.txt").write_text("Filière\n\nLe pôle compte cent postes de plus.\n")
    assert unsaid > 1.3 * found()


def test_maintainers_add_synonyms_of_their_own(settings, folder, import_into) -> None:
    (folder / "four.txt").write_text(
        "Vie du village\n\nLe fournil communal ouvre chaque samedi depuis que des bénévoles l'ont"
        " remis en état avec l'aide de la Région ; on y cuit pour la cantine et pour le marché.\n"
    )
    settings.home.mkdir(parents=True, exist_ok=True)
    # As an office program of Windows saves it.
    (settings.home / "synonymes.txt").write_bytes(
        "# été 2026\r\nfournil, maison du pain\r\n\r\nseul\r\n".encode("cp1252")
    )
    import_into(settings, folder)
    result = PassageSearch(settings).search("la maison du pain", 1, legs=LEXICAL)
    assert "fournil" in result.hits[0].passage.text


@pytest.mark.parametrize("name", ["acronymes.txt", "synonymes.txt"])
def test_words_of_their_own_that_are_no_text_are_named(imported, name) -> None:
    (imported.home / name).write_bytes(bytes(range(256)) * 20)
    with pytest.raises(UsageError) as caught:
        PassageSearch(imported).search("fosse fermée en 1986", 1)
    assert name in caught.value.message()


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
        for _ in range(100):
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


def test_german_and_english_questions_find_french_passages_by_their_words(imported) -> None:
    search = PassageSearch(imported)
    for question in ("Was zahlt das Krankenhaus?", "How much does the hospital pay?"):
        hit = search.search(question, 1, legs=LEXICAL).hits[0]
        assert "L'hôpital de Tramayes paie" in hit.passage.text


def test_a_french_question_finds_german_passages_by_their_words(
    settings, folder, import_into
) -> None:
    (folder / "stadt.txt").write_text(
        "Bergbau in der Stadt\n\nDie Stadt wurde vom Bergbau geprägt. Heute wird mit Holz geheizt,"
        " und das Wasser der Grube ist warm.\n"
    )
    import_into(settings, folder)
    hits = PassageSearch(settings).search("l'eau de la ville", 5, legs=LEXICAL).hits
    assert "de" in {hit.document.lang for hit in hits}


def test_a_german_compound_is_translated_by_its_parts() -> None:
    shown = [one.shown for one in translations("kohlestadt", "de", "fr")]
    assert "ville" in shown


def test_words_of_the_field_are_translated_as_written_by_hand() -> None:
    for lang in ("de", "en"):
        for word, line in word_table("field", lang).items():
            french = {stem(one, "fr") for one in content_words(line, "fr")}
            found = translations(content_words(word, lang)[0], lang, "fr")
            assert {one.term for one in found} & french, word
    assert [one.shown for one in translations("burgern", "de", "fr")] == ["citoyens", "habitants"]
    assert "burger" in [one.shown for one in translations("citoyens", "fr", "de")]


def test_words_that_begin_alike_are_one_family_only_when_they_mean_alike() -> None:
    embeddings = load_embeddings(Settings().embedding_model)
    match = WordMatch(["passeport", "chauffage", "election", "partenaire"], embeddings)
    near = match.similarities([["passes"], ["chaufferie"], ["electeurs"], ["partenariat"]])
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
