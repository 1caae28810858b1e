"""Dispositifs for a need and a profile: eligible or not by rule, relevant by their own words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.answer.models import Citation
from advisor.catalogue.sentences import first_sentence
from advisor.errors import UsageError
from advisor.guidance.eligibility import MISSING, Decision, Reason, decide
from advisor.guidance.fiches import Fiches, Record, primary_sources
from advisor.guidance.models import Suggested, Suggestion
from advisor.guidance.profile import Profile
from advisor.guidance.wording import context_names, theme_names, why
from advisor.retrieval.models import Hit
from advisor.text.mentions import numbers_in

# What ranks a dispositif: its best passage for the need, the themes wished, then, at near
# equal relevance, what is sure, narrow and soon to close.
_NEED, _THEMES, _SURE, _NARROW, _SOON = 0.45, 0.45, 0.05, 0.03, 0.02
_SCOPES = {"local": 1.0, "regional": 0.8, "national": 0.3, "europe": 0.0}
_WHO = ("pour qui", "a qui", "eligib", "qui peut", "beneficiaires")
# A closed or ineligible dispositif is worth showing as such when it is this near the best.
_NEAR_BEST = 0.8
_EXCLUDED = 3
# Relevance counts from this share of the score of the last passage found.
_LAST = 0.9
# The rules are applied to so many of the most relevant: being eligible adds little.
_DECIDED = 300


@dataclass(frozen=True, slots=True)
class _Candidate:
    record: Record
    score: float
    relevance: float
    themes: tuple[str, ...]
    hit: Hit | None
    bears: bool
    decision: Decision = Decision.CHECK
    reasons: tuple[Reason, ...] = ()


def suggest(
    fiches: Fiches,
    need: str,
    profile: Profile,
    lang: str = "fr",
    k: int = 5,
    today: str | None = None,
) -> Suggested:
    """Return the k best dispositifs for a need, none of them closed or out of reach.

    Args:
        fiches: of the home.
        need: in the user's words; may be empty, the profile then decides.
        profile: of the territory.
        lang: of the reasons.
        k: number of suggestions.
        today: AAAA-MM-JJ; the machine's date when absent.

    Raises:
        UsageError: neither the need nor the profile says anything; the corpus is empty.
    """
    today = today or dt.date.today().isoformat()
    asked = need.strip() or _need_of(profile)
    if not any(char.isalnum() for char in asked):
        raise UsageError("empty_need")
    candidates = _ranked(fiches, asked, profile, today)
    open_ones = [one for one in candidates if one.decision in (Decision.ELIGIBLE, Decision.CHECK)]
    best = open_ones[0].score if open_ones else 0.0
    shut = [
        one
        for one in candidates
        if one.decision in (Decision.CLOSED, Decision.NOT_ELIGIBLE)
        and one.relevance
        and one.score >= _NEAR_BEST * best
    ]
    return Suggested(
        need=asked,
        suggestions=_described(fiches, open_ones, lang, k, today, asked=bool(need.strip())),
        excluded=_described(fiches, shut, lang, min(k, _EXCLUDED), today, asked=False),
    )


def _need_of(profile: Profile) -> str:
    contexts = context_names(profile.contexts, "fr")
    return " ".join([*profile.projects[:5], *theme_names(profile.themes, "fr"), *contexts])


def _ranked(fiches: Fiches, need: str, profile: Profile, today: str) -> list[_Candidate]:
    weighed = fiches.weighed(need, ("dispositif",))
    best: dict[str, tuple[Hit, bool]] = {}
    for hit, bears in weighed:
        best.setdefault(hit.document.id, (hit, bears))
    # What is found last is hardly nearer than what is not found at all.
    least = _LAST * min((hit.score for hit, _ in weighed), default=0.0)
    span = max((hit.score for hit, _ in weighed), default=0.0) - least or 1.0
    wished = set(profile.themes)
    found = []
    for record in fiches.of_kind("dispositif"):
        own, bears = best.get(record.document_id, (None, False))
        relevance = (own.score - least) / span if own else 0.0
        shared = tuple(theme for theme in record.front.themes if theme in wished)
        if relevance or shared:
            themes = len(shared) / len(wished) if wished else 0.0
            score = (
                _NEED * relevance
                + _THEMES * themes
                + _NARROW * _SCOPES[record.dispositif.scope]
                + _SOON * _soon(record.dispositif.end, today)
            )
            found.append(_Candidate(record, score, relevance, shared, own, bears))
    found.sort(key=lambda one: (-one.score, one.record.slug))
    decided = [_decided(one, profile, today) for one in found[:_DECIDED]]
    return sorted(
        decided, key=lambda one: (not (one.bears or one.themes), -one.score, one.record.slug)
    )


def _decided(one: _Candidate, profile: Profile, today: str) -> _Candidate:
    decision, reasons = decide(profile, one.record.dispositif, today)
    sure = _SURE * (decision is Decision.ELIGIBLE)
    return replace(one, score=one.score + sure, decision=decision, reasons=tuple(reasons))


def _soon(end: str | None, today: str) -> float:
    """Return how near a deadline is: 1 this year, 0 when there is none."""
    if not end:
        return 0.0
    return 1 / (1 + max(0, int(end[:4]) - int(today[:4])))


def _described(
    fiches: Fiches,
    candidates: Sequence[_Candidate],
    lang: str,
    k: int,
    today: str,
    *,
    asked: bool,
) -> list[Suggestion]:
    described: list[Suggestion] = []
    for one in candidates:
        if len(described) == k:
            break
        citations = _citations(fiches, one, today)
        if not citations:  # nothing is recommended without a quoted sentence
            continue
        record, programme = one.record, one.record.dispositif
        quoted = {number for known in citations for number in numbers_in(known.quote)}
        unsaid = programme.stated_numbers(today) - quoted
        shut = one.decision in (Decision.CLOSED, Decision.NOT_ELIGIBLE)
        # What shuts a programme out is said first, and alone.
        terms = one.hit.words if one.hit is not None and asked and not shut else ()
        themes = () if shut else one.themes
        described.append(
            Suggestion(
                slug=record.slug,
                name=record.title,
                decision=one.decision.value,
                reasons=why(one.reasons, terms, themes, lang, bears=one.bears),
                bears=one.bears,
                missing=[MISSING[reason.code] for reason in one.reasons if reason.code in MISSING],
                holder=programme.holder,
                offer=programme.offer,
                status=programme.status,
                deadline=programme.end,
                checked=programme.checked,
                score=round(one.score, 4),
                citations=citations,
                sources=primary_sources(record.front) if unsaid else [],
                url=programme.url,
            )
        )
    return described


def _citations(fiches: Fiches, one: _Candidate, today: str) -> list[Citation]:
    """Quote who it is for, the passage that answers the need, and where each number stands."""
    quotes = [fiches.section(one.record.document_id, _WHO)]
    if one.hit is not None and (sentence := first_sentence(one.hit.passage)):
        quotes.append((one.hit.passage, sentence))
    citations: list[Citation] = []
    for found in quotes:
        if found is None or any(known.quote == found[1] for known in citations):
            continue
        if citation := fiches.quote(len(citations) + 1, *found):
            citations.append(citation)
    unsaid = one.record.dispositif.stated_numbers(today)
    for citation in citations:
        unsaid -= numbers_in(citation.quote)
    for passage, sentence in fiches.stating(one.record.document_id, unsaid):
        if citation := fiches.quote(len(citations) + 1, passage, sentence):
            citations.append(citation)
    return citations
