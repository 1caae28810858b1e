"""A profile completed from the fiche of its territory."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from advisor.errors import UsageError
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import COUNTRIES, KINDS, Profile


def completed(fiches: Fiches, profile: Profile, given: Collection[str] = ()) -> Profile:
    """Return the profile with what the fiche of its territory knows and the user left out.

    Args:
        fiches: of the home.
        profile: its name is looked up; unknown names are left as they are.
        given: the fields the user gave, never replaced.

    Raises:
        UsageError: several territories have this name and no département decides.
    """
    found = [
        one
        for one in fiches.named("territoire", profile.name or "")
        # «Loos», in the Nord, is not Loos-en-Gohelle; nor is a namesake in another country.
        if not profile.departement
        or not one.territory.departements
        or profile.departement in one.territory.departements
        if "country" not in given or one.territory.country == profile.country
    ]
    if len(found) > 1:
        places = ", ".join(
            f"{one.title} ({', '.join(one.territory.departements)})" for one in found
        )
        raise UsageError("profile_homonyms", name=profile.name or "", places=places)
    if not found:
        return profile
    territory = found[0].territory
    known: dict[str, Any] = {
        "name": found[0].title,
        "kind": territory.type if territory.type in KINDS else "autre",
        "country": territory.country if territory.country in COUNTRIES else "FR",
        "population": territory.population.value if territory.population else None,
        "departement": territory.departements[0] if territory.departements else None,
        "region": territory.region,
        "contexts": list(territory.contexts),
        "insee": territory.insee or territory.seat_insee,
        "latitude": territory.latitude,
        "longitude": territory.longitude,
    }
    update = {key: value for key, value in known.items() if key not in given or key == "name"}
    return profile.model_copy(update={k: v for k, v in update.items() if v is not None})
