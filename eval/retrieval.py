"""Retrieval benchmark on a folder in BEIR layout.

    advisor eval retrieval DIR [--model NAME_OR_FOLDER ...] [--report FILE.md]

DIR holds ``corpus.jsonl`` (id, title, text), ``queries_test.jsonl`` or ``queries.jsonl`` (id,
text) and ``qrels.tsv`` (query, document, relevance). Every system ranks the same documents for
the same questions; metrics come from ir-measures, confidence intervals from a paired bootstrap
over questions (Efron and Tibshirani, «An Introduction to the Bootstrap», 1993).
"""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import tantivy

from advisor.catalogue.ledger import ImportLedger, SourceFile
from advisor.catalogue.records import Document, Page, Passage
from advisor.catalogue.store import Catalogue
from advisor.errors import UsageError
from advisor.index.embedding import load_embeddings
from advisor.index.generations import embedded_text
from advisor.retrieval.search import BOTH, DENSE, LEXICAL, PassageSearch
from advisor.settings import Settings
from ingest.pipeline import index_store

Run = dict[str, dict[str, float]]
Ranker = Callable[[str], Mapping[str, float]]
_DEPTH = 100
_RESAMPLES = 2_000
METRICS = ("nDCG@10", "R@5", "R@10", "R@100", "RR@10")


@dataclass(frozen=True, slots=True)
class Collection:
    """A test collection: documents as (id, title, text), questions by id, relevance."""

    name: str
    documents: Sequence[tuple[str, str, str]]
    questions: Mapping[str, str]
    relevance: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Score:
    """A system's means in percent by metric, and its nDCG@10 per question."""

    system: str
    means: Mapping[str, float]
    per_question: Mapping[str, float]


def read_collection(folder: Path) -> Collection:
    """Read a folder in BEIR layout; questions without a relevant document are left out.

    Raises:
        UsageError: a file is missing or a line cannot be read.
    """
    questions_file = folder / "queries_test.jsonl"
    if not questions_file.is_file():
        questions_file = folder / "queries.jsonl"
    files = (folder / "corpus.jsonl", questions_file, folder / "qrels.tsv")
    for path in files:
        if not path.is_file():
            raise UsageError("eval_no_file", path=str(path))
    relevance: dict[str, dict[str, int]] = {}
    path = files[0]
    try:
        documents = [
            (str(_id(one)), one.get("title") or "", one["text"]) for one in _lines(files[0])
        ]
        path = files[1]
        asked = {str(_id(one)): one["text"] for one in _lines(files[1])}
        path = files[2]
        for line in files[2].read_text(encoding="utf-8").splitlines():
            cells = line.split("\t")
            if len(cells) >= 3 and cells[-1].strip().isdigit() and int(cells[-1]):
                relevance.setdefault(cells[0], {})[cells[-2]] = int(cells[-1])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("eval_bad_file", path=str(path), reason=str(error)) from None
    questions = {key: text for key, text in asked.items() if key in relevance}
    if not documents or not questions:
        raise UsageError("eval_nothing", path=str(folder))
    kept = {key: relevance[key] for key in questions}
    return Collection(folder.resolve().name, documents, questions, kept)


def _id(entry: Mapping[str, object]) -> object:
    return entry["id"] if "id" in entry else entry["_id"]


