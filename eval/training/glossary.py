"""Learn the bilingual glossary that ships with the advisor.

    python -m eval.training.glossary DATA OUTPUT

DATA holds the files described in ``eval.training.sources``. For English and for German, learns
which French words translate a word, and writes ``glossary.en.txt`` and ``glossary.de.txt``.

Word translation probabilities are those of IBM Model 1 (Brown et al., «The Mathematics of
Statistical Machine Translation», 1993), learned in both directions on content words and
multiplied, which drops most indirect associations (after Melamed, «Models of Translational
Equivalence among Words», 2000). German also goes through English: most German pairs are with it.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from advisor.text.analysis import content_words, stem
from advisor.text.language import Language
from eval.training.batches import MOST
from eval.training.sources import Account, Pair, read

# Translation strength of each word of one language into another: strengths in ]0, 1].
Lexicon = dict[str, dict[str, float]]

_ROUNDS = 6
_LONGEST = 24
# A law says the same thing a hundred times; a pair of words met once is chance, unless it
# is the whole of an entry of a dictionary.
_MOST_PER_SOURCE = 120_000
_FEWEST = 2.0
_WEAKEST, _KEPT = 0.15, 3
_DICTIONARY = "glossary"
_DICTIONARY_REPEATS = 3


class Corpus:
    """Sentence pairs of two languages, as stems; remembers how each stem is usually written."""

    def __init__(self, left: Language, right: Language) -> None:
        self.left, self.right = left, right
        self.pairs: list[tuple[list[str], list[str]]] = []
        self.written: tuple[dict[str, Counter[str]], ...] = (
            defaultdict(Counter),
            defaultdict(Counter),
        )

    def add(self, left: str, right: str, repeats: int = 1) -> None:
        """Add a pair of texts unless one is empty or too long to align."""
        sides = []
        for text, lang, written in zip(
            (left, right), (self.left, self.right), self.written, strict=True
        ):
            words = [word for word in content_words(text, lang) if word.isalpha()]
            stems = [stem(word, lang) for word in words]
            for word, term in zip(words, stems, strict=True):
                written[term][word] += 1
            sides.append(list(dict.fromkeys(stems)))
        if all(0 < len(side) <= _LONGEST for side in sides):
            self.pairs += [(sides[0], sides[1])] * repeats

    def usual(self, side: int, term: str) -> str:
        """Return the most frequent word of a stem."""
        words = self.written[side][term]
        return min(words, key=lambda word: (-words[word], word))


def collect(items: Iterable[Pair], left: Language, right: Language) -> Corpus:
    """Return the pairs of two languages, large sources cut."""
    by_source: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for item in items:
        if (item.left_lang, item.right_lang) == (left, right):
            by_source[item.source].append((item.left, item.right))
        elif (item.left_lang, item.right_lang) == (right, left):
            by_source[item.source].append((item.right, item.left))
    corpus, draw = Corpus(left, right), random.Random(0)
    for source, pairs in sorted(by_source.items()):
        most = min(_MOST_PER_SOURCE, MOST.get(source, len(pairs)))
        chosen = draw.sample(pairs, most) if len(pairs) > most else pairs
        for one, other in chosen:
            corpus.add(one, other, _DICTIONARY_REPEATS if source == _DICTIONARY else 1)
    return corpus


def align(corpus: Corpus) -> Lexicon:
    """Return the translations of the left stems, strengths symmetric between both directions."""
    terms = [
        {
            term: row
            for row, term in enumerate(sorted({t for pair in corpus.pairs for t in pair[i]}))
        }
        for i in (0, 1)
    ]
    lefts, rights, sentences = [], [], []
    for number, (left, right) in enumerate(corpus.pairs):
        one = [terms[0][term] for term in left]
        two = [terms[1][term] for term in right]
        lefts += [row for row in one for _ in two]
        rights += two * len(one)
        sentences += [number] * (len(one) * len(two))
    first, second = np.array(lefts, np.int64), np.array(rights, np.int64)
    cell, cells = np.unique(first * len(terms[1]) + second, return_inverse=True)
    rows, columns = cell // len(terms[1]), cell % len(terms[1])
    sentence = np.array(sentences, np.int64)
    forward = _model_1(rows, cells, sentence, second)
    backward = _model_1(columns, cells, sentence, first)
    strength = np.sqrt(forward[0] * backward[0])
    expected = np.minimum(forward[1], backward[1])
    names = [list(one) for one in terms]
    lexicon: Lexicon = defaultdict(dict)
    for place in np.flatnonzero((strength >= _WEAKEST / 2) & (expected >= _FEWEST)):
        lexicon[names[0][rows[place]]][names[1][columns[place]]] = float(strength[place])
    return dict(lexicon)


def _model_1(
    given: npt.NDArray[np.int64],
    cells: npt.NDArray[np.int64],
    sentence: npt.NDArray[np.int64],
    made: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return p(made | given) and the expected count of each cell, by expectation maximisation.

    Args:
        given: the given word of each cell, a cell being a couple of words met together.
        cells: the cell of each meeting.
        sentence: the sentence of each meeting.
        made: the made word of each meeting.
    """
    # One slot for each (sentence, made word): its probability is shared among the given words.
    slot = np.unique(sentence * (int(made.max()) + 1) + made, return_inverse=True)[1]
    chance = np.ones(len(given))
    counts = chance
    for _ in range(_ROUNDS):
        weight = chance[cells]
        weight /= np.bincount(slot, weight)[slot]
        counts = np.bincount(cells, weight, minlength=len(given))
        chance = counts / np.bincount(given, counts)[given]
    return chance, counts


