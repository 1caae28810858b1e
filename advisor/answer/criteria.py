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
# «Ne sont plus ouverts», «seront clos»: another list than that of the headers.
_OTHERWISE = re.compile(
    r"\b(?:ne|n'|ni|seront|sera|serait|seraient|etaient|etait|not|no|never|will|would|were|was|nicht"
    r"|kein\w*|werden|wird|waren|war)\b|n't\b|n'(?=\w)"
)
# What may stand between a number and the people it counts.
_OF = re.compile(r" ?(?:d'|de )?")
_PARTS = re.compile(r",|;|\(|\)| et | and | und ")
# «Culture et mémoire»: a theme of which each part is asked for.
_LINKED = re.compile(r" (?:et|and|und) ")
_HOLDER = r"([\w'.&-]+(?: [\w'.&-]+){0,6})"
_MULTIPLES = {"mille": 1_000, "thousand": 1_000, "tausend": 1_000}
_MILLION = 1_000_000
_STATES = ("clos", "ouvert")
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
            return not self.state or (status == self.state if status in _STATES else None)
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
    looked_for: dict[tuple[str, str], re.Pattern[str]] = {}
    if subject.lastgroup == Kind.DISPOSITIF:
        found["kind"] = Kind.DISPOSITIF
        looked_for |= {("state", one): patterns[one] for one in _STATES}
        looked_for |= {("audience", one): known for one, known in patterns["aimed"].items()}
        if match := patterns["holder"].search(text):
            found["holder"] = name_words(match[1])
            spans.append(match.span())
            if not any(found["holder"] in _names_of(one) for one in holders):
                return None
    else:
        found |= {"kind": Kind.TERRITOIRE, "types": _TYPES[str(subject.lastgroup)]}
        looked_for |= {("country", code): one for code, one in patterns["countries"].items()}
        looked_for |= {("region", name): _name(name) for name in map(fold, regions)}
        looked_for |= {
            ("departement", code): _name(fold(one)) for code, one in departements().items()
        }
        for match, bounds in _bounds(text, patterns):
            people = patterns["people"].search(text, match.end())
            if people and _OF.fullmatch(text, match.end(), people.start()):
                found |= bounds
                spans += [match.span(), people.span()]
    looked_for |= {("theme", theme): one for theme, one in patterns["themes"].items()}
    for (name, value), pattern in looked_for.items():
        match = pattern.search(text)
        # «Pays de la Loire» names no département.
        if match and not any(start < match.end() and match.start() < end for start, end in spans):
            if name in found:  # «allemands et britanniques»
                return None
            found[name] = value
            spans.append(match.span())
            if name == "theme":
                found["words"] = tuple(content_words(match[0], query.lang))
    asking = [match.span() for match in patterns["saying"].finditer(text)]
    if len(spans) == 1 or _rest(text, [*spans, *asking], query.lang):
        return None
    return Criterion(**found)


@cache
def _name(name: str) -> re.Pattern[str]:
    """Return the pattern of a place's name, of which no longer name is made: «Haute-Loire»."""
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")


def _names_of(holder: str) -> set[tuple[str, ...]]:
    """Return the names by which a holder is called: whole, and each of those it is made of."""
    return {name_words(part) for part in (holder, *_PARTS.split(fold(holder)))}


def states_in(text: str, state: str, lang: Language) -> bool:
    """Tell whether a text says that something is ``clos`` or ``ouvert``."""
    return bool(_patterns(lang)[state].search(fold_typed(text)))


def tells_for(text: str, audience: str, lang: Language) -> bool:
    """Tell whether a text names those that a dispositif is for."""
    return bool(_patterns(lang)["audience"][audience].search(fold_typed(text)))


def speaks_of(text: str, theme: str, lang: Language) -> bool:
    """Tell whether a text has a word for a theme."""
    return bool(_patterns(lang)["themes"][theme].search(fold_typed(text)))


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
    """Return patterns of the names of a theme, the longest first."""
    shown = _LINKED.split(fold(translate(f"themes.{theme}", lang)))
    names = {*shown, *map(fold, also_called("themes").get(theme, ()))}
    return [re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name))]


@cache
def _patterns(lang: Language) -> dict[str, Any]:
    with (Path(__file__).parent / "criteria.toml").open("rb") as file:
        table = tomllib.load(file)[lang]
    audience, aimed = table.pop("audience"), table.pop("aimed")
    groups = {
        "countries": {code: re.compile(one) for code, one in table.pop("countries").items()},
        "audience": {name: re.compile(rf"\b{one}") for name, one in audience.items()},
        "aimed": {name: re.compile(aimed + one) for name, one in audience.items()},
    }
    forms = table.pop("themes")
    groups["themes"] = {
        theme: re.compile(
            rf"\b(?:{'|'.join([*_theme_names(theme, lang), *forms.get(theme, ())])})\b"
        )
        for theme in get_args(Theme)
    }
    kinds = (f"(?P<{name}>{table.pop(name)})" for name in (*_TYPES, Kind.DISPOSITIF))
    # «Which German towns… ?»
    subject = re.compile(rf"{table.pop('asking')}(?:\w+ )??(?:{'|'.join(kinds)})")
    patterns = {
        name: re.compile(one.replace("{number}", _NUMBER).replace("{holder}", _HOLDER))
        for name, one in table.items()
    }
    return {**patterns, **groups, "subject": subject}
