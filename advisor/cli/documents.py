"""Commands on the documents: import, list, show, withdraw, check, rebuild."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from advisor.catalogue.originals import without_original
from advisor.catalogue.store import Catalogue
from advisor.cli.terminal import Json, ProgressBar, labelled, out, print_json, text
from advisor.errors import StorageError, UsageError
from advisor.i18n import format_date, translate
from advisor.settings import get_settings
from advisor.text.normalise import encodable

app = typer.Typer()
corpus_app = typer.Typer(help=text("corpus_help"), no_args_is_help=True)


@app.command("import", help=text("import_help"))
def import_command(
    paths: Annotated[list[str], typer.Argument(metavar=text("name_path"))],
    restore: Annotated[bool, typer.Option("--restore", help=text("restore_help"))] = False,
    as_json: Json = False,
) -> None:
    from ingest.pipeline import Importer

    settings = get_settings()
    places = [place for path in paths for place in _expand(path)]
    with ProgressBar(quiet=as_json) as progress:
        report = Importer(settings, lang=settings.lang, progress=progress).run(
            places, restore=restore
        )
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        for file in report.documents:
            if file.message:
                label = text(f"outcome_{file.outcome.value}")
                out.print(
                    labelled(label, file.path),
                    style=_STYLES.get(file.outcome.value, ""),
                    markup=False,
                )
                out.print(f"    {file.message}", markup=False)
        totals = report.totals
        summary = text(
            "import_total",
            warned=totals.imported_with_warnings,
            **totals.model_dump(exclude={"imported_with_warnings"}),
        )
        out.print(summary if totals.files else text("nothing_to_import"), markup=False)
    if report.totals.refused or not report.totals.files:
        raise typer.Exit(1)


_STYLES = {"refused": "red", "imported_with_warnings": "yellow", "imported": "green"}


def _expand(path: str) -> Iterator[Path]:
    if path != "-":
        if not path.strip():  # a shell variable that is not set
            raise UsageError("empty_path")
        yield Path(path)
        return
    for line in sys.stdin:
        if line.strip():
            yield Path(line.rstrip("\n"))


@app.command(help=text("documents_help"))
def documents(
    every: Annotated[bool, typer.Option("--all", help=text("all_help"))] = False,
    as_json: Json = False,
) -> None:
    settings = get_settings()
    found = Catalogue(settings.catalogue_path).documents(every_state=every)
    if as_json:
        print_json([asdict(document) for document in found])
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "kind", "title", "date", "pages", "passages"):
        table.add_column(
            text(f"column_{name}"), no_wrap=name == "id", min_width=16 * (name == "id")
        )
    for one in found:
        kind = translate(f"kinds.{one.kind}", settings.lang)
        state = "" if one.state == "current" else f" ({text(f'state_{one.state}')})"
        table.add_row(
            one.id, kind, one.title + state, format_date(one.date, settings.lang),
            str(one.pages), str(one.passages),
        )  # fmt: skip
    out.print(table)
    out.print(text("documents_total", count=len(found)), markup=False)


@app.command(help=text("show_help"))
def show(
    document_id: Annotated[str, typer.Argument(metavar="ID", callback=encodable)],
    as_json: Json = False,
) -> None:
    settings = get_settings()
    catalogue = Catalogue(settings.catalogue_path)
    summary = catalogue.summary(document_id)
    passages = catalogue.passages_of(summary.id)
    if as_json:
        print_json({**asdict(summary), "text": [asdict(passage) for passage in passages]})
        return
    out.print(summary.title, style="bold", markup=False)
    out.print(
        f"{summary.id} · {translate(f'kinds.{summary.kind}', settings.lang)} · "
        f"{text(f'state_{summary.state}')} · {format_date(summary.date, settings.lang)}",
        markup=False,
    )
    for path in summary.paths:
        out.print(path, style="dim", markup=False)
    for passage in passages:
        place = " > ".join(passage.headings)
        out.print(f"\n— {passage.page} · {place}", style="dim", markup=False)
        out.print(passage.text, markup=False)


@app.command(help=text("remove_help"))
def remove(
    document_id: Annotated[str, typer.Argument(metavar="ID", callback=encodable)],
    as_json: Json = False,
) -> None:
    from ingest.pipeline import withdraw

    with ProgressBar(quiet=as_json) as progress:
        summary = withdraw(get_settings(), document_id, progress)
    if as_json:
        print_json({"document_id": summary.id, "title": summary.title, "state": "withdrawn"})
    else:
        out.print(text("removed", title=summary.title), markup=False)


@app.command(help=text("verify_help"))
def verify(as_json: Json = False) -> None:
    from advisor.index.embedding import load_embeddings
    from advisor.index.generations import IndexStore

    settings = get_settings()
    catalogue = Catalogue(settings.catalogue_path)
    store = IndexStore(settings.index_path, catalogue, settings.chroma_url)
    problems = store.verify(load_embeddings(settings.embedding_model).model_id)
    current = [one.id for one in catalogue.documents()]
    if lost := without_original(settings.originals_path, current):
        problems.append(StorageError("originals_lost", count=len(lost)))
    count = len(catalogue.passage_ids())
    if as_json:
        messages = [problem.message(settings.lang) for problem in problems]
        print_json({"ok": not problems, "passages": count, "problems": messages})
    else:
        for problem in problems:
            out.print(problem.message(settings.lang), style="red", markup=False)
        if not problems:
            out.print(text("verified", count=count), markup=False)
    if problems:
        raise typer.Exit(1)


@app.command(help=text("rebuild_help"))
def rebuild(as_json: Json = False) -> None:
    from ingest.pipeline import rebuild as run

    with ProgressBar(quiet=as_json) as progress:
        count = run(get_settings(), progress)
    if as_json:
        print_json({"passages": count})
    else:
        out.print(text("rebuilt", count=count), markup=False)


@corpus_app.command("check", help=text("check_help"))
def corpus_check(
    folder: Annotated[Path, typer.Argument(metavar=text("name_folder"))] = Path("corpus"),
    as_json: Json = False,
) -> None:
    from advisor.catalogue.fiche_check import check_corpus

    if not folder.is_dir():
        code = "not_a_folder" if folder.exists() else "no_such_folder"
        raise UsageError(code, path=str(folder))
    count, problems = check_corpus(folder)
    if not count:
        raise UsageError("no_fiche", path=str(folder))
    if as_json:
        found = [
            {"path": str(one.path), "line": one.problem.line, "message": one.problem.message}
            for one in problems
        ]
        print_json({"fiches": count, "problems": found})
    else:
        for one in problems:
            out.print(f"{one.path}:{one.problem.line}: {one.problem.message}", markup=False)
        key = "fiches_bad" if problems else "fiches_ok"
        out.print(text(key, count=count, problems=len(problems)), markup=False)
    if problems:
        raise typer.Exit(1)
