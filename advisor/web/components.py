"""What every page of the interface is made with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import gradio as gr

#: Events are ours alone: no public API, a discreet sign of progress.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}


def show_html(html: str, **options: Any) -> gr.Markdown:
    """Show HTML of ours. Gradio's HTML component would need a policy that allows eval."""
    return gr.Markdown(html, latex_delimiters=[], container=False, **options)


def table_html(heads: Sequence[str], rows: Iterable[Sequence[str]], css: str = "") -> str:
    """Return a table. Heads are text; cells are HTML, escaped by who makes them."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    named = f' class="{css}"' if css else ""
    return f"<table{named}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def file_link(name: str, text: str, content: str) -> str:
    """Return a link that saves a content as a file: the page's script makes it, no server does."""
    return (
        f'<p class="made-file"><a class="save" href="#{name}">{escape(text)}</a> '
        f"<code hidden>{escape(content)}</code></p>"
    )
