"""What kind of answer a question asks for, told from its question words alone.

The patterns are about how questions are put in each language, never about their subject.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from advisor.text.analysis import content_words
from advisor.text.language import Language
from advisor.text.mentions import MONTH, NAME, YEAR
from advisor.text.normalise import fold_typed
from advisor.text.words import word_list

#: Words that ask for a form of answer.
ASKING = word_list("asking")
#: Words that say nothing of what a question is about: these, and those for kinds of things.
NO_SUBJECT = ASKING | word_list("generic")
#: Words that say no more than that something is to be done.
DOING = word_list("doing")
#: These, and those that ask for help or for examples: no reason to suggest one thing rather than
#: another.
REQUESTING = word_list("requesting") | DOING
#: All of them: words which no source need hold.
ABOUT_THE_ANSWER = NO_SUBJECT | REQUESTING


class Shape(StrEnum):
    """The form of the answer."""

    FACT = "fact"
    LIST = "list"
    HOW = "how"
    COMPARISON = "comparison"
    OVERVIEW = "overview"


class Value(StrEnum):
    """The kind of value that a fact question asks for."""

    DATE = "date"
    NUMBER = "number"
    PLACE = "place"
    PERSON = "person"
    AUDIENCE = "audience"
    CONTACT = "contact"
    STATE = "state"
    HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for; several values when it asks several things.

    ``plain``: nothing in the question tells.
    """

    shape: Shape
    values: frozenset[Value]
    plain: bool = False


# Words for what is counted at most, after «combien de».
_COUNTED = 2
_ORDER = (Shape.COMPARISON, Shape.HOW, Shape.LIST, Shape.OVERVIEW)


@lru_cache(maxsize=256)
def understand_shape(question: str, lang: Language) -> Asked:
    """Return the form of the answer and the kinds of value that a question asks for."""
    text = fold_typed(question)
    known_values, known_shapes = _patterns(lang)
    values = frozenset(value for value, pattern in known_values.items() if pattern.search(text))
    if Value.AUDIENCE in values:  # «qui peut en bénéficier ?» names nobody
        values -= {Value.PERSON}
    for shape in _ORDER:
        if known_shapes[shape].search(text):
            # «Combien…, et comment ?» asks for a value first.
            if values and shape in (Shape.LIST, Shape.OVERVIEW):
                break
            return Asked(shape, values)
    told = any(pattern.search(text) for pattern in known_shapes.values())
    return Asked(Shape.FACT if values else Shape.OVERVIEW, values, plain=not values and not told)


@lru_cache(maxsize=256)
def asking_words(question: str, lang: Language) -> dict[str, re.Pattern[str]]:
    """Return the content words of a question that ask for a value, with what a text has of it.

    «Montant», of «quel est le montant de l'aide ?», is answered by an amount of money, «année» by a
    year, whatever the words around.
    """
    text = fold_typed(question)
    known_values, _ = _patterns(lang)
    values = understand_shape(question, lang).values
    found = {
        word: _VALUE_PATTERNS[value]
        for value in sorted(values)
        for match in known_values[value].finditer(text)
        for word in content_words(match.group(), lang)
    }
    return found | measures_in(question, lang)


@lru_cache(maxsize=256)
def counted_words(question: str, lang: Language) -> tuple[str, ...]:
    """Return the words for the things whose number is asked: «combien de nouveaux emplois… ?»."""
    text = fold_typed(question)
    found = re.search(_tables()["counting"][lang], text)
    if found is None:
        return ()
    counted: list[str] = []
    for word in text[found.end() :].split()[:_COUNTED]:
        kept = [one for one in content_words(word, lang) if one not in ABOUT_THE_ANSWER]
        if not kept:
            break
        counted += kept
    return tuple(counted)


def measures_in(question: str, lang: Language) -> dict[str, re.Pattern[str]]:
    """Return the words of a question that ask for a measure, with the pattern of such a number.

    «Population»: so many inhabitants. None where no number is asked.
    """
    if Value.NUMBER not in understand_shape(question, lang).values:
        return {}
    measures = _measures(lang) | _measures(lang, verbs=True)
    return {word: measures[word] for word in content_words(question, lang) if word in measures}


def own_words(question: str, lang: Language) -> list[str]:
    """Return the content words that say what a question is about, none that say what it asks."""
    measures = _measures(lang)
    return [
        word
        for word in content_words(question, lang)
        if word not in ABOUT_THE_ANSWER and word not in measures
    ]


