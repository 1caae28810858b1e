"""What a question takes for granted, held against what the sources say.

Three things are compared: the years a question names, the counts it gives («dix régions»), and
what it affirms where a source denies. A source contradicts only when it speaks of the same
thing: it answers for enough of the question's other words, and no other source found says what
the question says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from advisor.answer.abstention import names_of
from advisor.answer.denial import affirms, denial
from advisor.retrieval.asked import ASKING, NO_SUBJECT, Value
from advisor.retrieval.lines import covered
from advisor.retrieval.models import Evidence, Line
from advisor.retrieval.query import Query
from advisor.text.analysis import content_words, stem
from advisor.text.language import Language
from advisor.text.mentions import YEAR, names_in, years_in
from advisor.text.normalise import fold, fold_typed

_YEAR = re.compile(YEAR)
# A number, grouped or in words, and the word after it; matches overlap.
_COUPLE = re.compile(
    r"(?<![\w’'-])(?<!\d[ \u00a0\u202f.])"
    r"(?=((?:\d{1,3}(?:[ \u00a0\u202f.]\d{3})+|[\w’'-]+)[ \u00a0\u202f][\w’'-]+))"
)
# What stands before a count that a question takes for granted: «les dix régions», «la charte compte
# cinq…». «Rénover trois écoles», «à dix communes» wish, and suppose nothing.
_SUPPOSES = re.compile(
    r"\b(?:les|ces|ses|leurs|aux|des|quel(?:le)?s|compt\w+|comport\w+|compren\w+|regroup\w+"
    r"|rassembl\w+|réuni\w+|a|ont|avai(?:en)?t|the|these|those|its|their|which|has|have|had|counts?"
    r"|die|der|den|diese[rn]?|seine|ihre|welche|hat|haben|zählt|umfasst)"
    r"(?: (?:plus de|près de|environ|over|about|rund|über))? $"
)
# Nor does what those who ask say of themselves, nor which of two things is meant.
_SUPPOSES_NOTHING = re.compile(
    r"\b(?:ma|mon|mes|notre|nos|my|our|mein|unser)\w*\b[^,;?]*$"
    r"|\b(?:l[ea]s?quel(?:le)?s?|l'une?|chacune?|aucune?|which|either|both|welche[rs]?)"
    r" (?:des?|d'entre|of|der|von)\b[^,;?]*$"
)
# «Qui est maire en 2010 ?»: a state lasts longer than the year that asks for it.
_LASTING = re.compile(
    r"\b(?:qui (?:est|sont|etait|etaient)|who (?:is|are|was|were)|wer (?:ist|war))\b"
)
# How much of the question's words a contradicting line answers for, at least.
_SAME_SUBJECT, _SAME_NAME, _SAME_THING = 0.6, 0.25, 0.5
# A line with the year itself that answers for so much leaves nothing to correct.
_SAID = 0.6
_FEWEST = 2
_LONGEST_LIST = 20


class Contradiction(StrEnum):
    """How a source contradicts a question."""

    YEAR = "year"
    COUNT = "count"
    DENIAL = "denial"


@dataclass(frozen=True, slots=True)
class Correction:
    """A line that contradicts the question.

    ``supposed`` is what the question says, in its own words, empty for a denial.
    """

    kind: Contradiction
    evidence: Evidence
    line: Line
    supposed: str = ""


def correction(
    query: Query,
    evidence: Sequence[Evidence],
    weights: Mapping[str, float],
    values: frozenset[Value],
) -> Correction | None:
    """Return the best line that contradicts what the question takes for granted, if one does.

    Args:
        query: the question.
        evidence: scored, see ``score_evidence``.
        weights: each word of the question with its weight.
        values: the kinds of value asked for.
    """
    lasting = Value.STATE in values or _LASTING.search(fold_typed(query.text))
    # The number asked for, of another year, is an older one.
    older = any(line.counts for one in evidence for line in one.lines)
    return (
        (None if lasting or older else _other_year(query, evidence, weights))
        or _other_count(query, evidence, weights)
        or _denial(query, evidence, weights, values)
    )


def asked_count(query: Query) -> tuple[int, str] | None:
    """Return how many things a question asks for and their term: «les quatre fondamentaux»."""
    counts = [(int(number), noun) for number, noun, _ in _counts(query.text, query.lang)]
    return next((one for one in counts if 1 < one[0] <= _LONGEST_LIST), None)


def _other_year(
    query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]
) -> Correction | None:
    lines = [(one, line, years_in(line.text)) for one, line in _about(evidence)]
    known = set().union(*(years for _, _, years in lines))
    for year in sorted(years_in(query.text)):
        about = _clause(query, year, weights)
        if not (affirms(query) or len(about.keys() - NO_SUBJECT - set(names_of(query))) >= _FEWEST):
            continue  # «Qu'a fait Loos en 2010 ?» supposes nothing
        saying = [(one, line) for one, line, years in lines if year in years]
        others = [(one, line) for one, line, years in lines if years and year not in years]
        names = [fold(name) for name in names_in(_around(query.text, year))]
        other, share = _best(others, about, names)
        # A year later than all that the sources speak of is beyond them, not contradicted.
        agrees = _best(saying, about, names)[1]
        needed = _SAME_NAME if names else _SAME_SUBJECT
        said = share <= agrees or agrees >= _SAID
        if other and share >= needed and not said and year <= max(known):
            return Correction(Contradiction.YEAR, *other, year)
    return None


def _other_count(
    query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]
) -> Correction | None:
    lines = [(one, line, _counts_of(line, one)) for one, line in _about(evidence)]
    for number, noun, shown in _counts(query.text, query.lang):
        # «Notre commune compte 800 habitants»: who asks knows better.
        before = query.text[: query.text.find(shown)].lower().replace("’", "'")
        if (
            number not in query.words
            or not _SUPPOSES.search(before)
            or _SUPPOSES_NOTHING.search(before)
        ):
            continue
        if any((number, noun) in counts for _, _, counts in lines):
            continue
        about = {
            word: weight
            for word, weight in weights.items()
            if word != number and stem(word, query.lang) != noun
        }
        others = [
            (one, line)
            for one, line, counts in lines
            if counts and all(other != number for other, _ in counts)
        ]
        # The same thing counted otherwise says more than another thing counted.
        alike = [
            (one, line) for one, line in others if any(n == noun for _, n in _counts_of(line, one))
        ]
        other, share = _best(alike or others, about)
        enough = _FEWEST if alike else _FEWEST + 1
        if other and share >= _SAME_THING and len(about) >= enough:
            return Correction(Contradiction.COUNT, *other, shown)
    return None


def _denial(
    query: Query,
    evidence: Sequence[Evidence],
    weights: Mapping[str, float],
    values: frozenset[Value],
) -> Correction | None:
    found = denial(query, _about(evidence), weights, values)
    return Correction(Contradiction.DENIAL, *found) if found else None


def _about(evidence: Sequence[Evidence]) -> list[tuple[Evidence, Line]]:
    """Return the lines that are about the territory of the question, all if it names none."""
    return [(one, line) for one in evidence for line in one.lines if line.here]


def _best(
    lines: Sequence[tuple[Evidence, Line]], about: Mapping[str, float], names: Sequence[str] = ()
) -> tuple[tuple[Evidence, Line] | None, float]:
    """Return the line that answers best for some words, and the share it answers for.

    A line that lacks a name of several words («Culture Commune») is about something else.
    """
    about_it = [(one, line) for one, line in lines if all(n in fold(line.text) for n in names)]
    best = max(
        about_it, key=lambda pair: (covered(pair[1].matches, about), pair[1].score), default=None
    )
    return best, covered(best[1].matches, about) if best else 0.0


def _around(text: str, year: str) -> str:
    return " ".join(clause for clause in re.split(r"[,;:?!]", text) if year in clause)


def _clause(query: Query, year: str, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the words that share a year's clause, or all words when they are too few."""
    clause = _around(query.text, year)
    words = {
        word
        for word in content_words(clause, query.lang)
        if not word.isdigit() and word not in ASKING
    }
    about = {word: weight for word, weight in weights.items() if word in words}
    if len(about) >= _FEWEST:
        return about
    return {word: weight for word, weight in weights.items() if not word.isdigit()}


def _counts(text: str, lang: Language) -> Iterator[tuple[str, str, str]]:
    """Yield (number, term counted, words) of each count in a text: «dix régions»."""
    for match in _COUPLE.finditer(text):
        couple = match.group(1)
        words = content_words(couple, lang)
        # «En cinq points» is the form of the answer, not what is counted; a year counts nothing.
        if (
            len(words) == 2
            and words[0].isdigit()
            and words[1].isalpha()
            and not _YEAR.fullmatch(words[0])
            and not text[: match.start()].lower().endswith((" en ", " in "))
        ):
            yield words[0], stem(words[1], lang), couple


def _counts_of(line: Line, one: Evidence) -> set[tuple[str, str]]:
    lang = one.hit.document.lang
    return {(number, noun) for number, noun, _ in _counts(line.text, lang)}
