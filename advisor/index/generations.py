"""Generations: each import builds new versions of both indexes beside the served ones.

A generation is built, checked against the catalogue, then published by one catalogue
transaction. Readers ask the catalogue which generation is current, so they never see a
half-made one. Nothing here is precious: everything can be rebuilt from the catalogue.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from advisor.catalogue.database import storage_error
from advisor.catalogue.records import Generation
from advisor.catalogue.store import Catalogue
from advisor.catalogue.vectors import PassageVectors
from advisor.errors import AdvisorError, IndexUnavailable
from advisor.index.dense import DenseIndex, drop_collections, update_dense
from advisor.index.embedding import PassageEmbeddings
from advisor.index.lexical import LexicalIndex, update_lexical
from advisor.index.opening import GenerationFolders, OpenIndexes
from advisor.index.scan import MOST, ScannedVectors, write_scan
from advisor.index.token_encoder import TokenEncoder, titled

Progress = Callable[[str, int, int], None]
_BATCH = 2000
# With more records for each passage, most of them of withdrawn documents, words are written anew.
_MOST_RECORDS = 2
# Vectors of so many dimensions are indexed by this many of them, the first.
_LONG, INDEXED_DIMENSIONS = 512, 192


def _silent(_stage: str, _done: int, _total: int) -> None:
    return None


class IndexStore:
    """Builds and checks generations under a folder (and, for vectors, maybe a server)."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        chroma_url: str | None = None,
        encoder: TokenEncoder | None = None,
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._vectors = PassageVectors(catalogue)
        self._chroma_url = chroma_url
        self._encoder = encoder
        self._folders = GenerationFolders(folder, catalogue, chroma_url)

    def open(self, generation: Generation, model_id: str | None) -> OpenIndexes:
        """See ``GenerationFolders.open``."""
        return self._folders.open(generation, model_id)

    def up_to_date(self, model_id: str) -> bool:
        """Tell whether the published generation holds exactly what it should."""
        generation = self._catalogue.generation()
        if generation is None or generation.model != model_id or self._catalogue.staged_count():
            return False
        if self._encoder is not None and self._vectors.without_tokens(self._encoder.model_id):
            return False
        try:
            self._folders.check_files(generation, scanned=False)
        except IndexUnavailable:
            return False
        opened = self.open(generation, model_id)
        with closing(opened):
            expected = len(self._catalogue.next_passages())
            scannable = not self._chroma_url and generation.passages <= MOST
            return (
                not opened.problems
                and opened.lexical is not None
                and opened.lexical.size == expected == generation.passages
                # One of an earlier version has nothing to scan yet.
                and isinstance(opened.dense, ScannedVectors) is scannable
            )

    def build(
        self,
        embeddings: PassageEmbeddings,
        progress: Progress = _silent,
        *,
        from_scratch: bool = False,
    ) -> Generation:
        """Build, validate and publish a generation of all staged and current documents.

        The caller holds the writer lease. ``from_scratch`` ignores the previous generation.

        Raises:
            IndexUnavailable: the new generation fails its validation (nothing is published).
            StorageError: the disk is full.
        """
        previous = self._catalogue.generation()
        number = (previous.id if previous else 0) + 1
        target = self._folders.path(number)
        try:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            self._embed_missing(embeddings, progress)
            self._read_missing(progress)
            wanted = self._catalogue.next_passages()
            base = None if from_scratch else previous
            self._build_lexical(base, number, embeddings, wanted, progress)
            self._build_dense(base, number, embeddings, wanted, progress)
            generation = Generation(
                number,
                embeddings.model_id,
                embeddings.dimension,
                len(wanted),
                self._folders.dense_files(number),
            )
            self._validate(generation, wanted)
            _fsync_tree(target)
        except OSError as error:
            shutil.rmtree(target, ignore_errors=True)
            raise storage_error(error, target) from None
        except ValueError as error:  # Tantivy reports input/output errors this way
            shutil.rmtree(target, ignore_errors=True)
            raise IndexUnavailable("build_failed", reason=str(error)) from None
        except AdvisorError:
            shutil.rmtree(target, ignore_errors=True)
            raise
        self._catalogue.publish(generation)
        self._clean(number)
        return generation

    def _embed_missing(self, embeddings: PassageEmbeddings, progress: Progress) -> None:
        missing = self._vectors.missing(embeddings.model_id)
        for first in range(0, len(missing), _BATCH):
            batch = missing[first : first + _BATCH]
            entries = list(self._catalogue.index_entries(batch))
            ids = [one.passage.id for one in entries]
            texts = [
                embedded_text(one.title, one.passage.headings, one.passage.text) for one in entries
            ]
            self._vectors.add(embeddings.model_id, ids, embeddings.encode(texts))
            progress("embed", first + len(batch), len(missing))

    def _read_missing(self, progress: Progress) -> None:
        """Let the token encoder read the passages that it has not read."""
        if self._encoder is None:
            return
        model_id = self._encoder.model_id
        missing = self._vectors.without_tokens(model_id)
        for first in range(0, len(missing), _BATCH):
            batch = missing[first : first + _BATCH]
            entries = list(self._catalogue.index_entries(batch))
            codes = self._encoder.passages([titled(one.title, one.passage.text) for one in entries])
            self._vectors.add_tokens(model_id, [one.passage.id for one in entries], codes)
            progress("tokens", first + len(batch), len(missing))

    def _build_lexical(
        self,
        base: Generation | None,
        number: int,
        embeddings: PassageEmbeddings,
        wanted: dict[str, str],
        progress: Progress,
    ) -> None:
        target = self._folders.lexical(number)
        known: set[str] = set()
        removed: set[str] = set()
        if base is not None:
            source = self._folders.lexical(base.id)
            with suppress(IndexUnavailable):
                index = LexicalIndex(source)
                kept = index.forward.written <= _MOST_RECORDS * index.size
                if kept and index.forward.intact():
                    known = index.ids()
                    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.lock"))
        if stale := known - wanted.keys():
            entries = self._catalogue.index_entries(sorted(stale))
            removed = {one.passage.document_id for one in entries}
        added = sorted(wanted.keys() - known)
        entries = self._catalogue.index_entries(added)
        for count in update_lexical(target, entries, removed, embeddings):
            progress("lexical", count, len(added))

    def _build_dense(
        self,
        base: Generation | None,
        number: int,
        embeddings: PassageEmbeddings,
        wanted: dict[str, str],
        progress: Progress,
    ) -> None:
        place, model_id = self._folders.chroma(number), embeddings.model_id
        known: set[str] = set()
        source: int | None = None
        if base is not None and not self._chroma_url:
            with (
                suppress(IndexUnavailable),
                closing(self._folders.open_chroma(base, model_id)) as chroma,
            ):
                # An index made of longer vectors, by an earlier version, is built anew.
                known = (
                    chroma.ids() if chroma.dimension == _indexed(embeddings.dimension) else set()
                )
            # Deleting from a graph costs more than building a small one.
            if known and len(known - wanted.keys()) <= len(wanted) // 2:
                shutil.copytree(self._folders.chroma(base.id), place)
                source = base.id
            else:
                known = set()
        added = sorted(wanted.keys() - known)
        removed = sorted(known - wanted.keys())
        batches = ((ids, shortened(found)) for ids, found in self._batches(model_id, added))
        for count in update_dense(place, source, number, batches, removed):
            progress("vectors", count, len(added))
        if not self._chroma_url and len(wanted) <= MOST:
            ids = sorted(wanted)
            scan = self._folders.scan(number)
            write_scan(scan, ids, embeddings.dimension, self._batches(model_id, ids))

    def _batches(
        self, model_id: str, ids: list[str]
    ) -> Iterator[tuple[Sequence[str], npt.NDArray[np.float32]]]:
        for first in range(0, len(ids), _BATCH):
            yield self._vectors.of(model_id, ids[first : first + _BATCH])

    def _validate(self, generation: Generation, wanted: dict[str, str]) -> None:
        sample = sorted(wanted)[:: max(1, len(wanted) // 50)]
        opened = self.open(generation, generation.model)
        with closing(opened):
            problems = self._differences(opened, set(wanted)) or self._altered(opened, sample)
        if problems:
            raise problems[0]
        with closing(self._folders.open_chroma(generation, generation.model)) as chroma:
            chroma.validate(*self._vectors.of(generation.model, sample))

    def _differences(self, opened: OpenIndexes, expected: set[str]) -> list[AdvisorError]:
        problems = list(opened.problems)
        if opened.lexical is not None and not opened.lexical.forward.intact():
            path = str(opened.lexical.path)
            problems.append(IndexUnavailable("index_damaged", path=path, reason="words"))
        indexes: list[tuple[str, LexicalIndex | DenseIndex]] = []
        if opened.lexical is not None:
            indexes.append(("lexical", opened.lexical))
        if opened.dense is not None:
            indexes.append(("vectors", opened.dense))
        with ExitStack() as stack:
            # What is scanned lies beside Chroma's collection, which has to hold the same.
            if isinstance(opened.dense, ScannedVectors):
                try:
                    chroma = self._folders.open_chroma(opened.generation, opened.generation.model)
                    indexes.append(("vectors", stack.enter_context(closing(chroma))))
                except IndexUnavailable as error:
                    problems.append(error)
            for name, index in indexes:
                try:
                    found = index.ids()
                except IndexUnavailable as error:
                    problems.append(error)
                    continue
                if found != expected:
                    missing, ghosts = len(expected - found), len(found - expected)
                    problems.append(
                        IndexUnavailable("index_differs", name=name, missing=missing, ghosts=ghosts)
                    )
        return problems

    def verify(self, model_id: str) -> list[AdvisorError]:
        """Compare both indexes with the catalogue, ids and vectors; return what is wrong."""
        problems: list[AdvisorError] = []
        for line in self._catalogue.integrity_problems():
            path = str(self._catalogue.path)
            problems.append(IndexUnavailable("catalogue_damaged", path=path, reason=line))
        if staged := self._catalogue.staged_count():
            problems.append(IndexUnavailable("staged_waiting", count=staged))
        expected = self._catalogue.passage_ids()
        generation = self._catalogue.generation()
        if generation is None:
            if expected:
                problems.append(IndexUnavailable("index_missing", path=str(self._folder)))
            elif any(self._folder.glob("generation-*")):
                problems.append(IndexUnavailable("catalogue_lost", path=str(self._catalogue.path)))
            return problems
        opened = self.open(generation, model_id)
        with closing(opened):
            problems += self._differences(opened, expected)
            return problems or self._altered(opened, sorted(expected))

    def _altered(self, opened: OpenIndexes, ids: list[str]) -> list[AdvisorError]:
        """Return what is wrong if vectors to be scanned are not those of the catalogue."""
        if isinstance(opened.dense, ScannedVectors):
            for some, vectors in self._batches(opened.generation.model, ids):
                if altered := opened.dense.altered(some, vectors):
                    path = str(self._folders.scan(opened.generation.id))
                    return [IndexUnavailable("index_damaged", path=path, reason=altered[0])]
        return []

    def _clean(self, current: int) -> None:
        """Remove generations older than the previous one, which readers may still hold open."""
        keep = {current, current - 1}
        for path in self._folder.glob("generation-*"):
            if path.name not in {self._folders.path(number).name for number in keep}:
                shutil.rmtree(path, ignore_errors=True)
        if self._chroma_url:
            drop_collections(self._chroma_url, keep)


def shortened(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the start of long vectors: enough to find neighbours, at a quarter of the memory.

    The shipped model is trained so that the first dimensions stand alone (Kusupati et al.,
    «Matryoshka Representation Learning», 2022), as most recent long ones are. What is found is
    ranked with the whole vectors of the catalogue.
    """
    return vectors[:, : _indexed(vectors.shape[1])] if vectors.ndim == 2 else vectors


def _indexed(dimensions: int) -> int:
    return INDEXED_DIMENSIONS if dimensions >= _LONG else dimensions


def embedded_text(title: str, headings: Sequence[str], text: str) -> str:
    """Return what is embedded for a passage: its place in the document, then its text."""
    context = [title, *headings[-1:]]
    return "\n".join([" — ".join(dict.fromkeys(context)), text])


def _fsync_tree(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
