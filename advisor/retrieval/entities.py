"""Territories and dispositifs of the catalogue that a question names.

Names are the titles and aliases of the fiches, compared word by word, folded: «loos en gohelle»
names Loos-en-Gohelle. The longest name wins over a shorter one inside it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from advisor.retrieval.asked import Shape, own_words, understand_shape
from advisor.retrieval.conversation import ELLIPSIS, of_several
from advisor.retrieval.query import Query
from advisor.text.analysis import STOP_WORDS, analyse, stem
from advisor.text.normalise import fold

_WORD = re.compile(r"[^\W_]+")
# «Atlas de la biodiversité communale (ABC)» is called by what precedes the brackets or stands in,
# «COT, contrat d'objectif territorial» by what precedes the comma.
_ASIDE = re.compile(r"\s*[(:,].*$")
_ACRONYM = re.compile(r"\(([A-Z][\w'’-]+)\)")
KINDS = ("territoire", "dispositif")
# So short, an acronym in small letters is a word: «tri», «ten».
_SHORT_ACRONYM = 3


@dataclass(frozen=True, slots=True)
class Entity:
    """A territory or dispositif that has a fiche."""

    slug: str
    kind: str
    title: str
    document_id: str
    names: tuple[str, ...] = ()


def fiche_names(title: str, aliases: Iterable[str]) -> list[str]:
    """Return the names that a fiche's title and aliases give its subject, each once."""
    names = [title, _ASIDE.sub("", title), *_ACRONYM.findall(title), *aliases]
    return list(dict.fromkeys(names))


