"""What a question affirms and a source denies.

A question affirms what it asks to confirm («… bien… ?»), the place it asks for («où… ?») and what
it says is granted («comme…», «puisque…»). A denial is a sentence that says «n'est pas» of it, or
rules it out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from advisor.retrieval.asked import ABOUT_THE_ANSWER, Value, values_in
from advisor.retrieval.lines import covered
from advisor.retrieval.models import Evidence, Line
from advisor.retrieval.query import Query, named
from advisor.text.analysis import content_words
from advisor.text.language import Language
from advisor.text.normalise import fold_typed
from advisor.text.sentences import points_back

# Share of what is affirmed that a denial answers for, and of one with a value of the kind asked
# for: «elle n'est pas un lieu» denies the very thing that «où ?» asks for.
_DENIES, _DENIES_VALUE = 0.4, 0.1
# A source that answers for so much of what is granted affirms it.
_SAYS_SO = 0.7
# Words of what is granted, at least.
_FEWEST = 2
_DENIAL: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"\bn['e] ?(?:est|sont|etait|etaient|peut|peuvent|s'agit) (?:pas|jamais|nullement|aucun)"
        r"|\bimpossible\b|\binutile\b|\baucun(?:e)? \w+ ne\b|\bcontrairement a\b|\ben aucun cas\b"
    ),
    "en": re.compile(
        r"\b(?:is|are|was|were|can|does|do|did|will) ?(?:not|n't|never)\b|\bimpossible\b"
        r"|\buseless\b|\bno longer\b|\bcontrary to\b"
    ),
    "de": re.compile(
        r"\b(?:ist|sind|war|waren|kann|wird) (?:\w+ )?(?:nicht|kein\w*|nie)\b|\bunmoglich\b"
        r"|\bnutzlos\b"
    ),
}
# These deny whatever is being spoken of; «n'est pas» denies what its own sentence says.
_RULED_OUT = re.compile(r"\b(?:impossible|inutile|useless|unmoglich|nutzlos)\b|\ben aucun cas\b")
_NEGATIVE: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(r"\bn['e] ?\w+|\bpas\b|\bjamais\b|\bsans\b|\bpourquoi ne\b"),
    "en": re.compile(r"\bnot\b|n't\b|\bnever\b|\bwithout\b"),
    "de": re.compile(r"\bnicht\b|\bkein\w*\b|\bnie\b|\bohne\b"),
}
# Questions that ask to confirm what they say.
_AFFIRMS: dict[Language, re.Pattern[str]] = {
    # «A bien été créée», not «le bien commun».
    "fr": re.compile(
        r"\b(?:a|ont|est|sont|etait|etaient|c'est|\w+-(?:ce|il|elle|ils|elles)) bien\b"
        r"|\bn'est-ce pas\b|\bvrai qu|^(?:est|sont|a)\b"
    ),
    "en": re.compile(r"\bright\?|^(?:is|are|was|were|did|has|have)\b"),
    "de": re.compile(
        r"\bdoch\b|\boder\?|\bstimmt es\b|^(?:ist|sind|war|waren|hat|haben|wird|wurden?)\b"
    ),
}

# What is said to be granted: «comme le code source garantit…, par quoi commencer ?» Not «as a
# mayor, …», nor what those who ask say of themselves.
_GRANTED: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"(?:^comme\b|\b(?:puisqu|vu qu|etant donne qu|sachant qu|du moment qu)(?:e\b|'))([^,;?]+)"
    ),
    "en": re.compile(r"(?:^since\b|^as (?!an?\b)|\b(?:given|seeing|considering) that\b)([^,;?]+)"),
    "de": re.compile(r"(?:^da\b|\bweil\b|\bangesichts dessen, dass\b)([^,;?]+)"),
}
_OURS = re.compile(
    r"^\s*on\b|\b(?:nous|je|j'\w+|notre|nos|ma|mon|mes|we|our|i|my|wir|unser\w*|ich|mein\w*)\b"
)


def denial(
    query: Query,
    lines: Sequence[tuple[Evidence, Line]],
    weights: Mapping[str, float],
    values: frozenset[Value],
) -> tuple[Evidence, Line] | None:
    """Return the line that denies what a question affirms, ``None`` when none does.

    Args:
        query: the question.
        lines: those about its subject, each with its passage.
        weights: each word of the question with its weight.
        values: the kinds of value asked for.
    """
    folded = fold_typed(query.text)
    if _NEGATIVE[query.lang].search(folded):
        return None
    if words := _granted(query):
        return _of_what_is_granted({w: weights[w] for w in words if w in weights}, lines)
    if Value.PLACE in values or affirms(query):
        return _of_what_is_asked(weights, values, lines)
    return None


def affirms(query: Query) -> bool:
    """Tell whether a question asks to confirm what it says: «… a bien été créée en 2012 ?»."""
    # Folded, «à quoi sert…» would open like «a-t-elle…».
    typed = re.sub(r"\b[àÀ]\b", "", query.text).strip()
    return bool(_AFFIRMS[query.lang].search(fold_typed(typed)))


def _of_what_is_asked(
    weights: Mapping[str, float],
    values: frozenset[Value],
    lines: Sequence[tuple[Evidence, Line]],
) -> tuple[Evidence, Line] | None:
    known = _known(weights, lines)
    found = [
        (one, line)
        for one, line in lines
        if _denies(line, one)
        and covered(line.matches, known)
        >= (_DENIES_VALUE if values_in(line.text, values) else _DENIES)
    ]
    return max(found, key=lambda pair: pair[1].score, default=None)


def _of_what_is_granted(
    premise: Mapping[str, float], lines: Sequence[tuple[Evidence, Line]]
) -> tuple[Evidence, Line] | None:
    """Return the denial that speaks most of it, unless another line says the same as the question.

    What rules a thing out is weighed on the words that any source has, the others on all.
    """
    known = _known(premise, lines)
    found: list[tuple[float, bool, float, Evidence, Line]] = []
    for one, line in lines:
        if not _denies(line, one):
            if covered(line.matches, premise) >= _SAYS_SO:
                return None
            continue
        ruled_out = bool(_RULED_OUT.search(fold_typed(line.text)))
        share = covered(_resting_on(line, one, ruled_out), known if ruled_out else premise)
        if share >= _DENIES:
            found.append((share, ruled_out, line.score, one, line))
    best = max(found, key=lambda each: each[:3], default=None)
    return best[3:] if best else None


def _known(
    weights: Mapping[str, float], lines: Sequence[tuple[Evidence, Line]]
) -> dict[str, float]:
    """Return the words that some line has: the others say nothing of what the sources deny."""
    return {
        word: weight
        for word, weight in weights.items()
        if any(line.holds(word) for _, line in lines)
    }


def _denies(line: Line, one: Evidence) -> bool:
    return bool(_DENIAL[one.hit.document.lang].search(fold_typed(line.text)))


def _granted(query: Query) -> frozenset[str]:
    """Return the content words of what a question says is granted, none where it says nothing."""
    found = _GRANTED[query.lang].search(fold_typed(query.text))
    if found is None or _OURS.search(found.group(1)):
        return frozenset()
    words = frozenset(content_words(found.group(1), query.lang))
    # «Comme Loos-en-Gohelle, …» compares.
    said = words.difference(ABOUT_THE_ANSWER, *named(query).values())
    return words if said and len(words) >= _FEWEST else frozenset()


def _resting_on(line: Line, one: Evidence, ruled_out: bool) -> dict[str, float]:
    """Return how well a denial answers for each word with the sentences it rests on.

    That is the one before for «elle n'est pas…», both neighbours for what rules a thing out.
    """
    place = one.lines.index(line)
    before = one.lines[max(0, place - 1) : place] if ruled_out or points_back(line.text) else []
    after = one.lines[place + 1 : place + 2] if ruled_out else []
    around = [*before, line, *after]
    return {word: max(each.matches.get(word, 0.0) for each in around) for word in line.matches}
