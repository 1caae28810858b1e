"""Peer territories: an explainable similarity, what they did, what does not transfer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from advisor.answer.models import Citation, PrimarySource
from advisor.catalogue.sentences import first_sentence, sentences
from advisor.errors import UsageError
from advisor.guidance.contexts import likeness
from advisor.guidance.fiches import Fiches, Record, primary_sources
from advisor.guidance.models import Peer, Peers
from advisor.guidance.profile import Profile
from advisor.guidance.wording import context_names, population_text, telling, theme_names
from advisor.i18n import translate
from advisor.retrieval.models import Hit
from advisor.text.normalise import fold

Column = npt.NDArray[np.float64]
# Weight of each feature; a feature that the profile does not give is left out of the mean.
WEIGHTS: dict[str, float] = {
    "topic": 0.45, "context": 0.2, "themes": 0.1, "population": 0.1, "kind": 0.05,
    "distance": 0.05, "country": 0.05,
}  # fmt: skip
_KINDS = ("territoire", "experience", "evaluation", "referentiel")
_LIKE_KINDS = (
    {"commune", "stadt"},
    {"epci", "kreis", "petr", "parc", "bassin"},
    {"departement", "kreis"},
)
# Kilometres at which nearness has lost two thirds of its worth.
_FAR = 300.0
# Said of populations this many times apart.
_SIZE_GAP = 3.0
_GERMAN = re.compile(r"\b(allemand\w*|allemagne|outre-rhin|ruhr|german\w*|deutsch\w*)\b")
_FRENCH = re.compile(r"\b(francais\w*|france|french|franzos\w*|frankreich)\b")
_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class _Found:
    record: Record
    shares: dict[str, float]
    similarity: float
    hit: Hit | None


def peers(
    fiches: Fiches,
    profile: Profile,
    topic: str = "",
    lang: str = "fr",
    k: int = 5,
    weights: Mapping[str, float] | None = None,
    without: Collection[str] = (),
) -> Peers:
    """Return the k territories nearest to a profile, for a topic when one is given.

    Args:
        fiches: of the home.
        profile: of the territory.
        topic: what one wants to learn; may be empty.
        lang: of the reasons.
        k: number of peers.
        weights: replace those of ``WEIGHTS`` by feature.
        without: slugs of territories to leave out.

    Raises:
        UsageError: a weight names no feature or is negative.
    """
    used = _weights(weights or {})
    records = fiches.of_kind("territoire")
    table = fiches.derived(records, Table)
    hits = _by_territory(fiches, topic)
    shares = table.shares(profile)
    if topic.strip():
        top = max((hit.score for hit in hits.values()), default=0.0) or 1.0
        scores = [hits[one.slug].score if one.slug in hits else 0.0 for one in records]
        shares["topic"] = np.asarray(scores) / top
    similarity = _mean(shares, used)
    left_out = {*without, _own_slug(fiches, profile)}
    country = _country(topic)
    described: list[Peer] = []
    for row in np.argsort(-similarity, kind="stable"):
        record = records[row]
        other = country is not None and record.territory.country != country
        if record.slug in left_out or other or np.isnan(similarity[row]):
            continue
        if len(described) == k:
            break
        known = {name: float(share[row]) for name, share in shares.items()}
        known = {name: share for name, share in known.items() if not math.isnan(share)}
        one = _Found(record, known, float(similarity[row]), hits.get(record.slug))
        if citations := _citations(fiches, one):
            described.append(_peer(one, profile, citations, lang))
    return Peers(topic=topic, weights=used, peers=described)


class Table:
    """The territories in columns, one row each; ``nan`` where a fiche does not say."""

    def __init__(self, records: Sequence[Record]) -> None:
        territories = [record.territory for record in records]
        self._contexts = [frozenset(one.contexts) for one in territories]
        self._themes = [frozenset(record.front.themes) for record in records]
        self._kinds = [one.type for one in territories]
        self._countries = [one.country for one in territories]
        self._population = _column(
            one.population.value if one.population else None for one in territories
        )
        self._latitude = _column(one.latitude for one in territories)
        self._longitude = _column(one.longitude for one in territories)

    def shares(self, profile: Profile) -> dict[str, Column]:
        """Return feature → likeness of each territory in [0, 1], for what the profile says."""
        shares = {"country": _each(self._countries, lambda one: float(one == profile.country))}
        if profile.contexts:
            shares["context"] = _each(
                self._contexts,
                lambda own: (
                    sum(likeness(one, own) for one in profile.contexts) / len(profile.contexts)
                ),
            )
        if wished := frozenset(profile.themes):
            shares["themes"] = _each(self._themes, lambda own: len(wished & own) / len(wished))
        if profile.population:
            shares["population"] = np.exp(
                -np.abs(np.log(self._population / profile.population)) / 2
            )
        if profile.kind != "autre":
            shares["kind"] = _each(self._kinds, lambda kind: _alike(profile.kind, kind))
        if profile.latitude is not None and profile.longitude is not None:
            distance = self._distance(profile.latitude, profile.longitude)
            shares["distance"] = np.exp(-distance / _FAR)
        return shares

    def _distance(self, latitude: float, longitude: float) -> Column:
        """Return the great-circle distances in kilometres (the haversine formula)."""
        lat1, lon1 = math.radians(latitude), math.radians(longitude)
        lat2, lon2 = np.radians(self._latitude), np.radians(self._longitude)
        half = (
            np.sin((lat2 - lat1) / 2) ** 2
            + math.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
        )
        kilometres: Column = 2 * 6371 * np.arcsin(np.sqrt(half))
        return kilometres


def _column(values: Iterable[float | None]) -> Column:
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)


def _each(values: Sequence[Hashable], share: Callable[[Any], float]) -> Column:
    """Return the share of each value; equal values, which are many, are looked at once."""
    known = {value: share(value) for value in set(values)}
    return _column(known[value] for value in values)


def _alike(kind: str, other: str) -> float:
    pair = {kind, other}
    if len(pair) == 1:
        return 1.0
    return 0.7 if any(pair <= group for group in _LIKE_KINDS) else 0.0


def _mean(shares: Mapping[str, Column], weights: Mapping[str, float]) -> Column:
    """Return the weighted mean of the features that are known for each territory."""
    columns = np.stack(list(shares.values()))
    each = np.asarray([weights[name] for name in shares])[:, None] * ~np.isnan(columns)
    total = each.sum(axis=0)
    found: Column = np.divide(
        (each * np.nan_to_num(columns)).sum(axis=0),
        total,
        out=np.full(columns.shape[1], np.nan),
        where=total > 0,
    )
    return found


def _weights(own: Mapping[str, float]) -> dict[str, float]:
    for name, value in own.items():
        if name not in WEIGHTS or not 0 <= value < math.inf:
            known = ", ".join(WEIGHTS)
            raise UsageError("peer_weight", name=name, value=str(value), known=known)
    return {**WEIGHTS, **own}


def _own_slug(fiches: Fiches, profile: Profile) -> str | None:
    if not profile.name:
        return None
    entity = fiches.answerer.search.gazetteer.named(profile.name, "territoire")
    return entity.slug if entity else None


def _country(topic: str) -> str | None:
    folded = fold(topic)
    german, french = bool(_GERMAN.search(folded)), bool(_FRENCH.search(folded))
    return None if german == french else "DE" if german else "FR"


def _by_territory(fiches: Fiches, topic: str) -> dict[str, Hit]:
    """Return the best passage of each territory: in its fiche, or in a fiche that tells of it."""
    slugs = [fiches.derived(fiches.of_kind(kind), _told_by) for kind in _KINDS]
    best: dict[str, Hit] = {}
    for hit in fiches.hits(topic, _KINDS):
        told = next((known[hit.document.id] for known in slugs if hit.document.id in known), ())
        # A practical fiche tells of several territories: the passage must name the one meant.
        for slug in told:
            if len(told) == 1 or mentions(hit.passage.text, slug):
                best.setdefault(slug, hit)
    return best


def _citations(fiches: Fiches, one: _Found) -> list[Citation]:
    quotes = []
    if one.hit is not None and (sentence := _about(one.hit, one.record)):
        quotes.append((one.hit.passage, sentence))
    if found := fiches.section(one.record.document_id, ()):
        quotes.append(found)
    citations: list[Citation] = []
    for passage, sentence in quotes:
        if any(known.quote == sentence for known in citations):
            continue
        if citation := fiches.quote(len(citations) + 1, passage, sentence):
            citations.append(citation)
    return citations


def _about(hit: Hit, record: Record) -> str | None:
    """Return the sentence of a passage that names a territory; in its own fiche, the first."""
    if hit.document.id == record.document_id:
        return first_sentence(hit.passage)
    return next((one for one in sentences(hit.passage) if mentions(one, record.slug)), None)


def _told_by(records: Sequence[Record]) -> dict[str, tuple[str, ...]]:
    """Return document → the slugs of the territories it tells of."""
    return {
        record.document_id: (record.slug,)
        if record.front.territory
        else tuple(record.front.territories)
        for record in records
    }


def words_of(name: str) -> list[str]:
    """Return the words of a name or a slug, folded: «Le Mené» and ``le-mene`` have the same."""
    return re.findall(r"[a-z0-9]+", fold(name))


def mentions(text: str, name: str) -> bool:
    """Tell whether a text names something by a name or a slug, as whole words."""
    return f" {' '.join(words_of(name))} " in f" {' '.join(words_of(text))} "


def _peer(one: _Found, profile: Profile, citations: list[Citation], lang: str) -> Peer:
    record, territory = one.record, one.record.territory
    return Peer(
        slug=record.slug,
        name=record.title,
        kind=territory.type,
        country=territory.country,
        population=territory.population.value if territory.population else None,
        population_year=territory.population.year if territory.population else None,
        population_approximate=territory.population is not None
        and territory.population.approximate,
        population_source=_population_source(record),
        updated=record.front.updated,
        latitude=territory.latitude,
        longitude=territory.longitude,
        similarity=round(one.similarity, 4),
        shares={name: round(share, 3) for name, share in one.shares.items()},
        reasons=_reasons(one, profile, lang),
        differences=_differences(one, profile, lang),
        citations=citations,
    )


def _population_source(record: Record) -> PrimarySource | None:
    population, front = record.territory.population, record.front
    if population is None:
        return None
    ids = [source.id for source in front.sources]
    return primary_sources(front)[ids.index(population.source)]


def _reasons(one: _Found, profile: Profile, lang: str) -> list[str]:
    record, said = one.record, []
    if one.hit is not None and one.shares.get("topic", 0.0) > _SHARE:
        # A practical fiche tells of several territories: what it says of this one counts.
        own = one.hit.document.id == record.document_id
        told = one.hit.words if own else one.hit.words_in(_about(one.hit, record) or "")
        words = telling(told)
        key = "peer_topic" if words else "near_in_meaning"
        said.append(translate(f"guidance.{key}", lang, **({"words": words} if words else {})))
    shared = [context for context in record.territory.contexts if context in profile.contexts]
    if shared:
        names = ", ".join(context_names(shared, lang))
        said.append(translate("guidance.peer_context", lang, contexts=names))
    themes = [theme for theme in record.front.themes if theme in profile.themes]
    if themes:
        names = ", ".join(theme_names(themes, lang))
        said.append(translate("guidance.themes_shared", lang, themes=names))
    if one.shares.get("population", 0.0) > 0.6:
        said.append(translate("guidance.peer_size", lang))
    if one.shares.get("distance", 0.0) > 0.7:
        said.append(translate("guidance.peer_near", lang))
    return said or [translate("guidance.peer_overall", lang)]


def _differences(one: _Found, profile: Profile, lang: str) -> list[str]:
    territory, said = one.record.territory, list[str]()
    if profile.population and (population := territory.population):
        ratio = population.value / profile.population
        if not 1 / _SIZE_GAP < ratio < _SIZE_GAP:
            times, key = (ratio, "larger") if ratio > 1 else (1 / ratio, "smaller")
            size = population_text(
                population.value, population.year, lang, approximate=population.approximate
            )
            said.append(translate(f"guidance.{key}", lang, times=round(times), size=size))
    if profile.country != territory.country:
        said.append(translate("guidance.other_country", lang))
    if one.shares.get("kind", 1.0) == 0.0:
        kind = translate(f"territory_types.{territory.type}", lang)
        said.append(translate("guidance.other_kind", lang, kind=kind))
    missing = [context for context in territory.contexts if context not in profile.contexts]
    if profile.contexts and missing:
        names = ", ".join(context_names(missing, lang))
        said.append(translate("guidance.own_context", lang, contexts=names))
    return said
