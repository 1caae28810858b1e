"""Peer territories: an explainable similarity, what they did, what does not transfer."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.answer.models import Citation
from advisor.errors import UsageError
from advisor.guidance.contexts import likeness
from advisor.guidance.fiches import Fiches, Record, first_sentence, sentences
from advisor.guidance.models import Peer, Peers
from advisor.guidance.profile import Profile
from advisor.guidance.wording import context_names, theme_names
from advisor.i18n import translate
from advisor.retrieval.search import Hit
from advisor.text.normalise import fold

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
) -> Peers:
    """Return the k territories nearest to a profile, for a topic when one is given.

    Args:
        fiches: of the home.
        profile: of the territory.
        topic: what one wants to learn; may be empty.
        lang: of the reasons.
        k: number of peers.
        weights: replace those of ``WEIGHTS`` by feature.

    Raises:
        UsageError: a weight names no feature or is negative.
    """
    used = _weights(weights or {})
    own = _own_slug(fiches, profile)
    hits = _by_territory(fiches, topic)
    top = max((hit.score for hit in hits.values()), default=0.0) or 1.0
    country = _country(topic)
    found = []
    for record in fiches.of_kind("territoire"):
        if record.slug == own or (country and record.territory.country != country):
            continue
        hit = hits.get(record.slug)
        shares = _shares(profile, record)
        if topic.strip():
            shares["topic"] = hit.score / top if hit else 0.0
        total = sum(used[name] for name in shares)
        if total:
            similarity = sum(used[name] * share for name, share in shares.items()) / total
            found.append(_Found(record, shares, similarity, hit))
    found.sort(key=lambda one: (-one.similarity, one.record.slug))
    described: list[Peer] = []
    for one in found:
        if len(described) == k:
            break
        if citations := _citations(fiches, one):
            described.append(_peer(one, profile, citations, lang))
    return Peers(topic=topic, weights=used, peers=described)


def _weights(own: Mapping[str, float]) -> dict[str, float]:
    for name, value in own.items():
        if name not in WEIGHTS or value < 0:
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
    slugs: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for kind in _KINDS:
        for record in fiches.of_kind(kind):
            own = (record.slug,) if kind == "territoire" else tuple(record.front.territories)
            slugs[record.document_id] = own
    best: dict[str, Hit] = {}
    for hit in fiches.hits(topic, _KINDS):
        told = slugs[hit.document.id]
        # A practical fiche tells of several territories: the passage must name the one meant.
        for slug in told:
            if len(told) == 1 or mentions(hit.passage.text, slug):
                best.setdefault(slug, hit)
    return best


def _shares(profile: Profile, record: Record) -> dict[str, float]:
    """Return feature → likeness in [0, 1], for what both the profile and the fiche say."""
    territory = record.territory
    shares = {"country": float(profile.country == territory.country)}
    if profile.contexts:
        other = set(territory.contexts)
        alike = [likeness(context, other) for context in profile.contexts]
        shares["context"] = sum(alike) / len(alike)
    if profile.themes:
        wished = set(profile.themes)
        shares["themes"] = len(wished & set(record.front.themes)) / len(wished)
    if profile.population and territory.population:
        gap = abs(math.log(profile.population / territory.population.value))
        shares["population"] = math.exp(-gap / 2)
    if profile.kind != "autre":
        pair = {profile.kind, territory.type}
        shares["kind"] = (
            1.0 if len(pair) == 1 else 0.7 if any(pair <= group for group in _LIKE_KINDS) else 0.0
        )
    if (distance := _distance(profile, record)) is not None:
        shares["distance"] = math.exp(-distance / _FAR)
    return shares


def _distance(profile: Profile, record: Record) -> float | None:
    """Return the great-circle distance in kilometres, when both places are known."""
    one, territory = profile, record.territory
    places = (one.latitude, one.longitude, territory.latitude, territory.longitude)
    if any(place is None for place in places):
        return None
    lat1, lon1, lat2, lon2 = (math.radians(float(place or 0)) for place in places)
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * 6371 * math.asin(math.sqrt(half))


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


def mentions(text: str, slug: str) -> bool:
    """Tell whether a text names the territory of a slug: «Le Mené» for ``le-mene``."""
    plain = " ".join(re.findall(r"[a-z]+", fold(text)))
    return f" {slug.replace('-', ' ')} " in f" {plain} "


def _peer(one: _Found, profile: Profile, citations: list[Citation], lang: str) -> Peer:
    record, territory = one.record, one.record.territory
    return Peer(
        slug=record.slug,
        name=record.title,
        kind=territory.type,
        country=territory.country,
        population=territory.population.value if territory.population else None,
        population_year=territory.population.year if territory.population else None,
        latitude=territory.latitude,
        longitude=territory.longitude,
        similarity=round(one.similarity, 4),
        shares={name: round(share, 3) for name, share in one.shares.items()},
        reasons=_reasons(one, profile, lang),
        differences=_differences(one, profile, lang),
        citations=citations,
    )


def _reasons(one: _Found, profile: Profile, lang: str) -> list[str]:
    record, said = one.record, []
    if one.hit is not None and one.shares.get("topic", 0.0) > _SHARE:
        words = ", ".join(one.hit.words[:5])
        key = "peer_topic" if words else "peer_meaning"
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
    territory, said = one.record.territory, []
    if profile.population and territory.population:
        ratio = territory.population.value / profile.population
        if ratio >= _SIZE_GAP:
            said.append(translate("guidance.larger", lang, times=round(ratio)))
        elif ratio <= 1 / _SIZE_GAP:
            said.append(translate("guidance.smaller", lang, times=round(1 / ratio)))
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


def known_territory(fiches: Fiches, name: str) -> Sequence[Record]:
    """Return the fiches of the territories that a name stands for; several when it is shared."""
    words = fold(name).replace("-", " ").split()
    return [
        record
        for record in fiches.of_kind("territoire")
        if any(
            fold(known).replace("-", " ").split() == words
            for known in (record.title, record.slug, *record.front.aliases)
        )
    ]
