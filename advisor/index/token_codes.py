"""Two bits for each number of a token's vector.

The numbers of a unit vector are near those of a Gaussian; the four levels are those that keep
most of one: Max, «Quantizing for Minimum Distortion», 1960.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from advisor.catalogue.vectors import TokenCodes

Vectors = npt.NDArray[np.float32]
#: Numbers in a byte.
IN_A_BYTE = 4
# In standard deviations, where a number is large, and the share of those that are; the levels.
_LARGE, _SHARE = 0.9816, 0.3263
_LEVELS = np.array([-1.51, -0.4528, 0.4528, 1.51])


def to_codes(vectors: Vectors) -> TokenCodes:
    """Return the codes of unit vectors, shape (tokens, dimension / 4)."""
    tokens, dimension = vectors.shape
    bound = _LARGE / dimension**0.5
    level = (vectors >= -bound).astype(np.uint8) + (vectors >= 0) + (vectors >= bound)
    bits = np.unpackbits(level[..., None], axis=2)[..., -2:]
    return np.packbits(bits.reshape(tokens, 2 * dimension), axis=1)


def from_codes(codes: TokenCodes) -> Vectors:
    """Return unit vectors, or nearly, shape (tokens, dimension)."""
    tokens, width = codes.shape
    dimension = width * IN_A_BYTE
    return np.take(_numbers(dimension), codes, axis=0).reshape(tokens, dimension)


@cache
def _numbers(dimension: int) -> Vectors:
    """The numbers that each byte stands for, shape (256, 4)."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    square = _SHARE * _LEVELS[3] ** 2 + (1 - _SHARE) * _LEVELS[2] ** 2
    levels: Vectors = _LEVELS[2 * bits[:, ::2] + bits[:, 1::2]] / (square * dimension) ** 0.5
    return levels.astype(np.float32)
