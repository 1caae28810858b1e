"""What the corpus calls what is asked for: acronyms, synonyms, spellings, other languages."""

import pytest

from advisor.errors import UsageError
from advisor.retrieval.search import LEXICAL, PassageSearch
from advisor.retrieval.translation import translations
from advisor.text.analysis import content_words, stem
from advisor.text.words import word_table


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
