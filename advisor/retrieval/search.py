"""Passage search: both indexes, filters, fusion, joined to the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from threadpoolctl import threadpool_limits

from advisor.catalogue.records import Filters, Passage
from advisor.catalogue.store import Catalogue
from advisor.catalogue.vectors import PassageVectors
from advisor.errors import AdvisorError, IndexUnavailable, ModelUnavailable, UsageError
from advisor.index.embedding import PassageEmbeddings
from advisor.index.forward import PassageWords
from advisor.index.opening import OpenIndexes
from advisor.retrieval.bm25f import QuestionRanking
from advisor.retrieval.conversation import Turn
from advisor.retrieval.counting import counting
from advisor.retrieval.entities import (
    Entity,
    Gazetteer,
    leaving,
    left_by,
    renewed,
    subject_text,
)
from advisor.retrieval.expansion import expand
from advisor.retrieval.fusion import FULL, Fused, fuse, with_matches
from advisor.retrieval.late_interaction import LateInteraction, QuestionReading
from advisor.retrieval.lines import READ, by_best_line, compare_lines, read_lines
from advisor.retrieval.models import Evidence, Hit, SearchResult
from advisor.retrieval.passage_words import read_words
from advisor.retrieval.priors import informativeness, with_priors
from advisor.retrieval.query import Query, named, understand
from advisor.retrieval.rerank import DEPTH, load_reranker
from advisor.retrieval.served import ServedIndexes
from advisor.retrieval.weighting import rarity, weights_by_language, word_weights
from advisor.retrieval.word_match import WordMatch
from advisor.settings import Settings
from advisor.text.analysis import stem
from advisor.text.language import Language

# Which rankings a search uses.
LEXICAL, DENSE, BOTH = "lexical", "dense", "both"
# Among so many documents at most, a filtered search that finds too little compares every vector.
_EXACT_LIMIT = 1_000
# How many of the lexical candidates are compared by whole vectors beside the nearest passages, and
# how many of these there are when the dense ranking is alone.
_EXACT, _ALONE = 25, 300
# How many of the best passages are matched word by word.
_MATCHED = 25
# Candidates beyond k that priors may bring up, and that withdrawn documents may thin out.
_MARGIN = 15
# Share of its best neighbour's score that a passage gains: an answer often runs on.
_NEIGHBOUR = 0.25
# Preference for the fiche of what a question names, and for documents about that territory.
_NAMED, _ABOUT = 1.15, 1.1
# «Et ailleurs ?»: a passage that names no other place than those left answers little.
_LEFT = 0.2


class PassageSearch:
    """Searches a home. Safe to share between threads; sees a new import without restart.

    In its process NumPy's products take one thread.

    Raises:
        UsageError: the corpus is empty.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.catalogue = Catalogue(settings.catalogue_path)
        self._interaction = LateInteraction(settings.token_encoder, PassageVectors(self.catalogue))
        # A question's products are small, and NumPy's threads wait for the next one in a loop, on
        # the processors that other questions need.
        threadpool_limits(limits=1, user_api="blas")
        self._served = ServedIndexes(settings, self.catalogue)

    @property
    def lang(self) -> Language:
        """The language of the interface, also taken for questions too short to tell theirs."""
        return self._settings.lang

    def search(
        self,
        question: str | Query,
        k: int = 10,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        legs: str = BOTH,
    ) -> SearchResult:
        """Return the k best passages for a question, by both rankings or by one alone.

        Raises:
            UsageError: the question or the corpus is empty.
            IndexUnavailable: neither index can be read.
        """
        query = understand(question, history, self.lang) if isinstance(question, str) else question
        try:
            return self._search(query, k, filters, legs)
        except IndexUnavailable:
            if not self._served.forget_lexical():
                raise
            return self._search(query, k, filters, legs)

    def _search(self, query: Query, k: int, filters: Filters | None, legs: str) -> SearchResult:
        if not any(char.isalnum() for char in query.text):
            raise UsageError("empty_question")
        indexes = self._served.current()
        gazetteer = self._served.names(indexes.generation.id)
        query = renewed(query, gazetteer)
        if query.elsewhere or query.except_for:
            query = leaving(query, left_by(query, gazetteer), gazetteer)
        about = subject_text(query, gazetteer)
        entities = gazetteer.find(about)
        query = replace(
            query,
            places=tuple(one.slug for one in entities if one.kind == "territoire"),
            programmes=tuple(sorted(gazetteer.programmes(about))),
        )
        filters = self._with_slugs(filters or Filters())
        allowed = self.catalogue.document_ids(filters) if filters else None
        if allowed == []:
            raise UsageError("no_document_for_filters")
        problems = list(indexes.problems)
        if indexes.lexical is not None:
            model = self.embeddings
            is_word = model.knows if model is not None else lambda _word: False
            query = expand(query, indexes.lexical, self._settings.home, indexes.languages, is_word)
        reading = self._reading(query, problems) if legs == BOTH else None
        words = word_weights(query, indexes.lexical)
        match = WordMatch(list(words), self.embeddings)
        fetch = max(FULL, k)
        candidates = self._candidates(indexes, query, fetch, allowed) if legs != DENSE else {}
        lexical = {key: score for key, (_, score) in candidates.items()}
        best = sorted(lexical, key=lambda key: (-lexical[key], key))
        dense: dict[str, float] = {}
        if indexes.dense is not None and legs != LEXICAL:
            try:
                dense = self._dense_scores(indexes, query, fetch, allowed, best)
            except IndexUnavailable as error:
                problems.append(error)
                self._served.forget_dense(indexes)
                indexes.dense = None
        if indexes.lexical is None and indexes.dense is None:
            raise problems[0]
        missing = (
            "lexical" if indexes.lexical is None else "dense" if indexes.dense is None else None
        )
        depth = max(k, DEPTH) if self._settings.reranker else max(k, READ)
        ranked = fuse(lexical, dense)[: depth + _MARGIN]
        if legs == BOTH:
            ranked, known = self._matched(indexes, words, match, ranked, candidates)
            if reading is not None:
                ranked = self._interaction.rank(reading, ranked)
        # What is counted may stand in a short line that little else speaks for.
        hits = self._join(query, entities, ranked, len(ranked) if counting(query) else depth)
        evidence: dict[str, Evidence] = {}
        if legs == BOTH:
            hits = with_priors(hits, query.asked.shape)
            read = read_words(hits, indexes.lexical, self.embeddings, known)
            hits, evidence = by_best_line(
                query, hits, read, words, match, gazetteer, self.embeddings
            )
        if self._settings.reranker and hits:
            try:
                hits = self._reranked(query, hits)
            except ModelUnavailable as error:
                problems.append(error)
        return SearchResult(query, hits[:k], words, evidence, tuple(problems), missing)

    def lines(self, result: SearchResult) -> list[Evidence]:
        """Return the lines of each passage of a result, compared with the question."""
        unread = [hit for hit in result.hits if hit.passage.id not in result.evidence]
        match = WordMatch(list(result.weights), self.embeddings)
        words = read_words(unread, self._served.current().lexical, self.embeddings, {})
        read = read_lines(result.query, unread, words, result.weights, match, self.gazetteer)
        known = {**result.evidence, **{one.hit.passage.id: one for one in read}}
        evidence = [replace(known[hit.passage.id], hit=hit) for hit in result.hits]
        compare_lines(result.query, evidence, self.embeddings)
        return evidence

    def unnamed(self, query: Query, document_ids: Sequence[str]) -> list[str]:
        """Return the names of a question, as typed, that none of some documents has anywhere.

        Without a lexical index, none: nothing is known of them.
        """
        try:
            return self._unnamed(query, document_ids)
        except IndexUnavailable:
            self._served.forget_lexical()
            return []

    def _unnamed(self, query: Query, document_ids: Sequence[str]) -> list[str]:
        index = self._served.current().lexical
        found = []
        for name, words in named(query).items():
            # Stems would take «Rennes» for «renne»; what stands for a name is known by its stem.
            held = [
                index is None
                or index.holds(document_ids, [word], query.standing_for(stem(word, query.lang)))
                for word in words
            ]
            # «Loos en Gohelle» has the parts of the compound, not the compound.
            if not held[-1] and not (len(held) > 1 and all(held[:-1])):
                found.append(name)
        return found

    @property
    def size(self) -> int:
        """Number of passages of the published corpus."""
        generation = self.catalogue.generation()
        return generation.passages if generation is not None else 0

    @property
    def embeddings(self) -> PassageEmbeddings | None:
        """The model that embeds questions, ``None`` when it cannot be loaded."""
        return self._served.embeddings

    @property
    def gazetteer(self) -> Gazetteer:
        """The names of the territories and dispositifs of the published corpus."""
        return self._served.gazetteer

    def _with_slugs(self, filters: Filters) -> Filters:
        """Let a territory be given by its name: «Loos» for ``loos-en-gohelle``."""
        if not filters.territories:
            return filters
        found = (self.gazetteer.named(name, "territoire") for name in filters.territories)
        slugs = (
            entity.slug if entity else name
            for name, entity in zip(filters.territories, found, strict=True)
        )
        return replace(filters, territories=tuple(slugs))

    def _reading(self, query: Query, problems: list[AdvisorError]) -> QuestionReading | None:
        """Let the token encoder begin; why there is none is added to the problems."""
        try:
            return self._interaction.read(query.embedded)
        except ModelUnavailable as error:
            problems.append(error)
            return None

    # -- legs --------------------------------------------------------------------------

    def _candidates(
        self, indexes: OpenIndexes, query: Query, fetch: int, allowed: list[str] | None
    ) -> dict[str, tuple[PassageWords, float]]:
        """Return the lexical candidates with their score, by passage id."""
        index = indexes.lexical
        if index is None:
            return {}
        weights = weights_by_language(query, index, indexes.languages)
        wanted: dict[str, float] = {}
        for terms in weights.values():
            for term, value in terms.items():
                wanted[term] = max(wanted.get(term, 0.0), value / rarity(index, (term,)))
        ranking = QuestionRanking(weights, query.words, index.forward.table, index.mean_length)
        found = [one for one in index.search(wanted, fetch, allowed) if one.lang in weights]
        scores = ranking.scores(found)
        return {one.passage_id: (one, score) for one, score in zip(found, scores, strict=True)}

    def _matched(
        self,
        indexes: OpenIndexes,
        words: Mapping[str, float],
        match: WordMatch,
        ranked: Sequence[Fused],
        candidates: Mapping[str, tuple[PassageWords, float]],
    ) -> tuple[list[Fused], dict[str, PassageWords]]:
        """Rank the best passages again with how well they answer for each word.

        Returns:
            The passages ranked, and what the index keeps of those looked at and of candidates.
        """
        known = {key: candidate for key, (candidate, _) in candidates.items()}
        index = indexes.lexical
        if index is None or indexes.dense is None or self.embeddings is None:
            return list(ranked), known
        best = [one.passage_id for one in ranked[:_MATCHED]]
        others = index.passages([key for key in best if key not in known])
        known |= {one.passage_id: one for one in others}
        there = [key for key in best if key in known]
        texts = [known[key].words for key in there]
        means = match.weighted_means(index.forward.table, texts, words)
        # Those that were not looked at have no match.
        return with_matches(ranked, dict(zip(there, means, strict=True))), known

    def _dense_scores(
        self,
        indexes: OpenIndexes,
        query: Query,
        fetch: int,
        allowed: list[str] | None,
        candidates: list[str],
    ) -> dict[str, float]:
        """Return the cosine of the nearest passages and of the lexical candidates."""
        model = self.embeddings
        if model is None or indexes.dense is None:
            return {}
        vector = model.encode([query.embedded])[0]
        if not vector.any():
            return {}
        fetch = fetch if candidates else max(fetch, _ALONE)
        found = indexes.dense.cosines(vector, fetch, candidates[:_EXACT])
        if allowed is None:
            return found
        inside = set(allowed)
        kept = self.catalogue.passages(found)
        found = {
            key: score
            for key, score in found.items()
            if key in kept and kept[key].document_id in inside
        }
        if len(found) < fetch and len(allowed) <= _EXACT_LIMIT:
            ids = self.catalogue.passage_ids_of(allowed)
            scores = indexes.dense.cosines(vector, 1, ids)
            best = sorted(ids, key=lambda key: (-scores.get(key, -1.0), key))[:fetch]
            found = {key: scores[key] for key in best if key in scores}
        return found

    def _join(
        self, query: Query, entities: Sequence[Entity], ranked: Sequence[Fused], k: int
    ) -> tuple[Hit, ...]:
        """Keep what the catalogue still holds: a withdrawn document does not exist."""
        passages = self.catalogue.passages([one.passage_id for one in ranked])
        named = self._preferred(query, entities)
        places = {
            (passages[one.passage_id].document_id, passages[one.passage_id].ordinal): one.score
            for one in ranked
            if one.passage_id in passages
        }
        kept = []
        for one in ranked:
            passage = passages.get(one.passage_id)
            if passage is not None:
                around = (passage.ordinal - 1, passage.ordinal + 1)
                beside = max(places.get((passage.document_id, place), 0.0) for place in around)
                score = (one.score + _NEIGHBOUR * beside) / (1 + _NEIGHBOUR)
                boost = named.get(passage.document_id, 1.0)
                if query.elsewhere and not self._elsewhere(query, passage):
                    boost *= _LEFT
                kept.append((score * boost * informativeness(passage), one))
        kept.sort(key=lambda pair: (-pair[0], pair[1].passage_id))
        hits: list[Hit] = []
        summaries = self.catalogue.summaries(
            {passages[one.passage_id].document_id for _, one in kept[:k]}
        )
        for score, one in kept[:k]:
            passage = passages[one.passage_id]
            document = summaries.get(passage.document_id)
            if document is None:  # withdrawn a moment ago
                continue
            hits.append(Hit(passage, document, score, one.lexical, one.similarity, query, one.near))
        return tuple(hits)

    def _reranked(self, query: Query, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits in the order of the cross-encoder.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        reranker = load_reranker(str(self._settings.reranker))
        texts = [f"{' '.join(hit.passage.headings)}\n{hit.passage.text}" for hit in hits]
        scores = reranker.scores(query.embedded, texts)
        scored = [replace(hit, score=score) for hit, score in zip(hits, scores, strict=True)]
        return tuple(sorted(scored, key=lambda hit: (-hit.score, hit.passage.id)))

    def _elsewhere(self, query: Query, passage: Passage) -> bool:
        """Tell whether a passage names a territory that the question does not leave."""
        named = self.gazetteer.territories(f"{' '.join(passage.headings)} {passage.text}")
        return not named.issubset(query.other_than)

    def _preferred(self, query: Query, entities: Sequence[Entity]) -> dict[str, float]:
        """Return how much the documents of what a question names are preferred."""
        about = (
            self.catalogue.document_ids(Filters(territories=query.places)) if query.places else []
        )
        return dict.fromkeys(about, _ABOUT) | dict.fromkeys(
            (one.document_id for one in entities), _NAMED
        )

    def needs_rebuild(self) -> bool:
        """Tell whether a rebuild would bring back what is missing: a leg, dates, tokens."""
        return self._served.needs_rebuild()
