"""The indexes that questions are asked to: those of the published generation, and their state."""

from __future__ import annotations

import threading
from dataclasses import replace

from advisor.catalogue.records import Generation
from advisor.catalogue.rows import CURRENT
from advisor.catalogue.store import Catalogue
from advisor.catalogue.vectors import PassageVectors
from advisor.errors import AdvisorError, IndexUnavailable, ModelUnavailable, UsageError
from advisor.index.embedding import PassageEmbeddings, load_embeddings
from advisor.index.opening import GenerationFolders, OpenIndexes
from advisor.index.token_encoder import encoder_of
from advisor.retrieval.entities import KINDS, Entity, Gazetteer
from advisor.settings import Settings


class ServedIndexes:
    """Keeps the published generation open for all threads."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._vectors = PassageVectors(catalogue)
        self._folders = GenerationFolders(settings.index_path, catalogue, settings.chroma_url)
        self._lock = threading.Lock()
        self._open: OpenIndexes | None = None
        self._retired: OpenIndexes | None = None
        self._known_read: int | None = None
        self._names: tuple[int, Gazetteer] | None = None
        # A model that cannot be loaded is not looked for again at each question.
        self._model_problem: AdvisorError | None = None

    @property
    def embeddings(self) -> PassageEmbeddings | None:
        """The model that embeds questions, ``None`` when it cannot be loaded."""
        if self._model_problem is not None:
            return None
        try:
            return load_embeddings(self._settings.embedding_model)
        except AdvisorError as error:
            self._model_problem = error
            return None

    @property
    def gazetteer(self) -> Gazetteer:
        """The names of the territories and dispositifs of the published corpus."""
        generation = self._catalogue.generation()
        return self.names(generation.id if generation is not None else 0)

    def names(self, number: int) -> Gazetteer:
        """Return the gazetteer as of the generation of a number, that which is published."""
        with self._lock:
            known = self._names
        if known is None or known[0] != number:
            known = (
                number,
                Gazetteer(
                    Entity(
                        record["slug"],
                        record["kind"],
                        record["title"],
                        document_id,
                        tuple(record.get("aliases", ())),
                    )
                    for document_id, record in self._catalogue.fiche_records(*KINDS)
                ),
            )
            with self._lock:
                self._names = known
        return known[1]

    def current(self) -> OpenIndexes:
        """Return the published generation's indexes, reopened when another was published.

        Raises:
            UsageError: the corpus is empty.
        """
        generation = self._catalogue.generation()
        if generation is None or not generation.passages:
            raise UsageError("empty_corpus")
        with self._lock:
            if self._open is None or self._open.generation.id != generation.id:
                self._model_problem = None
                model = self.embeddings
                opened = self._folders.open(generation, model.model_id if model else None)
                if self._model_problem is not None:
                    opened.problems.append(self._model_problem)
                    opened.dense = None
                if self._retired is not None:
                    self._retired.close()
                # A search in another thread may still be reading the one before.
                self._retired, self._open = self._open, opened
            return replace(self._open, problems=list(self._open.problems))

    def forget_dense(self, indexes: OpenIndexes) -> None:
        """Stop using a dense index that failed during a search."""
        with self._lock:
            if self._open is not None and self._open.generation.id == indexes.generation.id:
                self._open.dense = None
                self._open.problems.append(
                    IndexUnavailable(
                        "index_damaged", path=str(self._settings.index_path), reason="search"
                    )
                )

    def forget_lexical(self) -> bool:
        """Stop using a lexical index that failed during a search; tell whether one was in use."""
        with self._lock:
            if self._open is None or self._open.lexical is None:
                return False
            path = str(self._settings.index_path)
            self._open.lexical = None
            self._open.problems.append(
                IndexUnavailable("index_damaged", path=path, reason="search")
            )
            return True

    def needs_rebuild(self) -> bool:
        """Tell whether a rebuild would bring back what is missing: a leg, dates, tokens."""
        generation: Generation | None = self._catalogue.generation()
        if generation is None:
            return False
        if self._catalogue.undated() or self._unread():
            return True
        try:
            problems = self.current().problems
            # A collection that no question opens is looked after all the same.
            self._folders.check_files(generation, scanned=False)
        except IndexUnavailable:
            return True
        except AdvisorError:
            return False
        return any(
            isinstance(one, IndexUnavailable) and one.code != "chroma_unreachable"
            for one in problems
        )

    def _unread(self) -> bool:
        """Tell whether passages wait for the token encoder, if there is one to read them."""
        generation = self._catalogue.generation()
        number = generation.id if generation is not None else 0
        # Asked after each answer: a generation once found read is not gone through again.
        if number == self._known_read:
            return False
        try:
            encoder = encoder_of(self._settings.token_encoder)
        except ModelUnavailable:  # an answer says so; nothing to read with
            return False
        if encoder is not None and self._vectors.without_tokens(encoder.model_id, CURRENT):
            return True
        self._known_read = number
        return False
