"""Speed and memory, each figure with the command that gives it.

    python -m eval.speed FOLDER [--passages 100000] [--prose FILE --questions FILE]

1. import of the folder's text PDFs, end to end, beside the standard LangChain pipeline (pypdf,
   recursive splitter, Chroma) with the same embedding, on the same files in one run;
2. re-import of an unchanged folder of 2,000 small files;
3. `advisor ask` from a cold start;
4. warm questions and memory over many passages (`eval.scale`): words drawn at random, and prose;
5. suggestions and peers over many fiches.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from eval.processes import HERE, peak_of, timed
from eval.scale import corpus_words, measure_scale


def _command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).parent / "advisor"), *arguments, "--json"]


def _advisor(home: Path, *arguments: str) -> tuple[dict, float]:
    output, seconds = timed(_command(*arguments), ADVISOR_HOME=str(home))
    return json.loads(output), seconds


def _text_pdfs(folder: Path, home: Path) -> list[Path]:
    report, _ = _advisor(home, "import", *[str(path) for path in sorted(folder.glob("*.pdf"))])
    return [Path(file["path"]) for file in report["documents"] if file["outcome"] != "refused"]


_LANGCHAIN = """
import sys
from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter
import chromadb, pypdf
from advisor.index.embedding import load_embeddings
from advisor.settings import SHIPPED_MODEL
# PyPDFLoader's work without its archived package: one document a page.
readers = [pypdf.PdfReader(path) for path in sys.argv[2:]]
pages = [Document(page.extract_text()) for reader in readers for page in reader.pages]
chunks = RecursiveCharacterTextSplitter(chunk_size=900, chunk_overlap=100).split_documents(pages)
model = load_embeddings(str(SHIPPED_MODEL))
texts = [chunk.page_content for chunk in chunks]
store = chromadb.PersistentClient(sys.argv[1]).create_collection("chunks", embedding_function=None)
for first in range(0, len(texts), 5000):
    part = texts[first : first + 5000]
    ids = [str(first + i) for i in range(len(part))]
    store.add(ids=ids, documents=part, embeddings=model.embed_documents(part))
print(len(pages), len(chunks))
"""


def measure_import(folder: Path, work: Path) -> None:
    """Time the import of text PDFs, and the standard pipeline's on the same files."""
    files = _text_pdfs(folder, work / "probe")
    paths = [str(path) for path in files]
    report, seconds = _advisor(work / "import", "import", *paths)
    pages = report["totals"]["pages"]
    peak = peak_of(_command("import", *paths), ADVISOR_HOME=str(work / "import-memory"))
    print(
        f"import            {pages} pages in {seconds:.1f} s = {pages / seconds:.0f} pages/s, "
        f"peak {peak:.0f} MB (workers included)"
    )
    output, seconds = timed([sys.executable, "-c", _LANGCHAIN, str(work / "langchain"), *paths])
    peak = peak_of([sys.executable, "-c", _LANGCHAIN, str(work / "langchain-memory"), *paths])
    print(
        f"  langchain       {pages} pages in {seconds:.1f} s = {pages / seconds:.0f} pages/s, "
        f"peak {peak:.0f} MB{'' if output else ' (failed)'}"
    )


def measure_unchanged(work: Path, count: int = 2000) -> None:
    """Time the re-import of a folder in which nothing changed."""
    folder = work / "small"
    folder.mkdir()
    for number in range(count):
        (folder / f"note-{number}.txt").write_text(
            f"Note {number} sur la transition du territoire."
        )
    _advisor(work / "unchanged", "import", str(folder))
    report, seconds = _advisor(work / "unchanged", "import", str(folder))
    inside = report["totals"]["seconds"]
    assert report["totals"]["unchanged"] == count
    print(
        f"unchanged         {count} files in {seconds:.2f} s ({inside:.2f} s inside) = "
        f"{count / seconds:.0f} files/s with start-up"
    )


def measure_cold(work: Path) -> None:
    """Time `advisor ask` from a cold start, starter corpus."""
    _advisor(work / "corpus", "import", str(HERE / "corpus"))
    times = [
        _advisor(work / "corpus", "ask", "Comment impliquer les habitants ?")[1] for _ in range(5)
    ]
    print(
        f"cold ask          median {statistics.median(times):.2f} s, worst {max(times):.2f} s of 5"
    )


