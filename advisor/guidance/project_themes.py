"""Which themes a project is about, from its words or its meaning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np

from advisor.guidance.convergence_rules import ConvergenceRules, Rule
from advisor.guidance.projects import Project
from advisor.index.embedding import PassageEmbeddings
from advisor.text.analysis import analyse
from advisor.text.language import Language, detect_language

# A word of a project's name tells its theme better than one of its description.
_NAMED = 2.0
# Letters of a word that may begin, or end, a German compound.
_PART, _LAST_PART = 5, 6
_MOST_THEMES = 3
# Below this cosine, the words of no theme are near a project's.
_MEANING = 0.3


@dataclass(slots=True)
class ReadProject:
    """A project with what was found in its words.

    ``themes`` are by worth for the project, in ]0, 1], best first; ``words`` told them. ``meets``
    are the ids of the rules whose needs it meets.
    """

    project: Project
    lang: Language
    terms: frozenset[str]
    themes: dict[str, float] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    meets: frozenset[str] = frozenset()


def read_themes(
    projects: Sequence[Project],
    rules: ConvergenceRules,
    lang: Language,
    embeddings: PassageEmbeddings | None,
) -> list[ReadProject]:
    """Return the projects with their themes, told by words, else by the nearest meaning.

    Args:
        projects: in any of the three languages.
        rules: the words of each theme.
        lang: of a project too short to tell its own.
        embeddings: without it, words alone tell.
    """
    read = []
    for project in projects:
        own = detect_language(project.about, lang)
        read.append(ReadProject(project, own, frozenset(analyse(project.about, own))))
    known = {one: _words(rules, one) for one in {one.lang for one in read}}
    for one in read:
        name = frozenset(analyse(one.project.name, one.lang))
        told: dict[str, float] = defaultdict(float)
        for (theme, terms), word in known[one.lang].items():
            if holds(one.terms, terms, one.lang):
                told[theme] += _NAMED if holds(name, terms, one.lang) else 1.0
                one.words.append(word)
        best = sorted(told, key=lambda theme: -told[theme])[:_MOST_THEMES]
        one.themes = {theme: told[theme] / told[best[0]] for theme in best}
        one.meets = frozenset(rule.id for rule in rules.links if _meets(one, rule))
    _by_meaning([one for one in read if not one.themes], rules, embeddings)
    return read


def _meets(one: ReadProject, rule: Rule) -> bool:
    return rule.needs is None or any(
        holds(one.terms, frozenset(analyse(word, one.lang)), one.lang)
        for word in rule.needs.in_language(one.lang)
    )


def _words(rules: ConvergenceRules, lang: Language) -> dict[tuple[str, frozenset[str]], str]:
    """Return (theme, terms) → word; forms of one word count once."""
    found: dict[tuple[str, frozenset[str]], str] = {}
    for theme, words in rules.themes.items():
        for word in words.in_language(lang):
            if terms := frozenset(analyse(word, lang)):
                found.setdefault((theme, terms), word)
    return found


def holds(terms: AbstractSet[str], wanted: AbstractSet[str], lang: Language) -> bool:
    """Tell whether some terms hold others; in German, as a part of a compound too."""
    return wanted <= terms or (
        lang == "de" and all(any(_part(one, term) for term in terms) for one in wanted)
    )


def _part(one: str, term: str) -> bool:
    """Tell whether a term is another, begins or ends with it: «Solardach», «Windkraft»."""
    return (
        one == term
        or (len(one) >= _PART and term.startswith(one))
        or (len(one) >= _LAST_PART and term.endswith(one))
    )


def _by_meaning(
    read: Sequence[ReadProject], rules: ConvergenceRules, model: PassageEmbeddings | None
) -> None:
    """Give each project whose words tell no theme the one nearest to it, when one is near."""
    if model is None or not read:
        return
    names = list(rules.themes)
    themes = model.encode([", ".join(words.fr) for words in rules.themes.values()])
    near = model.encode([one.project.about for one in read]) @ themes.T
    for one, row in zip(read, near, strict=True):
        best = int(np.argmax(row))
        if row[best] >= _MEANING:
            one.themes = {names[best]: 1.0}
