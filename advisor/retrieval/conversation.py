"""Follow-up questions, made whole with what was said before; no language model.

A question that stands alone is left alone, so that a new subject starts afresh. One that leans
back (it opens on a connective, points back with a pronoun, or says next to nothing of its own)
takes the turns before it, from the last one that stood alone, and the answer to the last.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from advisor.retrieval.asked import Shape, own_words, understand_shape
from advisor.text.analysis import STOP_WORDS
from advisor.text.language import Language, is_word
from advisor.text.mentions import capitalised_in
from advisor.text.normalise import fold_typed
from advisor.text.sentences import sentence_spans

#: Stands for what a follow-up takes the place of, in the turn before.
ELLIPSIS = "…"
# «La commune implique-t-elle…», «Loos a-t-elle…»: the pronoun repeats its subject.
_REPEATED = re.compile(
    r"(?:\b(?:[Ll][ea]s?|[Uu]ne?|[Dd]es|[Cc]e(?:s|tte)?|[Nn]o(?:s|tre))\s+|\b[Ll]['’])[\w'’-]+"
    r"(?: [\w'’-]+)?? [\w'’-]*?(-(?:t-)?(?:ils?|elles?))\b"
    r"|\b[A-ZÀ-Ý][\w'’-]+ [\w'’-]*?(-(?:t-)?(?:ils?|elles?))\b"
)
# «Et pour l'eau ?»: another complement, in the place of the one that opens alike.
_OTHER = re.compile(
    r"^(?:et|mais|ou|sinon|and|but|or|what about|how about|und|oder|aber) "
    r"(pour|sur|dans|avec|contre|chez|for|on|in|about|with|für|in|mit|bei|gegen) (?-i:[^A-ZÀ-Ý])",
    re.IGNORECASE,
)
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
# Not «lequel des programmes finance… ?», which asks anew.
_SEVERAL = re.compile(
    r"^(?:et |alors |mais |donc )?(?:lequel|laquelle|lesquel(?:le)?s)\b(?! d(?:es?|u)\b)"
    r"|\b(?:lequel|laquelle) des deux\b|\b(?:entre|pour|dans) les deux ?(?:\?|$)"
    r"|\b(?:which (?:one|of (?:them|the two))|(?:which|what) is the (?:cheaper|better))\b"
    r"|\bboth ?(?:\?|$)|\b(?:welche[rs]? (?:von|der) (?:ihnen|beiden)|welche[rs]? davon)\b"
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
    r"\b(?<!est )(?<!été )(?<!ete )(?<!is )(?<!was )(?<!ist )(?<!war )"
    r"(?:le|la|du|au|ce|cette|the|der|die|das|den|dem) "
    r"(premi(?:er|ère|ere)|deuxi[eè]me|seconde?|troisi[eè]me|quatri[eè]me|derni(?:er|ère|ere)"
    r"|first|second|third|fourth|last|(?:erste|zweite|dritte|vierte|letzte)n?)\b"
    # Of nothing else than the list: «la première à passer au bois», «elle a été la première».
    r"(?=\s*(?:[,;:?!.]|$))",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(r"^(?:et|mais|and|but|und|aber)\s+", re.IGNORECASE)
_ITEM = re.compile(r"^(?:[-•*]|\d{1,2}[.)])\s+(.+)$", re.MULTILINE)
_MARK = re.compile(r"\s*\[\d+\]|\*\*")
_WORD = re.compile(r"[\w'-]+")
# Words of a question that can point back, of its own among them, and of one that says one thing.
_FEW_WORDS, _OWN, _SHORT = 14, 6, 8
# Turns that a chain of follow-ups goes back at most, and the last ones kept with its first.
_CHAIN, _LAST = 8, 2
# Sentences of the answer before that a follow-up can lean on.
_RECALLED = 2
# With more words of its own, «ailleurs» asks a new question.
_ELSEWHERE_WORDS = 3


@cache
def _patterns(lang: Language) -> dict[str, re.Pattern[str]]:
    with (Path(__file__).parent / "conversation.toml").open("rb") as file:
        table = tomllib.load(file)[lang]
    return {name: re.compile("|".join(found)) for name, found in table.items()}


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
    """What a follow-up leans on: the earlier questions, and the part of the last answer meant."""

    questions: tuple[str, ...] = ()
    answer: str = ""


def background(text: str, lang: Language, history: Sequence[Turn]) -> Background:
    """Return what a question leans on; nothing when it stands alone."""
    if not history or not leans_back(text, lang):
        return Background()
    chain = [history[-1].question]
    for turn in reversed(history[-_CHAIN:-1]):
        if not leans_back(chain[0], lang):
            break
        chain.insert(0, turn.question)
    # What opened the chain, and what was asked last.
    questions = (*chain[:1], *chain[1:][-_LAST:])
    replaced = tuple(_without_other(question, text) for question in questions)
    if replaced != questions:
        return Background(replaced)
    return Background(questions, _opening(history[-1].answer))


def leans_back(text: str, lang: Language) -> bool:
    """Tell whether a question cannot be understood without the one before."""
    folded = fold_typed(text)
    own = own_words(text, lang)
    patterns = _patterns(lang)
    if patterns["opener"].search(folded) or (len(own) <= _ELSEWHERE_WORDS and elsewhere(text)):
        return True
    if not own:
        return True
    words = _WORD.findall(folded)
    if len(words) > _FEW_WORDS or len(own) > _OWN:
        return False
    plain = _REPEATED.sub(lambda match: match.group().rpartition("-")[0], text)
    pointing = patterns["impersonal"].sub(" ", fold_typed(plain))
    return (
        bool(patterns["pronoun"].search(pointing))
        or _has_owner_before(text, folded, lang)
        or (len(own) == 1 and len(words) <= _SHORT and _lacks_complement(text, folded, lang))
    )


def _has_owner_before(text: str, folded: str, lang: Language) -> bool:
    """Tell whether a question speaks of something of what was named before: «son coût»."""
    patterns = _patterns(lang)
    found = patterns["possessive"].search(folded)
    if found is None or (lang != "de" and capitalised_in(text)):
        return False
    return not patterns["determiner"].search(folded[: found.start()])


def _lacks_complement(text: str, folded: str, lang: Language) -> bool:
    """Tell whether a question asks something without saying of what: «quels résultats ?»."""
    asked = understand_shape(text, lang)
    # In German every noun has a capital: a name is a word that the glossaries do not know.
    named = (
        any(not is_word(word, lang) for word in own_words(text, lang))
        if lang == "de"
        else bool(capitalised_in(text))
    )
    return (
        not named
        and not _patterns(lang)["complement"].search(folded)
        and (asked.plain or asked.shape is not Shape.OVERVIEW)
    )


def _without_other(question: str, text: str) -> str:
    """Return a question without the complement that a follow-up takes the place of."""
    found = _OTHER.search(text)
    if found is None:
        return question
    same = re.compile(rf"\b{found.group(1)}\s[^,;?!.]*[^,;?!.\s]", re.IGNORECASE)
    *_, last = (None, *same.finditer(question))
    return (
        question if last is None else question[: last.start()] + ELLIPSIS + question[last.end() :]
    )


def of_several(text: str) -> bool:
    """Tell whether a question asks which of those named before: «lequel est le moins cher ?»."""
    return bool(_SEVERAL.search(fold_typed(text)))


def elsewhere(text: str) -> bool:
    """Tell whether a follow-up asks the same of other places."""
    return bool(_ELSEWHERE.search(fold_typed(text)))


def meant(text: str, history: Sequence[Turn]) -> tuple[str, Sequence[Turn], bool]:
    """Return the question meant, the turns before it, and whether more is asked about it.

    «Plus de détails» means the question of the turn before, at greater length; «le deuxième» is
    what the answer before listed second.
    """
    more = False
    while history and _asks_for_more(text):
        text, history, more = history[-1].question, history[:-1], True
    if history and (ordinal := _ORDINAL.search(text)):
        items = _items(history[-1].answer)
        place = _ORDINALS[fold_typed(ordinal.group(1))]
        if -len(items) <= place < len(items):
            opening = _CONNECTIVE.sub("", text[: ordinal.start()])
            return f"{opening}« {items[place]} »{text[ordinal.end() :]}", (), more
    return text, history, more


def _asks_for_more(text: str) -> bool:
    """Tell whether a text asks for no more than details: not «précise ce qu'est LEADER»."""
    folded = fold_typed(text)
    asked = _MORE.search(folded)
    return asked is not None and any(
        not own_words(folded[asked.end() :], lang) for lang in STOP_WORDS
    )


def _items(answer: str) -> list[str]:
    return [_MARK.sub("", item) for item in _ITEM.findall(answer)]


def _opening(answer: str) -> str:
    plain = _MARK.sub("", answer)
    spans = list(sentence_spans(plain))[:_RECALLED]
    return " ".join(plain[start:end] for start, end in spans)
