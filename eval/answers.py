"""Are the answers good? Questions with evidence, asked to the advisor and to simpler systems.

    advisor eval answers QUESTIONS.jsonl FOLDER [--also FOLDER] [--report FILE.md]

Each line of QUESTIONS holds ``question``, ``history``, ``lang``, ``type``, ``evidence`` (verbatim
pieces of the documents), ``key_facts`` and ``answerable_from`` (``seed``: the evidence is in
FOLDER; ``dossier``: the folder given with ``--also`` covers it; ``none``: nowhere).

FOLDER is imported alone into a fresh home, where the evidence is unambiguous; with ``--also`` a
second home holds both folders. Texts are compared on letters and digits alone.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from advisor.answer.answerer import Answerer
from advisor.errors import UsageError
from advisor.retrieval.conversation import Turn, turns_of
from advisor.settings import Settings
from advisor.text.analysis import analyse
from advisor.text.language import Language
from eval.lines import read_lines
from ingest.pipeline import Importer

# A key fact is paraphrased: it counts as told when its numbers and half of its words are there.
_FACT_SHARE = 0.5
_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f.,]\d+)*")
# A cited sentence shares this much with the evidence to count as holding part of it.
_OVERLAP = 40
_WORST = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the set; ``turns`` came before it."""

    key: str
    text: str
    turns: tuple[Turn, ...]
    lang: Language
    kind: str
    evidence: tuple[str, ...]
    facts: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a system said: the status, the quotes in order, what else the reader sees."""

    status: str
    quotes: tuple[str, ...]
    text: str
    verdicts: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(slots=True)
class Outcome:
    """A reply judged against its question."""

    question: Question
    reply: Reply
    quoted: list[bool] = field(default_factory=list)
    holding: list[bool] = field(default_factory=list)
    facts: list[bool] = field(default_factory=list)


System = Callable[[Question], Reply]


def read_questions(path: Path) -> list[Question]:
    """Read a question file.

    Raises:
        UsageError: it is missing, or a line cannot be read.
    """
    return read_lines(path, _question)


def _question(number: int, entry: dict[str, Any]) -> Question:
    return Question(
        entry.get("id", str(number)),
        entry["question"],
        tuple(turns_of(entry.get("history", ()))),
        entry["lang"],
        entry.get("type", ""),
        tuple(entry.get("evidence", ())),
        tuple(entry.get("key_facts", ())),
        entry["answerable_from"],
    )


def advisor_system(answerer: Answerer) -> System:
    """The advisor itself, extractive."""

    def ask(question: Question) -> Reply:
        started = time.perf_counter()
        answer = answerer.answer(question.text, question.turns)
        quotes = tuple(citation.quote for citation in answer.citations)
        verdicts = tuple(citation.verdict.value for citation in answer.citations)
        seconds = time.perf_counter() - started
        return Reply(answer.status, quotes, answer.answer_markdown, verdicts, seconds)

    return ask


def first_passage(answerer: Answerer) -> System:
    """The first passage found, whole, as the answer."""

    def ask(question: Question) -> Reply:
        hits = answerer.search.search(question.text, 1, history=question.turns).hits
        texts = tuple(hit.passage.text for hit in hits)
        return Reply("answered" if texts else "insufficient", texts, "\n".join(texts))

    return ask


def first_chunk(folders: Sequence[Path], model: str) -> System:
    """The top chunk of the usual LangChain pipeline: text files, recursive splitter, vectors."""
    from langchain_core.documents import Document as Chunk
    from langchain_core.vectorstores import InMemoryVectorStore
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from advisor.index.embedding import load_embeddings

    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    documents = [
        Chunk(page_content=path.read_text(encoding="utf-8"))
        for path in paths
        if path.suffix in (".txt", ".md")
    ]
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    store = InMemoryVectorStore(load_embeddings(model))
    store.add_documents(splitter.split_documents(documents))

    def ask(question: Question) -> Reply:
        texts = tuple(one.page_content for one in store.similarity_search(question.text, k=1))
        return Reply("answered", texts, "\n".join(texts))

    return ask


def judge(question: Question, reply: Reply) -> Outcome:
    """Compare a reply with the evidence and the key facts of its question."""
    answered = reply.status != "insufficient"
    shown = _bare(" ".join(reply.quotes)) if answered else ""
    pieces = [_bare(piece) for piece in question.evidence]
    return Outcome(
        question,
        reply,
        quoted=[piece in shown for piece in pieces],
        holding=[_holds_part(_bare(quote), pieces) for quote in reply.quotes] if answered else [],
        facts=[answered and _told(fact, reply, question.lang) for fact in question.facts],
    )


def run(questions: Iterable[Question], system: System) -> list[Outcome]:
    """Ask every question."""
    return [judge(question, system(question)) for question in questions]


def figures(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Return the figures of a group of questions, shares in percent, ``None`` where none applies.

    ``quoted`` is the share of the pieces of evidence quoted, each question weighing the same;
    ``any`` and ``all`` the share of questions with one piece, and with every piece. ``precision``
    is the share of cited sentences that hold part of the evidence, ``first`` the share of
    questions whose first citation does.
    """
    evident = [one for one in outcomes if one.quoted]
    answered = [one for one in evident if one.reply.status != "insufficient"]
    lengths = [len(one.reply.text.split()) for one in outcomes]
    return {
        "n": len(outcomes),
        "quoted": _percent([sum(one.quoted) / len(one.quoted) for one in evident]),
        "any": _percent([any(one.quoted) for one in evident]),
        "all": _percent([all(one.quoted) for one in evident]),
        "precision": _percent([held for one in answered for held in one.holding]),
        "first": _percent([bool(one.holding and one.holding[0]) for one in evident]),
        "facts": _percent([sum(one.facts) / len(one.facts) for one in outcomes if one.facts]),
        "refused": _percent([one.reply.status == "insufficient" for one in outcomes]),
        "verified": _percent([v == "verified" for one in outcomes for v in one.reply.verdicts]),
        "words": float(np.median(lengths)) if lengths else None,
        "ms": float(np.median([1000 * one.reply.seconds for one in outcomes])) if lengths else None,
    }


