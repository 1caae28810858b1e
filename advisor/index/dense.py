"""What finds the passages nearest to a question, and the Chroma collection that holds the vectors.

The collection has ids and vectors, nothing else. Embedded, each generation is a folder of its own,
never edited while it is served. With ``ADVISOR_CHROMA_URL`` each generation is a collection of its
own on a Chroma server. Either way it can be rebuilt from the vectors kept in the catalogue. Beside
an embedded one lie the vectors laid out to be compared one by one (``advisor.index.scan``), up to a
size that a graph searches faster: they answer, and Chroma is not opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from advisor.errors import DISK_FULL, IndexUnavailable, first_line

Vectors = npt.NDArray[np.float32]
#: Returns those of some passages that have a vector, and the vectors, one row each.
WholeVectors = Callable[[Sequence[str]], tuple[list[str], Vectors]]
_BATCH = 4000
_SAMPLES = 20
# Cosine that two passages seldom reach by chance.
_LIKE = 0.5


class DenseIndex(Protocol):
    """What finds the passages nearest to a question."""

    @property
    def size(self) -> int:
        """Number of vectors."""

    def cosines(
        self, vector: Vectors, limit: int, candidates: Sequence[str] = ()
    ) -> dict[str, float]:
        """Return the cosines of the nearest passages and of some others, by passage id.

        Args:
            vector: the question's, of unit length.
            limit: how many of the nearest.
            candidates: ids of the others; one without a vector is left out.

        Raises:
            IndexUnavailable: the index turned out to be damaged.
        """

    def ids(self) -> set[str]:
        """Return every passage id.

        Raises:
            IndexUnavailable: the index turned out to be damaged.
        """

    def close(self) -> None:
        """Release the files or the connection."""


def _client(place: Path | str) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    settings = ChromaSettings(anonymized_telemetry=False)
    if isinstance(place, Path):
        return chromadb.PersistentClient(path=str(place), settings=settings)
    url = urlsplit(place)
    ssl = url.scheme == "https"
    return chromadb.HttpClient(
        host=url.hostname or "localhost",
        port=url.port or (443 if ssl else 8000),
        ssl=ssl,
        settings=settings,
    )


def _name(generation: int) -> str:
    return f"passages-{generation}"


class ChromaIndex:
    """Reads the collection of one generation.

    Args:
        place: a folder, or the URL of a Chroma server.
        generation: the generation's number.
        whole: reads the vectors whose start the collection may hold: they decide.

    Raises:
        IndexUnavailable: the folder or server cannot be read, the collection is missing.
    """

    def __init__(self, place: Path | str, generation: int, whole: WholeVectors) -> None:
        self._place = place
        self._whole = whole
        try:
            self._client = _client(place)
            self._collection: Any = self._client.get_collection(
                _name(generation), embedding_function=None
            )
            self.size = int(self._collection.count())
            first = self._collection.peek(1)["embeddings"] if self.size else []
            #: Length of the vectors held, which may be the start of the model's own.
            self.dimension = len(first[0]) if len(first) else 0
        except BaseException as error:  # a panic of the Rust core is no Exception
            raise _unavailable(place, error) from None

    def cosines(
        self, vector: Vectors, limit: int, candidates: Sequence[str] = ()
    ) -> dict[str, float]:
        """See ``DenseIndex``."""
        found = self._nearest(vector, limit)
        ids, vectors = self._whole(list(dict.fromkeys([*found, *candidates])))
        return found | dict(zip(ids, (vectors @ vector).tolist(), strict=True)) if ids else found

    def _nearest(self, vector: Vectors, limit: int) -> dict[str, float]:
        """Return the cosines of the passages nearest by the numbers that the collection holds."""
        if not self.size:
            return {}
        try:
            found = self._collection.query(
                query_embeddings=[vector[: self.dimension].tolist()],
                n_results=min(limit, self.size),
                include=["distances"],
            )
        except BaseException as error:
            raise _unavailable(self._place, error) from None
        return {
            key: 1.0 - float(distance)
            for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        }

    def ids(self) -> set[str]:
        """Return every passage id in the collection."""
        try:
            found: set[str] = set()
            for offset in range(0, self.size, 20_000):
                page = self._collection.get(limit=20_000, offset=offset, include=[])
                found.update(page["ids"])
            return found
        except BaseException as error:
            raise _unavailable(self._place, error) from None

    def validate(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Check that sample vectors find themselves, or something like them.

        A graph index leaves vectors unreachable, half of them when all are equally far from each
        other (forms filled in alike); what it finds then is near all the same. A damaged index
        finds anything.

        Raises:
            IndexUnavailable: more than a quarter of the samples are not found.
        """
        step = max(1, len(ids) // _SAMPLES)
        # An empty vector (a passage without a known word) has no neighbour to check.
        rows = [
            row for row in range(0, len(ids), step) if float(np.linalg.norm(vectors[row])) > 0.5
        ]
        # Identical passages share a vector, so the similarity counts, not the id.
        lost = [
            row
            for row in rows
            if not any(cosine > _LIKE for cosine in self._nearest(vectors[row], 10).values())
        ]
        if len(lost) > len(rows) / 4:
            raise IndexUnavailable("index_damaged", path=str(self._place), reason=ids[lost[0]])

    def close(self) -> None:
        """Release the files or the connection."""
        self._client.close()


def update_dense(
    place: Path | str,
    source: int | None,
    generation: int,
    added: Iterable[tuple[Sequence[str], Vectors]],
    removed: Sequence[str],
) -> Iterator[int]:
    """Make the collection of a generation; yield the number of vectors added after each batch.

    Args:
        place: a folder or a server URL.
        source: number of the collection already in the folder to turn into ``generation``
            (a copy of the previous one), or ``None`` to start empty.
        added: batches of (ids, vectors).
        removed: ids to take out of the copied collection.

    Raises:
        IndexUnavailable: Chroma refused.
    """
    try:
        client = _client(place)
        try:
            if source is None:
                known = {str(item.name) for item in client.list_collections()}
                if _name(generation) in known:
                    client.delete_collection(_name(generation))
                collection: Any = client.create_collection(
                    _name(generation),
                    configuration={"hnsw": {"space": "cosine", "ef_search": 200}},
                    embedding_function=None,
                )
            else:
                collection = client.get_collection(_name(source), embedding_function=None)
                collection.modify(name=_name(generation))
            for first in range(0, len(removed), _BATCH):
                collection.delete(ids=list(removed[first : first + _BATCH]))
            total = 0
            for ids, vectors in added:
                for first in range(0, len(ids), _BATCH):
                    part = slice(first, first + _BATCH)
                    collection.add(ids=list(ids[part]), embeddings=vectors[part])
                total += len(ids)
                yield total
        finally:
            client.close()
    except BaseException as error:
        raise _unavailable(place, error) from None


def drop_collections(url: str, keep: Iterable[int]) -> None:
    """Delete from a Chroma server the collections of generations no longer served."""
    client = _client(url)
    kept = {_name(generation) for generation in keep}
    for item in client.list_collections():
        name = str(item.name)
        if name.startswith("passages-") and name not in kept:
            client.delete_collection(name)
    client.close()


def _unavailable(place: Path | str, error: BaseException) -> IndexUnavailable:
    if isinstance(error, IndexUnavailable):
        return error
    if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
        raise error
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        raise error
    reason = first_line(error)
    if isinstance(place, Path):
        return IndexUnavailable("index_damaged", path=str(place), reason=reason)
    return IndexUnavailable("chroma_unreachable", url=place, reason=reason)
