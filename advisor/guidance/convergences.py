"""Convergences: which single projects reinforce each other, and what they could become together.

Two projects are linked by a rule of ``corpus/parcours/convergences.yaml`` (two themes that
reinforce each other, with the sentence of the corpus where it worked) or by a common theme;
rare words they share and a common holder make the link stronger. The projects that one rule
links could form a common project, which the rule names.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pydantic import BaseModel, Field

from advisor.answer.models import Citation
from advisor.catalogue.sentences import sentences
from advisor.errors import UsageError
from advisor.guidance.convergence_rules import ConvergenceRules, Rule, load_rules
from advisor.guidance.dispositifs import suggest
from advisor.guidance.fiches import Fiches
from advisor.guidance.models import Suggestion
from advisor.guidance.profile import Profile
from advisor.guidance.project_themes import ReadProject, holds, read_themes
from advisor.guidance.projects import Project
from advisor.guidance.wording import theme_names
from advisor.i18n import translate
from advisor.text.analysis import analyse
from advisor.text.language import Language

# What a link is worth, in [0, 1]; below _LEAST it is none.
_RULE, _THEME, _WORDS, _HOLDER = 0.45, 0.3, 0.3, 0.15
_LEAST = 0.3
# Links kept for each project: the strongest ones make the graph.
_EACH = 4
# Links quoted for each common project.
_QUOTED = 6
_PROGRAMMES, _LOOKED_AT = 2, 8
_EXAMPLES = ("experience", "territoire", "evaluation")


class FoundProject(BaseModel):
    """A project as it was understood; ``number`` starts at 1."""

    number: int
    name: str
    holder: str
    themes: list[str]
    words: list[str] = Field(description="the words that told the themes; none: by meaning")


class Link(BaseModel):
    """Two projects that reinforce each other; ``strength`` in [0, 1]."""

    source: int
    target: int
    strength: float
    themes: list[str]
    reasons: list[str]
    citations: list[Citation]


class Group(BaseModel):
    """Projects that could form a common one."""

    title: str
    projects: list[int]
    links: list[int] = Field(description="places in the list of links")
    themes: list[str]
    reason: str
    missing: list[str] = Field(description="partners that no project of the group names")
    citations: list[Citation]
    programmes: list[Suggestion]


class Convergences(BaseModel):
    """Projects, the links between them, the common projects they could form."""

    projects: list[FoundProject]
    links: list[Link]
    groups: list[Group]
    alone: list[int] = Field(description="numbers of projects without a link")

    @property
    def untold(self) -> int:
        """How many linked projects stand in no group described."""
        told = {number for group in self.groups for number in group.projects}
        return len(self.projects) - len(self.alone) - len(told)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    one: int
    other: int
    strength: float
    rule: Rule | None
    themes: tuple[str, ...]
    words: tuple[str, ...]
    holder: str


def converge(
    fiches: Fiches,
    projects: Sequence[Project],
    profile: Profile,
    lang: Language = "fr",
    k: int = 8,
) -> Convergences:
    """Return how projects reinforce each other.

    Args:
        fiches: of the home: they tell where such links worked.
        projects: of the territory, at least two.
        profile: of the territory, for the dispositifs that help a common project.
        lang: of the reasons.
        k: number of common projects described; their strongest links are quoted.

    Raises:
        UsageError: there are fewer than two projects, or the rules cannot be read.
    """
    if len(projects) < 2:
        raise UsageError("projects_few", count=len(projects))
    rules = load_rules()
    read = read_themes(projects, rules, lang, fiches.answerer.search.embeddings)
    pairs = _pairs(read, rules)
    places = {pair: place for place, pair in enumerate(pairs)}
    bundles = _bundles(pairs)[:k]
    # Each sentence of a rule is checked against its source once.
    proofs = {
        rule.id: fiches.quoted(rule.fiche, rule.quote)
        for rule in (bundle[0].rule for bundle in bundles)
        if rule is not None
    }
    quotes = {
        pair: _quotes(fiches, read, pair, proofs) for bundle in bundles for pair in bundle[:_QUOTED]
    }
    linked = {number for pair in pairs for number in (pair.one, pair.other)}
    return Convergences(
        projects=[_found(number, one) for number, one in enumerate(read, start=1)],
        links=[_link(read, pair, quotes.get(pair, []), lang) for pair in pairs],
        groups=[
            _group(fiches, read, places, bundle, quotes[bundle[0]], profile, rules, lang)
            for bundle in bundles
        ],
        alone=[number + 1 for number in range(len(read)) if number not in linked],
    )


def _pairs(read: Sequence[ReadProject], rules: ConvergenceRules) -> list[_Pair]:
    """Return the strongest links of each project, strongest first."""
    vectors = _weighted_words(read)
    found = [
        pair
        for one, other in combinations(range(len(read)), 2)
        if (pair := _pair(read, vectors, one, other, rules)).strength >= _LEAST and pair.themes
    ]
    found.sort(key=lambda pair: (-pair.strength, pair.one, pair.other))
    links: Counter[int] = Counter()
    kept = []
    for pair in found:
        if links[pair.one] < _EACH and links[pair.other] < _EACH:
            links.update((pair.one, pair.other))
            kept.append(pair)
    return kept


def _pair(
    read: Sequence[ReadProject],
    vectors: Sequence[Mapping[str, float]],
    one: int,
    other: int,
    rules: ConvergenceRules,
) -> _Pair:
    first, second = read[one], read[other]
    shared = {
        theme: min(worth, second.themes[theme])
        for theme, worth in first.themes.items()
        if theme in second.themes
    }
    rule, told = _rule(first, second, rules)
    common = vectors[one].keys() & vectors[other].keys()
    likeness = sum(vectors[one][term] * vectors[other][term] for term in common)
    words = sorted(common, key=lambda term: (-vectors[one][term], term))
    holder = first.project.holder if _same_holder(first.project, second.project) else ""
    strength = (
        _RULE * told
        + _THEME * max(shared.values(), default=0.0)
        + _WORDS * likeness
        + _HOLDER * bool(holder)
    )
    themes = tuple(shared) or tuple(rule.themes if rule else ())
    return _Pair(one, other, min(1.0, strength), rule, themes, tuple(words), holder)


def _rule(
    first: ReadProject, second: ReadProject, rules: ConvergenceRules
) -> tuple[Rule | None, float]:
    """Return the rule for a theme of one project and a theme of the other, with its worth.

    One of the two meets the needs of the rule.

    The worth is that of the weaker theme; at equal worth, two different themes come first.
    """
    met = first.meets | second.meets
    found = [
        (min(worth, also), len({one, other}), rule)
        for one, worth in first.themes.items()
        for other, also in second.themes.items()
        if (rule := rules.by_themes.get(frozenset((one, other)))) and rule.id in met
    ]
    worth, _, rule = max(found, key=lambda found: found[:2], default=(0.0, 0, None))
    return rule, worth


def _same_holder(one: Project, other: Project) -> bool:
    return bool(one.holder) and one.holder.casefold() == other.holder.casefold()


def _weighted_words(read: Sequence[ReadProject]) -> list[dict[str, float]]:
    """Return term → weight for each project, of unit length; common terms weigh little."""
    counts = Counter(term for one in read for term in one.terms)
    total = len(read)
    vectors = []
    for one in read:
        weights = {
            term: math.log((1 + total) / counts[term])
            for term in one.terms
            if not term[0].isdigit()
        }
        norm = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        vectors.append({term: weight / norm for term, weight in weights.items()})
    return vectors


def _bundles(pairs: Sequence[_Pair]) -> list[list[_Pair]]:
    """Return the links of each possible common project, those that weigh most first.

    One for each rule that links projects, then one for each theme that links others.
    """
    found: dict[str, list[_Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.rule is not None:
            found[pair.rule.id].append(pair)
        else:
            found[f"theme {pair.themes[0]}"].append(pair)
    return sorted(
        found.values(),
        key=lambda bundle: (bundle[0].rule is None, -sum(pair.strength for pair in bundle)),
    )


def _found(number: int, one: ReadProject) -> FoundProject:
    return FoundProject(
        number=number,
        name=one.project.name,
        holder=one.project.holder,
        themes=list(one.themes),
        words=one.words,
    )


def _link(read: Sequence[ReadProject], pair: _Pair, citations: list[Citation], lang: str) -> Link:
    return Link(
        source=pair.one + 1,
        target=pair.other + 1,
        strength=round(pair.strength, 3),
        themes=list(pair.themes),
        reasons=_reasons(read, pair, lang),
        citations=citations,
    )


def _reasons(read: Sequence[ReadProject], pair: _Pair, lang: str) -> list[str]:
    said = []
    if pair.rule is not None:
        said.append(pair.rule.reason.in_language(lang))
    shared = [theme for theme in read[pair.one].themes if theme in read[pair.other].themes]
    if shared:
        names = ", ".join(theme_names(shared, lang))
        said.append(translate("guidance.themes_shared", lang, themes=names))
    if words := _written(read[pair.one], pair.words):
        said.append(translate("guidance.words_common", lang, words=", ".join(words)))
    if pair.holder:
        said.append(translate("guidance.same_holder", lang, holder=pair.holder))
    return said


def _written(one: ReadProject, terms: Sequence[str]) -> list[str]:
    """Return the words of a project that stand for some terms, as it writes them."""
    words = dict.fromkeys(part.strip(" ,.;:()«»!?") for part in one.project.about.split())
    found = []
    for term in terms[:3]:
        found += [word for word in words if term in analyse(word, one.lang)][:1]
    return list(dict.fromkeys(word.casefold() for word in found))


def _quotes(
    fiches: Fiches,
    read: Sequence[ReadProject],
    pair: _Pair,
    proofs: Mapping[str, Citation | None],
) -> list[Citation]:
    """Quote the rule's sentence; without a rule, a passage that tells of both projects."""
    if pair.rule is not None:
        citation = proofs[pair.rule.id]
        return [citation] if citation else []
    one, other = read[pair.one], read[pair.other]
    for hit in fiches.hits(f"{one.project.name} {other.project.name}", _EXAMPLES):
        for sentence in sentences(hit.passage):
            terms = set(analyse(sentence, hit.document.lang))
            if (
                terms & one.terms
                and terms & other.terms
                and len(terms & (one.terms | other.terms)) > 1
            ):
                citation = fiches.quote(1, hit.passage, sentence)
                if citation is not None:
                    return [citation]
    return []


