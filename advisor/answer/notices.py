"""What is said beside an answer: what it lacks, what contradicts, whom to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from advisor.answer.abstention import PARTIAL, SILENT, missing
from advisor.answer.evidence import Selection
from advisor.answer.findings import Findings
from advisor.answer.models import Citation
from advisor.answer.premise import Contradiction
from advisor.answer.selection import NEAREST
from advisor.catalogue.fiche import Kind
from advisor.errors import UsageError
from advisor.i18n import translate
from advisor.retrieval.asked import ABOUT_THE_ANSWER, Value, counted_words, values_in
from advisor.retrieval.lines import covered
from advisor.retrieval.models import Evidence, Line, SearchResult
from advisor.retrieval.query import Query
from advisor.retrieval.search import PassageSearch
from advisor.text.analysis import STOP_WORDS, analyse, content_words, stem
from advisor.text.language import is_word
from advisor.text.mentions import years_in
from advisor.text.normalise import fold_typed

_NAMED_MISSING = 3
# How near a word is to one that the thesaurus has for it, at least.
_LIKE = 0.4
# Values told from any other text without doubt; the share of the question that a line with one
# answers for when it is the one asked for, and of what is counted, for a number.
_EXACT_VALUES = {Value.DATE: "uncertain_date", Value.NUMBER: "uncertain_number"}
_ABOUT, _COUNTED = 0.4, 0.5
# Share of the question's words that a programme answers for when its holder is worth asking.
_RELATED = 0.5
# «Quel territoire a le plus baissé… ?», and what tells that one is ahead of the others.
_MOST = re.compile(
    r"\b(?:quel(?:le)?s? (?:territoires?|communes?|villes?|villages?|intercommunalites?"
    r"|collectivites?|dispositifs?|programmes?|regions?)\b.*\b(?:le|la|les) (?:plus|moins)\b"
    r"|which (?:towns?|city|cities|villages?|territor\w+|program\w*|regions?)\b.*"
    r"\b(?:most|least|largest|biggest|smallest|highest|lowest|best)\b"
    r"|welche\w* (?:stadt|stadte|gemeinden?|orte?|programme?|regionen?)\b.*"
    r"\b(?:am \w+sten|meisten))\b"
)
_FIRST = re.compile(
    r"\b(?:premiere?s?|record|le plus|la plus|les plus|le moins|first|most|largest|biggest|highest"
    r"|lowest|erste[rsn]?|am \w+sten|groesste\w*|grosste\w*)\b"
)
_NO_VECTORS = ("chroma_unreachable", "model_damaged", "model_missing", "model_no_folder")
_NO_READING = ("encoder_missing", "encoder_no_folder", "reranker_missing")


def on_search(result: SearchResult, lang: str) -> Iterator[str]:
    """Yield what a search did without, and the words it read as others."""
    # What a rebuild will not repair is named; the rest is being repaired.
    lasting = [one for one in result.degraded if one.code in (*_NO_VECTORS, *_NO_READING)]
    yield from (one.message(lang) for one in lasting)
    if result.missing_leg is not None and not any(one.code in _NO_VECTORS for one in lasting):
        code = "lexical_only" if result.missing_leg == "dense" else "dense_only"
        yield translate(f"answer.{code}", lang)
    corrected = [one.shown for one in result.query.alternatives if one.origin == "spelling"]
    if corrected:
        yield translate("answer.read_as", lang, words=", ".join(dict.fromkeys(corrected)))


def on_gaps(
    search: PassageSearch,
    found: Findings,
    selections: Sequence[Selection],
    citations: Sequence[Citation],
) -> list[str]:
    """Return what the answer lacks of what is asked, nothing when it lacks nothing.

    The words that no passage quoted has, nor one like them, where it is in doubt that they answer
    (of a follow-up, its own words in any case), else the names that no document quoted has, else
    the number or date that no line gives for what is asked.
    """
    query, lang = found.query, found.query.lang
    unsure = found.chance < PARTIAL or found.silent >= SILENT
    quoted = [one.evidence for one in selections]
    unmet = missing(query, found.weights, quoted) if unsure or query.context else []
    # What a follow-up leans on was found; what it asks now may not be.
    own = set(query.words) - ABOUT_THE_ANSWER
    if own and own <= found.names:  # «et à Kingersheim ?» asks the same of another place
        own |= set(content_words(query.context, lang))
    unmet = [word for word in unmet if unsure or word in own]
    code = "partial_words"
    # «De», of a French name in an English question, stands in no index.
    told = (
        w
        for w in unmet
        if w in own and not (w.isdigit() or w in STOP_WORDS["fr"] or _like(w, quoted))
    )
    words = _typed(query, told)
    words = words or _unmentioned(search, query, quoted)
    if not words:
        code = "partial"
        words = _unnamed(search, query, citations) or _undated(found, selections)
    if words:
        return [translate(f"answer.{code}", lang, words=", ".join(words[:_NAMED_MISSING]))]
    return [translate(f"answer.{code}", lang) for code in _uncertain(found, selections)]


def on_contradictions(found: Findings, citations: Sequence[Citation]) -> Iterator[str]:
    """Yield that a source contradicts the question, that sources disagree, with its number."""
    lang = found.query.lang
    if (wrong := found.correction) is not None:
        number = _cited(citations, wrong.evidence, wrong.line)
        if number and wrong.kind is Contradiction.DENIAL:
            yield translate("answer.denied", lang, number=number)
        elif number:
            yield translate("answer.corrected", lang, supposed=wrong.supposed, number=number)
    if found.disagreement is not None:
        said = [
            f"{year} [{number}]"
            for one, line, year in found.disagreement.lines
            if (number := _cited(citations, one, line))
        ]
        if len(said) > 1:
            yield translate("answer.disagree", lang, values=" ; ".join(said))


def on_holder(search: PassageSearch, found: Findings) -> str | None:
    """Return whom to ask instead: who runs a programme that answers for part of the question.

    The first of the nearest passages decides; one that has next to nothing of the question
    leads nowhere.
    """
    for one in found.evidence[:NEAREST]:
        held = sum(map(one.holds, found.weights))
        document = one.hit.document
        if document.kind == Kind.DISPOSITIF and held >= _RELATED * len(found.weights):
            try:
                record = search.catalogue.document(document.id).record or {}
            except UsageError:  # withdrawn a moment ago
                continue
            if holder := (record.get("dispositif") or {}).get("holder"):
                lang = found.query.lang
                return translate("answer.ask_holder", lang, holder=holder, title=document.title)
    return None


def _like(word: str, quoted: Sequence[Evidence]) -> bool:
    """Tell whether what is quoted has a word like this one: «principes» for «règles»."""
    return any(one.nearest(word) >= _LIKE for one in quoted)


def _unnamed(search: PassageSearch, query: Query, citations: Sequence[Citation]) -> list[str]:
    """Return the names of the question that none of the documents quoted has."""
    quoted = list(dict.fromkeys(citation.document_id for citation in citations))
    # An acronym may be written out; in German every noun has a capital.
    return [
        name
        for name in search.unnamed(query, quoted)
        if not name.isupper() and not (query.lang == "de" and is_word(name, "de"))
    ]


def _unmentioned(search: PassageSearch, query: Query, quoted: Sequence[Evidence]) -> list[str]:
    """Return the fiches that the question names and no passage quoted does, as it names them.

    «Budget participatif» is written without a capital.
    """
    gazetteer = search.gazetteer
    hits = [one.hit for one in quoted]
    documents = {hit.document.id for hit in hits}
    texts = [
        " ; ".join([hit.document.title, *hit.passage.headings, hit.passage.text]) for hit in hits
    ]
    told = {one.slug for text in texts for one in gazetteer.find(text)}
    terms = set().union(*(analyse(text, query.lang) for text in texts))
    return [
        name
        for one, start, end in gazetteer.spans(query.text)
        if one.slug not in told
        and one.document_id not in documents
        # «Tiers-lieux» is said by a passage that has «tiers-lieu».
        and not set(analyse(name := query.text[start:end], query.lang)) <= terms
    ]


def _undated(found: Findings, selections: Sequence[Selection]) -> list[str]:
    """Return the years of the question that nothing quoted has, nor what stands above it."""
    said = [line.text for one in selections for line in one.lines]
    for one in selections:
        said += [one.hit.document.title, *one.hit.passage.headings]
    return sorted(years_in(found.query.text).difference(*map(years_in, said)))


def _uncertain(found: Findings, selections: Sequence[Selection]) -> list[str]:
    """Return the notices of what is asked for that no line chosen gives: values, a first place.

    A line gives one for what is asked when it answers for enough of the question's words, what is
    above it included; a number, when it counts the things asked for or, where none are named,
    answers itself for half of the words that are no names: a number of participants is no number of
    inhabitants.
    """
    weights = {
        word: weight
        for word, weight in found.weights.items()
        # What a follow-up recalls is not asked again, but whom it is about.
        if word in found.names
        or (word not in ABOUT_THE_ANSWER and word not in found.query.context_words)
    }
    counted = {w: weight for w, weight in weights.items() if w not in found.names}
    lines = [
        line
        for one in selections
        for line in one.lines
        if covered(one.evidence.told(line), weights) >= _ABOUT
    ]
    asked = counted_words(found.query.asking, found.query.lang)
    having = {
        Value.DATE: lines,
        Value.NUMBER: [
            line
            for line in lines
            if line.counts
            or not (asked or counted)
            or (not asked and covered(line.matches, counted) >= _COUNTED)
        ],
    }
    codes = [
        code
        for value, code in _EXACT_VALUES.items()
        if value in found.asked.values
        and not any(values_in(line.text, frozenset({value})) for line in having[value])
    ]
    said = (line.text for one in selections for line in one.lines)
    if _MOST.search(fold_typed(found.query.text)) and not any(
        _FIRST.search(fold_typed(text)) for text in said
    ):
        codes.append("unranked")
    return codes


def _cited(citations: Sequence[Citation], one: Evidence, line: Line) -> str:
    for citation in citations:
        same = citation.document_id == one.hit.document.id
        # The mark of an item may stand before the quote.
        if same and citation.start < line.end and line.start < citation.end:
            return str(citation.n)
    return ""


def _typed(query: Query, words: Iterable[str]) -> list[str]:
    """Return words of the question as they were typed, less those that ask for a form of answer."""
    asked = (*query.terms, *query.context_terms)
    terms = (stem(word, query.lang) for word in words if word not in ABOUT_THE_ANSWER)
    return [query.as_typed(term) for term in terms if term in asked]
