"""The import: files → staged documents → a published generation of both indexes.

Each document is one catalogue transaction, so an import killed anywhere keeps what it had
finished and the next one goes on from there. Nothing is visible before the publication,
which is one transaction too.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from advisor.catalogue.database import storage_error
from advisor.catalogue.lease import writer_lease
from advisor.catalogue.ledger import ImportLedger, KnownSource, SourceFile
from advisor.catalogue.originals import keep_original
from advisor.catalogue.records import DocumentSummary
from advisor.catalogue.sentences import dated_facts
from advisor.catalogue.store import Catalogue
from advisor.errors import DISK_FULL, AdvisorError, ModelUnavailable, ReadRefused, UsageError
from advisor.i18n import translate
from advisor.index.embedding import PassageEmbeddings, load_embeddings
from advisor.index.generations import IndexStore, Progress, embedded_text
from advisor.index.token_encoder import encoder_of
from advisor.settings import Settings
from ingest.discover import Found, discover, display
from ingest.pool import ReadTask, read_all
from ingest.read import PIPELINE, ReadResult, document_id, file_format
from ingest.report import ImportReport, Outcome, ReportBuilder, warning_sentences

_LOOKUP = 500
_NOT_CURRENT = {
    "withdrawn": "document_withdrawn",
    "replaced": "document_replaced",
    "staged": "document_staged",
}


@dataclass(slots=True)
class _Pending:
    """A file to read, and the other files met meanwhile with the same bytes.

    ``after_withdrawal``: what it held before was withdrawn.
    """

    found: Path
    file: SourceFile
    after_withdrawal: bool = False
    twins: list[SourceFile] = field(default_factory=list)


class Importer:
    """Imports files into a home, one import at a time across processes.

    Args:
        settings: where the home is and the limits of reading.
        lang: language of the report's sentences.
        progress: called with (stage, done, total) while files are read and indexes built.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        lang: str = "fr",
        progress: Progress = lambda _stage, _done, _total: None,
    ) -> None:
        self._settings = settings
        self._lang = lang
        self._progress = progress
        self._catalogue = Catalogue(settings.catalogue_path)
        self._ledger = ImportLedger(self._catalogue)
        self._report = ReportBuilder(lang)

    def run(self, paths: list[Path], *, restore: bool = False) -> ImportReport:
        """Import files and folders; ``restore`` brings back documents withdrawn earlier.

        Raises:
            WriterBusy: another process is writing to this home.
            StorageError: the disk is full or the home cannot be written; nothing is lost.
            ModelUnavailable: the embedding model cannot be loaded.
        """
        started = time.monotonic()
        # Its import takes longer than reading a few files; workers read meanwhile.
        threading.Thread(target=importlib.import_module, args=("chromadb",), daemon=True).start()
        embeddings = load_embeddings(self._settings.embedding_model)
        with _writing(self._settings):
            self._import(list(discover(paths)), embeddings, restore)
            # A file given alone may be the new name of one beside it.
            self._tell_vanished({path if path.is_dir() else path.parent for path in paths})
            _date_older(self._catalogue)
            store = index_store(self._settings, self._catalogue)
            if not store.up_to_date(embeddings.model_id):
                store.build(embeddings, self._progress)
        return self._report.finish(time.monotonic() - started)

    def _import(self, found: list[Found], embeddings: PassageEmbeddings, restore: bool) -> None:
        pending: dict[str, _Pending] = {}
        total, done = len(found), 0
        for task, result in read_all(self._tasks(found, pending, restore), self._settings):
            entry = pending.pop(task.document_id)
            if isinstance(result, ReadRefused):
                for file in (entry.file, *entry.twins):
                    self._refuse(file.path, result)
            else:
                self._store(entry, result, embeddings)
            done = total - len(pending)
            self._progress("read", done, total)
        self._progress("read", total, total)

    def _tell_vanished(self, folders: Iterable[Path]) -> None:
        """Report the files that are no longer there: their documents are still cited."""
        for folder in sorted(folders):
            for path, identifier in self._ledger.files_below(_key(folder)):
                if _gone(path):
                    message = translate("report.vanished", self._lang, id=identifier[:12])
                    self._emit(path, Outcome.UNCHANGED, identifier, message, 0, 0)

    def _tasks(
        self, found: list[Found], pending: dict[str, _Pending], restore: bool
    ) -> Iterator[ReadTask]:
        """Sort out what need not be read; yield the rest."""
        for first in range(0, len(found), _LOOKUP):
            batch = found[first : first + _LOOKUP]
            known = self._ledger.known_sources([_key(entry.path) for entry in batch])
            for entry in batch:
                if entry.refusal is not None:
                    self._refuse(_key(entry.path), entry.refusal)
                    continue
                try:
                    task = self._examine(entry.path, known.get(_key(entry.path)), pending, restore)
                except ReadRefused as refusal:
                    self._refuse(_key(entry.path), refusal)
                except OSError as error:
                    if error.errno in DISK_FULL:
                        raise
                    self._refuse(_key(entry.path), ReadRefused("read_forbidden"))
                else:
                    if task is not None:
                        yield task

    def _examine(
        self, path: Path, known: KnownSource | None, pending: dict[str, _Pending], restore: bool
    ) -> ReadTask | None:
        status = path.stat()
        file = SourceFile(_key(path), status.st_size, status.st_mtime_ns)
        # What was withdrawn stays so, also when the reading changes.
        if (
            known is not None
            and known.file == file
            and (known.pipeline == PIPELINE or (known.state == "withdrawn" and not restore))
        ):
            self._unchanged(file, known.document_id, known.state, restore)
            self._keep_again(path, known.document_id)
            return None
        if status.st_size > self._settings.read_max_mb * 1024 * 1024:
            raise ReadRefused("read_too_large", limit=self._settings.read_max_mb)
        name = file_format(path)
        digest = _hash(path)
        # The same bytes under a fiche's name of its own make a document of their own: the name
        # is the fiche's identifier.
        identifier = document_id(f"{digest}:{path.stem}" if path.suffix == ".md" else digest)
        if identifier in pending:
            pending[identifier].twins.append(file)
            return None
        state = self._catalogue.state_of(identifier)
        if state is not None:
            self._known_content(file, identifier, state, known, restore)
            self._keep_again(path, identifier)
            return None
        after = known is not None and known.state == "withdrawn"
        pending[identifier] = _Pending(path, file, after)
        return ReadTask(path, name, identifier)

    def _keep_again(self, path: Path, identifier: str) -> None:
        """Keep a file whose copy was lost."""
        with suppress(OSError):  # it was read before: not to be refused for that
            keep_original(self._settings.originals_path, identifier, path)

    def _known_content(
        self,
        file: SourceFile,
        identifier: str,
        state: str,
        known: KnownSource | None,
        restore: bool,
    ) -> None:
        """The bytes were imported before, perhaps from another file or at another time."""
        returns = state == "replaced" or (state == "withdrawn" and restore)
        self._ledger.point_source(file, identifier, restage=returns)
        # A file moved: where it was, it holds the document no longer.
        paths = self._catalogue.summary(identifier).paths
        self._ledger.forget_files([one for one in paths if _gone(one)])
        if returns:
            summary = self._catalogue.summary(identifier)
            self._emit(file.path, Outcome.IMPORTED, identifier, "", summary.pages, summary.passages)
        elif (known is not None and known.document_id == identifier) or state == "withdrawn":
            self._unchanged(file, identifier, state, restore)
        else:
            self._same_content(file, identifier)

    def _unchanged(self, file: SourceFile, identifier: str, state: str, restore: bool) -> None:
        if state == "withdrawn" and restore:
            self._known_content(file, identifier, state, None, restore)
            return
        if state == "staged":  # read by an import that was interrupted before publication
            summary = self._catalogue.summary(identifier)
            warned = warning_sentences(summary.warnings, self._lang)
            message = f"{translate('report.resumed', self._lang)} {warned}".strip()
            outcome = Outcome.WARNED if warned else Outcome.IMPORTED
            self._emit(file.path, outcome, identifier, message, summary.pages, summary.passages)
            return
        message = translate("report.withdrawn", self._lang) if state == "withdrawn" else ""
        self._emit(file.path, Outcome.UNCHANGED, identifier, message, 0, 0)

    def _same_content(self, file: SourceFile, identifier: str) -> None:
        others = [path for path in self._catalogue.summary(identifier).paths if path != file.path]
        message = (
            translate("report.same_content", self._lang, other=Path(others[0]).name)
            if others
            else ""
        )
        self._emit(file.path, Outcome.UNCHANGED, identifier, message, 0, 0)

    def _store(self, entry: _Pending, result: ReadResult, embeddings: PassageEmbeddings) -> None:
        document = result.document
        texts = [embedded_text(document.title, one.headings, one.text) for one in result.passages]
        keep_original(self._settings.originals_path, document.id, entry.found)
        self._ledger.stage(
            document,
            result.passages,
            embeddings.encode(texts),
            embeddings.model_id,
            PIPELINE,
            entry.file,
            result.facts,
        )
        message = warning_sentences(document.warnings, self._lang)
        if entry.after_withdrawal:
            message = f"{message} {translate('report.after_withdrawal', self._lang)}".strip()
        outcome = Outcome.WARNED if message else Outcome.IMPORTED
        pages, passages = len(document.pages), len(result.passages)
        self._emit(entry.file.path, outcome, document.id, message, pages, passages)
        for twin in entry.twins:
            self._ledger.point_source(twin, document.id)
            self._same_content(twin, document.id)

    def _refuse(self, path: str, refusal: AdvisorError) -> None:
        self._emit(path, Outcome.REFUSED, None, refusal.message(self._lang), 0, 0)

    def _emit(
        self,
        path: str,
        outcome: Outcome,
        identifier: str | None,
        message: str,
        pages: int,
        passages: int,
    ) -> None:
        self._report.add(
            path,
            outcome,
            document_id=identifier,
            message=message,
            pages=pages,
            passages=passages,
        )