def _group(
    fiches: Fiches,
    read: Sequence[ReadProject],
    places: Mapping[_Pair, int],
    bundle: Sequence[_Pair],
    citations: list[Citation],
    profile: Profile,
    rules: ConvergenceRules,
    lang: Language,
) -> Group:
    numbers = sorted({number for pair in bundle for number in (pair.one, pair.other)})
    inside = [read[number] for number in numbers]
    rule = bundle[0].rule
    themes = list(rule.themes if rule else bundle[0].themes[:1])
    names = ", ".join(theme_names(themes, lang))
    return Group(
        title=rule.title.in_language(lang)
        if rule
        else translate("guidance.common_theme", lang, themes=names),
        projects=[number + 1 for number in numbers],
        links=[places[pair] for pair in bundle],
        themes=themes,
        reason=rule.reason.in_language(lang)
        if rule
        else translate("guidance.themes_shared", lang, themes=names),
        missing=list(_missing(inside, rule, rules, lang)),
        citations=citations,
        programmes=_programmes(fiches, rule.title.fr if rule else "", themes, profile, lang),
    )


def _missing(
    read: Sequence[ReadProject], rule: Rule | None, rules: ConvergenceRules, lang: str
) -> Iterator[str]:
    terms = [one.terms | set(analyse(one.project.holder, one.lang)) for one in read]
    for name in rule.partners if rule else ():
        partner = rules.partners[name]
        named = any(
            holds(own, frozenset(analyse(word, one.lang)), one.lang)
            for one, own in zip(read, terms, strict=True)
            for word in partner.words.in_language(one.lang)
        )
        if not named:
            yield partner.name.in_language(lang)


def _programmes(
    fiches: Fiches, title: str, themes: Sequence[str], profile: Profile, lang: str
) -> list[Suggestion]:
    """Return the dispositifs for a common project, of its own themes only."""
    own = {one.slug for one in fiches.of_kind("dispositif") if set(one.front.themes) & set(themes)}
    need = ", ".join([*theme_names(themes, "fr"), title])
    wished = profile.model_copy(update={"themes": list(themes)})
    found = suggest(fiches, need, wished, lang, k=_LOOKED_AT).suggestions
    return [one for one in found if one.slug in own][:_PROGRAMMES]
