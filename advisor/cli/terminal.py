"""What every command shares: the terminal, its language, the JSON form, the progress bar."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from advisor.errors import AdvisorError
from advisor.i18n import format_date, translate
from advisor.settings import get_settings

# A table that another program reads is not fitted to a screen.
_PIPED_WIDTH = 400
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def language() -> str:
    """Return the language of the interface."""
    try:
        return get_settings().lang
    except AdvisorError:
        return "fr"


def text(key: str, **params: object) -> str:
    """Return a sentence of the command line."""
    return translate(f"cli.{key}", language(), **params)


def labelled(label: str, value: object) -> str:
    """Return a label and its value, with the colon of the language."""
    return translate("typography.labelled", language(), label=label, value=value)


Json = Annotated[bool, typer.Option("--json", help=text("json_help"))]


def print_json(value: object) -> None:
    """Write a value as JSON, readable and in the clear."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


class ProgressBar:
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

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(text(f"stage_{stage}"), total=total, rate="")
        task = self._bar.tasks[self._tasks[stage]]
        rate = text("rate", rate=round(task.speed)) if task.speed else ""
        self._bar.update(self._tasks[stage], completed=done, total=total, rate=rate)


def source_text(source: Any, lang: str) -> str:
    """Return a primary source in one line: its name, date and address, as far as known."""
    date = format_date(source.date, lang)
    name = f"{source.name}, {date}" if date else source.name
    return " ".join(filter(None, (name, source.url)))


def print_sources(cited: Any, lang: str) -> None:
    """Print the primary sources of a quote or a suggestion, one a line."""
    for source in cited.sources:
        out.print(f"    {source_text(source, lang)}", style="dim", markup=False)
