"""The command line: parses, calls, prints; no logic."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from advisor.catalogue.records import Filters
from advisor.catalogue.store import Catalogue
from advisor.errors import AdvisorError, IndexUnavailable, UsageError
from advisor.i18n import format_date, format_number, translate
from advisor.settings import Settings, get_settings


def _lang() -> str:
    try:
        return get_settings().lang
    except AdvisorError:
        return "fr"


def _t(key: str, **params: object) -> str:
    return translate(f"cli.{key}", _lang(), **params)


app = typer.Typer(help=_t("help"), no_args_is_help=True, pretty_exceptions_enable=False)
corpus_app = typer.Typer(help=_t("corpus_help"), no_args_is_help=True)
app.add_typer(corpus_app, name="corpus")
eval_app = typer.Typer(help=_t("eval_help"), no_args_is_help=True)
app.add_typer(eval_app, name="eval")

_INTERRUPTED = 130

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help=_t("json_help"))]


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


# -- documents -------------------------------------------------------------------------


@app.command("import", help=_t("import_help"))
def import_command(
    paths: Annotated[list[str], typer.Argument(metavar="CHEMIN…")],
    restore: Annotated[bool, typer.Option("--restore", help=_t("restore_help"))] = False,
    as_json: Json = False,
) -> None:
    from ingest.pipeline import Importer

    settings = get_settings()
    places = [place for path in paths for place in _expand(path)]
    with _progress(quiet=as_json) as progress:
        report = Importer(settings, lang=settings.lang, progress=progress).run(
            places, restore=restore
        )
    if as_json:
        _print_json(report.model_dump(mode="json"))
    else:
        for file in report.documents:
            if file.message:
                label = _t(f"outcome_{file.outcome.value}")
                out.print(
                    f"{label} : {file.path}",
                    style=_STYLES.get(file.outcome.value, ""),
                    markup=False,
                )
                out.print(f"    {file.message}", markup=False)
        totals = report.totals
        summary = _t(
            "import_total",
            warned=totals.imported_with_warnings,
            **totals.model_dump(exclude={"imported_with_warnings"}),
        )
        out.print(summary if totals.files else _t("nothing_to_import"), markup=False)
    if report.totals.refused or not report.totals.files:
        raise typer.Exit(1)


_STYLES = {"refused": "red", "imported_with_warnings": "yellow", "imported": "green"}


def _expand(path: str) -> Iterator[Path]:
    if path != "-":
        yield Path(path)
        return
    for line in sys.stdin:
        if line.strip():
            yield Path(line.rstrip("\n"))


class _progress:  # noqa: N801 (used as a function)
    """A progress bar per stage, with rate and remaining time; silent with ``quiet``."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._tasks: dict[str, Any] = {}
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=quiet or not err.is_terminal,
        )

    def __enter__(self) -> _progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(_t(f"stage_{stage}"), total=total, rate="")
        task = self._bar.tasks[self._tasks[stage]]
        rate = _t("rate", rate=round(task.speed)) if task.speed else ""
        self._bar.update(self._tasks[stage], completed=done, total=total, rate=rate)


@app.command(help=_t("documents_help"))
def documents(
    every: Annotated[bool, typer.Option("--all", help=_t("all_help"))] = False,
    as_json: Json = False,
) -> None:
    settings = get_settings()
    found = Catalogue(settings.catalogue_path).documents(every_state=every)
    if as_json:
        _print_json([asdict(document) for document in found])
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "kind", "title", "date", "pages", "passages"):
        table.add_column(_t(f"column_{name}"), no_wrap=name == "id", min_width=16 * (name == "id"))
    for one in found:
        kind = translate(f"kinds.{one.kind}", settings.lang)
        state = "" if one.state == "current" else f" ({_t(f'state_{one.state}')})"
        table.add_row(
            one.id, kind, one.title + state, format_date(one.date, settings.lang),
            str(one.pages), str(one.passages),
        )  # fmt: skip
    out.print(table)
    out.print(_t("documents_total", count=len(found)), markup=False)


