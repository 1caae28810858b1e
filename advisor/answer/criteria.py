"""The condition that a question puts on the headers of fiches, if it asks nothing else.

«Quels territoires ont plus de 50 000 habitants ?», «quels dispositifs sont clos ?». How such
questions are put stands in ``criteria.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from advisor.catalogue.fiche import Kind, Theme
from advisor.catalogue.names import also_called
from advisor.catalogue.places import departements
from advisor.i18n import translate
from advisor.retrieval.asked import ABOUT_THE_ANSWER
from advisor.retrieval.entities import name_words
from advisor.retrieval.query import Query
from advisor.text.analysis import content_words
from advisor.text.language import Language
from advisor.text.mentions import WHOLE, whole
from advisor.text.normalise import fold, fold_typed

_NUMBER = (
    rf"({WHOLE}(?:[.,]\d{{1,2}}(?!\d))?)"
    r"(?: ?(mille|millions?|thousand|tausend|millionen)\b)?"
)
_DECIMAL = re.compile(r"\d+[.,]\d{1,2}")
# «Ne sont plus ouverts», «seront clos», «le plus engagées», «avec quels territoires»: another list
# than that of the headers; «…, et comment ont-ils commencé ?»: more than a list.
_OTHERWISE = re.compile(
    r"\b(?:ne|n'|ni|seront|sera|serait|seraient|etaient|etait|not|no|never|will|would|were|was|nicht"
    r"|kein\w*|werden|wird|waren|war|contre|veulent|against|want|gegen|wollen)\b|n't\b|n'(?=\w)"
    r"|\b(?:le|la|les) (?:plus|moins)\b|(?<!at )\b(?:most|least|best)\b|\bmeisten\b"
    r"|\b(?:comment|pourquoi|quand|why|when|warum|wann|how(?! many)|wie(?! viele))\b"
    r"|\b(?:le long|au bord|a l'est|a l'ouest) d"
    r"|\b(?:avec|dans|sur|contre|pour|with|mit|fur) (?:quel|which|what|welche)"
)
# What may stand between a number and the people it counts.
_OF = re.compile(r" ?(?:d'|de )?")
_PARTS = re.compile(r",|;|\(|\)| et | avec | and | und ")
_ARTICLES = frozenset({"l", "la", "le", "les", "the", "der", "die", "das"})
# «Culture et mémoire»: a theme of which each part is asked for.
_LINKED = re.compile(r" (?:et|and|und) ")
_HOLDER = r"([\w'.&-]+(?: [\w'.&-]+){0,6})"
_MULTIPLES = {"mille": 1_000, "thousand": 1_000, "tausend": 1_000}
_MILLION = 1_000_000
#: States that a header tells for sure.
STATES = ("clos", "ouvert")
# What a word for territories stands for: of «communes», no agglomeration is one.
_TYPES = {"territoire": None, "commune": ("commune", "stadt"), "epci": ("epci",)}


@dataclass(frozen=True, slots=True)
class Criterion:
    """What the header of a fiche must say; what is left out is free.

    ``types`` are types of territory, ``least`` and ``most`` numbers of inhabitants, both included,
    ``state`` a value of the header's ``status``, ``country`` a code, ``region`` a name, folded,
    ``audience`` one of the header's, ``holder`` the words of a name, folded, ``departement`` a
    code, ``theme`` one of the header's and ``words`` those that the question has for it.
    """

    kind: Kind
    types: tuple[str, ...] | None = None
    least: int | None = None
    most: int | None = None
    state: str | None = None
    country: str | None = None
    region: str | None = None
    audience: str | None = None
    holder: tuple[str, ...] = ()
    departement: str | None = None
    theme: str | None = None
    words: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether closed dispositifs are left out: nobody who looks for help asks for those."""
        wanted = self.audience or self.theme
        return self.kind is Kind.DISPOSITIF and bool(wanted) and not self.state

    @property
    def subject(self) -> str | None:
        """The theme that a sentence has to speak of: what says a state comes first."""
        return None if self.state else self.theme

    @property
    def placed(self) -> bool:
        """Whether it asks for nothing but where territories lie."""
        return not (self.sized or self.state or self.audience or self.holder or self.theme)

    @property
    def sized(self) -> bool:
        """Whether it asks for a number of inhabitants."""
        return (self.least, self.most) != (None, None)

    def met_by(self, record: Mapping[str, Any]) -> bool | None:
        """Tell whether the header of a fiche of this kind meets it, ``None`` when it is silent."""
        if self.theme and self.theme not in record["themes"]:
            return False
        if self.kind is Kind.DISPOSITIF:
            programme = record["dispositif"]
            status = programme["status"]
            if self.audience and self.audience not in programme["audience"]:
                return False
            if self.current and status == "clos":
                return False
            if self.holder and self.holder not in _names_of(programme["holder"]):
                return False
            return not self.state or (status == self.state if status in STATES else None)
        territory = record["territory"]
        if self.types and territory["type"] not in self.types:
            return False
        if self.country and territory["country"] != self.country:
            return False
        if self.region and fold(territory.get("region") or "") != self.region:
            return False
        if self.departement and self.departement not in territory.get("departements", ()):
            return False
        size = inhabitants(record)
        if not self.sized:
            return True
        if size is None:
            return None
        return (self.least or 0) <= size and (self.most is None or size <= self.most)


