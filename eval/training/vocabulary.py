"""The vocabulary of the static model: whole words of three languages, sharing vectors by stem.

A word-level vocabulary knows words better than pieces do; inflected forms of one stem share
one vector (the token mapping of the model2vec format), so that «engagement», «engagements»
and a question typed without accents meet. Words never seen fall back to WordPiece pieces.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import Stemmer
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

PAD, UNKNOWN = "[PAD]", "[UNK]"
_SNOWBALL = {"fr": "french", "en": "english", "de": "german"}
_WORD = re.compile(r"[^\W\d_]{2,}")
_MAX_WORD = 30


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer and ``rows``, the vector row of each token id, shape (tokens,).

    ``others`` are frequent words for which no vector was left, most frequent first.
    """

    tokenizer: Tokenizer
    rows: npt.NDArray[np.int32]
    others: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of distinct vectors."""
        return int(self.rows.max()) + 1


def plain_tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    """Return a WordPiece tokenizer: lower case, no accents, letters and digits only."""
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=60)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.Lowercase(),
            normalizers.StripAccents(),
            normalizers.Replace("œ", "oe"),
            normalizers.Replace("æ", "ae"),
            normalizers.Replace("ß", "ss"),
            normalizers.Replace(Regex(r"[^\p{L}\p{N}]+"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(individual_digits=False)]
    )
    return tokenizer


def build(
    texts: Iterable[tuple[str, str]], max_rows: int, max_words: int, pieces: int = 12_000
) -> Vocabulary:
    """Build the vocabulary from (language, text) couples.

    Words are taken by frequency, each language counting for its share, until ``max_rows``
    vectors are reached; the next ones have none, until there are ``max_words`` in all.
    """
    normalise = plain_tokenizer({UNKNOWN: 0}).normalizer
    counts: dict[str, Counter[str]] = {lang: Counter() for lang in _SNOWBALL}
    for lang, text in texts:
        counts[lang].update(normalise.normalize_str(text).split())
    total = sum(counts.values(), Counter())
    base = plain_tokenizer({UNKNOWN: 0})
    trainer = trainers.WordPieceTrainer(
        vocab_size=pieces, special_tokens=[PAD, UNKNOWN], min_frequency=20, show_progress=False
    )
    # A word as often as the root of its frequency: pieces should spell the rare words.
    frequent = [word for word, count in total.items() if count >= 5]
    base.train_from_iterator(
        (" ".join([word] * int(total[word] ** 0.5)) for word in frequent), trainer
    )
    tokens = base.get_vocab()
    tokens = {token: place for place, token in enumerate(sorted(tokens, key=tokens.__getitem__))}
    by_key: dict[str, int] = {}
    stemmers = {lang: Stemmer.Stemmer(name) for lang, name in _SNOWBALL.items()}
    sums = {lang: max(1, counter.total()) for lang, counter in counts.items()}

    def row_of(token: str) -> int:
        return by_key.setdefault(_key(token, counts, sums, stemmers), len(by_key))

    rows = [row_of(token) for token in tokens]
    others: list[str] = []
    share = {word: max(c[word] / sums[lang] for lang, c in counts.items()) for word in total}
    for word in sorted(total, key=lambda one: (-share[one], one)):
        if len(rows) + len(others) >= max_words:
            break
        if total[word] < 3 or word in tokens or len(word) > _MAX_WORD:
            continue
        if not word.isalpha() and not (word.isdigit() and len(word) <= 4):
            continue
        if len(by_key) >= max_rows:
            if word.isalpha():
                others.append(word)
            continue
        tokens[word] = len(rows)
        rows.append(row_of(word))
    return Vocabulary(plain_tokenizer(tokens), np.asarray(rows, dtype=np.int32), tuple(others))


def _key(
    token: str,
    counts: dict[str, Counter[str]],
    sums: dict[str, int],
    stemmers: dict[str, Stemmer.Stemmer],
) -> str:
    """Return what tokens that share a vector have in common: the stem in their own language."""
    if not _WORD.fullmatch(token):
        return f"={token}"
    lang = max(counts, key=lambda one: counts[one][token] / sums[one])
    return str(stemmers[lang].stemWord(token))
