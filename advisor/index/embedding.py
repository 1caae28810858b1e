"""Embedding models behind LangChain's ``Embeddings`` interface.

``load_embeddings`` takes a folder or a model name. A static model (one vector per token,
averaged) needs neither torch nor sentence-transformers; anything else goes through
sentence-transformers, imported only then.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from advisor.errors import ModelUnavailable, first_line
from advisor.index.tokenizer import load_tokenizer

Vectors = npt.NDArray[np.float32]
_ENCODE_BATCH = 256
_WORD_DIMENSIONS = 256


class PassageEmbeddings(Embeddings):
    """Adds to LangChain's interface what an index must know: the model's id and dimension."""

    model_id: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimension); zero for a text of unknown tokens."""
        raise NotImplementedError

    def word_vectors(self, words: Sequence[str]) -> Vectors | None:
        """Return a unit vector per word, shape (len(words), any); zero for an unknown word.

        ``None`` when the model knows texts only: reading words one by one would cost too much.
        """
        del words
        return None

    def knows(self, word: str) -> bool:
        """Tell whether a folded word, or what it is the plural of, was met whole in training."""
        del word
        return False

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[float(x) for x in row] for row in self.encode(texts)]

    def embed_query(self, text: str) -> list[float]:
        return [float(x) for x in self.encode([text])[0]]


class StaticEmbeddings(PassageEmbeddings):
    """Mean of token vectors, L2-normalised.

    Beside the model, ``words.txt`` may list words that its training met but gives no vector of
    their own.

    Reads the StaticEmbedding layout of sentence-transformers and that of model2vec, where
    tokens may share a vector (``mapping``) and have a weight (``weights``, which also restores
    vectors stored as 8-bit integers).

    Args:
        folder: holds ``tokenizer.json`` and ``model.safetensors``.

    Raises:
        ModelUnavailable: a file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        try:
            tensors = load_file(folder / "model.safetensors")
            self._tokenizer = load_tokenizer(folder)
            table = next(
                tensors[name] for name in ("embeddings", "embedding.weight") if name in tensors
            )
            tokens = self._tokenizer.get_vocab_size()
            rows = tensors.get("mapping", np.arange(tokens))
            weights_of = tensors.get("weights", np.ones(tokens))
            words = folder / "words.txt"
            self._others = frozenset(
                words.read_text(encoding="utf-8").split() if words.is_file() else ()
            )
            if not len(rows) == len(weights_of) == tokens or rows.max() >= len(table):
                raise ValueError(f"{tokens} tokens, {len(rows)} rows, {len(table)} vectors")
        except Exception as error:
            raise ModelUnavailable("model_damaged", model=str(folder), reason=str(error)) from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(512)
        self._table: npt.NDArray[Any] = table
        self._rows: npt.NDArray[np.int64] = rows.astype(np.int64)
        self._weights: Vectors = weights_of.astype(np.float32)
        self._ids: dict[str, int] = self._tokenizer.get_vocab()
        self._unknown = self._ids.get("[UNK]")
        self.dimension = int(self._table.shape[1])
        digest = hashlib.blake2b(np.ascontiguousarray(table).data, digest_size=4).hexdigest()
        self.model_id = f"static/{folder.name}@{digest}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        return _unit(self._sums(texts))

    def _sums(self, texts: Sequence[str]) -> Vectors:
        """Return the weighted sum of the vectors of each text's tokens: it points where the mean
        points."""
        out = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for first in range(0, len(texts), _ENCODE_BATCH):
            batch = list(texts[first : first + _ENCODE_BATCH])
            for row, encoding in enumerate(
                self._tokenizer.encode_batch_fast(batch, add_special_tokens=False), start=first
            ):
                ids = [token for token in encoding.ids if token != self._unknown]
                if ids:
                    out[row] = self._weights[ids] @ self._table[self._rows[ids]].astype(np.float32)
        return out

    def knows(self, word: str) -> bool:
        return any(
            one in self._ids or one in self._others for one in (word, word.removesuffix("s"))
        )

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        # The first dimensions stand alone, and are enough to tell words apart.
        out = np.zeros((len(words), min(self.dimension, _WORD_DIMENSIONS)), dtype=np.float32)
        whole = [place for place, word in enumerate(words) if word in self._ids]
        rows = self._rows[[self._ids[words[place]] for place in whole]]
        out[whole] = self._table[rows, : out.shape[1]]
        pieces = [place for place, word in enumerate(words) if word not in self._ids]
        if pieces:
            out[pieces] = self._sums([words[place] for place in pieces])[:, : out.shape[1]]
        return _unit(out)


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = np.divide(rows, norms, out=rows, where=norms > 0)
    return unit


def sentence_transformers() -> Any:
    """Return the library, which looks for no model outside this machine."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import sentence_transformers as library

    # Its warnings would precede the one sentence that says what to do.
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    return library


class SentenceTransformerEmbeddings(PassageEmbeddings):
    """Any sentence-transformers model, by folder or name.

    Raises:
        ModelUnavailable: the model is not on this machine or cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        try:
            model: Any = sentence_transformers().SentenceTransformer(name, device="cpu")
            self._model = model
        except Exception as error:
            raise ModelUnavailable("model_missing", model=name, reason=first_line(error)) from None
        self.dimension = int(model.get_embedding_dimension())
        self.model_id = f"sentence-transformers/{Path(name).name}:{self.dimension}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = self._model.encode(
            list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(rows, dtype=np.float32).reshape(len(texts), self.dimension)


@lru_cache(maxsize=2)
def load_embeddings(model: str) -> PassageEmbeddings:
    """Load the model that a setting names (kept in memory).

    Raises:
        ModelUnavailable: see the two classes.
    """
    folder = Path(model)
    if folder.is_absolute() and not folder.is_dir():
        raise ModelUnavailable("model_no_folder", model=model)
    return StaticEmbeddings(folder) if _is_static(folder) else SentenceTransformerEmbeddings(model)


def _is_static(folder: Path) -> bool:
    modules = folder / "modules.json"
    if not modules.is_file():
        # A folder named by the user but empty or incomplete: let the static loader say what lacks.
        return folder.is_dir() and not (folder / "config.json").is_file()
    try:
        entries = json.loads(modules.read_text(encoding="utf-8"))
        return any("StaticEmbedding" in entry.get("type", "") for entry in entries)
    except (ValueError, AttributeError, TypeError):
        return True
