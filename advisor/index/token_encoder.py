"""The token encoder: a vector for each token of a text, in its context.

A convolutional network in ONNX, run by onnxruntime on the processor. It reads passages when they
are indexed, and keeps two bits of each number; questions, whole, when they are asked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from advisor.catalogue.vectors import TokenCodes
from advisor.errors import ModelUnavailable, first_line
from advisor.index.token_codes import IN_A_BYTE, to_codes
from advisor.index.tokenizer import load_tokenizer

Vectors = npt.NDArray[np.float32]
# Id 0 fills up the batches of the training; the ids of the tokenizer follow it.
_BEGIN, _END = 2, 3
_TOKENS = 400


@dataclass(frozen=True, slots=True)
class EncodedQuestion:
    """The tokens of a question, with a mark at its beginning and at its end.

    Args:
        vectors: unit vectors, shape (tokens, dimension).
        weights: how much each token counts, shape (tokens,), 1 in sum.
    """

    vectors: Vectors
    weights: Vectors


class TokenEncoder:
    """Encodes the tokens of texts of the three languages into one space.

    Args:
        folder: holds ``tokenizer.json``, ``model.onnx`` and its data.

    Raises:
        ModelUnavailable: a file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime

            self._tokenizer = load_tokenizer(folder)
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            # Several threads are no faster on texts of this length, and starve other questions.
            options.intra_op_num_threads = 1
            # Without an arena, memory goes back after each question.
            options.enable_cpu_mem_arena = False
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            vectors, _ = self._run([_BEGIN, _END])
            with (folder / "model.onnx.data").open("rb") as numbers:
                digest = hashlib.file_digest(numbers, "blake2b").hexdigest()
        except Exception as error:
            raise ModelUnavailable(
                "encoder_missing", model=str(folder), reason=first_line(error)
            ) from None
        #: Bytes that the codes of a token take.
        self.width = vectors.shape[1] // IN_A_BYTE
        self.model_id = f"tokens/{folder.name}@{digest[:8]}"

    def question(self, text: str) -> EncodedQuestion:
        """Return the tokens of a question, cut at 400."""
        vectors, weights = self._run(self._ids([text])[0])
        return EncodedQuestion(vectors, weights / weights.sum())

    def passages(self, texts: Sequence[str]) -> list[TokenCodes]:
        """Return the codes of each text's tokens, shape (tokens, ``width``), cut at 400 tokens."""
        # One by one: the scale of the 8-bit numbers would depend on the other texts of a batch.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return list(threads.map(self._codes, self._ids(texts)))

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [with_marks(one.ids[:_TOKENS]) for one in found]

    def _codes(self, ids: Sequence[int]) -> TokenCodes:
        return to_codes(self._run(ids)[0])

    def _run(self, ids: Sequence[int]) -> tuple[Vectors, Vectors]:
        vectors, weights = self._session.run(None, {"ids": np.array([ids], dtype=np.int64)})
        return vectors[0], weights[0]


def titled(title: str, text: str) -> str:
    """Return a passage as the encoder reads it, under the title of its document."""
    return f"{title}. {text}"


def with_marks(ids: Sequence[int]) -> list[int]:
    """Return a tokenizer's ids as the network takes them: one higher, between two marks."""
    return [_BEGIN, *(token + 1 for token in ids), _END]


def encoder_of(setting: str | None) -> TokenEncoder | None:
    """Return the encoder that a setting names (kept in memory), ``None`` where it names none.

    Raises:
        ModelUnavailable: see ``TokenEncoder``.
    """
    return _loaded(setting) if setting else None


@lru_cache(maxsize=1)
def _loaded(folder: str) -> TokenEncoder:
    if not Path(folder).is_dir():
        raise ModelUnavailable("encoder_no_folder", model=folder)
    return TokenEncoder(Path(folder))
