"""Years, months, numbers and names that a text mentions."""

from __future__ import annotations

import re

from advisor.text.analysis import content_words
from advisor.text.language import Language

#: A year from 1500 to 2099, as part of a pattern.
YEAR = r"(?:1[5-9]|20)\d\d"
# «2000 habitants», «1500 euros»: a number of things, not a year.
_UNIT = (
    r"[ \u00a0\u202f]*(?:€|%|euros?|habitants?|hab\b|inhabitants?|einwohner|logements?|emplois?"
    r"|personnes?|hectares?|ha\b|m²|m2|m³|km|[kmgt]wh?\b|tonnes?|repas|foyers|ménages|mètres"
    r"|bénévoles|jobs|people|homes|arbeitsplätze|wohnungen|menschen)"
)
#: A year on its own, as part of a pattern read without regard to case: not inside a number, a
#: decimal or a reference («contrat 1536C0019»); «Agenda 2030» and «France 2030» are names.
ONE_YEAR = (
    r"(?<![\w.,])(?<!(?-i:Agenda)[ \u00a0])(?<!(?-i:France)[ \u00a0])(?<!(?-i:Cap)[ \u00a0])"
    r"(?<!(?-i:Horizon)[ \u00a0])"
    # «En 2016, logements…» is a year whatever follows.
    rf"{YEAR}(?!\w|[.,]\d)(?:(?<=\b[ei]n[ \u00a0]\d{{4}})|(?<=\bim[ \u00a0]\d{{4}})|(?!{_UNIT}))"
)
_YEAR = re.compile(ONE_YEAR, re.IGNORECASE)
_MONTHS: dict[Language, str] = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
#: A month's name in the three languages, as part of a pattern read without regard to case.
MONTH = f"(?:{'|'.join(dict.fromkeys(' '.join(_MONTHS.values()).lower().split()))})"
# 12/03/2019, 12.3.2019, 2019-03-12.
_FIGURES = re.compile(rf"(?<!\d)\d{{1,2}}[./](\d{{1,2}})[./]{YEAR}(?!\d)|{YEAR}-(\d\d)-\d\d(?!\d)")
# A capital inside a sentence makes a name; German nouns all have one.
_CAPITAL = re.compile(r"(?<=[\w,;:’'] )[A-ZÀ-Ý][\w’'-]+|(?<=[dlDL][’'])[A-ZÀ-Ý][\w’'-]+")
# «Le Fonds chaleur», «Did Loos win… ?»: what opens a sentence or a question is no name.
_OPENERS = (
    "L[ea]s?|Une?|Des|Du|Au|Aux|Ces?|Cette|Il|Elle|En|À|Que|Qui|Quand|Comment|Combien|Pourquoi|Est"
    "|The|An?|In|Did|Does|Do|Is|Are|Was|Were|Has|Have|Had|Can|Could|Will|Who|What|When|Where|Which"
    "|How|Why|Der|Die|Das|Im|Ist|Sind|War|Waren|Hat|Haben|Wird|Wurden?|Kann|Wer|Wie|Wann|Wo|Warum"
)
_NO_NAME = rf"(?!(?:{_OPENERS})\b)"
#: A whole number, its thousands set apart or not, as part of a pattern.
WHOLE = r"(?:\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+|\d+)"
#: A name of several words, as part of a pattern: «Culture Commune», «Grand-Figeac de Lot».
NAME = (
    _NO_NAME + r"\b[A-ZÀ-Ý][\w’'-]+(?:[ \u00a0](?:d[eu’'] ?|des |la |von |van )?[A-ZÀ-Ý][\w’'-]+)+"
)
_NAME = re.compile(NAME)


def whole(figures: str) -> int:
    """Return the number that figures write: 12000 for «12 000»."""
    return int(re.sub(r"\D", "", figures))


def years_in(text: str) -> set[str]:
    """Return the years that a text mentions."""
    return set(_YEAR.findall(text))


def numbers_in(text: str, lang: Language = "fr") -> set[str]:
    """Return the numbers that a text mentions, in figures: ``3`` for «trois»."""
    return {word for word in content_words(text, lang) if word[0].isdigit()}


def names_in(text: str) -> list[str]:
    """Return the names of several words that a text mentions, in order."""
    return _NAME.findall(text)


def capitalised_in(text: str) -> list[str]:
    """Return the words that have a capital inside a sentence, in order: names, German nouns."""
    return _CAPITAL.findall(text)


def months_in(text: str, lang: Language) -> set[int]:
    """Return the months (1 to 12) that a text mentions, in words or in figures."""
    names = {name: number for number, name in enumerate(_MONTHS[lang].split(), start=1)}
    # In English and German the capital tells the month from «may» and «march».
    words = re.findall(r"[^\W\d_]+", text.lower() if lang == "fr" else text)
    written = {names[word] for word in words if word in names}
    figures = {int(one or other) for one, other in _FIGURES.findall(text)}
    return written | {number for number in figures if number <= 12}
