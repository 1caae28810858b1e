"""Who may ask for a dispositif: rules over the fiche's header, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from advisor.catalogue.fiche import Dispositif
from advisor.catalogue.places import plain
from advisor.guidance.contexts import near
from advisor.guidance.profile import Profile


class Decision(StrEnum):
    """Outcome of the rules; the worst reason decides."""

    ELIGIBLE = "eligible"
    CHECK = "check"
    NOT_ELIGIBLE = "not_eligible"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: ``code`` is a key of the ``[guidance]`` texts, with its parameters."""

    decision: Decision
    code: str
    params: tuple[tuple[str, object], ...] = ()


#: What the profile lacks when a rule could not decide: code of the reason → field.
MISSING = {
    "kind_unknown": "kind",
    "population_unknown": "population",
    "departement_unknown": "departement",
    "region_unknown": "region",
    "context_unknown": "contexts",
}
_ORDER = (Decision.CLOSED, Decision.NOT_ELIGIBLE, Decision.CHECK, Decision.ELIGIBLE)
# Who can ask in the place of whom: a neighbourhood through its commune, a German town as one.
_THROUGH: dict[str, tuple[str, ...]] = {
    "quartier": ("commune", "epci", "habitants", "bailleur"),
    "stadt": ("commune",),
    "kreis": ("epci", "departement"),
}


def decide(profile: Profile, record: Dispositif, today: str) -> tuple[Decision, list[Reason]]:
    """Return the decision for a profile and its reasons, the deciding ones first.

    ``today`` is a date, AAAA-MM-JJ.
    """
    reasons = list(_reasons(profile, record, today))
    reasons.sort(key=lambda reason: _ORDER.index(reason.decision))
    decision = reasons[0].decision if reasons else Decision.ELIGIBLE
    return decision, reasons


def _reasons(profile: Profile, record: Dispositif, today: str) -> Iterator[Reason]:
    if record.status == "clos" or (record.end and record.end < today[: len(record.end)]):
        yield Reason(Decision.CLOSED, "closed", (("date", record.end or record.checked),))
        return
    if record.start and record.start > today[: len(record.start)]:
        yield Reason(Decision.CHECK, "not_yet", (("date", record.start),))
    if record.status == "à vérifier":
        yield Reason(Decision.CHECK, "to_check", (("date", record.checked),))
    yield from _audience(profile, record)
    yield from _size(profile, record)
    yield from _place(profile, record)
    if record.reserved_to:
        yield _closed_list(profile, record)
    elif not (record.regions or record.departements) and _RESERVED.search(record.eligibility):
        yield Reason(Decision.CHECK, "reserved")
    if record.contexts:
        yield _context(profile, record)


def _audience(profile: Profile, record: Dispositif) -> Iterator[Reason]:
    german = profile.country == "DE" and {"stadt", "kreis"} & set(record.audience)
    if profile.country != "FR" and not german:
        if record.scope != "europe":
            yield Reason(Decision.NOT_ELIGIBLE, "french_only")
            return
        yield Reason(Decision.CHECK, "european" if profile.country == "DE" else "outside_union")
    kind = profile.kind
    if kind in record.audience:
        yield Reason(Decision.ELIGIBLE, "audience", (("kind", kind),))
    elif kind == "autre":
        yield Reason(Decision.CHECK, "kind_unknown")
    elif through := next((k for k in _THROUGH.get(kind, ()) if k in record.audience), None):
        yield Reason(Decision.CHECK, "through", (("kind", through),))
    elif kind == "commune" and "epci" in record.audience:
        yield Reason(Decision.NOT_ELIGIBLE, "epci_only")
    else:
        yield Reason(Decision.NOT_ELIGIBLE, "other_audience", (("kind", kind),))


def _size(profile: Profile, record: Dispositif) -> Iterator[Reason]:
    low, high = record.population_min, record.population_max
    if low is None and high is None:
        return
    size = profile.population
    if size is None:
        yield Reason(Decision.CHECK, "population_unknown")
    elif low is not None and size < low:
        yield Reason(Decision.NOT_ELIGIBLE, "too_small", (("bound", low), ("size", size)))
    elif high is not None and size > high:
        yield Reason(Decision.NOT_ELIGIBLE, "too_large", (("bound", high), ("size", size)))
    else:
        yield Reason(Decision.ELIGIBLE, "size_fits", (("size", size),))


def _place(profile: Profile, record: Dispositif) -> Iterator[Reason]:
    if record.departements:
        shown = ", ".join(record.departements)
        if profile.departement is None:
            yield Reason(Decision.CHECK, "departement_unknown", (("places", shown),))
        elif profile.departement not in record.departements:
            yield Reason(Decision.NOT_ELIGIBLE, "elsewhere", (("places", shown),))
        else:
            yield Reason(Decision.ELIGIBLE, "in_departement", (("place", profile.departement),))
    elif record.regions:
        shown = ", ".join(record.regions)
        if profile.region is None:
            yield Reason(Decision.CHECK, "region_unknown", (("places", shown),))
        elif plain(profile.region) not in map(plain, record.regions):
            yield Reason(Decision.NOT_ELIGIBLE, "elsewhere", (("places", shown),))
        else:
            yield Reason(Decision.ELIGIBLE, "in_region", (("place", profile.region),))


# A condition that the header has no field for: «réservé à dix territoires, dont…».
_RESERVED = re.compile(
    r"\b(?:réservée?s?\b|lauréat|reserved|limited to|vorbehalten)", re.IGNORECASE
)
# What a name may have before the name of a list.
_KIND_WORDS = frozenset(
    [
        "ville", "commune", "mairie", "metropole", "eurometropole", "communaute", "agglomeration",
        "agglo", "urbaine", "communes", "cu", "ca", "cc", "de", "des", "du", "d", "la", "le", "les",
        "l", "et",
    ]
)  # fmt: skip


def _closed_list(profile: Profile, record: Dispositif) -> Reason:
    shown = (("places", ", ".join(record.reserved_to)),)
    if not profile.name:  # a few names among thousands: not without knowing
        return Reason(Decision.NOT_ELIGIBLE, "list_unknown", shown)
    words = set(plain(profile.name).split())
    listed = (set(plain(name).split()) for name in record.reserved_to)
    # «Métropole de Dijon» is Dijon; Fontaine-lès-Dijon is another place.
    if any(name <= words and words - name <= _KIND_WORDS for name in listed):
        return Reason(Decision.ELIGIBLE, "in_list")
    return Reason(Decision.NOT_ELIGIBLE, "not_in_list", shown)


def _context(profile: Profile, record: Dispositif) -> Reason:
    shown = (("contexts", tuple(record.contexts)),)
    own = set(profile.contexts)
    if not own:
        return Reason(Decision.CHECK, "context_unknown", shown)
    if own & set(record.contexts):
        return Reason(
            Decision.ELIGIBLE,
            "context_fits",
            (("contexts", tuple(one for one in record.contexts if one in own)),),
        )
    close = near(own, set(record.contexts))
    return Reason(Decision.CHECK if close else Decision.NOT_ELIGIBLE, "context_needed", shown)
