"""Indexes that are damaged or of another model: answered around, said, built anew."""

import shutil
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from advisor.catalogue.store import Catalogue
from advisor.catalogue.vectors import PassageVectors
from advisor.errors import IndexUnavailable, ModelUnavailable
from advisor.index import generations
from advisor.index.dense import ChromaIndex, update_dense
from advisor.index.scan import ScannedVectors, write_scan
from advisor.retrieval.search import PassageSearch
from advisor.settings import SHIPPED_MODEL, Settings
from ingest.pipeline import rebuild
from tests.test_import import problems


def published(settings: Settings) -> Path:
    """Return the folder of the published generation."""
    generation = Catalogue(settings.catalogue_path).generation()
    assert generation is not None
    return settings.index_path / f"generation-{generation.id}"


def chroma(settings: Settings) -> ChromaIndex:
    """Open the published collection."""
    catalogue = Catalogue(settings.catalogue_path)
    generation = catalogue.generation()
    assert generation is not None
    whole = partial(PassageVectors(catalogue).of, generation.model)
    return ChromaIndex(published(settings) / "vectors", generation.id, whole)


def indexed_dimensions(settings: Settings) -> int:
    """Return how many numbers of each vector the published collection holds."""
    with closing(chroma(settings)) as index:
        return index.dimension


def _lose_chroma(generation: Path) -> None:
    shutil.rmtree(generation / "vectors")


def _cut_chroma(generation: Path) -> None:
    _cut(generation / "vectors" / "chroma.sqlite3", 5000)


def _lose_scan(generation: Path) -> None:
    shutil.rmtree(generation / "scan")


def _cut_scan(generation: Path) -> None:
    _cut(generation / "scan" / "codes.npy", 200)


def _cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.mark.parametrize(
    ("damage", "most"),
    [(_lose_chroma, 0), (_cut_chroma, 0), (_lose_scan, 9), (_cut_scan, 9)],
)
def test_a_damaged_vector_index_is_answered_around_and_rebuilt_without_embedding(
    settings, folder, import_into, damage, most, monkeypatch
) -> None:
    # With vectors laid out to be scanned (the folder has fewer than nine passages) and without.
    monkeypatch.setattr(generations, "MOST", most)
    import_into(settings, folder)
    damage(published(settings))
    search = PassageSearch(settings)
    result = search.search("fosse fermée en 1986", 1)
    assert "1986" in result.hits[0].passage.text
    assert result.missing_leg == "dense"
    assert problems(settings) != []
    assert search.needs_rebuild()

    def refuse(*_: object) -> None:
        raise AssertionError("a rebuild must use the vectors of the catalogue")

    with monkeypatch.context() as patch:
        patch.setattr("advisor.index.embedding.StaticEmbeddings.encode", refuse)
        rebuild(settings)
    assert problems(settings) == []
    assert search.search("fosse fermée en 1986", 1).missing_leg is None


@pytest.mark.parametrize("damage", [_lose_chroma, _cut_chroma])
def test_a_damaged_collection_that_no_question_opens_is_told_and_rebuilt(imported, damage) -> None:
    damage(published(imported))
    assert PassageSearch(imported).search("fosse fermée en 1986", 1).missing_leg is None
    assert [problem.code for problem in problems(imported)] in (
        ["index_damaged"],
        ["index_missing"],
    )
    rebuild(imported)
    assert problems(imported) == []


def test_a_collection_lost_while_no_question_opened_it_is_built_anew_by_an_import(
    imported, folder, import_into
) -> None:
    _lose_chroma(published(imported))
    assert PassageSearch(imported).needs_rebuild()
    import_into(imported, folder)
    assert problems(imported) == []
    assert not PassageSearch(imported).needs_rebuild()


