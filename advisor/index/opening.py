"""The indexes of the generations: where they lie, and opening them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from advisor.catalogue.records import Generation
from advisor.catalogue.store import Catalogue
from advisor.catalogue.vectors import PassageVectors
from advisor.errors import AdvisorError, IndexUnavailable
from advisor.index.dense import ChromaIndex, DenseIndex
from advisor.index.lexical import LexicalIndex
from advisor.index.scan import FILES, ScannedVectors
from advisor.text.language import Language

# The folder of the vectors to be scanned, and what the names of its files begin with.
_SCAN = "scan"


@dataclass(slots=True)
class OpenIndexes:
    """The indexes of a generation; a missing leg has its reason in ``problems``.

    ``languages`` are those of its documents.
    """

    generation: Generation
    lexical: LexicalIndex | None
    dense: DenseIndex | None
    problems: list[AdvisorError]
    languages: frozenset[Language]

    def close(self) -> None:
        """Release both."""
        if self.dense is not None:
            self.dense.close()


class GenerationFolders:
    """The folders of all generations (and, for vectors, maybe a server).

    Args:
        folder: holds one for each generation.
        catalogue: what the indexes are made of.
        chroma_url: of the server, if there is one.
    """

    def __init__(self, folder: Path, catalogue: Catalogue, chroma_url: str | None = None) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._vectors = PassageVectors(catalogue)
        self._chroma_url = chroma_url

    def path(self, generation: int) -> Path:
        """Return the folder of a generation."""
        return self._folder / f"generation-{generation}"

    def lexical(self, generation: int) -> Path:
        """Return the folder of its lexical index."""
        return self.path(generation) / "lexical"

    def chroma(self, generation: int) -> Path | str:
        """Return the folder of its collection, or the address of the server."""
        return self._chroma_url or self.path(generation) / "vectors"

    def scan(self, generation: int) -> Path:
        """Return the folder of its vectors to be scanned."""
        return self.path(generation) / _SCAN

    def open(self, generation: Generation, model_id: str | None) -> OpenIndexes:
        """Open a generation for searching.

        A leg that cannot be used is left out with its reason. ``model_id`` is the model that
        will embed the questions, ``None`` when there is none.
        """
        problems: list[AdvisorError] = []
        lexical: LexicalIndex | None = None
        dense: DenseIndex | None = None
        try:
            lexical = LexicalIndex(self.lexical(generation.id))
        except IndexUnavailable as error:
            problems.append(error)
        try:
            dense = self._open_dense(generation, model_id)
        except IndexUnavailable as error:
            problems.append(error)
        return OpenIndexes(generation, lexical, dense, problems, self._catalogue.languages())

    def _open_dense(self, generation: Generation, model_id: str | None) -> DenseIndex:
        """Open what questions are asked to: the vectors to be scanned, or else Chroma."""
        if self._chroma_url or not any(map(_scanned, generation.dense_files)):
            return self.open_chroma(generation, model_id)
        scan = self.scan(generation.id)
        _check_model(generation, model_id)
        self.check_files(generation, scanned=True)
        index = ScannedVectors(scan)
        shape = (index.size, index.dimension)
        if shape != (generation.passages, generation.dimension):
            raise IndexUnavailable("index_damaged", path=str(scan), reason=str(shape))
        return index

    def open_chroma(self, generation: Generation, model_id: str | None) -> ChromaIndex:
        """Open the collection of a generation.

        Raises:
            IndexUnavailable: it is missing, damaged or of another model.
        """
        _check_model(generation, model_id)
        self.check_files(generation, scanned=False)
        place = self.chroma(generation.id)
        chroma = ChromaIndex(place, generation.id, partial(self._vectors.of, generation.model))
        if chroma.size != generation.passages:
            chroma.close()
            raise IndexUnavailable("index_damaged", path=str(place), reason=str(chroma.size))
        return chroma

    def check_files(self, generation: Generation, *, scanned: bool) -> None:
        """Check files before they are opened: Chroma's, cut short, can end the process.

        Raises:
            IndexUnavailable: a file is missing or of another size than when it was made.
        """
        place = self.chroma(generation.id)
        if not isinstance(place, Path):
            return
        if not scanned and not (place / "chroma.sqlite3").is_file():
            raise IndexUnavailable("index_missing", path=str(place))
        made, found = (
            {name: size for name, size in files.items() if _scanned(name) is scanned}
            for files in (generation.dense_files, self.dense_files(generation.id))
        )
        if made != found:
            raise IndexUnavailable("index_damaged", path=str(place), reason="segments")

    def dense_files(self, generation: int) -> dict[str, int]:
        """Return the size of each file of vectors, none on a server."""
        place, scan = self.chroma(generation), self.scan(generation)
        if not isinstance(place, Path):
            return {}
        found = {str(path.relative_to(place)): path for path in sorted(place.glob("*/*.bin"))}
        found |= {f"{_SCAN}/{name}": scan / name for name in FILES if (scan / name).is_file()}
        return {name: path.stat().st_size for name, path in found.items()}


def _scanned(name: str) -> bool:
    return name.startswith(f"{_SCAN}/")


def _check_model(generation: Generation, model_id: str | None) -> None:
    if model_id is not None and model_id != generation.model:
        raise IndexUnavailable("index_other_model", made=generation.model, asked=model_id)