def inhabitants(record: Mapping[str, Any]) -> int | None:
    """Return the number of inhabitants in the header of a territory's fiche, if it gives one."""
    population = (record.get("territory") or {}).get("population")
    return population["value"] if population else None


def kind_asked(query: Query) -> Kind | None:
    """Return the kind of fiches that a question may ask a list of, ``None`` for no list."""
    found = None if query.context else _subject(query)
    if found is None:
        return None
    return Kind.DISPOSITIF if found.lastgroup == Kind.DISPOSITIF else Kind.TERRITOIRE


def criterion(query: Query, regions: Collection[str], holders: Collection[str]) -> Criterion | None:
    """Return the condition that a question puts on headers; ``None`` if it asks anything else.

    Args:
        query: the question.
        regions: the regions that headers name.
        holders: who runs the dispositifs, as headers say it.
    """
    text = fold_typed(query.text)
    patterns = _patterns(query.lang)
    subject = _subject(query)
    if subject is None or _OTHERWISE.search(text):
        return None
    spans = [subject.span(str(subject.lastgroup))]
    found: dict[str, Any] = {}
    if subject.lastgroup == Kind.DISPOSITIF:
        found["kind"] = Kind.DISPOSITIF
        if match := patterns["holder"].search(text):
            found["holder"] = _bare(match[1])
            spans.append(match.span())
            if not any(found["holder"] in _names_of(one) for one in holders):
                return None
    else:
        found |= {"kind": Kind.TERRITOIRE, "types": _TYPES[str(subject.lastgroup)]}
        for match, bounds in _bounds(text, patterns):
            people = patterns["people"].search(text, match.end())
            if people and _OF.fullmatch(text, match.end(), people.start()):
                found |= bounds
                spans += [match.span(), people.span()]
    for name, value, pattern in _looked_for(found["kind"], patterns, regions):
        match = pattern.search(text)
        # «Pays de la Loire» names no département.
        if match and not any(start < match.end() and match.start() < end for start, end in spans):
            if name in found:  # «allemands et britanniques»
                return None
            found[name] = value
            spans.append(match.span())
            if name == "theme":  # «la culture et la mémoire»
                found["words"] = tuple(content_words(match[0], query.lang))
                spans += [other.span() for other in pattern.finditer(text, match.end())]
    saying = ("saying", "working") if "theme" in found else ("saying",)
    asking = [match.span() for name in saying for match in patterns[name].finditer(text)]
    if len(spans) == 1 or _rest(text, [*spans, *asking], query.lang):
        return None
    asked = Criterion(**found)
    # How many communes a département has is not how many have a fiche, and England has a north.
    counted = asked.placed and patterns["counting"].search(text)
    return None if counted or (asked.departement and asked.country) else asked


