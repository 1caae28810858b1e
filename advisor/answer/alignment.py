"""Quotes that are nearly, not quite, in their source.

Word by word alignment (the longest common subsequence, Hyyrö, «Bit-parallel LCS-length
computation revisited», 2004, as RapidFuzz computes it) over windows around the quote's rarest
words, so in time linear in the length of the source. What must not change may not differ at
all: numbers, negations, names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

from advisor.text.normalise import fold, normalise
from advisor.text.words import word_list

_WORD = re.compile(r"\d+(?:[ .,]\d+)*|[^\W\d_]+|%|€")
_NEAR = 0.9
_FEWEST = 4
# Windows looked at: around so many places of each of the quote's rarest words.
_ANCHORS, _PLACES = 3, 40
_NEGATIONS = word_list("negations")


def aligns(quote: str, source: str) -> tuple[int, int] | None:
    """Return the [start, end) of the source that says nearly the same as a quote.

    Nearly: nine words in ten, in order, with the very same numbers, negations and names.
    ``None`` when nothing does, or when the quote is too short to tell.
    """
    asked = [(match.group(), match.span()) for match in _WORD.finditer(quote)]
    words = [fold(word) for word, _ in asked]
    if len(words) < _FEWEST:
        return None
    found = [(match.group(), match.span()) for match in _WORD.finditer(source)]
    text = [fold(word) for word, _ in found]
    places: dict[str, list[int]] = {word: [] for word in words}
    for place, word in enumerate(text):
        if word in places:
            places[word].append(place)
    best: tuple[float, int, int] | None = None
    for first in sorted(_starts(words, places)):
        low, high = max(0, first - 2), min(len(text), first + len(words) + 2)
        window = _trimmed(words, text, low, high)
        if window is not None:
            share = LCSseq.normalized_similarity(words, text[window[0] : window[1]])
            if best is None or share > best[0]:
                best = (share, *window)
    if best is None or best[0] < _NEAR:
        return None
    said = found[best[1] : best[2]]
    if _fixed([word for word, _ in asked]) != _fixed([word for word, _ in said]):
        return None
    return said[0][1][0], said[-1][1][1]


def _starts(words: Sequence[str], places: dict[str, list[int]]) -> set[int]:
    """Return where the quote may start in the source, from the places of its rarest words."""
    known = [index for index, word in enumerate(words) if places[word]]
    rarest = sorted(known, key=lambda index: (len(places[words[index]]), index))[:_ANCHORS]
    return {max(0, place - index) for index in rarest for place in places[words[index]][:_PLACES]}


def _trimmed(
    words: Sequence[str], text: Sequence[str], low: int, high: int
) -> tuple[int, int] | None:
    """Return the window cut to its first and last word that the quote has."""
    known = set(words)
    inside = [place for place in range(low, high) if text[place] in known]
    return (inside[0], inside[-1] + 1) if inside else None


def _fixed(words: Sequence[str]) -> Counter[str]:
    """Return what may not differ, with its count: numbers, negations, names."""
    return Counter(
        normalise(word).text
        for index, word in enumerate(words)
        if word[0].isdigit()
        or word in "%€"
        or fold(word) in _NEGATIONS
        or (index and word[0].isupper())
    )


def quoted_spans(text: str) -> list[str]:
    """Return what a text puts between quotation marks."""
    found = re.findall(r"«([^«»]+)»|‹([^‹›]+)›|“([^“”]+)”|„([^„“]+)“|\"([^\"]+)\"", text)
    return [next(part for part in parts if part).strip() for parts in found]
