from pathlib import Path

import numpy as np
import pytest

from advisor.answer.answerer import Answerer
from advisor.catalogue.store import Catalogue
from advisor.errors import ModelUnavailable
from advisor.index.token_codes import from_codes, to_codes
from advisor.index.token_encoder import TokenEncoder, encoder_of
from advisor.retrieval import late_interaction
from advisor.retrieval.search import PassageSearch
from advisor.settings import SHIPPED_ENCODER, Settings
from ingest.pipeline import Importer, rebuild


@pytest.fixture(scope="module")
def encoder() -> TokenEncoder:
    found = encoder_of(str(SHIPPED_ENCODER))
    assert found is not None
    return found


def nearness(encoder: TokenEncoder, question: str, text: str) -> float:
    return sum(late_interaction.nearness(encoder.question(question), encoder.passages([text]))[0])


def test_each_token_of_a_question_has_a_unit_vector_and_a_weight(encoder: TokenEncoder) -> None:
    for text in ["L’église de Loos :  ½ MW", "", "🌱", "le mot " * 1_000]:
        read = encoder.question(text)
        assert 2 <= len(read.vectors) == len(read.weights) <= 402
        assert np.allclose(np.linalg.norm(read.vectors, axis=1), 1, atol=1e-3)
        assert read.weights.sum() == pytest.approx(1, abs=1e-5)


def test_two_bits_keep_the_direction_of_each_token(encoder: TokenEncoder) -> None:
    text = "Le réseau de chaleur au bois."
    [codes] = encoder.passages([text])
    assert codes.shape[1] == encoder.width
    vectors = encoder.question(text).vectors
    kept = from_codes(codes)
    assert kept.shape == vectors.shape
    assert np.linalg.norm(kept, axis=1) == pytest.approx(1, abs=0.15)
    assert ((kept * vectors).sum(axis=1) / np.linalg.norm(kept, axis=1) > 0.9).all()
    assert np.array_equal(to_codes(from_codes(codes)), codes)


def test_a_text_reads_the_same_alone_and_among_others(encoder: TokenEncoder) -> None:
    texts = ["Le réseau de chaleur au bois.", "", "Une phrase plus longue que les autres, " * 90]
    for text, read in zip(texts, encoder.passages(texts), strict=True):
        assert np.array_equal(read, encoder.passages([text])[0])


def test_nearness_is_that_of_the_nearest_token_weighed_by_the_question(
    encoder: TokenEncoder,
) -> None:
    asked = encoder.question("Qui finance les écoles ?")
    texts = ["L'État paie les travaux des écoles.", "Oui.", "La piscine est fermée le mardi."]
    expected = []
    for codes in encoder.passages(texts):
        expected.append(asked.weights @ (asked.vectors @ from_codes(codes).T).max(axis=1))
    near = late_interaction.nearness(asked, encoder.passages(texts))
    assert all(len(one) == len(asked.weights) for one in near)
    found = [sum(one) for one in near]
    assert found == pytest.approx(expected, abs=1e-5)
    assert found[0] == max(found)
    assert late_interaction.nearness(asked, []) == []


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "Qui finance la rénovation des écoles ?",
            "L'État subventionne les travaux dans les établissements scolaires.",
        ),
        ("Who pays for the renovation of schools?", "L'État finance la rénovation des écoles."),
        ("Wer bezahlt die Renovierung der Schulen?", "L'État finance la rénovation des écoles."),
    ],
)
def test_the_answer_is_nearer_than_a_text_that_shares_a_word(
    encoder: TokenEncoder, question: str, answer: str
) -> None:
    other = "La rénovation du centre-bourg est terminée."
    assert nearness(encoder, question, answer) > nearness(encoder, question, other)


