"""Commands that measure quality; they need the development extra."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from advisor.cli.terminal import Json, out, print_json, text
from advisor.errors import UsageError

eval_app = typer.Typer(help=text("eval_help"), no_args_is_help=True)

Models = Annotated[list[str] | None, typer.Option("--model", help=text("eval_model_help"))]


def _with_folder(report: Path | None) -> Path | None:
    """Make the folder of a report before anything is measured.

    Raises:
        UsageError: it cannot be made.
    """
    if report is not None:
        if report.is_dir():
            raise UsageError("report_is_folder", path=str(report))
        try:
            report.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise UsageError("report_folder", path=str(report.parent)) from None
    return report


Report = Annotated[
    Path | None,
    typer.Option("--report", help=text("eval_report_help"), callback=_with_folder),
]


def _require(package: str) -> None:
    """Check that the measuring code and a library of the development extra are installed.

    Raises:
        UsageError: one of them is not.
    """
    from importlib.util import find_spec

    for name in ("eval", package):
        if find_spec(name) is None:
            raise UsageError("eval_not_installed", name=name)


@eval_app.command("retrieval", help=text("eval_retrieval_help"))
def eval_retrieval(
    folders: Annotated[list[Path], typer.Argument(metavar=text("name_folders"))],
    model: Models = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    _require("ir_measures")
    from eval import retrieval

    results = [retrieval.benchmark(folder, model or ()) for folder in folders]
    if as_json:
        print_json(
            {
                collection.name: {score.system: dict(score.means) for score in scores}
                for collection, scores in results
            }
        )
    written = "\n".join(retrieval.report(collection, scores) for collection, scores in results)
    if not as_json:
        out.print(written, markup=False, soft_wrap=True)
    if report is not None:
        chart = report.with_suffix(".png")
        retrieval.plot(results, chart)
        report.write_text(f"{written}\n![nDCG@10]({chart.name})\n", encoding="utf-8")


@eval_app.command("guidance", help=text("eval_guidance_help"))
def eval_guidance(
    files: Annotated[list[Path], typer.Argument(metavar=text("name_cases"))],
    report: Report = None,
    as_json: Json = False,
) -> None:
    _require("numpy")
    from eval import guidance

    results = guidance.evaluate(files)
    written = guidance.report(results)
    if as_json:
        print_json(
            {
                name: {system: guidance.figures(found) for system, found in systems.items()}
                for name, systems in results.items()
            }
        )
    else:
        out.print(written, markup=False, soft_wrap=True)
    if report is not None:
        report.write_text(written + "\n", encoding="utf-8")


@eval_app.command("answers", help=text("eval_answers_help"))
def eval_answers(
    questions: Annotated[Path, typer.Argument(metavar="QUESTIONS.jsonl")],
    folder: Annotated[Path, typer.Argument(metavar=text("name_folder"))],
    also: Annotated[Path | None, typer.Option("--also", help=text("eval_also_help"))] = None,
    model: Models = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    _require("langchain_text_splitters")
    from eval import answers

    results = answers.evaluate(answers.read_questions(questions), folder, also, model or ())
    if as_json:
        print_json({system: answers.figures(found) for system, found in results.items()})
    written = answers.report(results)
    if not as_json:
        out.print(written, markup=False, soft_wrap=True)
    if report is not None:
        report.write_text(written + "\n", encoding="utf-8")
