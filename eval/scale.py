"""Ranking and answers over many passages: their times, and the memory of the process.

    python -m eval.scale [--passages 100000] [--prose FILE --questions FILE]

Without files, passages and questions are words of the starter corpus drawn at random. Texts have
more words and questions fewer: a file of prose (JSON lines with a title and a text, packed by xz
or not) and one of questions (JSON lines with a text) measure what a real corpus costs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import lzma
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from eval.processes import HERE, timed

# How many questions are asked; the first so many warm the process up.
_ASKED, _FIRST = 240, 40
# Texts of one title that make a document, at most.
_TEXTS = 60

_WARM = """
import json, resource, sys, time
from pathlib import Path
from advisor.answer.answerer import Answerer
from advisor.settings import Settings
home, first, *asked = sys.argv[1:]
first = int(first)
answerer = Answerer(Settings(home=Path(home)))
for question in asked[:first]:
    answerer.answer(question)
asked = asked[first:]
rank = lambda question: answerer.search.search(question, 8)
for ask in (rank, answerer.answer, rank, answerer.answer):
    times = []
    for question in asked:
        started = time.perf_counter()
        ask(question)
        times.append(1000 * (time.perf_counter() - started))
    times.sort()
    print(json.dumps([times[len(times) // 2], times[int(len(times) * 0.95)]]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
"""


def measure_scale(passages: int, prose: Path | None = None, asked: Path | None = None) -> None:
    """Fill a home and print the times of questions, with the token encoder and without."""
    work = Path(tempfile.mkdtemp(prefix="advisor-scale-"))
    try:
        source = str(prose.resolve()) if prose else None
        fill = f"from eval.scale import fill_home; fill_home({str(work)!r}, {passages}, {source!r})"
        sys.stdout.flush()
        subprocess.run([sys.executable, "-c", fill], check=True, cwd=HERE)
        measure_home(work, read_questions(asked) if asked else mixed_questions(_ASKED))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def measure_home(home: Path, questions: list[str]) -> None:
    """Print the times of questions over a home that is filled, and the memory of the process."""
    for which, environment in (("", {}), (", no token encoder", {"ADVISOR_TOKEN_ENCODER": ""})):
        command = [sys.executable, "-c", _WARM, str(home), str(_FIRST), *questions]
        output, _ = timed(command, **environment)
        *times, peak = (json.loads(line) for line in output.splitlines()[-5:])
        for name, (median, late) in zip(
            ("ranking, new", "answer, ranked", "ranking, again", "answer, again"),
            times,
            strict=True,
        ):
            print(f"  {name:16} p50 {median:.1f} ms, p95 {late:.1f} ms{which}")
        print(f"  memory           {peak:.0f} MB{which}")


def corpus_words() -> list[str]:
    """Return the words of the starter corpus, in order."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((HERE / "corpus").rglob("*.md"))]
    return [word for text in texts for word in text.split() if word.isalpha()]


def mixed_questions(count: int) -> list[str]:
    """Return questions drawn from the starter corpus's words."""
    draw = random.Random(1)
    words = corpus_words()
    return ["Comment " + " ".join(draw.choices(words, k=7)) + " ?" for _ in range(count)]


def read_questions(path: Path) -> list[str]:
    """Return some of the questions of a file, from all of its length."""
    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    return texts[:: max(1, len(texts) // _ASKED)][:_ASKED]


def _mixed_documents() -> Iterator[tuple[str, list[str]]]:
    draw = random.Random(0)
    words = corpus_words()
    for number in itertools.count():
        yield (
            f"Document {number}",
            [" ".join(draw.choices(words, k=100)).capitalize() + "." for _ in range(200)],
        )


def _prose_documents(path: Path) -> Iterator[tuple[str, list[str]]]:
    opened = lzma.open if path.suffix == ".xz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        texts = ((one["title"], one["text"]) for one in map(json.loads, lines))
        for title, group in itertools.groupby(texts, key=lambda one: one[0]):
            while some := [text for _, text in itertools.islice(group, _TEXTS)]:
                yield title, some


def fill_home(home: str, passages: int, prose: str | None = None) -> None:
    """Fill a home with so many passages, through the catalogue."""
    from advisor.catalogue.ledger import ImportLedger, SourceFile
    from advisor.catalogue.records import Document, Page
    from advisor.catalogue.store import Catalogue
    from advisor.index.embedding import load_embeddings
    from advisor.settings import SHIPPED_MODEL, Settings
    from ingest.pipeline import index_store
    from ingest.raw import RawBlock
    from ingest.split import split
    from ingest.structure import canonical_from_blocks

    settings = Settings(home=Path(home))
    catalogue = Catalogue(settings.catalogue_path)
    ledger = ImportLedger(catalogue)
    model = load_embeddings(str(SHIPPED_MODEL))
    documents = _prose_documents(Path(prose)) if prose else _mixed_documents()
    made = 0
    for number, (title, texts) in enumerate(documents):
        canonical = canonical_from_blocks([RawBlock("paragraph", text) for text in texts])
        identifier = f"{number:016x}"
        parts = split(canonical, identifier)[: passages - made]
        document = Document(
            identifier, title, "document", "text", "fr", canonical.text,
            (Page(1, "", 0, len(canonical.text)),),
        )  # fmt: skip
        vectors = model.encode([part.text for part in parts])
        file = SourceFile(f"/bench/{number}", 0, 0)
        ledger.stage(document, parts, vectors, model.model_id, 1, file)
        made += len(parts)
        if made == passages:
            break
    print(f"{made} passages of {Path(prose).name if prose else 'words drawn at random'}")
    index_store(settings, catalogue).build(model)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--prose", type=Path)
    parser.add_argument("--questions", type=Path)
    options = parser.parse_args()
    measure_scale(options.passages, options.prose, options.questions)


if __name__ == "__main__":
    main()
