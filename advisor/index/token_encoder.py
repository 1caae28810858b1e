"""The token encoder: a vector for each token of a text, in its context.

Too slow and too large for a whole corpus, it reads the few passages that a search ranks best. A
convolutional network in ONNX, run by onnxruntime on the processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from advisor.errors import ModelUnavailable

Vectors = npt.NDArray[np.float32]
# Id 0 fills up the batches of the training; the ids of the tokenizer follow it.
_BEGIN, _END = 2, 3
_TOKENS = 400


@dataclass(frozen=True, slots=True)
class EncodedText:
    """The tokens of a text, with a mark at its beginning and at its end.

    Args:
        vectors: unit vectors, shape (tokens, dimension).
        weights: how much each token counts in a question, shape (tokens,), 1 in sum.
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
            from tokenizers import Tokenizer

            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            # Several threads are no faster on texts of this length, and starve other questions.
            options.intra_op_num_threads = 1
            # Without an arena, memory goes back after each question.
            options.enable_cpu_mem_arena = False
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._session.run(None, {"ids": np.array([[_BEGIN, _END]])})
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelUnavailable("encoder_missing", model=str(folder), reason=reason) from None

    def encode(self, texts: Sequence[str]) -> list[EncodedText]:
        """Return the tokens of each text; texts are cut at 400 tokens."""
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        # One by one: the scale of the 8-bit numbers would depend on the other texts of a batch.
        return [self._encoded(with_marks(one.ids[:_TOKENS])) for one in found]

    def _encoded(self, ids: Sequence[int]) -> EncodedText:
        vectors, weights = self._session.run(None, {"ids": np.array([ids], dtype=np.int64)})
        return EncodedText(vectors[0], weights[0] / weights[0].sum())


def with_marks(ids: Sequence[int]) -> list[int]:
    """Return a tokenizer's ids as the network takes them: one higher, between two marks."""
    return [_BEGIN, *(token + 1 for token in ids), _END]


@lru_cache(maxsize=1)
def load_token_encoder(folder: str) -> TokenEncoder:
    """Load the encoder that a setting names (kept in memory).

    Raises:
        ModelUnavailable: see ``TokenEncoder``.
    """
    if not Path(folder).is_dir():
        raise ModelUnavailable("encoder_missing", model=folder, reason="no such folder")
    return TokenEncoder(Path(folder))