class Gazetteer:
    """Finds the entities that a text names."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._named: dict[tuple[str, ...], list[Entity]] = defaultdict(list)
        self._in_capitals: set[tuple[str, ...]] = set()
        self._proper: set[tuple[str, ...]] = set()
        for entity in entities:
            for name in fiche_names(entity.title, entity.names):
                words = name_words(name)
                # A letter or a number alone names nothing.
                if words and (len(words) > 1 or (len(words[0]) > 1 and words[0].isalpha())):
                    self._named[words].append(entity)
                    if name.isupper() and len(name) <= _SHORT_ACRONYM:
                        self._in_capitals.add(words)
                    if not name.islower():
                        self._proper.add(words)
        # How many words the names that open on a word have, the most first: thousands of names
        # open on «communauté».
        lengths: dict[str, set[int]] = defaultdict(set)
        for known in self._named:
            lengths[known[0]].add(len(known))
        self._lengths = {first: sorted(counts)[::-1] for first, counts in lengths.items()}

    def find(self, text: str) -> tuple[Entity, ...]:
        """Return the entities named, in order, each once."""
        return tuple(dict.fromkeys(one for one, _, _ in self.spans(text)))

    def territories(self, text: str) -> frozenset[str]:
        """Return the slugs of the territories named."""
        return frozenset(one.slug for one in self.find(text) if one.kind == "territoire")

    def programmes(self, text: str) -> frozenset[str]:
        """Return the slugs of the dispositifs that a text calls by a name of their own.

        «Plan climat» and «transition juste» are words of any text.
        """
        return frozenset(
            one.slug
            for one, start, end in self.spans(text)
            if one.kind == "dispositif" and name_words(text[start:end]) in self._proper
        )

    def spans(self, text: str) -> Iterator[tuple[Entity, int, int]]:
        """Yield the entities named, in order, each with the [start, end) of its name."""
        found = list(_WORD.finditer(text))
        words = [fold(match.group()) for match in found]
        place = 0
        while place < len(words):
            step = 1
            for length in self._lengths.get(words[place], ()):
                name = tuple(words[place : place + length])
                known = self._named.get(name)
                typed = found[place].group()
                if known and _is_typed_as_name(name, typed, place, name in self._in_capitals):
                    step = len(name)
                    end = found[place + step - 1].end()
                    yield from ((one, found[place].start(), end) for one in known)
                    break
            place += step

    def named(self, name: str, kind: str) -> Entity | None:
        """Return the entity of a kind that a slug or a whole name stands for, ``None`` if none."""
        found = self._named.get(name_words(name), ())
        return next((entity for entity in found if entity.kind == kind), None)


def _is_typed_as_name(name: tuple[str, ...], typed: str, place: int, acronym: bool) -> bool:
    """Tell whether a name stands in a text, and not a word that is spelt alike."""
    if acronym:
        return typed.isupper()
    # The town of Die is no German article.
    word = len(name) == 1 and any(name[0] in words for words in STOP_WORDS.values())
    return not word or (typed[0].isupper() and place > 0)


def subject_text(query: Query, gazetteer: Gazetteer) -> str:
    """Return the text that names what a question is about: its own, or that of the turns before."""
    # «Combien d'habitants compte-t-elle ?» is about what the turn before named.
    own = query.elsewhere or gazetteer.find(query.text)
    return query.text if own else query.context


def subjects(query: Query, gazetteer: Gazetteer) -> tuple[Entity, ...]:
    """Return the territories and dispositifs that a question is about."""
    return gazetteer.find(subject_text(query, gazetteer))


def left_by(query: Query, gazetteer: Gazetteer) -> list[Entity]:
    """Return the territories that a question sets aside, or a follow-up («et ailleurs ?») leaves.

    A question may set aside dispositifs too.
    """
    if query.except_for:
        return list(gazetteer.find(query.except_for))
    named = gazetteer.find(query.context) or gazetteer.find(query.recalled)
    return [one for one in named if one.kind == "territoire"]


def leaving(query: Query, entities: Sequence[Entity], gazetteer: Gazetteer) -> Query:
    """Return the question without the names of some entities in what it leans on."""
    names = [name for one in entities for name in (one.title, *one.names)]
    left = frozenset(term for name in names for term in analyse(name, query.lang))
    turns = [_without(turn, gazetteer, entities) for turn in query.turns]
    query = query.leaning_on(turns, query.recalled)
    places = tuple(one.slug for one in entities if one.kind == "territoire")
    return replace(
        query,
        left=left,
        elsewhere=query.elsewhere or bool(places),
        other_than=places,
        context_words=tuple(
            word for word in query.context_words if stem(word, query.lang) not in left
        ),
        context_terms=tuple(term for term in query.context_terms if term not in left),
    )


def renewed(query: Query, gazetteer: Gazetteer) -> Query:
    """Return the question without the names that later ones of their kind take the place of.

    «Qui peut bénéficier de LEADER ?», then «et du Fonds vert ?»: LEADER is no longer meant, nor
    what was answered of it.
    """
    if query.asked.shape is Shape.COMPARISON or of_several(query.text):
        # «Quelle est la différence ?», «lequel est le moins cher ?» mean them all.
        return query.leaning_on(query.turns, "")
    later = {one.kind for one in gazetteer.find(query.text)}
    turns: list[str] = []
    for turn in reversed(query.turns):
        named = gazetteer.find(turn)
        turns.insert(0, _without(turn, gazetteer, [one for one in named if one.kind in later]))
        later |= {one.kind for one in named}
    if turns == list(query.turns):
        return query
    # «Et du … ?» says nothing any more.
    telling = [
        turn
        for turn in turns
        if own_words(turn, query.lang) or not understand_shape(turn, query.lang).plain
    ]
    return query.leaning_on(telling, "")


def _without(text: str, gazetteer: Gazetteer, entities: Collection[Entity]) -> str:
    """Return a text with an ellipsis in the place of the names of some entities."""
    spans = {(start, end) for one, start, end in gazetteer.spans(text) if one in entities}
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + ELLIPSIS + text[end:]
    return text


def name_words(text: str) -> tuple[str, ...]:
    """Return the words by which names are compared: folded, without marks or hyphens."""
    return tuple(_WORD.findall(fold(text)))