def rebuild(settings: Settings, progress: Progress = lambda _stage, _done, _total: None) -> int:
    """Build both indexes anew from the catalogue; return the number of passages.

    Passages are embedded again only where the catalogue has no vector of the current model.

    Raises:
        WriterBusy: another process is writing to this home.
    """
    catalogue = Catalogue(settings.catalogue_path)
    embeddings = load_embeddings(settings.embedding_model)
    with _writing(settings):
        _date_older(catalogue)
        store = index_store(settings, catalogue)
        return store.build(embeddings, progress, from_scratch=True).passages


def withdraw(
    settings: Settings, identifier: str, progress: Progress = lambda *_: None
) -> DocumentSummary:
    """Withdraw a document and publish indexes without it; return what it was.

    Raises:
        UsageError: no such document, or it is withdrawn or replaced already.
        WriterBusy: another process is writing to this home.
        StorageError: the disk is full or the home cannot be written.
    """
    catalogue = Catalogue(settings.catalogue_path)
    embeddings = load_embeddings(settings.embedding_model)
    with _writing(settings):
        summary = catalogue.summary(identifier)
        if summary.state == "current":
            catalogue.withdraw(summary.id)
        # Those of a withdrawal that could not be finished are built now.
        store = index_store(settings, catalogue)
        if not store.up_to_date(embeddings.model_id):
            store.build(embeddings, progress)
        if summary.state != "current":
            raise UsageError(_NOT_CURRENT[summary.state], title=summary.title)
        return summary


