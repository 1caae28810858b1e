"""Batches of pairs for contrastive training, drawn endlessly from texts and pairs.

A batch comes from one source at a time, so that the other pairs of the batch are hard enough
to tell apart. Texts give pairs of their own: title and text, a span or a few rare words and
the text around them (the inverse cloze task of Lee, Chang and Toutanova, 2019), two halves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.training.sources import Pair, Text
from eval.training.vocabulary import UNKNOWN, Vocabulary

Rows = npt.NDArray[np.int32]

# Large sources are cut to so many items: law and short sentences would drown the rest.
MOST = {
    "canada_laws": 120_000, "Tatoeba via manythings.org": 140_000, "Tatoeba": 40_000,
    "canada_laws_fr_sections": 30_000, "COST-ELTeC/ELTeC-fra": 40_000, "php/doc-fr": 6_000,
    "python/python-docs-fr": 8_000, "django/django-docs-translations": 8_000,
}  # fmt: skip
# A source is drawn in proportion to the root of its size, times its weight here.
WEIGHTS = {
    "fiches": 2.5, "piaf_train": 5.0, "spf_sections": 2.0,
    "canada_laws_fr_sections": 0.7, "legi_codes": 0.7,
    "php/doc-fr": 0.35, "python/python-docs-fr": 0.35, "django/django-docs-translations": 0.35,
    "mozilla-l10n/www-l10n": 0.35, "YunoHost/doc": 0.35, "jeedom/documentation": 0.35,
}  # fmt: skip
# What texts are turned into, and how often relative to their titles.
TASKS = {"title": 1.0, "span": 1.0, "words": 0.6, "halves": 0.5}
_PARALLEL_SHARE = 0.25
# Share of the pairs made from a text whose right side still holds the left one.
_KEPT = 0.7
_MOST_LEFT, _MOST_RIGHT, _MOST_TOKENS, _MOST_CHARACTERS = 64, 160, 320, 2_500
_FEWEST = 60


@dataclass(frozen=True, slots=True)
class Column:
    """Texts as vector rows: text i is ``rows[offsets[i]:offsets[i + 1]]``."""

    rows: Rows
    offsets: npt.NDArray[np.int64]

    def __getitem__(self, place: int) -> Rows:
        return self.rows[self.offsets[place] : self.offsets[place + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of tokens of each text."""
        return np.diff(self.offsets)


@dataclass(frozen=True, slots=True)
class Task:
    """One way to draw pairs from one source; ``usable`` are the places long enough for it."""

    name: str
    source: str
    left: Column
    right: Column
    usable: npt.NDArray[np.int64]
    weight: float
    # Places of right sides that look like the answer and are not, shape (places, n); -1: none.
    hard: npt.NDArray[np.int64] | None = None


def encode(texts: Sequence[str], vocabulary: Vocabulary) -> Column:
    """Turn texts into vector rows, unknown tokens left out, long texts cut."""
    unknown = vocabulary.tokenizer.token_to_id(UNKNOWN)
    parts: list[Rows] = []
    for first in range(0, len(texts), 20_000):
        batch = [text[:_MOST_CHARACTERS] for text in texts[first : first + 20_000]]
        for encoding in vocabulary.tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            ids = [token for token in encoding.ids if token != unknown][:_MOST_TOKENS]
            parts.append(vocabulary.rows[np.asarray(ids, dtype=np.int64)])
    offsets = np.zeros(len(parts) + 1, dtype=np.int64)
    offsets[1:] = np.cumsum([len(part) for part in parts])
    return Column(np.concatenate(parts), offsets)