@cache
def _tables() -> dict[str, Any]:
    with (Path(__file__).parent / "asked.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _measures(lang: Language, *, verbs: bool = False) -> dict[str, re.Pattern[str]]:
    """Return the words that ask for a number of some unit, with the pattern of such a number.

    Of verbs («recevoir»), those alone that do so beside another word that asks for a number.
    """
    return {
        word: re.compile(rf"\d[ \u00a0\u202f]*{_MULTIPLE}{table['unit']}(?!\w)")
        for table in _tables()["measure"].values()
        for word in (table.get("verbs", {}).get(lang, "") if verbs else table[lang]).split()
    }


@cache
def _patterns(lang: Language) -> tuple[dict[Value, re.Pattern[str]], dict[Shape, re.Pattern[str]]]:
    table = _tables()[lang]
    measured = rf"(?:{'|'.join(_measures(lang))})"

    def read(patterns: list[str]) -> re.Pattern[str]:
        return re.compile("|".join(one.replace("{measured}", measured) for one in patterns))

    return (
        {Value(name): read(patterns) for name, patterns in table["value"].items()},
        {Shape(name): read(patterns) for name, patterns in table["shape"].items()},
    )


# «2 millions d'euros», «1,2 M€».
_MULTIPLE = (
    r"(?:(?:millions?|milliards?|million|billion|Millionen|Milliarden)\b ?(?:d['’])?|[kM]d?)?"
)
_YEAR = rf"(?<![\d.,]){YEAR}(?!\d|[.,]\d)"
# A number of its own, not the one of «CO2» or «11/19», nor that of an item of a list.
_NUMBER = (
    r"(?<![\w./-])(?<!\d[ \u00a0\u202f,])(?!\d{1,2}[.)] )\d+(?:[ \u00a0\u202f.,]\d+)*(?![\w/])"
)
_UNIT = (
    r"(?:[ \u00a0\u202f]*(?:%|€|(?:euros?|habitants?|hab\.|ha|hectares?|km|m²|m3|m³|m|kWh|MWh|GWh"
    r"|TWh|MW|kW|kg|tonnes?|millions?|milliards?|M€|Md€|ans|années|mois|semaines|jours|heures|years?"
    r"|months?|weeks?|days|inhabitants|Einwohner|Jahre|Monate|Wochen|Tage|Millionen|Milliarden)"
    r"(?!\w)))"
)
_WORDS = (
    r"(?:un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|cent"
    r"|mille|dizaine|douzaine|centaine|moitié|tiers|quart|two|three|four|five|six|seven|eight"
    r"|nine|ten|half|zwei|drei|vier|fünf)"
)
_VALUE_PATTERNS: dict[Value, re.Pattern[str]] = {
    Value.DATE: re.compile(rf"(?:(?:\d{{1,2}}(?:er)? )?{MONTH} )?{_YEAR}", re.IGNORECASE),
    Value.NUMBER: re.compile(
        rf"{_NUMBER}{_UNIT}|\b{_WORDS}{_UNIT}\b|\b(?:annuelle?ment|chaque année|chaque mois)\b"
        # Years and days have a kind of their own.
        rf"|(?!{_YEAR}|\d+ {MONTH}){_NUMBER}",
        re.IGNORECASE,
    ),
    Value.PLACE: re.compile(
        r"\b(?:lieu|siège|adresse|périphérie|quartier|commune de|ville de|région|département|place"
        r"|seat|located|Ort|Sitz|Stadt)\b|\b(?:à|en|dans|près de|in|bei|nahe) [A-ZÀ-Ý][\w’'-]+"
    ),
    Value.PERSON: re.compile(
        rf"{NAME}|\b[A-Z]{{3,}}\b|\b(?:conseil d[’']administration|laboratoire|association)\b"
    ),
    Value.AUDIENCE: re.compile(
        r"\bs['’]adress\w+ [^.,;:(]+|\b(?:destiné|réservé|ouvert)\w* (?:à|aux?)\b [^.,;:(]+"
        r"|\béligibles?\b|\bbénéficiaires?\b|\bpeu(?:ven)?t (?:en )?(?:bénéficier|signer|candidater"
        r"|déposer|adhérer|demander|participer)\b|\b(?:aimed at|open to|intended for) [^.,;:(]+"
        r"|\beligible\b|\bricht\w+ sich an [^.,;:(]+|\b(?:förderfähig|antragsberechtigt)\w*"
    ),
    Value.STATE: re.compile(
        r"\b(?:clos(?:es?)?|achevée?s?|terminée?s?|suspendue?s?|prolongée?s?|fermée?s?"
        r"|(?<!année )en cours|en vigueur|ouverts?|ouvertes?|dépassée?s?|a pris fin|s['’]achève\w*"
        r"|court jusqu|se sign\w+ encore|encore lancé|a (?:couru|duré)|existe depuis|à demander"
        r"|jusqu['’](?:à|en|au)|closed|ended|extended|expired|until|abgelaufen|beendet"
        r"|verlängert|bis (?:zum|Ende|\d))"
    ),
    Value.HOLDER: re.compile(
        r"\b(?:g[éè]r|pilot|port|anim|financ|coordonn|délivr|attribu|instrui|dirig|administr)"
        r"(?:e|ent|é|ée|és|ées|t|te|ts|sent)\b"
        r"|\b(?:interlocut(?:eur|rice)s?|guichets?|se demande\w* (?:à|aux?|auprès)"
        r"|à demander (?:à|aux?)|auprès (?:de|des|du))\b"
        r"|\b(?:managed|run|funded|led) by\b|\bverwalte\w+|\bgefördert\b"
    ),
    Value.CONTACT: re.compile(
        r"[\w.+-]+@[\w-]+\.\w+|(?<!\d)(?:\+\d{2}[ .]?|0)\d(?:[ .\u00a0\u202f]?\d{2}){4}(?!\d)"
    ),
}


def values_in(text: str, values: frozenset[Value]) -> list[tuple[int, int]]:
    """Return the [start, end) of what a text holds of the kinds asked for, in order."""
    return sorted(
        match.span() for value in values for match in _VALUE_PATTERNS[value].finditer(text)
    )
