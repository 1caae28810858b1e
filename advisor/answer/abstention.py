"""When to say «the corpus does not say», wholly or in part.

The probability that the evidence answers is a logistic regression on named features, fitted
by ``python -m eval.training.abstention`` (which prints these numbers) on questions asked to
corpora that hold their answer, and to the same corpora without the document that answers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from advisor.retrieval.asked import ABOUT_THE_ANSWER, ASKING, DOING, Value, values_in
from advisor.retrieval.lines import covered
from advisor.retrieval.models import Evidence, Line
from advisor.retrieval.query import Query, named
from advisor.text.analysis import stem
from advisor.text.language import Language
from advisor.text.mentions import years_in
from advisor.text.normalise import fold, fold_typed

_LOOKED_AT = 5
# A line that answers for this share of the question speaks of its subject.
_SAID = 0.3
# A line that answers for this share of the question is about all of it.
_WHOLE = 0.5
# A question of so few words; a word this far from all of a passage's has nothing of it.
_FEW_WORDS, _NOT_NEAR = 2, 0.2
_NEXT_DAYS = re.compile(
    r"\bce (soir|week-?end)\b|\bla semaine prochaine\b|\b(tonight|next week)\b"
    r"|\b(morgen (fruh|abend|wetter)|heute abend|nachste woche)\b"
    # «Comment nourrir la ville demain ?» means a time to come.
    r"|^(?=.*\b(?:demain|tomorrow)\b).*\b(?:temps|meteo|pleu\w+|soleil|ouvert\w*|ferme\w*|horaires?|heures?"
    r"|fera|passe\w*|lieu|weather|rain|open|closed|happen\w*)\b"
)
# What a source says that it does not know.
_UNKNOWN: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"\bn'(?:a|ont) pas ete (?:re)?(?:trouve|publie|communique)\w*"
        r"|\bn'(?:est|sont) pas (?:connu|publie|communique)\w*"
    ),
    "en": re.compile(
        r"\b(?:has|have) not been (?:found|published|disclosed)\b"
        r"|\b(?:is|are|was|were) not (?:found|known|published|disclosed)\b"
    ),
    "de": re.compile(r"\bnicht (?:bekannt|gefunden|auffindbar|veroffentlicht)\b"),
}


@dataclass(frozen=True, slots=True)
class Features:
    """What the decision rests on, each in [0, 1].

    ``passage``: the share of the question's own weight that the best passage answers for; ``rare``:
    how well a passage answers for its rarest own word; ``similarity`` and ``cosine``: of the
    nearest line, and of the nearest passage; ``nearness``: how near the best passages together are
    token by token, squared, 0 without the encoder; ``agreement``: both rankings put one passage
    near the top; ``foreign``: the best passages are in another language than the question;
    ``names``: the share of the question's names that the passages hold, half when it has none.
    """

    passage: float
    rare: float
    similarity: float
    cosine: float
    nearness: float
    agreement: float
    foreign: float
    names: float


# A weight per feature, in their order, and the constant: with the token encoder, and without.
_READ = ((2.39, 0.96, 1.30, 2.13, 2.91, 1.54, 0.21, 1.10), -5.79)
_UNREAD = ((2.92, 1.10, 1.68, 2.71, 0.0, 1.68, 0.0, 1.44), -5.37)
# Below ``REFUSED`` nothing is answered. Below ``PARTIAL``, or when so much of the question is
# met with silence, what is missing is named.
REFUSED, PARTIAL, SILENT = 0.22, 0.4, 0.35


def features(query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]) -> Features:
    """Return the features of a question and its scored evidence.

    Args:
        query: the question.
        evidence: scored, see ``score_evidence``.
        weights: those of the question's words, see ``weighting.word_weights``.
    """
    looked_at = [one for one in evidence[:_LOOKED_AT] if one.lines]
    lines = [line for one in looked_at for line in one.lines]
    own = _own(query, weights)
    if not lines or not own:
        return Features(0, 0, 0, 0, 0, 0, 0, 0)
    rarest = max(own, key=lambda word: (own[word], word))
    answered = (
        sum(weight * one.nearest(word) for word, weight in own.items()) for one in looked_at
    )
    return Features(
        passage=max(answered) / sum(own.values()),
        rare=max(one.nearest(rarest) for one in looked_at),
        similarity=max(line.similarity for line in lines),
        cosine=max(0.0, *(one.hit.similarity or 0.0 for one in looked_at)),
        nearness=_nearness(looked_at) ** 2,
        agreement=_agreement(looked_at),
        foreign=float(all(one.hit.document.lang != query.lang for one in looked_at)),
        names=_names(query, lines),
    )


def _own(query: Query, weights: Mapping[str, float]) -> Mapping[str, float]:
    """Return the words that say what a question is about, all of them if none does."""
    asked = {word: weight for word, weight in weights.items() if word not in query.context_words}
    own = {word: weight for word, weight in asked.items() if word not in ABOUT_THE_ANSWER}
    return own or asked or weights


def probability(found: Features) -> float:
    """Return the probability that the evidence answers, in [0, 1]."""
    weights, constant = _READ if found.nearness else _UNREAD
    score = constant + sum(
        weight * value for weight, value in zip(weights, astuple(found), strict=True)
    )
    return 1 / (1 + math.exp(-score))


def beyond(
    query: Query,
    evidence: Sequence[Evidence],
    weights: Mapping[str, float],
    values: frozenset[Value],
) -> bool:
    """Tell whether what is asked cannot be in the sources, however near their subject.

    That is a way to reach someone, when no passage gives one; a year later than all those that
    the passages found speak of, or for a fact their lines about it; the next days, which no
    document knows.
    """
    if _NEXT_DAYS.search(fold(query.text)):
        return True
    lines = [line for one in evidence for line in one.lines]
    contact = frozenset({Value.CONTACT})
    if Value.CONTACT in values and not any(values_in(line.text, contact) for line in lines):
        return True
    about = {word: weight for word, weight in weights.items() if not word.isdigit()}
    telling = [
        line
        for one in evidence
        for line in one.lines
        if not values or covered(one.told(line), about) >= _SAID
    ]
    known = set().union(*(years_in(line.text) for line in telling or lines))
    if not values:
        known |= {one.hit.document.date[:4] for one in evidence if one.hit.document.date}
    # Sources without any year say nothing of how far they reach; an older number is worth telling.
    if not known or any(line.counts for line in lines):
        return False
    return any(year > max(known) for year in years_in(query.text))


def undated(query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]) -> bool:
    """Tell whether the question names a year of which no line found says what is asked."""
    about = {word: weight for word, weight in weights.items() if not word.isdigit()}
    dated = set().union(
        *(
            years_in(line.text)
            for one in evidence
            for line in one.lines
            if covered(line.matches, about) >= _SAID
        )
    )
    return bool(years_in(query.text) - dated)


def unknown(
    evidence: Sequence[Evidence], weights: Mapping[str, float]
) -> tuple[Evidence, Line] | None:
    """Return the line that says that what is asked is not known, with its passage.

    ``None`` where none says it of most of the question, or where another line answers for as much.
    """
    said: list[tuple[float, Evidence, Line]] = []
    told = 0.0
    for one in evidence:
        pattern = _UNKNOWN[one.hit.document.lang]
        for line in one.lines:
            share = covered(one.told(line), weights)
            if share < _WHOLE:
                continue
            if line.here and pattern.search(fold_typed(line.text)):
                said.append((share, one, line))
            else:
                told = max(told, share)
    best = max(said, key=lambda found: found[0], default=None)
    return best[1:] if best and best[0] > told else None


def off_subject(query: Query, evidence: Sequence[Evidence], weights: Mapping[str, float]) -> bool:
    """Tell whether nothing found comes near the rarer of the two words that a question says.

    Of so few, it is the subject: «comment apprendre le piano ?».
    """
    own = _own(query, weights)
    rarest = max(own, key=lambda word: (own[word], word), default="")
    near = (one.nearest(rarest) for one in evidence[:_LOOKED_AT])
    return 0 < len(own) <= _FEW_WORDS and max(near, default=0.0) < _NOT_NEAR


def missing(query: Query, weights: Mapping[str, float], evidence: Sequence[Evidence]) -> list[str]:
    """Return the words of the question that no passage looked at answers for, rarest first.

    A word whose translation is not known says nothing of passages in another language.
    """
    looked_at = evidence[:_LOOKED_AT]
    foreign = {one.hit.document.lang for one in looked_at} - {query.lang}
    return [
        word
        for word in sorted(weights, key=lambda word: (-weights[word], word))
        if (not foreign or query.translations(stem(word, query.lang)))
        and not any(one.holds(word) for one in looked_at)
    ]


def silence(query: Query, weights: Mapping[str, float], evidence: Sequence[Evidence]) -> float:
    """Return the share in [0, 1] of the question's own weight that no passage answers for.

    What a follow-up recalls is found again without saying anything of what is asked now.
    """
    own = {
        word: weight
        for word, weight in weights.items()
        if word not in query.context_words and word not in ASKING | DOING
    }
    unmet = sum(own.get(word, 0.0) for word in missing(query, weights, evidence))
    return unmet / (sum(own.values()) or 1.0)


def _nearness(evidence: Sequence[Evidence]) -> float:
    """Return how near passages are, each token of the question by the passage nearest to it."""
    by_token = zip(*(one.hit.near for one in evidence if one.hit.near), strict=True)
    return float(sum(max(near) for near in by_token))


def _names(query: Query, lines: Sequence[Line]) -> float:
    names = [name for name in names_of(query) if name in lines[0].matches]
    held = [any(line.holds(name) for line in lines) for name in names]
    return sum(held) / len(held) if held else 0.5


def names_of(query: Query) -> list[str]:
    """Return the content words of a question that are names, or parts of them."""
    return [word for words in named(query).values() for word in words if word in query.words]


def _agreement(evidence: Sequence[Evidence]) -> float:
    """Return how near to both rankings' best the passage is that both rank well."""
    shares = np.zeros((2, len(evidence)))
    for row, name in enumerate(("lexical", "similarity")):
        found = np.array([getattr(one.hit, name) or 0.0 for one in evidence])
        if found.max(initial=0.0) > 0:
            shares[row] = found / found.max()
    return max(0.0, float(shares.min(axis=0).max(initial=0.0)))