def tasks_of(source: str, items: Sequence[Text | Pair], vocabulary: Vocabulary) -> list[Task]:
    """Return the ways pairs can be drawn from the texts or pairs of one source."""
    base = WEIGHTS.get(source, 1.0)
    texts = [item for item in items if isinstance(item, Text)]
    pairs = [item for item in items if isinstance(item, Pair)]
    tasks = []
    if texts:
        left = encode([text.title for text in texts], vocabulary)
        right = encode([text.text for text in texts], vocabulary)
        titled = np.flatnonzero((left.lengths >= 2) & (right.lengths >= 10))
        long = np.flatnonzero(right.lengths >= 30)
        for name, share in TASKS.items():
            usable = titled if name == "title" else long
            weight = base * share * len(usable) ** 0.5
            if len(usable) > 200:
                tasks.append(Task(name, source, left, right, usable, weight))
    if pairs:
        left = encode([pair.left for pair in pairs], vocabulary)
        right = encode([pair.right for pair in pairs], vocabulary)
        usable = np.flatnonzero((left.lengths > 0) & (right.lengths > 0))
        across = sum(pair.left_lang != pair.right_lang for pair in pairs) > len(pairs) / 2
        if len(usable) >= _FEWEST:
            name = "parallel" if across else "pair"
            tasks.append(Task(name, source, left, right, usable, base * len(usable) ** 0.5))
    return tasks


class Sampler:
    """Draws batches from tasks; the same seed gives the same batches.

    Args:
        tasks: all tasks of all sources.
        rarity: a weight per vector row, high for rare ones, shape (rows,).
        seed: of the random draws.
    """

    def __init__(
        self, tasks: Sequence[Task], rarity: npt.NDArray[np.float64], seed: int = 0
    ) -> None:
        self._tasks = tasks
        self._rarity = rarity
        self._draw = np.random.default_rng(seed)
        weights = np.array([task.weight for task in tasks])
        parallel = np.array([task.name == "parallel" for task in tasks])
        for group, share in ((parallel, _PARALLEL_SHARE), (~parallel, 1 - _PARALLEL_SHARE)):
            if weights[group].sum():
                weights[group] *= share / weights[group].sum()
        self._probabilities = weights / weights.sum()

    def batch(self, size: int) -> tuple[list[Rows], list[Rows], list[Rows]]:
        """Return up to ``size`` left sides, as many right sides, and hard negatives of them."""
        task = self._tasks[self._draw.choice(len(self._tasks), p=self._probabilities)]
        count = min(size, len(task.usable))
        places = self._draw.choice(task.usable, size=count, replace=False)
        couples = [self._couple(task, int(place)) for place in places]
        hard = self._hard(task, places)
        return [left for left, _ in couples], [right for _, right in couples], hard

    def _hard(self, task: Task, places: npt.NDArray[np.int64]) -> list[Rows]:
        if task.hard is None:
            return []
        drawn = self._draw.integers(0, task.hard.shape[1], size=len(places))
        found = {int(one) for one in task.hard[places, drawn] if one >= 0} - set(places.tolist())
        return [task.right[one][:_MOST_RIGHT] for one in sorted(found)]

    def _couple(self, task: Task, place: int) -> tuple[Rows, Rows]:
        draw = self._draw
        if task.name in ("title", "pair", "parallel"):
            left, right = task.left[place], task.right[place]
            if task.name == "title" and draw.random() < 0.15:
                right = np.concatenate([left, right])
            start = right[:_MOST_RIGHT] if draw.random() < 0.7 else self._crop(right, _MOST_RIGHT)
            return self._crop(left, _MOST_LEFT), start
        text = self._crop(task.right[place], _MOST_RIGHT)
        size = len(text)
        if task.name == "halves":
            middle = int(draw.integers(size // 3, 2 * size // 3 + 1))
            return text[:middle], text[middle:]
        if task.name == "span":
            length = int(min(size // 2, draw.integers(4, 20)))
            start_at = int(draw.integers(0, size - length + 1))
            taken = np.arange(start_at, start_at + length)
        else:
            chances = self._rarity[text]
            length = int(draw.integers(2, 7))
            taken = np.sort(draw.choice(size, length, replace=False, p=chances / chances.sum()))
        return text[taken], text if draw.random() < _KEPT else np.delete(text, taken)

    def _crop(self, rows: Rows, most: int) -> Rows:
        if len(rows) <= most:
            return rows
        start = int(self._draw.integers(0, len(rows) - most + 1))
        return rows[start : start + most]