def _lines(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def build_home(collection: Collection, settings: Settings) -> None:
    """Import a collection as it is: one document, one passage for each of its documents."""
    catalogue = Catalogue(settings.catalogue_path)
    ledger = ImportLedger(catalogue)
    model = load_embeddings(settings.embedding_model)
    for first in range(0, len(collection.documents), 500):
        batch = collection.documents[first : first + 500]
        vectors = model.encode([embedded_text(title, (), text) for _, title, text in batch])
        for row, (key, title, text) in enumerate(batch):
            page = Page(1, "", 0, len(text))
            document = Document(key, title, "document", "text", "fr", text, (page,))
            passage = Passage(key, key, 0, 0, len(text), 1, (), text)
            file = SourceFile(f"/{collection.name}/{key}", 0, 0)
            ledger.stage(document, [passage], vectors[row : row + 1], model.model_id, 1, file)
    index_store(settings, catalogue).build(model)


def product_ranker(search: PassageSearch, legs: str) -> Ranker:
    """Rank as the advisor does, with one leg or both."""

    def rank(question: str) -> dict[str, float]:
        hits = search.search(question, _DEPTH, legs=legs).hits
        return {hit.passage.id: hit.score for hit in hits}

    return rank


def raw_bm25(collection: Collection, folder: Path) -> Ranker:
    """Rank with Tantivy as it comes: lower case, no stop words, no stemming."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("text")
    schema = builder.build()
    folder.mkdir(parents=True)
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(num_threads=1)
    for key, title, text in collection.documents:
        writer.add_document(tantivy.Document(id=key, text=f"{title} {text}"))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def rank(question: str) -> dict[str, float]:
        query, _ = index.parse_query_lenient(question, ["text"])
        return {
            str(searcher.doc(address).get_first("id")): float(score)
            for score, address in searcher.search(query, _DEPTH).hits
        }

    return rank


def model_ranker(collection: Collection, name: str) -> Ranker:
    """Rank by exact cosine of any embedding model, title and text as one."""
    model = load_embeddings(name)
    ids = [key for key, _, _ in collection.documents]
    vectors = model.encode(
        [embedded_text(title, (), text) for _, title, text in collection.documents]
    )

    def rank(question: str) -> dict[str, float]:
        scores = vectors @ model.encode([question])[0]
        return {ids[row]: float(scores[row]) for row in np.argsort(-scores)[:_DEPTH]}

    return rank


def standard_pipeline(collection: Collection, name: str) -> Ranker:
    """Rank as the usual LangChain tutorial does: recursive splitter, vectors, nearest chunks."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    # Exact cosine over all chunks: what a vector store approximates.
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    model = load_embeddings(name)
    chunks = [
        (key, chunk)
        for key, title, text in collection.documents
        for chunk in splitter.split_text(f"{title}\n{text}".strip())
    ]
    vectors = model.encode([chunk for _, chunk in chunks])

    def rank(question: str) -> dict[str, float]:
        scores = vectors @ model.encode([question])[0]
        best: dict[str, float] = {}
        for row in np.argsort(-scores)[: 2 * _DEPTH]:
            best.setdefault(chunks[row][0], float(scores[row]))
        return best

    return rank


def measure(collection: Collection, system: str, rank: Ranker) -> Score:
    """Run every question through a system."""
    import ir_measures

    run: Run = {key: dict(rank(text)) for key, text in collection.questions.items()}
    wanted = [ir_measures.parse_measure(name) for name in METRICS]
    qrels = {key: dict(found) for key, found in collection.relevance.items()}
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(qrels, 0.0) for name in METRICS}
    for one in ir_measures.iter_calc(wanted, qrels, run):
        values[str(one.measure)][one.query_id] = 100 * one.value
    means = {name: float(np.mean(list(found.values()))) for name, found in values.items()}
    return Score(system, means, values["nDCG@10"])


def difference(one: Score, other: Score) -> tuple[float, float, float]:
    """Return the mean difference of nDCG@10 (one - other) and its 95 % bootstrap interval."""
    gaps = np.array([one.per_question[key] - other.per_question[key] for key in one.per_question])
    draw = np.random.default_rng(0)
    means = gaps[draw.integers(0, len(gaps), (_RESAMPLES, len(gaps)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(gaps.mean()), float(low), float(high)


def benchmark(folder: Path, models: Sequence[str] = ()) -> tuple[Collection, list[Score]]:
    """Measure the advisor's ranking, its legs, raw BM25 and any models on one collection.

    Raises:
        UsageError: the folder is not a collection.
        ModelUnavailable: a named model cannot be loaded.
    """
    collection = read_collection(folder)
    with tempfile.TemporaryDirectory() as work:
        settings = Settings(home=Path(work) / "home")
        build_home(collection, settings)
        search = PassageSearch(settings)
        rankers: dict[str, Ranker] = {
            "raw BM25": raw_bm25(collection, Path(work) / "raw"),
            "lexical": product_ranker(search, LEXICAL),
            "static": product_ranker(search, DENSE),
            "hybrid": product_ranker(search, BOTH),
        }
        for name in models:
            rankers[Path(name).name] = model_ranker(collection, name)
            rankers[f"LangChain + {Path(name).name}"] = standard_pipeline(collection, name)
        return collection, [measure(collection, name, rank) for name, rank in rankers.items()]


def report(collection: Collection, scores: Sequence[Score]) -> str:
    """Return the figures as a Markdown section."""
    hybrid = next(score for score in scores if score.system == "hybrid")
    lines = [
        f"## {collection.name}: {len(collection.questions)} questions, "
        f"{len(collection.documents)} documents",
        "",
        f"| system | {' | '.join(METRICS)} | hybrid − system, nDCG@10 (95 %) |",
        f"|---|{'---|' * (len(METRICS) + 1)}",
    ]
    for score in scores:
        gap, low, high = difference(hybrid, score)
        against = "–" if score is hybrid else f"{gap:+.1f} ({low:+.1f} to {high:+.1f})"
        values = " | ".join(f"{score.means[name]:.1f}" for name in METRICS)
        lines.append(f"| {score.system} | {values} | {against} |")
    lines += ["", f"{date.today()}, {platform.machine()}, Python {platform.python_version()}.", ""]
    return "\n".join(lines)


def plot(results: Sequence[tuple[Collection, Sequence[Score]]], path: Path) -> None:
    """Draw nDCG@10 of every system on every collection."""
    from matplotlib.figure import Figure

    systems = [score.system.replace(" + ", " +\n") for score in results[0][1]]
    figure = Figure(figsize=(1.6 + 1.5 * len(systems), 3.6), layout="constrained")
    axes = figure.add_subplot()
    width = 0.8 / len(results)
    for place, (collection, scores) in enumerate(results):
        at = np.arange(len(systems)) + place * width
        bars = axes.bar(
            at, [score.means["nDCG@10"] for score in scores], width, label=collection.name
        )
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set_xticks(np.arange(len(systems)) + width * (len(results) - 1) / 2, systems)
    axes.set_ylabel("nDCG@10 (%)")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