def test_a_passage_that_answers_in_other_words_gains_on_one_that_shares_a_word(
    settings, tmp_path, import_into
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    texts = {
        "un": "L'État subventionne les travaux dans les établissements scolaires.",
        "deux": "La rénovation du centre-bourg est terminée : le conseil municipal s'en félicite.",
    }
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(f"Note {name}\n\n{text}\n", encoding="utf-8")
    import_into(settings, folder)
    off = settings.model_copy(update={"token_encoder": None})
    shares = []
    for one in (settings, off):
        hits = PassageSearch(one).search("Qui finance la rénovation des écoles ?", 2).hits
        score = {"État" in hit.passage.text: hit.score for hit in hits}
        shares.append(score[True] / score[False])
    assert shares[0] > shares[1]


def nearnesses(settings: Settings) -> list[float]:
    return [sum(hit.near) for hit in PassageSearch(settings).search("les habitants", 5).hits]


def test_passages_imported_without_the_encoder_are_read_by_the_next_rebuild(
    settings, tmp_path, import_into
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("un", "deux"):
        (folder / f"{name}.txt").write_text(f"Note {name}\n\nLes habitants décident.\n")
    import_into(settings.model_copy(update={"token_encoder": None}), folder)
    (folder / "trois.txt").write_text("Note trois\n\nLes habitants votent.\n")
    assert nearnesses(settings) == [0.0, 0.0]
    assert PassageSearch(settings).needs_rebuild()
    rebuild(settings)
    assert all(nearnesses(settings)) and not PassageSearch(settings).needs_rebuild()
    import_into(settings, folder)
    assert len(nearnesses(settings)) == 3 and all(nearnesses(settings))


def test_an_import_reads_what_an_interrupted_build_had_not(settings, imported) -> None:
    catalogue = Catalogue(imported.catalogue_path)
    with catalogue.transaction() as connection:
        connection.execute("DELETE FROM token_vectors")
    assert nearnesses(imported) and not any(nearnesses(imported))
    Importer(imported).run([])
    assert all(nearnesses(imported))


def test_an_encoder_that_cannot_be_read_is_named_and_the_search_goes_on(imported, tmp_path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "tokenizer.json").write_bytes((SHIPPED_ENCODER / "tokenizer.json").read_bytes())
    (damaged / "model.onnx").write_bytes(b"not a model")
    off = PassageSearch(imported.model_copy(update={"token_encoder": None}))
    plain = off.search("les habitants", 5)
    assert not plain.degraded
    for folder in (tmp_path / "absent", damaged):
        broken = imported.model_copy(update={"token_encoder": str(folder)})
        result = PassageSearch(broken).search("les habitants", 5)
        assert [hit.passage.id for hit in result.hits] == [hit.passage.id for hit in plain.hits]
        said = result.degraded[0].message("fr")
        assert str(folder) in said and "ADVISOR_TOKEN_ENCODER" in said
        answer = Answerer(broken).answer("Qui a fermé la dernière fosse ?")
        assert said in answer.notices and answer.citations
        with pytest.raises(ModelUnavailable):
            encoder_of(str(folder))


def test_what_is_exported_encodes_as_what_was_trained(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from tokenizers import Tokenizer, models, pre_tokenizers

    from eval.training.late_interaction import TokenVectors, export
    from eval.training.pretrained_encoder import CHANNELS, ORDERS, Pretrained

    pieces = ["<unk>", "<s>", "</s>", "▁", *"abcdefgh"]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], 0, False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    draw = np.random.default_rng(0)

    def some(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.05, shape).astype(np.float32)

    width = 512 + len(ORDERS) * CHANNELS
    layers = {"ln_g": 1 + some(width), "ln_b": some(width)}
    for n in ORDERS:
        layers |= {f"proj{n}": some(512, CHANNELS), f"ln_g{n}": 1 + some(CHANNELS)}
        layers |= {f"{name}{n}": some(CHANNELS) for name in ("proj_b", "ln_b")}
        layers |= {f"{name}_{n}": some(n * CHANNELS, CHANNELS) for name in ("w1", "w2")}
        layers |= {f"{name}_{n}": some(CHANNELS) for name in ("b1", "b2")}
    rows = len(pieces) + 1
    table = draw.integers(0, 255, (rows, 512), dtype=np.uint8)
    scale, low = np.full(rows, 0.01, np.float32), np.full(rows, -1.28, np.float32)
    torch.manual_seed(0)
    model = TokenVectors(Pretrained(tokenizer, table, scale, low, layers))
    export(model, tokenizer, tmp_path / "model")
    read = TokenEncoder(tmp_path / "model").question("bad cafe")
    ids = [2, *(one + 1 for one in tokenizer.encode("bad cafe", add_special_tokens=False).ids), 3]
    with torch.no_grad():
        vectors, weights = model(torch.tensor([ids]))
    assert (read.vectors * vectors[0].numpy()).sum(axis=1) == pytest.approx(1, abs=0.03)
    assert read.weights == pytest.approx((weights[0] / weights[0].sum()).numpy(), abs=0.02)