@app.command(help=_t("show_help"))
def show(document_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    settings = get_settings()
    catalogue = Catalogue(settings.catalogue_path)
    summary = catalogue.summary(document_id)
    passages = catalogue.passages_of(summary.id)
    if as_json:
        _print_json({**asdict(summary), "text": [asdict(passage) for passage in passages]})
        return
    out.print(summary.title, style="bold", markup=False)
    out.print(
        f"{summary.id} · {translate(f'kinds.{summary.kind}', settings.lang)} · "
        f"{_t(f'state_{summary.state}')} · {format_date(summary.date, settings.lang)}",
        markup=False,
    )
    for path in summary.paths:
        out.print(path, style="dim", markup=False)
    for passage in passages:
        place = " > ".join(passage.headings)
        out.print(f"\n— {passage.page} · {place}", style="dim", markup=False)
        out.print(passage.text, markup=False)


@app.command(help=_t("remove_help"))
def remove(
    document_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False
) -> None:
    from ingest.pipeline import withdraw

    with _progress(quiet=as_json) as progress:
        summary = withdraw(get_settings(), document_id, progress)
    if as_json:
        _print_json({"document_id": summary.id, "title": summary.title, "state": "withdrawn"})
    else:
        out.print(_t("removed", title=summary.title), markup=False)


@app.command(help=_t("verify_help"))
def verify(as_json: Json = False) -> None:
    from advisor.index.embedding import load_embeddings
    from advisor.index.generations import IndexStore

    settings = get_settings()
    catalogue = Catalogue(settings.catalogue_path)
    store = IndexStore(settings.index_path, catalogue, settings.chroma_url)
    problems = store.verify(load_embeddings(settings.embedding_model).model_id)
    count = len(catalogue.passage_ids())
    if as_json:
        messages = [problem.message(settings.lang) for problem in problems]
        _print_json({"ok": not problems, "passages": count, "problems": messages})
    else:
        for problem in problems:
            out.print(problem.message(settings.lang), style="red", markup=False)
        if not problems:
            out.print(_t("verified", count=count), markup=False)
    if problems:
        raise typer.Exit(1)


@app.command(help=_t("rebuild_help"))
def rebuild(as_json: Json = False) -> None:
    from ingest.pipeline import rebuild as run

    with _progress(quiet=as_json) as progress:
        count = run(get_settings(), progress)
    if as_json:
        _print_json({"passages": count})
    else:
        out.print(_t("rebuilt", count=count), markup=False)


# -- questions -------------------------------------------------------------------------

Strings = list[str] | None
KindOption = Annotated[Strings, typer.Option("--kind", help=_t("filter_help"))]
TerritoryOption = Annotated[Strings, typer.Option("--territory", help=_t("filter_help"))]
ThemeOption = Annotated[Strings, typer.Option("--theme", help=_t("filter_help"))]
LanguageOption = Annotated[Strings, typer.Option("--language", help=_t("filter_help"))]
YearOption = Annotated[list[int] | None, typer.Option("--year", help=_t("filter_help"))]
DocumentOption = Annotated[Strings, typer.Option("--document", help=_t("filter_help"))]


def _filters(
    kind: Strings,
    territory: Strings,
    theme: Strings,
    language: Strings,
    year: list[int] | None,
    document: Strings,
) -> Filters:
    if kind:
        from advisor.catalogue.fiche import Kind

        known = [one.value for one in Kind]
        for value in set(kind) - set(known):
            raise UsageError("unknown_filter", name="--kind", value=value, known=", ".join(known))
    return Filters(
        tuple(kind or ()),
        tuple(territory or ()),
        tuple(theme or ()),
        tuple(language or ()),
        tuple(year or ()),
        tuple(document or ()),
    )


@app.command(help=_t("search_help"))
def search(
    query: Annotated[str, typer.Argument(metavar="QUESTION")],
    k: Annotated[int, typer.Option("--k", min=1, max=200, help=_t("k_help"))] = 10,
    kind: KindOption = None,
    territory: TerritoryOption = None,
    theme: ThemeOption = None,
    language: LanguageOption = None,
    year: YearOption = None,
    document: DocumentOption = None,
    as_json: Json = False,
) -> None:
    from advisor.retrieval.explain import why
    from advisor.retrieval.search import PassageSearch

    settings = get_settings()
    engine = PassageSearch(settings)
    result = engine.search(query, k, _filters(kind, territory, theme, language, year, document))
    passages = [
        {
            "document_id": hit.document.id,
            "title": hit.document.title,
            "kind": hit.document.kind,
            "page": hit.passage.page,
            "section": " > ".join(hit.passage.headings),
            "text": hit.passage.text,
            "score": round(hit.score, 4),
            "why": why(hit, settings.lang),
        }
        for hit in result.hits
    ]
    if as_json:
        _print_json({"query": query, "passages": passages})
    else:
        for problem in result.degraded:
            err.print(problem.message(settings.lang), style="yellow", markup=False)
        for number, one in enumerate(passages, start=1):
            out.print(f"\n{number}. {one['title']}", style="bold", markup=False)
            score = format_number(one["score"], settings.lang)
            out.print(f"   {one['section']} · {score} · {one['why']}", style="dim", markup=False)
            out.print(textwrap.indent(str(one["text"]), "   "), markup=False)
        if not passages:
            out.print(_t("no_passage"), markup=False)
    _heal(engine, settings)


@app.command(help=_t("ask_help"))
def ask(
    question: Annotated[str | None, typer.Argument(metavar="QUESTION")] = None,
    jsonl: Annotated[
        str | None, typer.Option("--jsonl", metavar="FICHIER", help=_t("jsonl_help"))
    ] = None,
    kind: KindOption = None,
    territory: TerritoryOption = None,
    theme: ThemeOption = None,
    language: LanguageOption = None,
    year: YearOption = None,
    document: DocumentOption = None,
    as_json: Json = False,
) -> None:
    from advisor.answer.answerer import Answerer

    settings = get_settings()
    answerer = Answerer(settings)
    filters = _filters(kind, territory, theme, language, year, document)
    if jsonl is not None:
        failed = _ask_lines(answerer, jsonl, filters)
        _heal(answerer.search, settings)
        if failed:
            raise typer.Exit(1)
        return
    try:
        answer = answerer.answer(question or "", filters=filters)
    except IndexUnavailable:
        # Neither index can be read: they are rebuilt first.
        _heal(answerer.search, settings)
        answer = answerer.answer(question or "", filters=filters)
    if as_json:
        _print_json(answer.model_dump(mode="json"))
    else:
        _print_answer(answer)
    _heal(answerer.search, settings)


def _ask_lines(answerer: Any, source: str, filters: Filters) -> bool:
    """Answer one question per line; a line that cannot be answered gives an ``error``."""
    failed = False
    for number, line in _numbered_lines(source):
        identifier: object = None
        try:
            entry = _json_object(line, number)
            identifier = entry.get("id")
            _check_question(entry, number)
            turns = entry.get("history") or []
            history = [turn["content"] for turn in turns if turn.get("role") == "user"]
            answer = answerer.answer(entry["question"], history, filters)
            result = {"id": identifier, **answer.model_dump(mode="json")}
        except AdvisorError as error:
            failed = True
            result = {"id": identifier, "error": error.message(_lang())}
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return failed


def _numbered_lines(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their number; ``-`` is the standard input."""
    try:
        with (
            nullcontext(sys.stdin) if source == "-" else Path(source).open(encoding="utf-8") as file
        ):
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except (OSError, UnicodeDecodeError):
        raise UsageError("no_such_file", path=source) from None


def _json_object(line: str, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise UsageError("bad_jsonl", line=number)
    return entry


def _check_question(entry: dict[str, Any], number: int) -> None:
    turns = entry.get("history") or []
    sound = isinstance(turns, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("content"), str) for turn in turns
    )
    if not sound or not isinstance(entry.get("question"), str):
        raise UsageError("bad_question", line=number)


def _print_answer(answer: Any) -> None:
    lang = answer.language
    for notice in answer.notices:
        err.print(notice, style="yellow", markup=False)
    out.print(answer.answer_markdown.replace("**", ""), markup=False)
    if answer.citations:
        out.print(f"\n{translate('cli.sources', lang)}", style="bold", markup=False)
    for citation in answer.citations:
        place = [citation.title]
        if citation.page_label:
            place.append(translate("answer.page", lang, page=citation.page_label))
        if citation.section:
            place.append(citation.section)
        verdict = translate(f"answer.{citation.verdict.value}", lang)
        out.print(f"[{citation.n}] {', '.join(place)} ({verdict})", markup=False)
        for source in citation.sources:
            date = f", {format_date(source.date, lang)}" if source.date else ""
            out.print(f"    {source.name}{date} {source.url or ''}", style="dim", markup=False)
    if not answer.sentences:
        for citation in answer.citations:
            out.print(f"\n[{citation.n}] {citation.quote}", markup=False)


def _heal(engine: Any, settings: Settings) -> None:
    """Rebuild, once the answer is out, an index found missing or damaged."""
    if not engine.needs_rebuild():
        return
    from ingest.pipeline import rebuild as run

    try:
        run(settings)
    except AdvisorError as error:
        err.print(error.message(settings.lang), style="yellow", markup=False)
    else:
        err.print(_t("healed"), style="green", markup=False)


# -- page and corpus -------------------------------------------------------------------


@app.command(help=_t("serve_help"))
def serve() -> None:
    from advisor.web.server import serve as run

    run(get_settings())


@eval_app.command("retrieval", help=_t("eval_retrieval_help"))
def eval_retrieval(
    folders: Annotated[list[Path], typer.Argument(metavar="DOSSIER...")],
    model: Annotated[list[str] | None, typer.Option(help=_t("eval_model_help"))] = None,
    report: Annotated[Path | None, typer.Option(help=_t("eval_report_help"))] = None,
    as_json: Json = False,
) -> None:
    try:
        import ir_measures  # noqa: F401

        from eval import retrieval
    except ModuleNotFoundError as error:
        raise UsageError("eval_not_installed", name=error.name or "eval") from None
    results = [retrieval.benchmark(folder, model or ()) for folder in folders]
    if as_json:
        _print_json(
            {
                collection.name: {score.system: dict(score.means) for score in scores}
                for collection, scores in results
            }
        )
    text = "\n".join(retrieval.report(collection, scores) for collection, scores in results)
    if not as_json:
        out.print(text, markup=False, soft_wrap=True)
    if report is not None:
        chart = report.with_suffix(".png")
        retrieval.plot(results, chart)
        report.write_text(f"{text}\n![nDCG@10]({chart.name})\n", encoding="utf-8")


@corpus_app.command("check", help=_t("check_help"))
def corpus_check(
    folder: Annotated[Path, typer.Argument(metavar="DOSSIER")] = Path("corpus"),
    as_json: Json = False,
) -> None:
    from advisor.catalogue.fiche import check_corpus

    if not folder.is_dir():
        raise UsageError("no_such_folder", path=str(folder))
    count, problems = check_corpus(folder)
    if as_json:
        found = [
            {"path": str(one.path), "line": one.problem.line, "message": one.problem.message}
            for one in problems
        ]
        _print_json({"fiches": count, "problems": found})
    else:
        for one in problems:
            out.print(f"{one.path}:{one.problem.line}: {one.problem.message}", markup=False)
        key = "fiches_bad" if problems else "fiches_ok"
        out.print(_t(key, count=count, problems=len(problems)), markup=False)
    if problems or not count:
        raise typer.Exit(1)


# -- entry point -----------------------------------------------------------------------


def main() -> NoReturn:
    """Run the command line. Exit codes: 0 done, 1 failed or refused, 2 wrong usage."""
    try:
        code = app(standalone_mode=False)
        if code == _INTERRUPTED:
            err.print(_t("interrupted"), style="yellow", markup=False)
        sys.exit(code if isinstance(code, int) else 0)
    except AdvisorError as error:
        err.print(error.message(_lang()), style="red", markup=False)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except (typer.Abort, KeyboardInterrupt):
        err.print(_t("interrupted"), style="yellow", markup=False)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except typer.TyperException as error:
        # Wrong usage; Typer's own sentences are in English.
        err.print(_usage_sentence(error), style="red", markup=False)
        sys.exit(2)


def _usage_sentence(error: Any) -> str:
    name = type(error).__name__
    parameter = getattr(error, "param", None)
    if name == "NoArgsIsHelpError":
        return _t("usage_command")
    if name == "NoSuchOption":
        return _t("usage_option", name=error.option_name)
    if name == "MissingParameter" and parameter is not None:
        return _t("usage_missing", name=parameter.metavar or parameter.name)
    if parameter is not None:
        return _t("usage_value", name=parameter.opts[-1])
    return _t("usage_command")
