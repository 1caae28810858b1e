"""Commands that search and answer."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from advisor.catalogue.records import Filters
from advisor.catalogue.store import Catalogue
from advisor.cli.guidance import ProfileFile, profile_of
from advisor.cli.terminal import Json, err, labelled, language, out, print_json, print_sources, text
from advisor.errors import AdvisorError, IndexUnavailable, UsageError, WriterBusy
from advisor.i18n import format_date, format_number, translate
from advisor.retrieval.conversation import turns_of
from advisor.settings import Settings, get_settings
from advisor.text.normalise import encodable

app = typer.Typer()

Result = TypeVar("Result")
Strings = list[str] | None
KindOption = Annotated[Strings, typer.Option("--kind", help=text("filter_help"))]
TerritoryOption = Annotated[Strings, typer.Option("--territory", help=text("filter_help"))]
ThemeOption = Annotated[Strings, typer.Option("--theme", help=text("filter_help"))]
LanguageOption = Annotated[Strings, typer.Option("--language", help=text("filter_help"))]
YearOption = Annotated[
    list[int] | None, typer.Option("--year", min=1, max=9999, help=text("filter_help"))
]
DocumentOption = Annotated[Strings, typer.Option("--document", help=text("filter_help"))]


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


@app.command(help=text("search_help"))
def search(
    query: Annotated[str, typer.Argument(metavar=text("name_question"))],
    k: Annotated[int, typer.Option("--k", min=1, max=200, help=text("k_help"))] = 10,
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
    filters = _filters(kind, territory, theme, language, year, document)
    result = _from_indexes(engine, settings, lambda: engine.search(query, k, filters))
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
        print_json({"query": query, "passages": passages})
    else:
        for problem in result.degraded:
            err.print(problem.message(settings.lang), style="yellow", markup=False)
        for number, one in enumerate(passages, start=1):
            out.print(f"\n{number}. {one['title']}", style="bold", markup=False)
            score = format_number(one["score"], settings.lang)
            out.print(f"   {one['section']} · {score} · {one['why']}", style="dim", markup=False)
            out.print(textwrap.indent(str(one["text"]), "   "), markup=False)
        if not passages:
            out.print(text("no_passage"), markup=False)
    _heal(engine, settings)


@app.command(help=text("journal_help"))
def journal(as_json: Json = False) -> None:
    from advisor.catalogue.journal import Journal

    entries = Journal(Catalogue(get_settings().catalogue_path)).entries()
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    for entry in entries:
        kind = text(f"journal_{entry.kind}")
        out.print(f"{format_date(entry.said_at[:10], language())} · {kind}", style="bold")
        said = (entry.question, entry.quote, entry.reason)
        for line in said:
            if line:
                out.print(f"    {line}", markup=False)
    out.print(text("journal_total", count=len(entries)), markup=False)


@app.command(help=text("ask_help"))
def ask(
    question: Annotated[str | None, typer.Argument(metavar=text("name_question"))] = None,
    jsonl: Annotated[
        str | None, typer.Option("--jsonl", metavar=text("name_file"), help=text("jsonl_help"))
    ] = None,
    kind: KindOption = None,
    territory: TerritoryOption = None,
    theme: ThemeOption = None,
    language: LanguageOption = None,
    year: YearOption = None,
    document: DocumentOption = None,
    details: Annotated[bool, typer.Option("--details", help=text("details_help"))] = False,
    profile: ProfileFile = None,
    as_json: Json = False,
) -> None:
    from advisor.answer.answerer import Answerer

    settings = get_settings()
    answerer = Answerer(settings)
    guide = Guide(answerer, profile_of(profile))
    filters = _filters(kind, territory, theme, language, year, document)
    if jsonl is not None:
        if question is not None:
            raise UsageError("question_and_lines")
        failed = _ask_lines(answerer, guide, jsonl, filters, detailed=details)
        _heal(answerer.search, settings)
        if failed:
            raise typer.Exit(1)
        return
    answer = _from_indexes(
        answerer.search,
        settings,
        lambda: answerer.answer(question or "", filters=filters, detailed=details),
    )
    answer = guide.beside(answer)
    if as_json:
        print_json(answer.model_dump(mode="json"))
    else:
        _print_answer(answer)
    _heal(answerer.search, settings)


class Guide:
    """Adds to an answer the suggestions that belong beside it."""

    def __init__(self, answerer: Any, profile: Any) -> None:
        from advisor.guidance.fiches import Fiches

        self._fiches, self._profile = Fiches(answerer), profile

    def beside(self, answer: Any) -> Any:
        from advisor.guidance.beside import beside

        found = beside(self._fiches, answer, self._profile)
        return answer.model_copy(update={"suggestions": found})


def _ask_lines(
    answerer: Any, guide: Guide, source: str, filters: Filters, *, detailed: bool
) -> bool:
    """Answer one question per line; a line that cannot be answered gives an ``error``."""
    failed = False
    for number, line in _numbered_lines(source):
        identifier: object = None
        try:
            entry = _json_object(line, number)
            identifier = entry.get("id")
            _check_question(entry, number)
            history = turns_of(entry.get("history") or [])
            answer = answerer.answer(entry["question"], history, filters, detailed=detailed)
            answer = guide.beside(answer)
            result = {"id": identifier, **answer.model_dump(mode="json")}
        except AdvisorError as error:
            failed = True
            result = {"id": identifier, "error": error.message(language())}
        sys.stdout.write(encodable(json.dumps(result, ensure_ascii=False)) + "\n")
        sys.stdout.flush()
    return failed


def _numbered_lines(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their number; ``-`` is the standard input."""
    try:
        with (
            nullcontext(sys.stdin)
            if source == "-"
            else Path(source).open(encoding="utf-8-sig") as file
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
    if answer.resolved_question != answer.question.strip() and answer.citations:
        label = translate("answer.follow_up", lang)
        err.print(f"{label} {answer.resolved_question}", style="yellow", markup=False)
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
        print_sources(citation, lang)
    if not answer.sentences:
        for citation in answer.citations:
            out.print(f"\n[{citation.n}] {citation.quote}", markup=False)
    if answer.suggestions.diagnosis:
        out.print(f"\n{translate('cli.begin', lang)}", markup=False)
    for name in ("dispositifs", "peers"):
        items = getattr(answer.suggestions, name)
        if items:
            out.print(f"\n{translate(f'cli.beside_{name}', lang)}", style="bold", markup=False)
        for item in items:
            out.print(labelled(f"- {item.name}", " ".join(item.reasons)), markup=False)
    if answer.suggestions.missing:
        question = translate(f"profile_question.ask_{answer.suggestions.missing[0]}", lang)
        hint = translate("cli.profile_hint", lang)
        out.print(f"\n{question} {hint}", style="dim", markup=False)


def _from_indexes(engine: Any, settings: Settings, ask: Callable[[], Result]) -> Result:
    """Return what is asked of the indexes, rebuilt first if neither can be read."""
    try:
        return ask()
    except IndexUnavailable:
        _heal(engine, settings)
        return ask()


def _heal(engine: Any, settings: Settings) -> None:
    """Rebuild, once the answer is out, an index found missing or damaged."""
    if not engine.needs_rebuild():
        return
    from ingest.pipeline import rebuild as run

    try:
        run(settings)
    except WriterBusy:
        return  # the import that is running repairs it
    except AdvisorError as error:
        err.print(error.message(settings.lang), style="yellow", markup=False)
    else:
        err.print(text("healed"), style="green", markup=False)
