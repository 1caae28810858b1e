"""The lines of passages, and how well each answers for the words asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from advisor.index.embedding import PassageEmbeddings
from advisor.index.forward import PassageWords
from advisor.index.words import Numbers
from advisor.retrieval.asked import ABOUT_THE_ANSWER, asking_words, values_in
from advisor.retrieval.counting import counting
from advisor.retrieval.entities import Gazetteer
from advisor.retrieval.models import Evidence, Hit, Line
from advisor.retrieval.passage_words import WordsRead
from advisor.retrieval.priors import PRACTICAL_KINDS
from advisor.retrieval.query import Query
from advisor.retrieval.word_match import WordMatch
from advisor.text.analysis import stems
from advisor.text.language import Language

Matches = npt.NDArray[np.float32]

#: Passages read line by line before they are ranked.
READ = 8
# What the best line of a passage adds to its score, and the best that has a value asked for.
_COVERAGE, _VALUE = 0.2, 0.15
# What the best line adds that gives a number of the things whose number is asked.
_COUNTS = 0.2
# What the similarity of its best line adds, where no encoder has read the passages.
_SIMILARITY = 0.1
# Below this, two words are near by chance.
_CHANCE = 0.2
# A word that asks for a kind of value, in a line that has one.
_ASKING = 0.6
# A word found only in the headings above a sentence.
_ABOVE = 0.25
# A line about the place that a follow-up leaves, or about others than those asked about.
_LEFT = 0.2


def read_lines(
    query: Query,
    hits: Sequence[Hit],
    words: WordsRead,
    weights: Mapping[str, float],
    match: WordMatch,
    gazetteer: Gazetteer,
) -> list[Evidence]:
    """Return the lines of each passage with their coverage of the question.

    Args:
        query: the question.
        hits: the passages found.
        words: theirs.
        weights: each word of the question with its weight, see ``weighting.word_weights``.
        match: compares the words of the question.
        gazetteer: tells what territories a line names.
    """
    evidence = [Evidence(hit, _lines(hit, words.passages[hit.passage.id])) for hit in hits]
    lines = [line for one in evidence for line in one.lines]
    if not lines:
        return evidence
    for one in evidence:
        if query.places:
            _locate(query, one, gazetteer)
        if query.other_than:
            _leave(query, one, gazetteer)
        if query.programmes:
            _attribute(query, one, gazetteer)
    _match(query, evidence, words, list(weights), match)
    counted = counting(query)
    about = {word: weight for word, weight in weights.items() if word not in ABOUT_THE_ANSWER}
    for one in evidence:
        one.headed = covered(one.above, weights)
        for line in one.lines:
            line.coverage = covered(line.matches, weights) * _staying(query, line)
            if counted is not None and line.here:
                given = counted.answered_in(line.text, one.hit.document.lang)
                line.counts = covered(one.told(line), about) if given else 0.0
    return evidence


def _locate(query: Query, one: Evidence, gazetteer: Gazetteer) -> None:
    """Tell of each line whether it is about the territories of the question."""
    above = gazetteer.territories(_above(one.hit))
    for line in one.lines:
        named = gazetteer.territories(line.text)
        line.here = not (named or above).isdisjoint(query.places)
        line.elsewhere = bool(named) and not line.here


def _leave(query: Query, one: Evidence, gazetteer: Gazetteer) -> None:
    """Tell of each line whether it is about none but the territories that a question leaves."""
    above = gazetteer.territories(_above(one.hit))
    for line in one.lines:
        named = gazetteer.territories(line.text) or above
        if named and named.issubset(query.other_than):
            line.here, line.elsewhere = False, True


def _attribute(query: Query, one: Evidence, gazetteer: Gazetteer) -> None:
    """Tell of each line whether it is about other dispositifs than those of the question."""
    own = gazetteer.programmes(one.hit.document.title)
    if not own.isdisjoint(query.programmes):
        return
    for line in one.lines:
        about = gazetteer.programmes(line.text) or own
        if about and about.isdisjoint(query.programmes):
            line.here, line.elsewhere = False, True


def compare_lines(
    query: Query, evidence: Sequence[Evidence], embeddings: PassageEmbeddings | None
) -> None:
    """Set the similarity of each line to the question; without a model it stays 0."""
    lines = [line for one in evidence for line in one.lines]
    if not lines or embeddings is None:
        return
    vectors = embeddings.encode([query.embedded, *[line.text for line in lines]])
    similarities = np.clip(vectors[1:] @ vectors[0], 0.0, 1.0).tolist()
    for line, similarity in zip(lines, similarities, strict=True):
        line.similarity = similarity * _staying(query, line)


def _staying(query: Query, line: Line) -> float:
    # Its terms are read only for a question that leaves a place.
    return _LEFT if line.elsewhere or (query.left and query.left & line.terms) else 1.0


def by_best_line(
    query: Query,
    hits: Sequence[Hit],
    words: WordsRead,
    weights: Mapping[str, float],
    match: WordMatch,
    gazetteer: Gazetteer,
    embeddings: PassageEmbeddings | None,
) -> tuple[tuple[Hit, ...], dict[str, Evidence]]:
    """Return the hits ranked with what reading the first ones adds, and the lines of these.

    A passage that says in one sentence what is asked, with a value of the kinds asked for,
    answers better than one that has the words here and there. Arguments as for ``read_lines``
    and ``compare_lines``.
    """
    values = query.asked.values
    counted = counting(query)
    read = [
        hit
        for place, hit in enumerate(hits)
        if place < READ
        or (counted is not None and counted.answered_in(hit.passage.text, hit.document.lang))
    ]
    evidence = {
        one.hit.passage.id: one for one in read_lines(query, read, words, weights, match, gazetteer)
    }
    weight = 0.0
    if not any(hit.near for hit in hits):
        weight = _SIMILARITY
        compare_lines(query, list(evidence.values()), embeddings)
    most = 1 + weight + _COVERAGE + (_VALUE if values else 0.0) + (_COUNTS if counted else 0.0)

    def gain(lines: Sequence[Line]) -> float:
        valued = (line for line in lines if values and values_in(line.text, values))
        return (
            weight * _best(line.similarity for line in lines)
            + _COVERAGE * _best(line.coverage for line in lines)
            + _VALUE * _best(line.coverage for line in valued)
            + _COUNTS * _best(line.counts for line in lines)
        )

    # One that was not read gains nothing, and stays below.
    gains = {key: gain(one.lines) for key, one in evidence.items()}
    scored = [
        replace(hit, score=(hit.score + gains.get(hit.passage.id, 0.0)) / most) for hit in hits
    ]
    ranked = sorted(scored, key=lambda hit: (-hit.score, hit.passage.id))
    return tuple(ranked), evidence


def _best(values: Iterable[float]) -> float:
    return max(values, default=0.0)


def covered(matches: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the share of the words' weight that a text answers for, in [0, 1]."""
    total = sum(weights.values())
    found = sum(weight * matches.get(word, 0.0) for word, weight in weights.items())
    return found / total if total else 0.0