def through(first: Lexicon, second: Lexicon) -> Lexicon:
    """Return the translations that lead through a third language."""
    found: Lexicon = {}
    for term, middle in first.items():
        targets: dict[str, float] = defaultdict(float)
        for pivot, strength in middle.items():
            for target, other in second.get(pivot, {}).items():
                targets[target] += strength * other
        if targets:
            found[term] = dict(targets)
    return found


def merged(direct: Lexicon, indirect: Lexicon) -> Lexicon:
    """Return both lexicons as one; the stronger of two strengths counts."""
    found = {term: dict(targets) for term, targets in direct.items()}
    for term, targets in indirect.items():
        own = found.setdefault(term, {})
        for target, strength in targets.items():
            own[target] = max(own.get(target, 0.0), strength)
    return found


def write(
    lexicon: Mapping[str, Mapping[str, float]],
    source: Corpus,
    target: Corpus,
    path: Path,
) -> int:
    """Write one line per word, ``word = traduction:0.62 autre:0.21``; return their number."""
    lines = []
    for term, targets in lexicon.items():
        best = sorted(targets.items(), key=lambda item: (-item[1], item[0]))[:_KEPT]
        kept = [(target.usual(1, other), value) for other, value in best if value >= _WEAKEST]
        word = source.usual(0, term)
        # The same word in both languages needs no glossary.
        if kept and [other for other, _ in kept] != [word]:
            shown = " ".join(f"{other}:{min(value, 1.0):.2f}" for other, value in kept)
            lines.append(f"{word} = {shown}")
    header = f"# {source.left} → fr, learned by eval/training/glossary.py; see advisor/models\n"
    path.write_text(header + "\n".join(sorted(lines)) + "\n", encoding="utf-8")
    return len(lines)


def main() -> None:
    """Read, align, write both glossaries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    pairs = [item for item in read(options.data, Account()) if isinstance(item, Pair)]
    english = collect(pairs, "en", "fr")
    german = collect(pairs, "de", "fr")
    between = collect(pairs, "de", "en")
    en_fr = align(english)
    de_fr = merged(align(german), through(align(between), en_fr))
    # Words of the pivoted pairs are written as their own corpus writes them.
    for term, words in between.written[0].items():
        german.written[0][term].update(words)
    for term, words in english.written[1].items():
        german.written[1][term].update(words)
    options.output.mkdir(parents=True, exist_ok=True)
    print(write(en_fr, english, english, options.output / "glossary.en.txt"), "en")
    print(write(de_fr, german, german, options.output / "glossary.de.txt"), "de")


if __name__ == "__main__":
    main()
