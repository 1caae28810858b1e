"""When projects reinforce each other: the rules that a facilitator edits."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

from pydantic import Field

from advisor.catalogue.fiche import Theme
from advisor.errors import UsageError
from advisor.guidance.parcours import FOLDER, Strict, Text, read_rules

PATH = FOLDER / "convergences.yaml"


class Words(Strict):
    """Words of the three languages, expressions of several words among them."""

    fr: list[str] = Field(min_length=1)
    en: list[str] = Field(min_length=1)
    de: list[str] = Field(min_length=1)

    def in_language(self, lang: str) -> list[str]:
        """Return the words of a language."""
        return list(getattr(self, lang, self.fr))


class Partner(Strict):
    """Someone a common project needs, and the words that tell it is there already."""

    name: Text
    words: Words


class Rule(Strict):
    """Themes that reinforce each other (one theme: its projects gain by joining).

    ``needs`` are words of which one of the projects must have some: a roof of solar panels and a
    canteen make no farm that produces energy.
    """

    id: str
    themes: list[Theme] = Field(min_length=1, max_length=2)
    title: Text
    reason: Text
    fiche: str
    quote: str
    partners: list[str] = Field(min_length=1)
    needs: Words | None = None


class ConvergenceRules(Strict):
    """What tells the themes of a project, and which themes reinforce each other."""

    id: str
    updated: dt.date
    themes: dict[Theme, Words]
    partners: dict[str, Partner]
    links: list[Rule]

    @cached_property
    def by_themes(self) -> dict[frozenset[str], Rule]:
        """The links by their themes."""
        return {frozenset(one.themes): one for one in self.links}


def load_rules() -> ConvergenceRules:
    """Read the rules.

    Raises:
        UsageError: the file is missing, or a field is wrong.
    """
    rules = read_rules(PATH, ConvergenceRules)
    for rule in rules.links:
        if unknown := [name for name in rule.partners if name not in rules.partners]:
            raise UsageError("parcours_bad", path=str(PATH), reason=unknown[0])
    return rules