def _match(
    query: Query,
    evidence: Sequence[Evidence],
    words: WordsRead,
    asked: Sequence[str],
    match: WordMatch,
) -> None:
    """Tell for each line how well it answers for each word asked."""
    texts: list[Numbers] = []
    langs: list[Language] = []
    for each in evidence:
        passage = words.passages[each.hit.passage.id]
        # Its titles, its other names, its lines.
        places = passage.lines[:, -2:].tolist()
        texts += [*passage.above, *(passage.body[at : at + count] for at, count in places)]
        langs += [passage.lang] * (2 + len(places))
    terms = list(stems(asked, query.lang))
    alternatives = chain.from_iterable(one.terms for one in query.alternatives)
    sought = list(dict.fromkeys([*terms, *alternatives]))
    nothing = [0.0] * len(terms)
    held = [
        [query.holds(term, there, lang) for term in terms] if there else nothing
        for there, lang in zip(words.table.terms_in(texts, sought), langs, strict=True)
    ]
    near = np.clip((match.similarities(words.table, texts) - _CHANCE) / (1 - _CHANCE), 0, 1)
    best: Matches = np.maximum(near, np.array(held, dtype=np.float32).reshape(near.shape))
    asking = asking_words(query.asking, query.lang)
    ask_for = [(place, asking[word]) for place, word in enumerate(asked) if word in asking]
    row = 0
    for one in evidence:
        titles, names = best[row : row + 2]
        either = np.maximum(titles, names)
        one.above = dict(zip(asked, either.tolist(), strict=True))
        # That a fiche on how to do something is looked for by a name says nothing of a place.
        without_names = query.places and one.hit.document.kind in PRACTICAL_KINDS
        one.said = dict(zip(asked, titles.tolist(), strict=True)) if without_names else one.above
        row += 2
        matches = np.maximum(best[row : row + len(one.lines)], _ABOVE * either).tolist()
        for line, found_there in zip(one.lines, matches, strict=True):
            for place, value in ask_for:
                if found_there[place] < _ASKING and value.search(line.text):
                    found_there[place] = _ASKING
            line.matches = dict(zip(asked, found_there, strict=True))
        row += len(one.lines)


def _above(hit: Hit) -> str:
    return " ".join([hit.document.title, *hit.passage.headings, *hit.document.aliases])


def _lines(hit: Hit, words: PassageWords) -> list[Line]:
    text, at = hit.passage.text, hit.passage.start
    return [
        Line(at + start, at + end, text[start:end], bool(item), hit.document.lang)
        for start, end, item, *_ in words.lines.tolist()
    ]
