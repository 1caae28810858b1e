"""Indexes that are damaged or of another model: answered around, said, built anew."""

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from advisor.catalogue.store import Catalogue
from advisor.errors import IndexUnavailable, ModelUnavailable
from advisor.index import generations
from advisor.index.dense import DenseIndex, update_dense
from advisor.index.generations import IndexStore
from advisor.retrieval.search import PassageSearch
from advisor.settings import SHIPPED_MODEL, Settings
from ingest.pipeline import rebuild
from tests.test_import import problems


def indexed_dimensions(settings: Settings) -> int:
    """Return how many numbers of each vector the published index holds."""
    catalogue = Catalogue(settings.catalogue_path)
    generation = catalogue.generation()
    assert generation is not None
    opened = IndexStore(settings.index_path, catalogue).open(generation, generation.model)
    with closing(opened):
        assert opened.dense is not None
        return opened.dense.dimension


def _damage_missing(vectors: Path) -> None:
    shutil.rmtree(vectors)


def _damage_truncated(vectors: Path) -> None:
    database = vectors / "chroma.sqlite3"
    database.write_bytes(database.read_bytes()[:5000])


def _damage_segment(vectors: Path) -> None:
    segments = [path for path in vectors.glob("*/*.bin") if path.stat().st_size]
    if segments:
        segments[0].write_bytes(segments[0].read_bytes()[: segments[0].stat().st_size // 2])
    else:
        _damage_truncated(vectors)


@pytest.mark.parametrize("damage", [_damage_missing, _damage_truncated, _damage_segment])
def test_a_damaged_vector_index_is_answered_around_and_rebuilt_without_embedding(
    imported, damage, monkeypatch
) -> None:
    generation = Catalogue(imported.catalogue_path).generation()
    assert generation is not None
    damage(imported.index_path / f"generation-{generation.id}" / "vectors")
    search = PassageSearch(imported)
    result = search.search("fosse fermée en 1986", 1)
    assert "1986" in result.hits[0].passage.text
    assert result.missing_leg == "dense"
    assert problems(imported) != []
    assert search.needs_rebuild()

    def refuse(*_: object) -> None:
        raise AssertionError("a rebuild must use the vectors of the catalogue")

    with monkeypatch.context() as patch:
        patch.setattr("advisor.index.embedding.StaticEmbeddings.encode", refuse)
        rebuild(imported)
    assert problems(imported) == []
    assert search.search("fosse fermée en 1986", 1).missing_leg is None


@pytest.mark.parametrize("suffix", [".store", ".idx", ".term", ".pos"])
def test_a_damaged_lexical_index_is_answered_around_and_rebuilt(imported, suffix) -> None:
    generation = Catalogue(imported.catalogue_path).generation()
    assert generation is not None
    lexical = imported.index_path / f"generation-{generation.id}" / "lexical"
    for path in lexical.glob(f"*{suffix}"):
        path.write_bytes(bytes(path.stat().st_size))
    search = PassageSearch(imported)
    result = search.search("fosse fermée en 1986", 1)
    assert "1986" in result.hits[0].passage.text
    assert result.missing_leg == "lexical"
    assert search.needs_rebuild()
    rebuild(imported)
    assert search.search("fosse fermée en 1986", 1).missing_leg is None
    assert problems(imported) == []


def test_an_index_of_another_model_is_detected_and_rebuilt(imported, tmp_path) -> None:
    from safetensors.numpy import load_file, save_file

    other = tmp_path / "other"
    shutil.copytree(SHIPPED_MODEL, other)
    tensors = load_file(other / "model.safetensors")
    tensors["embeddings"] = tensors["embeddings"][:, :64].copy()
    save_file(tensors, other / "model.safetensors")
    changed = imported.model_copy(update={"embedding_model": str(other)})
    search = PassageSearch(changed)
    result = search.search("fosse fermée en 1986", 1)
    assert result.hits
    assert [problem.code for problem in result.degraded] == ["index_other_model"]
    rebuild(changed)
    assert search.search("fosse fermée en 1986", 1).degraded == ()
    assert problems(changed) == []


def test_an_index_of_longer_vectors_is_built_anew_by_the_next_import(
    settings, folder, import_into, tmp_path, monkeypatch
) -> None:
    longer = generations.INDEXED_DIMENSIONS + 64
    with monkeypatch.context() as earlier:
        earlier.setattr(generations, "INDEXED_DIMENSIONS", longer)
        import_into(settings, folder)
    assert indexed_dimensions(settings) == longer
    search = PassageSearch(settings)
    assert search.search("fosse fermée en 1986", 1).missing_leg is None
    (tmp_path / "later.txt").write_text("Un jardin partagé a ouvert en 2019.", encoding="utf-8")
    import_into(settings, tmp_path / "later.txt")
    assert indexed_dimensions(settings) == generations.INDEXED_DIMENSIONS
    assert search.search("fosse fermée en 1986", 1).missing_leg is None
    assert problems(settings) == []


def test_validation_forgives_a_stray_vector_and_not_a_lost_index(tmp_path) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"passage-{number}" for number in range(40)]
    for _ in update_dense(tmp_path / "vectors", None, 1, [(ids, vectors)], []):
        pass
    index = DenseIndex(tmp_path / "vectors", 1)
    index.validate(ids, vectors)
    stray = vectors.copy()
    stray[:8] = -stray[:8]
    index.validate(ids, stray)
    with pytest.raises(IndexUnavailable):
        index.validate(ids, -vectors)


def test_a_vector_index_that_fails_during_a_search_is_said_at_once(imported, monkeypatch) -> None:
    search = PassageSearch(imported)
    assert search.search("fosse fermée en 1986", 1).missing_leg is None

    def fail(*_: object) -> None:
        raise IndexUnavailable("index_damaged", path="vectors", reason="test")

    monkeypatch.setattr(DenseIndex, "search", fail)
    result = search.search("fosse fermée en 1986", 1)
    assert result.missing_leg == "dense"
    assert [problem.code for problem in result.degraded] == ["index_damaged"]


def test_an_unreachable_vector_server_is_nothing_that_a_rebuild_repairs(imported) -> None:
    search = PassageSearch(imported.model_copy(update={"chroma_url": "http://127.0.0.1:9"}))
    assert search.search("fosse fermée en 1986", 1).missing_leg == "dense"
    assert not search.needs_rebuild()


def test_a_model_that_is_not_there_is_looked_for_once(imported, monkeypatch) -> None:
    asked = []

    def absent(name: str) -> None:
        asked.append(name)
        raise ModelUnavailable("model_missing", model=name, reason="test")

    monkeypatch.setattr("advisor.retrieval.served.load_embeddings", absent)
    search = PassageSearch(imported)
    for _ in range(3):
        result = search.search("fosse fermée en 1986", 1)
        assert [problem.code for problem in result.degraded] == ["model_missing"]
    assert len(asked) == 1
