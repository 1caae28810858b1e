"""Numbers of the things that a question counts: «combien d'habitants… ?», «6 568 habitants»."""

from __future__ import annotations

import re
from dataclasses import dataclass

from advisor.retrieval.asked import Value, counted_words, measures_in, values_in
from advisor.retrieval.query import Query
from advisor.text.analysis import content_words, stem
from advisor.text.language import Language

# Words after a number where what it counts stands, within so many characters.
_FOLLOWING, _NEAR = 2, 60
# «Un habitant» counts nobody.
_ARTICLE = re.compile(r"(?:une?|one|an|ein\w*)\b", re.IGNORECASE)
# «50 % produits par les habitants», «12 € par habitant» count no inhabitants.
_NOT_COUNTED = re.compile(
    r"\b(?:par|pour|aux?|avec|chez|by|for|per|with|to|von|durch|pro|für|mit)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Counting:
    """What a question counts: the terms for it, and the units it is measured in."""

    query: Query
    terms: tuple[str, ...]
    units: tuple[re.Pattern[str], ...]

    def answered_in(self, text: str, lang: Language) -> bool:
        """Tell whether a text in a language gives a number of what is counted."""
        if any(unit.search(text) for unit in self.units):
            return True
        for start, _ in values_in(text, frozenset({Value.NUMBER})) if self.terms else ():
            if _ARTICLE.match(text, start):
                continue
            following = _NOT_COUNTED.split(text[start : start + _NEAR], maxsplit=1)[0]
            words = content_words(following, lang)
            after = [stem(word, lang) for word in words if not word[0].isdigit()][:_FOLLOWING]
            if any(self.query.holds(term, after, lang) for term in self.terms):
                return True
        return False


def counting(query: Query) -> Counting | None:
    """Return what a question counts, ``None`` when it counts nothing."""
    terms = tuple(stem(word, query.lang) for word in counted_words(query.asking, query.lang))
    units = tuple(measures_in(query.asking, query.lang).values())
    return Counting(query, terms, units) if terms or units else None
