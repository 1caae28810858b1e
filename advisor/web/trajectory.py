"""The trajectory («fresque») in the page «Mon territoire»."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from advisor.errors import AdvisorError
from advisor.guidance.fiches import Fiches
from advisor.guidance.trajectory import Event, Trajectory, trajectory
from advisor.i18n import translate
from advisor.text.language import Language
from advisor.web.components import QUIET, show_html
from advisor.web.guidance_render import problem_html
from advisor.web.render import card_html


def build_trajectory(fiches: Fiches, lang: Language, root: str, name: Any) -> None:
    """Add the field, the button and the place of the result; ``name`` is the profile's."""
    show_html(
        f"<h2>{escape(_t('title', lang))}</h2><p>{escape(_t('explanation', lang))}</p>",
        elem_classes="section",
    )
    with gr.Row():
        subject = gr.Textbox(
            label=_t("subject", lang),
            placeholder=_t("subject_example", lang),
            max_length=200,
            elem_id="trajectory-subject",
            scale=3,
        )
        button = gr.Button(
            _t("button", lang), variant="primary", min_width=160, scale=1, elem_id="unroll"
        )
    result = show_html("", elem_id="trajectory")

    def run(subject: str | None, name: str | None) -> str:
        asked = (subject or name or "").strip()
        if not asked:
            return f'<p class="notice">{escape(_t("no_subject", lang))}</p>'
        try:
            return trajectory_html(trajectory(fiches, asked), lang, root)
        except AdvisorError as error:
            return problem_html(error, lang)

    button.click(run, [subject, name], [result], **QUIET)
    subject.submit(run, [subject, name], [result], **QUIET)


def trajectory_html(found: Trajectory, lang: str, root: str) -> str:
    """Return the years on a line, then the facts in order, each with its passages."""
    spans = ",".join(f"{one.start}-{one.end}" for one in found.events)
    alt = escape(_t("line_alt", lang))
    items = "".join(_event(place, one, lang, root) for place, one in enumerate(found.events))
    return (
        f'<div class="guidance"><h3>{escape(found.name)}</h3>'
        f'<img class="chart" src="{root}/chart/years.svg?spans={spans}" alt="{alt}">'
        f'<ol class="timeline">{items}</ol></div>'
    )


def _event(place: int, event: Event, lang: str, root: str) -> str:
    years = str(event.start) if event.start == event.end else f"{event.start}–{event.end}"
    notes = []
    if event.contested:
        notes.append(escape(_t("contested", lang)))
    for other in event.disagrees:
        notes.append(f'<a href="#fact-{other}">{escape(_t("disagrees", lang))}</a>')
    note = f'<p class="disputed">{" · ".join(notes)}</p>' if notes else ""
    cards = "".join(
        card_html(citation, f"fact-{place}", lang, root) for citation in event.citations
    )
    mark = " ⚠" if notes else ""
    return (
        f'<li id="fact-{place}"><details><summary><span class="years">{years}{mark}</span> '
        f"{escape(event.text)}</summary>{note}{cards}</details></li>"
    )


def _t(key: str, lang: str) -> str:
    return translate(f"trajectory.{key}", lang)
