"""The commands: parse, call, print; no logic."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer
from typer import rich_utils

from advisor.cli import INTERRUPTED, documents, evaluation, guidance, questions
from advisor.cli.terminal import err, language, text
from advisor.errors import AdvisorError, UsageError
from advisor.settings import get_settings

# Typer's own words of a help page.
rich_utils.OPTIONS_PANEL_TITLE = text("options_title")
rich_utils.ARGUMENTS_PANEL_TITLE = text("arguments_title")
rich_utils.COMMANDS_PANEL_TITLE = text("commands_title")
rich_utils.DEFAULT_STRING = text("default_value")

app = typer.Typer(help=text("help"), no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(documents.app)
app.add_typer(questions.app)
app.add_typer(guidance.app)
app.add_typer(documents.corpus_app, name="corpus")
app.add_typer(evaluation.eval_app, name="eval")


@app.command(help=text("serve_help"))
def serve() -> None:
    from advisor.web.server import serve as start

    start(get_settings())


def run() -> NoReturn:
    """Run the command line. Exit codes: 0 done, 1 failed or refused, 2 wrong usage."""
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            err.print(text("interrupted"), style="yellow", markup=False)
        sys.exit(code if isinstance(code, int) else 0)
    except AdvisorError as error:
        err.print(error.message(language()), style="red", markup=False)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except (typer.Abort, KeyboardInterrupt):
        err.print(text("interrupted"), style="yellow", markup=False)
        sys.exit(INTERRUPTED)
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
        return text("usage_command")
    if name == "NoSuchOption":
        return text("usage_option", name=error.option_name)
    if name == "MissingParameter" and parameter is not None:
        return text("usage_missing", name=parameter.metavar or parameter.name)
    if parameter is not None:
        return text("usage_value", name=parameter.opts[-1])
    return text("usage_command")