def test_an_index_of_an_earlier_version_is_laid_out_to_be_scanned_by_the_next_import(
    settings, folder, import_into, monkeypatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(generations, "MOST", 0)
        import_into(settings, folder)
    assert not (published(settings) / "scan").exists()
    assert PassageSearch(settings).search("fosse fermée en 1986", 1).missing_leg is None
    import_into(settings, folder)
    assert (published(settings) / "scan").is_dir()


def test_a_file_that_the_system_leaves_beside_the_vectors_is_nothing(imported) -> None:
    (published(imported) / "scan" / ".DS_Store").write_bytes(b"x")
    assert PassageSearch(imported).search("fosse fermée en 1986", 1).missing_leg is None


@pytest.mark.parametrize(
    ("name", "place"),
    [("codes.npy", 9), ("codes.npy", 66), ("ids.npy", -3), ("signs.npy", 66), ("scales.npy", 1)],
)
def test_a_file_of_vectors_damaged_where_it_is_opened_is_answered_around(
    imported, name, place
) -> None:
    path = published(imported) / "scan" / name
    content = bytearray(path.read_bytes())
    content[place] ^= 128
    path.write_bytes(content)
    assert PassageSearch(imported).search("fosse fermée en 1986", 1).missing_leg == "dense"
    assert [problem.code for problem in problems(imported)] == ["index_damaged"]
    rebuild(imported)
    assert problems(imported) == []


def test_vectors_shorter_than_those_of_the_model_are_no_index(imported) -> None:
    path = published(imported) / "scan" / "codes.npy"
    dimension = np.load(path).shape[1]
    content = path.read_bytes()
    path.write_bytes(content.replace(f", {dimension})".encode(), f", {dimension - 1})".encode(), 1))
    assert np.load(path).shape[1] == dimension - 1
    assert PassageSearch(imported).search("fosse fermée en 1986", 1).missing_leg == "dense"


def test_signs_laid_out_by_columns_are_no_index(imported) -> None:
    path = published(imported) / "scan" / "signs.npy"
    size = path.stat().st_size
    np.save(path, np.asfortranarray(np.load(path)))
    assert path.stat().st_size == size
    assert PassageSearch(imported).search("fosse fermée en 1986", 1).missing_leg == "dense"


@pytest.mark.parametrize("name", ["codes.npy", "signs.npy", "scales.npy"])
def test_vectors_overwritten_in_place_are_told(imported, name) -> None:
    path = published(imported) / "scan" / name
    content = bytearray(path.read_bytes())
    content[-3] ^= 64
    path.write_bytes(content)
    assert [problem.code for problem in problems(imported)] == ["index_damaged"]
    rebuild(imported)
    assert problems(imported) == []


def test_the_nearest_passages_are_the_same_with_chroma_and_without(imported) -> None:
    catalogue = Catalogue(imported.catalogue_path)
    generation = catalogue.generation()
    assert generation is not None
    passages = sorted(catalogue.passage_ids())
    _, (vector, *_) = PassageVectors(catalogue).of(generation.model, passages)
    with closing(chroma(imported)) as index:
        found = index.cosines(vector, 3, [passages[-1], "absent"])
    scanned = ScannedVectors(published(imported) / "scan").cosines(
        vector, 3, [passages[-1], "absent"]
    )
    assert scanned == pytest.approx(found, abs=0.01)
    assert next(iter(scanned)) == passages[0]


def _topics(count: int, dimension: int) -> tuple[list[str], np.ndarray]:
    draw = np.random.default_rng(0)
    topics = draw.normal(size=(50, dimension))
    vectors = topics[draw.integers(50, size=count)] + draw.normal(size=(count, dimension))
    # A passage without a known word has an empty vector.
    vectors[7] = 0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return [f"{number:06}" for number in range(count)], vectors.astype(np.float32)


@pytest.mark.parametrize("dimension", [64, 100, 768])
def test_a_scan_finds_what_comparing_whole_vectors_finds(tmp_path, dimension) -> None:
    ids, vectors = _topics(3000, dimension)
    write_scan(
        tmp_path, ids, dimension, [(ids[:1000], vectors[:1000]), (ids[1000:], vectors[1000:])]
    )
    scanned = ScannedVectors(tmp_path)
    for row in (0, 800, 1500, 2999):
        cosines = vectors @ vectors[row]
        nearest = [ids[place] for place in np.argsort(-cosines, kind="stable")[:60]]
        found = scanned.cosines(vectors[row], 60)
        assert len(set(nearest) & set(found)) >= 50
        assert next(iter(found)) == ids[row]
        assert found == pytest.approx({key: cosines[int(key)] for key in found}, abs=0.01)
    assert scanned.cosines(vectors[0], 1, ["000007", "999999"]) == pytest.approx(
        {"000000": 1, "000007": 0}, abs=0.01
    )


def test_many_forms_that_are_alike_do_not_hide_what_is_nearer(tmp_path) -> None:
    draw = np.random.default_rng(1)
    form, asked = draw.normal(size=(2, 128))
    form, asked = form / np.linalg.norm(form), asked / np.linalg.norm(asked)
    vectors = np.concatenate([np.tile(form, (5000, 1)), np.tile(asked, (5, 1))]).astype("f4")
    ids = [f"{number:06}" for number in range(5005)]
    write_scan(tmp_path, ids, 128, [(ids, vectors)])
    assert list(ScannedVectors(tmp_path).cosines(asked.astype("f4"), 5)) == ids[-5:]


def test_a_passage_without_a_vector_is_no_index(tmp_path) -> None:
    ids, vectors = _topics(10, 64)
    with pytest.raises(IndexUnavailable):
        write_scan(tmp_path, ids, 64, [(ids[:5] + ids[6:], np.delete(vectors, 5, axis=0))])


def test_passages_that_are_all_alike_are_told_apart_by_their_ids(tmp_path) -> None:
    ids = [f"{number:06}" for number in range(9000)]
    vectors = np.full((9000, 64), 1 / 8, dtype=np.float32)
    write_scan(tmp_path, ids, 64, [(ids, vectors)])
    assert list(ScannedVectors(tmp_path).cosines(vectors[0], 3)) == ids[:3]


@pytest.mark.parametrize("suffix", [".store", ".idx", ".term", ".pos"])
def test_a_damaged_lexical_index_is_answered_around_and_rebuilt(imported, suffix) -> None:
    lexical = published(imported) / "lexical"
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
    index = ChromaIndex(tmp_path / "vectors", 1, lambda _: ([], vectors[:0]))
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

    monkeypatch.setattr(ScannedVectors, "cosines", fail)
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