def evaluate(
    questions: Sequence[Question],
    folder: Path,
    also: Path | None = None,
    models: Sequence[str] = (),
) -> dict[str, list[Outcome]]:
    """Return the outcomes by system: in FOLDER alone, then in both folders.

    Raises:
        UsageError: a folder is missing or empty.
    """
    for path in (folder, also):
        if path is not None and not path.is_dir():
            raise UsageError("no_such_folder", path=str(path))
    results: dict[str, list[Outcome]] = {}
    with tempfile.TemporaryDirectory() as work:
        alone = _answerer(Path(work) / "alone", [folder])
        near = [one for one in questions if one.source in ("seed", "none")]
        results["advisor"] = run(near, advisor_system(alone))
        results["first passage"] = run(near, first_passage(alone))
        for name in models:
            results[f"LangChain + {Path(name).name}"] = run(near, first_chunk([folder], name))
        if also is not None:
            both = _answerer(Path(work) / "both", [folder, also])
            results["advisor, both folders"] = run(questions, advisor_system(both))
    return results


def report(results: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the figures as Markdown: by system, language and type, then the worst answers."""
    columns = (
        "quoted", "any", "all", "precision", "first", "facts", "refused", "verified", "words", "ms",
    )  # fmt: skip
    lines: list[str] = []
    for system, outcomes in results.items():
        lines += [f"## {system}", "", f"| | n | {' | '.join(columns)} |"]
        lines += [f"|---|{'---|' * (len(columns) + 1)}"]
        for name, group in _groups(outcomes).items():
            values = figures(group)
            cells = " | ".join(_cell(values[column]) for column in columns)
            lines.append(f"| {name} | {values['n']:.0f} | {cells} |")
        lines.append("")
    verdicts = Counter(v for one in results["advisor"] for v in one.reply.verdicts)
    shown = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    lines += [f"Citations of the advisor, first folder: {shown}.", "", "## Worst answers", ""]
    worst = sorted(
        (one for one in results["advisor"] if one.quoted or one.question.source == "none"),
        key=lambda one: (_merit(one), one.question.key),
    )
    for one in worst[:_WORST]:
        missing = [piece for piece, held in zip(one.question.evidence, one.quoted, strict=True)
                   if not held]  # fmt: skip
        lines += [f"**{one.question.key}. {one.question.text}** ({one.reply.status})", ""]
        lines += [f"> {line}" for line in one.reply.text.splitlines() if line.strip()]
        lines += ["", *(f"- missing: «{piece}»" for piece in missing), ""]
    return "\n".join(lines)


def _answerer(home: Path, folders: list[Path]) -> Answerer:
    settings = Settings(home=home, llm=None)
    Importer(settings).run(folders)
    return Answerer(settings)


def _groups(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Answerable ones by language and type; those that nothing answers, apart."""
    groups: dict[str, list[Outcome]] = {}
    for source in dict.fromkeys(one.question.source for one in outcomes):
        of_source = [one for one in outcomes if one.question.source == source]
        groups[f"**{source}**"] = of_source
        if source == "none":
            continue
        for name in ("lang", "kind"):
            for value in sorted({getattr(one.question, name) for one in of_source}):
                groups[f"{source}: {value}"] = [
                    one for one in of_source if getattr(one.question, name) == value
                ]
    return groups


def _merit(outcome: Outcome) -> float:
    if outcome.question.source == "none":
        return float(outcome.reply.status == "insufficient")
    share = sum(outcome.quoted) / len(outcome.quoted)
    precision = sum(outcome.holding) / len(outcome.holding) if outcome.holding else 0.0
    return share + 0.1 * precision


def _holds_part(quote: str, pieces: Sequence[str]) -> bool:
    return any(
        piece in quote
        or quote in piece
        or any(
            piece[place : place + _OVERLAP] in quote
            for place in range(0, max(1, len(piece) - _OVERLAP), 10)
            if len(piece) >= _OVERLAP
        )
        for piece in pieces
    )


def _told(fact: str, reply: Reply, lang: Language) -> bool:
    text = " ".join([reply.text, *reply.quotes])
    held = {_digits(number) for number in _NUMBER.findall(text)}
    if any(_digits(number) not in held for number in _NUMBER.findall(fact)):
        return False
    words = {term for term in analyse(fact, lang) if not term[0].isdigit()}
    present = set(analyse(text, lang)) | set(analyse(text, "fr"))
    return len(words & present) >= _FACT_SHARE * len(words)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _percent(values: Sequence[float]) -> float | None:
    return 100 * float(np.mean(values)) if values else None


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