def _looked_for(
    kind: Kind, patterns: Mapping[str, Any], regions: Collection[str]
) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Yield what a question may ask of headers of a kind: field, value, how it is put."""
    if kind is Kind.DISPOSITIF:
        for state in STATES:
            yield "state", state, patterns[state]
        for audience, pattern in patterns["aimed"].items():
            yield "audience", audience, pattern
    else:
        for region in map(fold, regions):
            yield "region", region, _place(region)
        for code, pattern in patterns["countries"].items():
            yield "country", code, pattern
        for code, name in departements().items():
            yield "departement", code, _place(fold(name), patterns["in_departement"])
    for theme, pattern in patterns["themes"].items():
        yield "theme", theme, pattern


@cache
def _place(name: str, before: str = "") -> re.Pattern[str]:
    """Return the pattern of a place's name, of which no longer name is made: «Haute-Loire».

    Many départements are rivers: «dans la Loire», not «sur la Loire».
    """
    written = re.escape(name).replace(r"\-", "[- ]")
    return re.compile(rf"(?<![\w-]){before}{written}(?![\w-])")


def _names_of(holder: str) -> set[tuple[str, ...]]:
    """Return the names by which a holder is called: whole, and each of those it is made of."""
    return {_bare(part) for part in (holder, *_PARTS.split(fold(holder)))}


def _bare(name: str) -> tuple[str, ...]:
    """Return the words of a name without the article before it."""
    first, *others = name_words(name) or ("",)
    return tuple(others) if first in _ARTICLES and others else (first, *others)


def states_in(text: str, state: str, lang: Language) -> bool:
    """Tell whether a text says that something is ``clos`` or ``ouvert``."""
    return bool(_patterns(lang)[state].search(fold_typed(text)))


def called(theme: str, text: str, lang: Language) -> bool:
    """Tell whether a question calls a theme as the page does, or by a part of that name."""
    return any(name in fold(text) for name in _theme_names(theme, lang))


def tells_for(text: str, audience: str, lang: Language) -> bool:
    """Tell whether a text names those that a dispositif is for."""
    return bool(_patterns(lang)["audience"][audience].search(fold_typed(text)))


def speaks_of(text: str, theme: str, lang: Language) -> bool:
    """Tell whether a text has a word for a theme, or for what belongs to it."""
    return bool(_patterns(lang)["speaking"][theme].search(fold_typed(text)))


def counts_people(text: str, lang: Language) -> bool:
    """Tell whether a text says a number of inhabitants."""
    found = _patterns(lang)["people"].search(fold_typed(text))
    return bool(found) and any(map(str.isdigit, text))


def _subject(query: Query) -> re.Match[str] | None:
    found: re.Match[str] | None = _patterns(query.lang)["subject"].search(fold_typed(query.text))
    return found


def _bounds(
    text: str, patterns: Mapping[str, Any]
) -> Iterator[tuple[re.Match[str], dict[str, int]]]:
    for name in ("over", "from", "under", "up_to", "between"):
        if match := patterns[name].search(text):
            first, last = _read(match[1], match[2]), _read(*match.groups()[-2:])
            bounds = {
                "over": {"least": first + 1},
                "from": {"least": first},
                "under": {"most": first - 1},
                "up_to": {"most": first},
                "between": {"least": first, "most": last},
            }
            yield match, bounds[name]


def _read(figures: str, multiple: str | None) -> int:
    factor = _MULTIPLES.get(multiple, _MILLION) if multiple else 1
    if _DECIMAL.fullmatch(figures):  # «1,5 million»
        return round(float(figures.replace(",", ".")) * factor)
    return whole(figures) * factor


def _rest(text: str, spans: Collection[tuple[int, int]], lang: Language) -> set[str]:
    """Return the words of a question that its condition does not account for."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return set(content_words(text, lang)) - ABOUT_THE_ANSWER


def _theme_names(theme: str, lang: Language) -> list[str]:
    """Return what the page calls a theme, folded: whole, and each of two parts."""
    shown = fold(translate(f"themes.{theme}", lang))
    return list(dict.fromkeys([shown, *_LINKED.split(shown)]))


@cache
def _patterns(lang: Language) -> dict[str, Any]:
    with (Path(__file__).parent / "criteria.toml").open("rb") as file:
        table = tomllib.load(file)[lang]
    audience, aimed = table.pop("audience"), table.pop("aimed")
    groups: dict[str, Any] = {
        "themes": {},
        "speaking": {},
        "in_departement": table.pop("in_departement"),
        "countries": {code: re.compile(one) for code, one in table.pop("countries").items()},
        "audience": {name: re.compile(rf"\b{one}") for name, one in audience.items()},
        "aimed": {name: re.compile(aimed + one) for name, one in audience.items()},
    }
    asked, told = table.pop("themes"), table.pop("speaking")
    for theme in get_args(Theme):
        names = [*map(re.escape, _theme_names(theme, lang)), *asked.get(theme, ())]
        others = [*map(re.escape, map(fold, also_called("themes").get(theme, ())))]
        groups["themes"][theme] = re.compile(rf"\b(?:{'|'.join(names)})\b")
        groups["speaking"][theme] = re.compile(
            rf"\b(?:{'|'.join([*names, *others, *told.get(theme, ())])})\b"
        )
    kinds = (f"(?P<{name}>{table.pop(name)})" for name in (*_TYPES, Kind.DISPOSITIF))
    # «Which German towns… ?»
    subject = re.compile(rf"{table.pop('asking')}{table.pop('among')}(?:{'|'.join(kinds)})")
    patterns = {
        name: re.compile(one.replace("{number}", _NUMBER).replace("{holder}", _HOLDER))
        for name, one in table.items()
    }
    return {**patterns, **groups, "subject": subject}
