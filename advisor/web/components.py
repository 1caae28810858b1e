"""What every page of the interface is made with."""

from __future__ import annotations

from typing import Any

import gradio as gr

#: Events are ours alone: no public API, a discreet sign of progress.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}


def show_html(html: str, **options: Any) -> gr.Markdown:
    """Show HTML of ours. Gradio's HTML component would need a policy that allows eval."""
    return gr.Markdown(html, latex_delimiters=[], container=False, **options)
