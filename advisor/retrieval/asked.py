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

from advisor.text.language import Language
from advisor.text.mentions import MONTH, NAME, YEAR
from advisor.text.normalise import fold_typed
from advisor.text.words import word_list

#: Words that say nothing of what a question is about: those that ask for a form of answer, and
#: those for kinds of things.
NO_SUBJECT = word_list("asking") | word_list("generic")
#: The same, and those that ask for help or for examples: words which no source need hold.
ABOUT_THE_ANSWER = NO_SUBJECT | word_list("requesting")


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for; several values when it asks several things."""

    shape: Shape
    values: frozenset[Value]


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
    return Asked(Shape.FACT if values else Shape.OVERVIEW, values)


@cache
def _patterns(lang: Language) -> tuple[dict[Value, re.Pattern[str]], dict[Shape, re.Pattern[str]]]:
    with (Path(__file__).parent / "asked.toml").open("rb") as file:
        tables = tomllib.load(file)[lang]
    return (
        {Value(name): re.compile("|".join(found)) for name, found in tables["value"].items()},
        {Shape(name): re.compile("|".join(found)) for name, found in tables["shape"].items()},
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
        rf"{NAME}|\b[A-Z]{{3,}}\b|\b(?:conseil d[’']administration|maire|président\w*|laboratoire"
        r"|association|mayor|Bürgermeister\w*)\b"
    ),
    Value.AUDIENCE: re.compile(
        r"\bs['’]adress\w+ [^.,;:(]+|\b(?:destiné|réservé|ouvert)\w* (?:à|aux?)\b [^.,;:(]+"
        r"|\béligibles?\b|\bbénéficiaires?\b|\bpeu(?:ven)?t (?:en )?(?:bénéficier|signer|candidater"
        r"|déposer|adhérer|demander|participer)\b|\b(?:aimed at|open to|intended for) [^.,;:(]+"
        r"|\beligible\b|\bricht\w+ sich an [^.,;:(]+|\b(?:förderfähig|antragsberechtigt)\w*"
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