_GUIDANCE = """
import json, sys, time
from pathlib import Path
from advisor.answer.answerer import Answerer
from advisor.guidance.dispositifs import suggest
from advisor.guidance.fiches import Fiches
from advisor.guidance.peers import peers
from advisor.guidance.profile import Profile
from advisor.settings import Settings
from eval.scale import mixed_questions
fiches = Fiches(Answerer(Settings(home=Path(sys.argv[1]))))
profile = Profile(
    kind="commune", population=6568, departement="62", region="Hauts-de-France",
    contexts=["minier", "periurbain"], themes=["energie", "habitat"], latitude=50.5, longitude=2.8,
)
asked = mixed_questions(60)
for run in (lambda need: suggest(fiches, need, profile), lambda need: peers(fiches, profile, need)):
    for need in asked[:10]:
        run(need)
    times = []
    for need in asked[10:]:
        started = time.perf_counter()
        run(need)
        times.append(1000 * (time.perf_counter() - started))
    times.sort()
    print(json.dumps([times[len(times) // 2], times[int(len(times) * 0.95)]]))
"""


def measure_guidance(work: Path, dispositifs: int = 5_000, territories: int = 35_000) -> None:
    """Time suggestions and peers over many fiches, made from those of the starter corpus."""
    home = work / "fiches"
    fill = (
        "from eval.speed import fill_fiches; "
        f"fill_fiches({str(home)!r}, {dispositifs}, {territories})"
    )
    subprocess.run([sys.executable, "-c", fill], check=True, cwd=HERE)
    output, _ = timed([sys.executable, "-c", _GUIDANCE, str(home)])
    for name, line in zip(("suggest", "peers"), output.splitlines(), strict=True):
        median, late = json.loads(line)
        print(
            f"{name:17} {dispositifs} dispositifs, {territories} territories: "
            f"p50 {median:.0f} ms, p95 {late:.0f} ms"
        )


def fill_fiches(home: str, dispositifs: int, territories: int) -> None:
    """Fill a home with fiches re-mixed from the starter corpus: one passage each."""
    from advisor.catalogue.fiche import parse_fiche
    from advisor.catalogue.ledger import ImportLedger, SourceFile
    from advisor.catalogue.records import Document, Page, Passage
    from advisor.catalogue.store import Catalogue
    from advisor.index.embedding import load_embeddings
    from advisor.settings import SHIPPED_MODEL, Settings
    from ingest.pipeline import index_store

    settings = Settings(home=Path(home))
    catalogue = Catalogue(settings.catalogue_path)
    ledger = ImportLedger(catalogue)
    model = load_embeddings(str(SHIPPED_MODEL))
    draw = random.Random(0)
    words = corpus_words()
    for kind, count in (("dispositif", dispositifs), ("territoire", territories)):
        models = [
            parse_fiche(path.read_text(encoding="utf-8")).front.model_dump(
                mode="json", exclude_none=True
            )
            for path in sorted((HERE / "corpus" / f"{kind}s").glob("*.md"))
        ]
        for number in range(count):
            key = f"{kind[:4]}{number:06d}"
            record = {**draw.choice(models), "slug": key, "title": f"{kind.title()} {number}"}
            text = " ".join(draw.choices(words, k=60)).capitalize() + "."
            document = Document(
                key, record["title"], kind, "markdown", "fr", text,
                (Page(1, "", 0, len(text)),), record=record,
            )  # fmt: skip
            passage = Passage(f"p{key}", key, 0, 0, len(text), 1, (), text)
            file = SourceFile(f"/bench/{key}", 0, 0)
            vectors = model.encode([text])
            ledger.stage(document, [passage], vectors, model.model_id, 1, file)
    index_store(settings, catalogue).build(model)


def main() -> None:
    """Run the measures and print a line or two for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--prose", type=Path)
    parser.add_argument("--questions", type=Path)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    work = Path(tempfile.mkdtemp(prefix="advisor-bench-"))
    try:
        if options.folder.is_dir():
            measure_import(options.folder, work)
        else:
            print(f"import            {options.folder} n'existe pas ici : non mesuré")
        measure_unchanged(work)
        measure_cold(work)
        measure_scale(options.passages)
        if options.prose and options.prose.is_file():
            measure_scale(options.passages, options.prose, options.questions)
        measure_guidance(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
