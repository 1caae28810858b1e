"""What a search hands out: passages, and their lines with how well each answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

from advisor.catalogue.records import DocumentSummary, Passage
from advisor.errors import AdvisorError
from advisor.retrieval.query import Query
from advisor.text.analysis import analyse
from advisor.text.language import Language


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query: its fused score in [0, 1], and what made it (BM25, cosine).

    ``near`` is what each token of the question adds to how near it is, 1 in all at most, empty
    where no encoder has read it.
    """

    passage: Passage
    document: DocumentSummary
    score: float
    lexical: float | None
    similarity: float | None
    query: Query
    near: tuple[float, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the question, as typed, that the passage or what is above it holds."""
        return self._typed(self.terms)

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms of the question that the passage or what is above it holds."""
        above = " ".join([self.document.title, *self.document.aliases, *self.passage.headings])
        return self._terms_in(f"{above} {self.passage.text}")

    def words_in(self, text: str) -> tuple[str, ...]:
        """Return the words of the question, as typed, that a text of this document holds."""
        return self._typed(self._terms_in(text))

    def _typed(self, held: Collection[str]) -> tuple[str, ...]:
        """Return the words typed of some terms, a compound when it is held or all its parts are."""
        parts = defaultdict(list)
        for term in self.query.terms:
            parts[self.query.as_typed(term)].append(term)
        return tuple(
            word
            for word, terms in parts.items()
            if max(terms, key=len) in held
            or all(term in held for term in terms if len(terms) == 1 or term != max(terms, key=len))
        )

    def _terms_in(self, text: str) -> tuple[str, ...]:
        lang = self.document.lang
        shared = set(analyse(text, lang))
        return tuple(term for term in self.query.terms if self.query.holds(term, shared, lang))


# A word this near to one of a line is answered for; this near, it is the word itself, corrected
# or translated perhaps.
HELD, _THE_WORD = 0.5, 0.7


@dataclass
class Line:
    """A sentence or list item of a passage; offsets are those of the document's text.

    ``here``: it names a territory of the question, or stands under its name, or the question names
    none; ``elsewhere``: it is about other territories or other dispositifs only.
    """

    start: int
    end: int
    text: str
    item: bool
    lang: Language
    here: bool = True
    elsewhere: bool = False
    #: Set by who chooses among lines.
    score: float = 0.0
    coverage: float = 0.0
    similarity: float = 0.0
    #: Whether it has a value of a kind asked for.
    valued: bool = False
    #: Coverage of the question with what stands above it, where it gives a number of the things
    #: whose number is asked.
    counts: float = 0.0
    #: How well the line answers for each word of the question, in [0, 1].
    matches: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def terms(self) -> frozenset[str]:
        """Its index terms."""
        return frozenset(analyse(self.text, self.lang))

    def holds(self, word: str) -> bool:
        """Tell whether the line answers for a word of the question."""
        return self.matches.get(word, 0.0) >= HELD


@dataclass(slots=True)
class Evidence:
    """A passage with its scored lines.

    ``above`` tells how well its title, the other names of its document and its headings answer for
    each word of the question, ``said`` the same without names that may say nothing of the place
    asked about, ``headed`` for all of them, as a coverage.
    """

    hit: Hit
    lines: list[Line] = field(default_factory=list)
    above: Mapping[str, float] = field(default_factory=dict)
    said: Mapping[str, float] = field(default_factory=dict)
    headed: float = 0.0

    @property
    def best(self) -> float:
        """The score of the best line."""
        return max((line.score for line in self.lines), default=0.0)

    def told(self, line: Line) -> dict[str, float]:
        """Return how well a line, with what stands above it, answers for each word."""
        words = line.matches.keys() | self.above.keys()
        return {w: max(line.matches.get(w, 0.0), self.above.get(w, 0.0)) for w in words}

    def holds(self, word: str) -> bool:
        """Tell whether the passage, its title and headings included, answers for a word."""
        return self.nearest(word) >= HELD

    def says(self, terms: Set[str]) -> bool:
        """Tell whether the lines have all of some index terms."""
        return terms <= frozenset().union(*(line.terms for line in self.lines))

    def names(self, word: str) -> bool:
        """Tell whether the passage, its title and headings included, has a name."""
        return self.nearest(word) >= _THE_WORD

    def nearest(self, word: str) -> float:
        """Return how well the passage, its title and headings included, answers for a word.

        Its lines about other places or dispositifs than those asked about do not count.
        """
        lines = (line.matches.get(word, 0.0) for line in self.lines if not line.elsewhere)
        return max(self.said.get(word, 0.0), *lines, 0.0)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The passages found, best first; ``degraded`` says why a leg was left out, if one was."""

    query: Query
    hits: tuple[Hit, ...]
    #: The words of the question and its context, spelling corrected, with their weight.
    weights: Mapping[str, float] = field(default_factory=dict)
    #: The lines of the best passages, by passage id.
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    degraded: tuple[AdvisorError, ...] = ()
    missing_leg: str | None = None
