"""Follow-up questions, made whole with what was said before; no language model.

A question that stands alone is left alone, so that a new subject starts afresh. One that leans
back (it opens on a connective, points back with a pronoun, or says next to nothing) takes the
words of the turn before: the earlier question, and the answer it got.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from advisor.text.language import Language
from advisor.text.normalise import fold_typed
from advisor.text.sentences import sentence_spans

_OPENERS: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"^(et|mais|ou|donc|alors|sinon|ca|cela|c'|combien il|qu'en|quoi d'autre|ailleurs"
        r"|pourquoi \?|comment \?)\b"
    ),
    "en": re.compile(r"^(and|but|or|so|what about|how about|then|elsewhere|why\?|how\?)\b"),
    "de": re.compile(r"^(und|aber|oder|also|dann|wie steht|anderswo|warum\?|wie\?)\b"),
}
_PRONOUNS: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(r"\b(ils?|elles?|ca|cela|celui|celles?|ceux|y|en|leur|ces? derniers?)\b"),
    "en": re.compile(r"\b(it|they|them|he|she|that|those|this|these|one|there)\b"),
    "de": re.compile(r"\b(er|sie|es|das|diese|dieser|dort|davon|dazu)\b"),
}
_MORE = re.compile(
    r"^(donne[zr]?([- ]moi)? )?(plus|davantage) de (details?|precisions?)\b"
    r"|^(peux-tu |pouvez-vous )?(precise|developpe)[rz]?\b"
    r"|^(give me |tell me )?more( details?| about it)?\b|^mehr (details?|dazu)\b|^genauer\b"
)
# The same question, of other places than those told of.
_ELSEWHERE = re.compile(
    r"\b(?<!d')(?<!par )(ailleurs|d'autres? (?:territoires?|communes?|villes?|endroits?|pays))\b"
    r"|\b(elsewhere|other (?:places|towns|cities|territories))\b"
    r"|\b(anderswo|woanders|anderen? (?:orten?|stadten?|gemeinden?|regionen?))\b"
)
# «Le deuxième», said of what the answer listed.
_ORDINALS: dict[str, int] = {
    "premier": 0, "premiere": 0, "first": 0, "erste": 0, "ersten": 0,
    "deuxieme": 1, "second": 1, "seconde": 1, "zweite": 1, "zweiten": 1,
    "troisieme": 2, "third": 2, "dritte": 2, "dritten": 2,
    "quatrieme": 3, "fourth": 3, "vierte": 3, "vierten": 3,
    "dernier": -1, "derniere": -1, "last": -1, "letzte": -1, "letzten": -1,
}  # fmt: skip
_ORDINAL = re.compile(
    rf"\b(?:le|la|du|au|ce|cette|the|der|die|das|den|dem) ({'|'.join(_ORDINALS)})\b(?! \w{{4,}})"
)
_ITEM = re.compile(r"^(?:[-•*]|\d{1,2}[.)])\s+(.+)$", re.MULTILINE)
_MARK = re.compile(r"\s*\[\d+\]|\*\*")
_SHORT, _FEW_WORDS = 7, 14
# Sentences of the answer before that a follow-up can lean on.
_RECALLED = 2
# With more words of its own, «ailleurs» asks a new question.
_ELSEWHERE_WORDS = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and the answer it got, empty when it is not known."""

    question: str
    answer: str = ""


def turns_of(messages: Iterable[Mapping[str, str]]) -> list[Turn]:
    """Return the turns of a list of messages with a ``role`` and a ``content``."""
    turns: list[Turn] = []
    for message in messages:
        if message.get("role") == "user":
            turns.append(Turn(message["content"]))
        elif turns:
            turns[-1] = Turn(turns[-1].question, message["content"])
    return turns


@dataclass(frozen=True, slots=True)
class Background:
    """What a follow-up leans on: the earlier question, and the part of its answer meant."""

    question: str = ""
    answer: str = ""


def background(
    text: str, lang: Language, terms: Sequence[str], history: Sequence[Turn]
) -> Background:
    """Return what a question leans on; nothing when it stands alone."""
    if not history:
        return Background()
    last = history[-1]
    folded = fold_typed(text)
    if (ordinal := _ORDINAL.search(folded)) and (items := _items(last.answer)):
        place = _ORDINALS[ordinal.group(1)]
        if place < len(items):
            return Background(last.question, items[place])
    if not leans_back(text, lang, terms):
        return Background()
    question = last.question
    # A chain of follow-ups leans on the question that opened it.
    if len(history) > 1 and leans_back(question, lang, question.split()):
        question = f"{history[-2].question} {question}"
    return Background(question, _opening(last.answer))


def leans_back(text: str, lang: Language, terms: Sequence[str]) -> bool:
    """Tell whether a question cannot be understood without the one before."""
    folded = fold_typed(text)
    if _OPENERS[lang].search(folded) or (len(terms) <= _ELSEWHERE_WORDS and elsewhere(text)):
        return True
    if len(terms) <= 1 and len(folded.split()) <= 4:
        return True
    return (
        len(folded.split()) <= _FEW_WORDS
        and len(terms) < _SHORT
        and bool(_PRONOUNS[lang].search(folded))
    )


def elsewhere(text: str) -> bool:
    """Tell whether a follow-up asks the same of other places."""
    return bool(_ELSEWHERE.search(fold_typed(text)))


def meant(text: str, history: Sequence[Turn]) -> tuple[str, Sequence[Turn], bool]:
    """Return the question meant, the turns before it, and whether more is asked about it.

    «Plus de détails» means the question of the turn before, at greater length.
    """
    more = False
    while history and _MORE.search(fold_typed(text)):
        text, history, more = history[-1].question, history[:-1], True
    return text, history, more


def _items(answer: str) -> list[str]:
    return [_MARK.sub("", item) for item in _ITEM.findall(answer)]


def _opening(answer: str) -> str:
    plain = _MARK.sub("", answer)
    spans = list(sentence_spans(plain))[:_RECALLED]
    return " ".join(plain[start:end] for start, end in spans)
