"""What a question says of the territory of who asks: «notre commune compte 2 800 habitants»."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import ValidationError

from advisor.guidance.profile import Profile, called, parse_population
from advisor.text.normalise import fold_typed

_GERMAN = ("kreis", "stadt")
_POPULATION = re.compile(
    r"(\d[\d \u00a0\u202f.,]*)(?: ?(?:habitants?|hab\b|inhabitants|people|einwohner\w*))"
)
_OURS = re.compile(r"\b(?:ma|mon|notre|nos|nous|my|our|we|mein\w*|unser\w*|wir)\b")


def with_stated(profile: Profile, question: str) -> Profile:
    """Return a profile with the kind and the population that a question says of who asks.

    What the profile has already stays; what contradicts it is left out.
    """
    text = fold_typed(question)
    kind = _kind(text)
    found: dict[str, Any] = {}
    if profile.kind == "autre" and kind:
        found["kind"] = kind
        if kind in _GERMAN and "country" not in profile.model_fields_set:
            found["country"] = "DE"
    size = _POPULATION.search(text)
    if profile.population is None and size and (kind or _OURS.search(text)):
        found["population"] = parse_population(size.group(1).strip(" .,"))
    try:
        return Profile.model_validate({**profile.model_dump(exclude_unset=True), **found})
    except ValidationError:  # «0 habitant»
        return profile


def _kind(text: str) -> str | None:
    """Return the kind of territory that a folded question says is the asker's own."""
    found = _said().search(text)
    return called("kind")[found.group(1) or found.group(2)] if found else None


@cache
def _said() -> re.Pattern[str]:
    # The longest first: a communauté de communes is no commune.
    names = sorted((name for name, kind in called("kind").items() if kind != "autre"), key=len)
    kinds = "|".join(map(re.escape, reversed(names)))
    return re.compile(
        # «Notre petite ville», not «notre ville voisine».
        rf"\b(?:ma|mon|notre|mein\w*|unser\w*|nous sommes une?|wir sind eine?)(?: [\w'-]+){{0,2}}?"
        rf" ({kinds})\b(?! (?:voisine|centre|pilote))"
        # «Ville de 12 000 hab. dont le centre se vide, …»
        rf"|^(?:petite )?({kinds}) (?:de|d'|mit|von) ?\d"
    )
