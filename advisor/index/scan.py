"""The vectors of a generation laid out to be compared one by one.

The signs of the numbers say in one bit each which vectors point about where a question's does
(Charikar, «Similarity Estimation Techniques from Rounding Algorithms», 2002); those that differ
least are compared whole, in 8 bits a number. What is found does not depend on the order in which
passages came, as in a graph. Of 100,000 passages of prose it finds 98 % of the ten nearest and 91 %
of the sixty nearest to a question; Chroma's graph over the first 192 numbers, half of the sixty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from advisor.errors import IndexUnavailable, first_line

Vectors = npt.NDArray[np.float32]

#: So many signs take 4 ms a question and 96 MB; of more passages, a graph answers, and finds fewer.
MOST = 1_000_000
# Vectors compared whole: at least, and for each one wanted.
_WHOLE, _EACH = 400, 4
_LARGEST = 127
_ASCII = 0x7F
#: The files of the folder.
FILES = _IDS, _SIGNS, _CODES, _SCALES = "ids.npy", "signs.npy", "codes.npy", "scales.npy"


class ScannedVectors:
    """Reads the folder that ``write_scan`` made.

    Raises:
        IndexUnavailable: a file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        try:
            # One row each, in the order of the ids: codes are the vectors in 8 bits.
            self._ids: npt.NDArray[np.bytes_] = np.load(folder / _IDS)
            self._signs: npt.NDArray[np.uint8] = np.load(folder / _SIGNS)
            codes: npt.NDArray[np.int8] = np.load(folder / _CODES, mmap_mode="r")
            self._codes = np.asarray(codes)
            self._scales: Vectors = np.load(folder / _SCALES)
            self._check()
        except Exception as error:  # a damaged header is read as a Python expression
            raise IndexUnavailable(
                "index_damaged", path=str(folder), reason=first_line(error)
            ) from None

    def _check(self) -> None:
        rows, dimension = self._codes.shape
        expected = (
            (self._ids, np.bytes_, (rows,)),
            (self._signs, np.uint8, (rows, _sign_bytes(dimension))),
            (self._codes, np.int8, (rows, dimension)),
            (self._scales, np.float32, (rows,)),
        )
        for array, kind, shape in expected:
            wrong = not np.issubdtype(array.dtype, kind) or array.shape != shape
            if wrong or not array.flags.c_contiguous:
                raise ValueError(f"{array.dtype} {array.shape}")
        if rows and self._ids.view(np.uint8).max() > _ASCII:
            raise ValueError("ids")

    @property
    def size(self) -> int:
        """Number of vectors."""
        return len(self._ids)

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self._codes.shape[1])

    def ids(self) -> set[str]:
        """See ``advisor.index.dense.DenseIndex``."""
        return set(self._ids.astype(str).tolist())

    def altered(self, ids: Sequence[str], vectors: Vectors) -> list[str]:
        """Return the ids of those passages, all there, whose vectors are others than these."""
        rows = self._rows(ids)
        codes, scales = coded(vectors)
        same = (
            (self._codes[rows] == codes).all(axis=1)
            & (_signs(vectors) == self._signs[rows]).all(axis=1)
            & (self._scales[rows] == scales)
        )
        return [one for one, as_before in zip(ids, same.tolist(), strict=True) if not as_before]

    def close(self) -> None:
        """Do nothing: the files close with the last search that reads them."""

    def cosines(
        self, vector: Vectors, limit: int, candidates: Sequence[str] = ()
    ) -> dict[str, float]:
        """See ``advisor.index.dense.DenseIndex``."""
        alike = self._alike(vector, max(_WHOLE, _EACH * limit))
        rows = np.concatenate([alike, self._rows(candidates)])
        cosines = (self._codes[rows].astype(np.float32) @ vector) * self._scales[rows]
        # Rows are in the order of the ids, which decide between equals.
        best = np.argsort(-cosines[: len(alike)], kind="stable")[:limit]
        kept = np.concatenate([best, np.arange(len(alike), len(rows))])
        ids = self._ids[rows[kept]].astype(str).tolist()
        return dict(zip(ids, cosines[kept].tolist(), strict=True))

    def _alike(self, vector: Vectors, wanted: int) -> npt.NDArray[np.int64]:
        """Return the rows whose signs differ least from a vector's, in order.

        Of those that differ as much as the last, the first rows.
        """
        import faiss

        # For one vector its threads have nothing to share and wait for each other; the setting is
        # that of the thread that calls.
        faiss.omp_set_num_threads(1)
        count = min(wanted, self.size)
        _, (rows,) = faiss.knn_hamming(_signs(vector[None]), self._signs, count, variant="mc")
        return np.sort(rows)

    def _rows(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the rows of the ids that are there."""
        if not ids or not self.size:
            return np.zeros(0, dtype=np.int64)
        asked = np.array(ids, dtype=np.bytes_)
        rows = np.searchsorted(self._ids, asked).clip(max=self.size - 1)
        there: npt.NDArray[np.int64] = rows[self._ids[rows] == asked]
        return there


def write_scan(
    folder: Path,
    ids: Sequence[str],
    dimension: int,
    batches: Iterable[tuple[Sequence[str], Vectors]],
) -> None:
    """Write the vectors of some passages for ``ScannedVectors``.

    Args:
        folder: made if it is not there.
        ids: of all passages, in order.
        dimension: length of the vectors.
        batches: ids, in the same order over all batches, with their vectors of unit length.

    Raises:
        IndexUnavailable: a passage has no vector.
        OSError: the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _IDS, np.array(ids, dtype=np.bytes_))
    signs = np.zeros((len(ids), _sign_bytes(dimension)), dtype=np.uint8)
    scales = np.zeros(len(ids), dtype=np.float32)
    start = 0
    # Written through, not mapped: a full disk is then an error and no signal.
    with (folder / _CODES).open("wb") as file:
        header = npy.header_data_from_array_1_0(np.zeros((0, dimension), dtype=np.int8))
        npy.write_array_header_1_0(file, {**header, "shape": (len(ids), dimension)})
        for some, vectors in batches:
            rows = slice(start, start + len(some))
            if list(some) != list(ids[rows]):
                raise IndexUnavailable("build_failed", reason=f"vectors {start}")
            codes, scales[rows] = coded(vectors)
            file.write(codes.tobytes())
            signs[rows] = _signs(vectors)
            start += len(some)
    np.save(folder / _SIGNS, signs)
    np.save(folder / _SCALES, scales)


def _sign_bytes(dimension: int) -> int:
    """Return how many bytes the signs of a vector take."""
    return -(-dimension // 8)


def coded(vectors: Vectors) -> tuple[npt.NDArray[np.int8], Vectors]:
    """Return the numbers of each vector in 8 bits, and what restores them."""
    largest = np.abs(vectors).max(axis=1, initial=0)
    codes = np.rint(vectors * (_LARGEST / np.maximum(largest, 1e-9))[:, None])
    return codes.astype(np.int8), largest / _LARGEST


def _signs(vectors: Vectors) -> npt.NDArray[np.uint8]:
    """Return which numbers of each vector are positive, 8 to a byte: shape (vectors, bytes)."""
    return np.packbits(vectors > 0, axis=1)
