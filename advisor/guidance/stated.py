"""What a question says of the territory of who asks: «notre commune compte 2 800 habitants»."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from advisor.guidance.profile import Profile, parse_population
from advisor.text.normalise import fold_typed

_OURS = r"(?:ma|mon|notre|mein\w*|unser\w*|nous sommes une?|wir sind eine?)"
# Words between, as in «notre petite ville».
_BETWEEN = r"(?: [\w'-]+){0,2}?"
# In the order in which they are looked for: a communauté de communes is no commune.
_KINDS = {
    "epci": r"communaute (?:de communes|d'agglomeration|urbaine)|agglo(?:meration)?|metropole"
    r"|interco(?:mmunalite)?|epci",
    "departement": r"departement",
    "region": r"region",
    "parc": r"parc naturel",
    "association": r"association",
    "kreis": r"landkreis|kreis",
    "stadt": r"stadt|gemeinde|dorf",
    "commune": r"commune|ville|village|bourg|bourgade|mairie",
}
# «Ville de 12 000 hab. dont le centre se vide, …»
_OPENING = r"^(?:petite )?(?:{names}) (?:de|d'|of|mit|von) ?\d"
_KIND = {
    kind: re.compile(
        rf"\b{_OURS}{_BETWEEN} (?:{names})\b(?! (?:voisine|centre|pilote))"
        rf"|{_OPENING.format(names=names)}"
    )
    for kind, names in _KINDS.items()
}
_GERMAN = ("kreis", "stadt")
_POPULATION = re.compile(
    r"(\d[\d \u00a0\u202f.,]*)(?: ?(?:habitants?|hab\b|inhabitants|people|einwohner\w*))"
)
_WHOSE = re.compile(
    r"\b(?:ma|mon|notre|nos|nous|my|our|we|mein\w*|unser\w*|wir)\b"
    rf"|{_OPENING.format(names='|'.join(_KINDS.values()))}"
)


def with_stated(profile: Profile, question: str) -> Profile:
    """Return a profile with the kind and the population that a question says of who asks.

    What the profile has already stays; what contradicts it is left out.
    """
    text = fold_typed(question)
    found: dict[str, Any] = {}
    if profile.kind == "autre":
        kind = next((kind for kind, pattern in _KIND.items() if pattern.search(text)), None)
        if kind:
            found["kind"] = kind
            if kind in _GERMAN and "country" not in profile.model_fields_set:
                found["country"] = "DE"
    size = _POPULATION.search(text)
    if profile.population is None and size and _WHOSE.search(text):
        found["population"] = parse_population(size.group(1).strip(" .,"))
    try:
        return Profile.model_validate({**profile.model_dump(exclude_unset=True), **found})
    except ValidationError:  # «0 habitant»
        return profile
