"""A territory's profile: what suggestions depend on. Kept by the user, never by the server."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from advisor.catalogue.fiche import Context, Theme
from advisor.catalogue.names import also_called
from advisor.catalogue.places import (
    departement_code,
    is_departement,
    is_region,
    plain,
    region_of,
)
from advisor.errors import UsageError
from advisor.i18n import LANGUAGES, Key, format_number, texts, translate
from advisor.text.mentions import WHOLE, whole
from advisor.text.normalise import fold

Kind = Literal[
    "commune", "epci", "departement", "region", "quartier", "petr", "parc", "association",
    "stadt", "kreis", "autre",
]  # fmt: skip
Country = Literal["FR", "DE", "GB"]
Stage = Literal["debut", "engage", "echelle"]
KINDS: tuple[str, ...] = get_args(Kind)
COUNTRIES: tuple[str, ...] = get_args(Country)
STAGES: tuple[str, ...] = get_args(Stage)
CONTEXTS: tuple[str, ...] = get_args(Context)
THEMES: tuple[str, ...] = get_args(Theme)
MOST_PROJECTS = 1000
_LARGEST = 100_000_000
_GERMAN_KINDS = ("stadt", "kreis")
_FRENCH_KINDS = ("epci", "departement", "petr")
# Inhabitants that a kind can have, generously: beyond, one of the two is a slip.
_SIZES = {
    "commune": (1, 3_000_000), "quartier": (1, 1_000_000), "epci": (100, 10_000_000),
    "departement": (1_000, 5_000_000), "region": (10_000, 20_000_000),
    "stadt": (1, 5_000_000), "kreis": (5_000, 2_000_000),
}  # fmt: skip
_POPULATION = re.compile(
    rf"(?P<figures>{WHOLE})\s*"
    r"(?:hab(?:\.|itants?)?|inhabitants?|einwohner)?\.?",
    re.IGNORECASE,
)


def parse_population(value: Any) -> Any:
    """Read «12 000 hab.», «12.000» or a number; other values are left for the schema to refuse."""
    if isinstance(value, str):
        match = _POPULATION.fullmatch(value.strip())
        if match:
            return whole(match.group("figures"))
    return value


Population = Annotated[int, BeforeValidator(parse_population), Field(gt=0, le=_LARGEST)]


def _known_departement(code: str) -> str:
    if not is_departement(code):
        raise ValueError("no département has this code")
    return code


Departement = Annotated[str, BeforeValidator(departement_code), AfterValidator(_known_departement)]


class Profile(BaseModel):
    """What is known of a territory; everything but the kind may be left out.

    ``population`` is a number of inhabitants, ``departement`` a French code (``62``, also given
    by name), ``region`` a French region or a German Land.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(default=None, max_length=200)
    kind: Kind = "autre"
    country: Country = "FR"
    population: Population | None = None
    departement: Departement | None = None
    region: str | None = Field(default=None, max_length=100)
    contexts: list[Context] = []
    themes: list[Theme] = []
    stage: Stage | None = None
    projects: list[str] = Field(default=[], max_length=MOST_PROJECTS)
    means: str | None = Field(default=None, max_length=2000)
    insee: str | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


# Field → its table of texts, its values.
_NAMED = {
    "kind": ("profile_kinds", KINDS),
    "contexts": ("contexts", CONTEXTS),
    "themes": ("themes", THEMES),
    "stage": ("stages", STAGES),
}


@cache
def called(field: str) -> dict[str, str]:
    """Return what the values of a field are called in each language, folded → value."""
    table, keys = _NAMED[field]
    others = {fold(name): key for key, names in also_called(table).items() for name in names}
    shown = {fold(translate(f"{table}.{key}", lang)): key for lang in LANGUAGES for key in keys}
    return {**others, **shown, **{key: key for key in keys}}


def _keys(field: str, value: Any) -> Any:
    """Return a value given by its name, «sortie du charbon» or «coal exit», as its key."""
    if field in _NAMED and isinstance(value, list):
        return [_keys(field, one) for one in value]
    if field in _NAMED and isinstance(value, str):
        return called(field).get(fold(value.strip()), value)
    return value


def make_profile(values: dict[str, Any]) -> Profile:
    """Return the profile that some values describe, the region completed from the département.

    Raises:
        UsageError: a value is not possible, or two contradict each other; the message names
            them and what is expected.
    """
    values = {name: _keys(name, value) for name, value in values.items()}
    if values.get("kind") in _GERMAN_KINDS:
        values = {"country": "DE", **values}
    try:
        profile = Profile.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "profil"
        known = {"kind": KINDS, "contexts": CONTEXTS, "themes": THEMES, "stage": STAGES}
        shown = str(first.get("input"))[:80]
        if first["type"] == "extra_forbidden":
            raise UsageError("profile_unknown_field", field=field) from None
        if field in known:
            raise UsageError(
                "profile_choice", field=_label(field), value=shown, known=", ".join(known[field])
            ) from None
        raise UsageError("profile_value", field=_label(field), value=shown) from None
    _check(profile)
    if profile.departement and not profile.region:
        profile.region = region_of(profile.departement)
    return profile


def _check(profile: Profile) -> None:
    """Raise a ``UsageError`` where two fields contradict each other."""
    kind, departement, region = profile.kind, profile.departement, profile.region
    kind_name = Key(f"profile_kinds.{kind}")
    country = profile.country
    if (kind in _FRENCH_KINDS and country != "FR") or (kind in _GERMAN_KINDS and country != "DE"):
        raise _contradiction("kind", kind_name, "country", country)
    if departement and country != "FR":
        raise _contradiction("departement", departement, "country", country)
    if departement and region and is_region(region):
        expected = region_of(departement) or region
        if plain(expected) != plain(region):
            raise _contradiction("departement", departement, "region", region)
    low, high = _SIZES.get(kind, (1, _LARGEST))
    if profile.population and not low <= profile.population <= high:
        raise _contradiction("kind", kind_name, "population", format_number(profile.population))


def _contradiction(field: str, value: str, other: str, against: str) -> UsageError:
    return UsageError(
        "profile_contradiction",
        field=_label(field),
        value=value,
        other=_label(other),
        against=against,
    )


def _label(field: str) -> str:
    """Return what a field is called on the page."""
    return Key(f"territory.{field}") if f"territory.{field}" in texts("fr") else field


def read_profile(path: Path) -> Profile:
    """Read a profile file (JSON).

    Raises:
        UsageError: it is missing, damaged, or a value is not possible.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise UsageError("no_such_file", path=str(path)) from None
    except (ValueError, UnicodeDecodeError):
        raise UsageError("profile_damaged", path=str(path)) from None
    if not isinstance(values, dict):
        raise UsageError("profile_damaged", path=str(path))
    return make_profile(values)
