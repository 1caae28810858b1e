"""The fiches that suggestions choose from, read once for each published corpus."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from advisor.answer.answerer import Answerer
from advisor.answer.models import Citation, PrimarySource
from advisor.catalogue.fiche import Dispositif, FrontMatter, Kind, Territory
from advisor.catalogue.records import Filters, Passage
from advisor.catalogue.sentences import first_sentence, sentences
from advisor.errors import UsageError
from advisor.guidance.wording import tells_something
from advisor.retrieval.entities import name_words
from advisor.retrieval.models import Hit
from advisor.text.analysis import stem
from advisor.text.mentions import numbers_in
from advisor.text.normalise import fold

T = TypeVar("T")
# Passages read for a need, over all fiches of a kind.
_DEPTH = 60
# Below this cosine, a passage that shares no word with the need has nothing to do with it.
_MEANING = 0.3
# A passage bears on a need with this share of the weight of its words, less when there are several.
_SHARE, _SHARE_OF_TWO = 0.4, 0.2


@dataclass(frozen=True, slots=True)
class Record:
    """A fiche of the corpus with its validated header."""

    document_id: str
    slug: str
    front: FrontMatter

    @property
    def title(self) -> str:
        return self.front.title

    @property
    def dispositif(self) -> Dispositif:
        assert self.front.dispositif is not None  # the header of this kind always has one
        return self.front.dispositif

    @property
    def territory(self) -> Territory:
        assert self.front.territory is not None
        return self.front.territory


def primary_sources(front: FrontMatter) -> list[PrimarySource]:
    """Return the sources that a fiche declares."""
    return [PrimarySource(name=one.name, url=one.url, date=one.date) for one in front.sources]


class Fiches:
    """Reads, finds and quotes the fiches of a home. Safe to share between threads."""

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, tuple[Record, ...]]] = {}
        self._derived: dict[str, tuple[tuple[Record, ...], Any]] = {}

    def of_kind(self, kind: str) -> tuple[Record, ...]:
        """Return the current fiches of a kind, by slug.

        Raises:
            UsageError: the corpus is empty.
        """
        catalogue = self.answerer.search.catalogue
        generation = catalogue.generation()
        if generation is None or not generation.passages:
            raise UsageError("empty_corpus")
        number = generation.id
        with self._lock:
            known = self._known.get(kind)
        if known is None or known[0] != number:
            records = []
            for document_id, record in catalogue.fiche_records(kind):
                slug = str(record.pop("slug", document_id))
                records.append(Record(document_id, slug, FrontMatter.model_validate(record)))
            known = (number, tuple(sorted(records, key=lambda one: one.slug)))
            with self._lock:
                self._known[kind] = known
        return known[1]

    def named(self, kind: str, name: str) -> list[Record]:
        """Return the fiches of a kind that a name stands for; several when it is shared."""
        words = name_words(name)
        return [
            record
            for record in self.of_kind(kind)
            if any(
                name_words(known) == words
                for known in (record.title, record.slug, *record.front.aliases)
            )
        ]

    def derived(self, records: tuple[Record, ...], build: Callable[[Sequence[Record]], T]) -> T:
        """Return what ``build`` makes of fiches that ``of_kind`` returned, made once for them."""
        name = f"{records[0].front.kind if records else ''} {build.__qualname__}"
        with self._lock:
            known = self._derived.get(name)
        # The records themselves are kept: an id may be given again to those of another corpus.
        if known is None or known[0] is not records:
            known = (records, build(records))
            with self._lock:
                self._derived[name] = known
        found: T = known[1]
        return found

    def hits(self, need: str, kinds: tuple[str, ...]) -> tuple[Hit, ...]:
        """Return the passages of some kinds of fiches that a need finds; none for no need."""
        return tuple(hit for hit, _ in self.weighed(need, kinds))

    def weighed(self, need: str, kinds: tuple[str, ...]) -> list[tuple[Hit, bool]]:
        """Return the passages that a need finds, each with whether it bears on its subject.

        Having a word of it that is everywhere is not enough: two words, or the weight of one.
        """
        if not any(char.isalnum() for char in need):
            return []
        try:
            found = self.answerer.search.search(need, _DEPTH, Filters(kinds=kinds))
        except UsageError:  # no fiche of these kinds in the corpus
            return []
        weights = {
            stem(word, found.query.lang): weight
            for word, weight in found.weights.items()
            if tells_something(word)
        }
        weighed = []
        for hit in found.hits:
            near = (hit.similarity or 0.0) >= _MEANING
            if near or (terms := hit.terms):
                weighed.append((hit, near or _bears(terms, weights)))
        return weighed

    def quote(self, number: int, passage: Passage, text: str) -> Citation | None:
        """Return the verified citation of a text of a passage, ``None`` when it fails."""
        try:
            return self.answerer.checker.cite(number, text, passage)
        except UsageError:  # withdrawn a moment ago
            return None

    def quoted(self, slug: str, quote: str) -> Citation | None:
        """Return the citation of a sentence of a fiche, where the corpus still has it."""
        for kind in Kind:
            for record in self.of_kind(kind) if kind is not Kind.DOCUMENT else ():
                if record.slug == slug:
                    for passage in self.answerer.search.catalogue.passages_of(record.document_id):
                        if citation := self.quote(1, passage, quote):
                            return citation
        return None

    def section(self, document_id: str, headings: tuple[str, ...]) -> tuple[Passage, str] | None:
        """Return the first sentence under the first of some headings a fiche has, else its first.

        Headings are compared folded, by their start.
        """
        passages = self.answerer.search.catalogue.passages_of(document_id)
        titled = [
            one for one in passages if one.headings and fold(one.headings[-1]).startswith(headings)
        ]
        for passage in [*titled, *passages]:
            if sentence := first_sentence(passage):
                return passage, sentence
        return None

    def stating(self, document_id: str, numbers: Collection[str]) -> list[tuple[Passage, str]]:
        """Return the sentences of a fiche, the fewest in order, that mention some numbers."""
        left, found = set(numbers), []
        for passage in self.answerer.search.catalogue.passages_of(document_id) if left else ():
            for sentence in sentences(passage):
                if said := left & numbers_in(sentence):
                    left -= said
                    found.append((passage, sentence))
        return found


def _bears(terms: Iterable[str], weights: Mapping[str, float]) -> bool:
    held = [weights[term] for term in terms if term in weights]
    share = sum(held) / (sum(weights.values()) or 1.0)
    return bool(held) and share >= (_SHARE if len(held) == 1 else _SHARE_OF_TWO)