@contextmanager
def _writing(settings: Settings) -> Iterator[None]:
    """Hold the write lock of a home; say in words what the system refuses.

    Raises:
        WriterBusy: another process is writing to this home.
        StorageError: the disk is full or the home cannot be written.
    """
    try:
        with writer_lease(settings.home):
            yield
    except OSError as error:
        raise storage_error(error, settings.catalogue_path) from None


def index_store(settings: Settings, catalogue: Catalogue) -> IndexStore:
    """Return the index store of a home, which builds with the token encoder if there is one."""
    encoder = None
    # An answer says so; once it is there again, a rebuild reads what it has not read.
    with suppress(ModelUnavailable):
        encoder = encoder_of(settings.token_encoder)
    return IndexStore(settings.index_path, catalogue, settings.chroma_url, encoder)


def _date_older(catalogue: Catalogue) -> None:
    """Find the dated facts of documents that were imported before these were kept."""
    for identifier in catalogue.undated():
        catalogue.add_facts(identifier, dated_facts(catalogue.passages_of(identifier)))


def _key(path: Path) -> str:
    return display(os.path.abspath(path))


def _gone(key: str) -> bool:
    """Tell whether a file is no longer there; what is shown of an odd name does not tell."""
    return "\\" not in key and not os.path.lexists(key)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
