"""What stands beside an answer: dispositifs and peers, when the question calls for them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from advisor.answer.models import Answer, SuggestedItem, Suggestions
from advisor.guidance.dispositifs import suggest
from advisor.guidance.fiches import Fiches
from advisor.guidance.models import Peer, Suggestion
from advisor.guidance.peers import peers
from advisor.guidance.profile import Profile
from advisor.guidance.stated import with_stated
from advisor.text.normalise import fold_typed

_SHOWN = 3
# What makes a peer comparable.
_PEER_FIELDS = ("contexts", "population")
_NEAR = 0.7
# «Qui peut nous aider à…», «quelles aides…»; «qui l'a déjà fait ?», «un exemple…».
_HELP = re.compile(
    r"\b(aides?|aider|financ\w+|subvention\w*|dispositifs?|programmes?|eligib\w+|fonds|dotation\w*"
    r"|appels? a projets?|soutien|accompagn\w+|contrat|label|qui peut)\b"
    r"|\b(fund(s|ing)?|grants?|programs?|eligible|support|subsid\w+)\b"
    r"|\b(forder\w+|zuschuss\w*|unterstutzung|hilfen?)\b"
)
# «Par où commencer ?»
_BEGIN = re.compile(
    r"\bpar (?:ou|quoi) (?:on )?commenc\w+|\bpremiers? (?:pas|chantiers?)\b"
    r"|\bwhere (?:to|do we|should we|can we) (?:start|begin)|\bfirst steps?\b"
    r"|\b(?:wo|womit) (?:wir )?(?:an)?(?:fangen|beginnen)|\berste schritte\b"
)
_OTHERS = re.compile(
    r"\b(deja fait|exemples?|ailleurs|d'autres|comparables?|pairs?|pionnier\w*|qui (l')?a |qui ont"
    r"|experiences?|quel(le)?s? (communes?|territoires?|villes?|villages?|interco\w*))\b"
    r"|\b(which (towns?|cities|territor\w+|places?)|examples?|elsewhere|peers?|already)\b"
    r"|\b(welche (stadte?|gemeinden?|orte?|stadt)|beispiele?|anderswo|vergleichbar\w*|wer hat)\b"
)


def beside(fiches: Fiches, answer: Answer, profile: Profile | None = None) -> Suggestions:
    """Return the suggestions to show beside an answer; empty when it calls for none.

    Args:
        fiches: of the home.
        answer: complete.
        profile: of the territory, when the user gave one; the question may say more.
    """
    question = fold_typed(answer.resolved_question)
    known = with_stated(profile or Profile(), answer.resolved_question)
    found = Suggestions()
    if not answer.citations and answer.status == "answered":
        return found  # small talk
    lang = answer.language
    search = fiches.answerer.search
    # What is nearest to a question without answer says nothing of what it calls for.
    first = answer.citations[:1] if answer.status != "insufficient" else []
    found.diagnosis = bool(_BEGIN.search(question))
    named = search.gazetteer.programmes(answer.resolved_question)
    if named or _HELP.search(question) or any(one.kind == "dispositif" for one in first):
        near = suggest(fiches, answer.resolved_question, known, lang, k=_SHOWN)
        # That a programme asked about is closed, or out of reach, matters more than any other.
        shut = [one for one in near.excluded if one.slug in named]
        shown = [*shut, *_near_best(near.suggestions)]
        found.dispositifs = [_item(one) for one in shown]
        found.missing = _missing(known, [field for one in shown for field in one.missing])
    # A list of territories calls for no others.
    if not answer.listing and (
        _OTHERS.search(question) or any(one.kind == "territoire" for one in first)
    ):
        alike = peers(
            fiches,
            known,
            answer.resolved_question,
            lang,
            k=_SHOWN,
            # What a question is about is no peer of itself.
            without={*answer.other_than, *search.gazetteer.territories(answer.question)},
        )
        found.peers = [_item(one) for one in alike.peers]
        if alike.peers:
            lacking = [field for field in _PEER_FIELDS if not getattr(known, field)]
            found.missing = _missing(known, [*found.missing, *lacking])
    return found


def _missing(profile: Profile, fields: Sequence[str]) -> list[str]:
    """Return the fields to ask for: the name first, its fiche may tell all the others."""
    counted = [field for field, _ in Counter(fields).most_common() if field != "name"]
    return ["name", *counted] if fields and not profile.name else counted


def _near_best(suggestions: Sequence[Suggestion]) -> Sequence[Suggestion]:
    """Leave out what has nothing of the question, or answers it much less than the best does."""
    best = max((one.score for one in suggestions), default=0.0)
    return [one for one in suggestions if one.bears and one.score >= _NEAR * best]


def _item(one: Suggestion | Peer) -> SuggestedItem:
    return SuggestedItem(
        slug=one.slug,
        name=one.name,
        decision=one.decision if isinstance(one, Suggestion) else None,
        reasons=one.reasons,
        citations=one.citations,
        url=one.url if isinstance(one, Suggestion) else None,
    )
