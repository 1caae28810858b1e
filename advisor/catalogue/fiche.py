"""The fiche: one Markdown file with validated front matter.

A fiche is at once a document that can be quoted and the structured record that
suggestions work on. The front matter is YAML between two ``---`` lines; the body is
Markdown in which a footnote mark such as ``[^s1]`` ties a fact to one of the sources
declared in the front matter.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from advisor.text.mentions import numbers_in

_FRONT_MATTER = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE
)


class Kind(StrEnum):
    """What a document is; fiches use the first six values, other files ``document``."""

    TERRITOIRE = "territoire"
    DISPOSITIF = "dispositif"
    REFERENTIEL = "referentiel"
    EVALUATION = "evaluation"
    EXPERIENCE = "experience"
    CHARTE = "charte"
    DOCUMENT = "document"


Theme = Literal[
    "alimentation", "amenagement", "biodiversite", "climat", "cooperation", "culture-memoire",
    "dechets", "eau", "economie", "emploi", "energie", "evaluation", "financement",
    "gouvernance", "habitat", "industrie", "ingenierie", "jeunesse", "mobilite",
    "numerique", "participation", "recit", "sante", "solidarite",
]  # fmt: skip
Context = Literal[
    "agricole", "charbon", "frontalier", "industriel", "littoral", "metropole", "minier",
    "montagne", "periurbain", "petite-ville", "portuaire", "quartier-prioritaire", "rural",
    "urbain", "viticole",
]  # fmt: skip
Audience = Literal[
    "commune", "epci", "departement", "region", "petr", "parc", "association", "entreprise",
    "bailleur", "habitants", "etablissement-public", "stadt", "kreis",
]  # fmt: skip


def _date_text(value: Any) -> Any:
    """YAML reads ``2021-02-10`` as a date and ``2021`` as a number; keep the text."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _code_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _of_the_calendar(value: str) -> str:
    if _DATE.fullmatch(value):
        parts = [int(part) for part in value.split("-")]
        try:
            dt.date(*[*parts, 1, 1][:3])
        except ValueError:
            pass
        else:
            return value
    raise ValueError(f"« {value} » n'est pas une date : écrire AAAA, AAAA-MM ou AAAA-MM-JJ")


