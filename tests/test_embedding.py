from pathlib import Path

import numpy as np
import pytest

from advisor.errors import ModelUnavailable
from advisor.index.embedding import StaticEmbeddings, load_embeddings
from advisor.settings import SHIPPED_MODEL

TEXTS = ["Comment impliquer les habitants ?", "Wie viele Einwohner?", "", "🌱"]


def test_the_shipped_model_gives_unit_vectors_and_zero_for_nothing() -> None:
    model = load_embeddings(str(SHIPPED_MODEL))
    vectors = model.encode(TEXTS)
    assert vectors.shape == (4, model.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 0], atol=1e-5)
    assert model.embed_query(TEXTS[0]) == pytest.approx(model.embed_documents(TEXTS)[0])


def test_meaning_crosses_the_three_languages() -> None:
    model = load_embeddings(str(SHIPPED_MODEL))
    french, english, german, other = model.encode(
        [
            "le réseau de chaleur",
            "the district heating network",
            "das Wärmenetz",
            "la danse classique",
        ]
    )
    assert french @ english > french @ other
    assert french @ german > french @ other


def test_the_shipped_model_knows_words_that_have_no_vector_of_their_own() -> None:
    model = load_embeddings(str(SHIPPED_MODEL))
    assert all(
        model.knows(word) for word in ("habitants", "perou", "reticents", "wasserversorgung")
    )
    assert not model.knows("habitnats")


def test_model2vec_reads_the_same_model_to_the_same_vectors() -> None:
    from model2vec import StaticModel

    ours = StaticEmbeddings(SHIPPED_MODEL).encode(TEXTS[:2])
    theirs = StaticModel.from_pretrained(str(SHIPPED_MODEL)).encode(TEXTS[:2])
    assert (ours * theirs).sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-3)


def test_the_first_dimensions_alone_still_tell_subjects_apart() -> None:
    vectors = load_embeddings(str(SHIPPED_MODEL)).encode(
        ["rénover les logements anciens", "la rénovation de l'habitat", "la pêche en mer"]
    )[:, :128]
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_a_missing_or_damaged_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        StaticEmbeddings(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not a model")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailable) as caught:
        StaticEmbeddings(tmp_path)
    assert str(tmp_path) in caught.value.message()
