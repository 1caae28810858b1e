"""Why a passage was found, in words, from the features that ranked it."""

from __future__ import annotations

from advisor.i18n import translate
from advisor.retrieval.models import Hit

_CLOSE = 0.35


def why(hit: Hit, lang: str) -> str:
    """Return the reason: the question's terms the passage holds, its closeness in meaning."""
    reasons = []
    words = hit.words
    if words:
        reasons.append(translate("answer.why_lexical", lang, terms=", ".join(words)))
    if hit.similarity is not None and (hit.similarity >= _CLOSE or not words):
        reasons.append(translate("answer.why_dense", lang))
    return " ; ".join(reasons)