_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
PartialDate = Annotated[str, BeforeValidator(_date_text), AfterValidator(_of_the_calendar)]
Code = Annotated[str, BeforeValidator(_code_text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Source(_Strict):
    """Where a fact comes from. ``date`` is the publication date, when the source gives one."""

    id: str = Field(pattern=r"^[\w-]+$")
    name: str = Field(min_length=3)
    url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    date: PartialDate | None = None


class Population(_Strict):
    """Number of inhabitants, with the year it holds for (``None``: not stated by the source)."""

    value: int = Field(gt=0)
    year: int | None = Field(default=None, ge=1700, le=2100)
    approximate: bool = False
    source: str


class Territory(_Strict):
    """The record of a territory. Coordinates are WGS84 degrees."""

    type: Literal[
        "commune", "epci", "departement", "region", "quartier", "parc", "petr", "bassin", "stadt",
        "kreis", "autre",
    ]  # fmt: skip
    country: Literal["FR", "DE", "GB", "EU"] = "FR"
    insee: Code | None = Field(default=None, pattern=r"^(\d{5}|2[AB]\d{3}|\d{2,3})$")
    seat: str | None = None
    seat_insee: Code | None = Field(default=None, pattern=r"^(\d{5}|2[AB]\d{3})$")
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    coordinates_approximate: bool = False
    population: Population | None = None
    departements: list[Code] = []
    region: str | None = None
    contexts: list[Context] = Field(min_length=1)


class Dispositif(_Strict):
    """The record of a programme: who runs it, for whom, what it offers, until when."""

    holder: str = Field(min_length=2)
    audience: list[Audience] = Field(min_length=1)
    eligibility: str = Field(min_length=10)
    offer: str = Field(min_length=10)
    scope: Literal["europe", "national", "regional", "local"]
    regions: list[str] = []
    departements: list[Code] = []
    population_min: int | None = Field(default=None, ge=0)
    population_max: int | None = Field(default=None, ge=0)
    contexts: list[Context] = []
    reserved_to: list[str] = []
    start: PartialDate | None = None
    end: PartialDate | None = None
    status: Literal["ouvert", "clos", "à vérifier"]
    url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    checked: PartialDate

    @model_validator(mode="after")
    def _in_order(self) -> Dispositif:
        least, most = self.population_min, self.population_max
        if least is not None and most is not None and least > most:
            raise ValueError("population_min dépasse population_max")
        if self.start and self.end and self.end < self.start[: len(self.end)]:
            raise ValueError("end précède start")
        return self

    def stated_numbers(self, today: str = "") -> set[str]:
        """Return the numbers that users read of it: of its offer, thresholds and period.

        The year it began is left out when that was before ``today``, AAAA-MM-JJ.
        """
        start = self.start if self.start and self.start > today[: len(self.start)] else None
        found = numbers_in(self.offer) | {date[:4] for date in (start, self.end) if date}
        sizes = (self.population_min, self.population_max)
        return found | {str(size) for size in sizes if size is not None}


class Reference(_Strict):
    """Bibliographic record of the référentiel, report or evaluation a fiche describes."""

    authors: list[str] = []
    publisher: str | None = None
    date: PartialDate | None = None
    pages: int | None = Field(default=None, gt=0)
    url: str | None = Field(default=None, pattern=r"^https?://\S+$")


class FrontMatter(_Strict):
    """The validated header of a fiche."""

    kind: Kind
    title: str = Field(min_length=3, max_length=160)
    lang: Literal["fr", "en", "de"] = "fr"
    updated: PartialDate
    summary: str = Field(min_length=20, max_length=400)
    themes: list[Theme] = Field(min_length=1)
    aliases: list[str] = []
    related: list[str] = []
    territories: list[str] = []
    sources: list[Source] = Field(min_length=1)
    territory: Territory | None = None
    dispositif: Dispositif | None = None
    reference: Reference | None = None

    @model_validator(mode="after")
    def _record_matches_kind(self) -> FrontMatter:
        if self.kind is Kind.DOCUMENT:
            raise ValueError(
                "kind « document » est réservé aux fichiers qui ne sont pas des fiches"
            )
        if (self.territory is not None) != (self.kind is Kind.TERRITOIRE):
            raise ValueError(
                "le bloc « territory » va avec kind: territoire, et seulement avec lui"
            )
        if (self.dispositif is not None) != (self.kind is Kind.DISPOSITIF):
            raise ValueError(
                "le bloc « dispositif » va avec kind: dispositif, et seulement avec lui"
            )
        ids = [source.id for source in self.sources]
        if len(ids) != len(set(ids)):
            raise ValueError("deux sources portent le même id")
        population = self.territory.population if self.territory else None
        if population is not None and population.source not in ids:
            raise ValueError(f"la population cite une source inconnue : {population.source}")
        return self


@dataclass(frozen=True, slots=True)
class FicheProblem:
    """One thing to correct in a fiche: a 1-based line of the file and a sentence."""

    line: int
    message: str


class FicheError(ValueError):
    """The front matter cannot be used. ``problems`` lists every fault with its line."""

    def __init__(self, problems: list[FicheProblem]) -> None:
        super().__init__("; ".join(f"ligne {p.line} : {p.message}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Fiche:
    """A parsed fiche. ``body_line`` is the 1-based file line where the body starts."""

    front: FrontMatter
    body: str
    body_line: int


class _Loader(yaml.SafeLoader):
    """YAML as maintainers mean it: ``01402`` is a code, not a number in base 8."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the fields of a block, no two of the same name.

        Raises:
            yaml.MarkedYAMLError: a field is there twice.
        """
        names: set[str] = set()
        for key, _ in node.value:
            if key.value in names:
                told = f"le champ « {key.value} » est là deux fois"
                raise yaml.MarkedYAMLError(note=told, problem_mark=key.start_mark)
            names.add(key.value)
        return super().construct_mapping(node, deep)


_INTEGER = "tag:yaml.org,2002:int"
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != _INTEGER]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _INTEGER, re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")
)
# Fields that any fiche has, and no other text with a header has together.
_OWN_FIELDS = re.compile(r"^[ \t]*(?:updated|summary|themes|sources)[ \t]*:", re.MULTILINE)
_FEWEST_FIELDS = 3


def is_fiche(text: str) -> bool:
    """Tell whether a Markdown text is meant as a fiche: it opens with a header that says so.

    A header that is never closed or cannot be read is one too, so that it is corrected rather
    than taken for text, and so is one whose first field is misspelt or that does not open the file.
    """
    text = _lines_ended(text).lstrip("\ufeff \t\n")
    if not text.startswith("---"):
        return False
    head = text[:4000]
    if re.search(r"^kind[ \t]*:", head, re.MULTILINE):
        return True
    if len(set(_OWN_FIELDS.findall(head))) >= _FEWEST_FIELDS:
        return True
    match = _FRONT_MATTER.match(text)
    try:
        return bool(match) and yaml.safe_load(match.group(1) if match else "") is None
    except (yaml.YAMLError, ValueError):
        return True


def _lines_ended(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_fiche(text: str) -> Fiche:
    """Parse and validate a fiche.

    Raises:
        FicheError: the front matter is absent, is not YAML or breaks the schema.
    """
    text = _lines_ended(text)
    match = _FRONT_MATTER.match(text)
    if match is None:
        raise FicheError([FicheProblem(1, _without_header(text))])
    header = match.group(1)
    try:
        data = yaml.load(header, _Loader)
        tree = yaml.compose(header, _Loader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none, 2026-13-45
        mark = getattr(error, "problem_mark", None)
        line = (mark.line if mark else 0) + 2
        reason = "en-tête illisible (guillemet ou crochet non fermé, retrait ou date incorrects)"
        raise FicheError([FicheProblem(line, getattr(error, "note", None) or reason)]) from None
    if not isinstance(data, dict):
        raise FicheError(
            [FicheProblem(2, "l'en-tête doit être une liste de champs « nom: valeur »")]
        )
    try:
        front = FrontMatter.model_validate(data)
    except ValidationError as error:
        problems = [
            FicheProblem(_line_of(tree, item["loc"]), _explain(item)) for item in error.errors()
        ]
        raise FicheError(problems) from None
    return Fiche(front, text[match.end() :], text.count("\n", 0, match.end()) + 1)


def _without_header(text: str) -> str:
    """Return what keeps the header of a text from being one."""
    opening = text.lstrip("\ufeff \t\n")
    if not opening.startswith("---"):
        return "l'en-tête entre deux lignes « --- » manque"
    if _FRONT_MATTER.match(opening):
        return "l'en-tête doit ouvrir le fichier : retirer ce qui le précède"
    return "la seconde ligne « --- », qui ferme l'en-tête, manque"


def _line_of(tree: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """Find the file line of the YAML node at a pydantic location (best effort)."""
    line = 1 if tree is None else tree.start_mark.line + 1
    node = tree
    for step in loc:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = dict(enumerate(node.value)).get(step)
            line = found.start_mark.line + 1 if found else line
        if found is None:
            break
        node = found
    return line + 1


_REASONS = {
    "extra_forbidden": "champ inconnu",
    "missing": "champ manquant",
    "string_pattern_mismatch": "forme incorrecte",
    "string_too_short": "texte trop court",
    "string_too_long": "texte trop long",
    "too_short": "liste vide",
}


def _explain(item: ErrorDetails) -> str:
    """Say in French what pydantic found."""
    where = ".".join(str(step) for step in item["loc"]) or "en-tête"
    kind = item["type"]
    if kind in ("literal_error", "enum"):
        expected = item.get("ctx", {}).get("expected", "").replace(" or ", ", ")
        return f"{where} : valeur hors liste, choisir parmi {expected}"
    if kind == "value_error":
        return f"{where} : {item['msg'].removeprefix('Value error, ')}"
    return f"{where} : {_REASONS.get(kind, 'valeur incorrecte')}"
