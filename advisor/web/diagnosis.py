"""The self-diagnosis of the page «Mon territoire»."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from advisor.errors import AdvisorError
from advisor.guidance.diagnosis import LEVELS, Parcours, diagnose
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import make_profile
from advisor.i18n import translate
from advisor.text.language import Language
from advisor.web.components import QUIET, show_html
from advisor.web.guidance_render import diagnosis_html, problem_html


def build_diagnosis(
    fiches: Fiches, parcours: Parcours, lang: Language, root: str, kept: Any
) -> None:
    """Add the statements, the button and the place of the result."""
    levels = [(translate(f"territory.level_{level}", lang), level) for level in LEVELS]
    answers: dict[str, Any] = {}
    show_html(f"<h2>{escape(parcours.title.in_language(lang))}</h2>", elem_classes="section")
    for place, group in enumerate(parcours.fundamentals):
        with gr.Accordion(group.title.in_language(lang), open=place == 0):
            show_html(f"<p>{escape(group.question.in_language(lang))}</p>")
            for statement in group.statements:
                answers[statement.id] = gr.Radio(
                    levels, label=statement.text.in_language(lang), value=None
                )
    button = gr.Button(translate("territory.diagnose", lang), variant="primary", elem_id="diagnose")
    result = show_html("", elem_id="diagnosis")

    def run(values: dict[str, Any] | None, *given: Any) -> str:
        told = {key: level for key, level in zip(answers, given, strict=True) if level is not None}
        if not told:
            return f'<p class="notice">{escape(translate("territory.no_answer", lang))}</p>'
        try:
            profile = make_profile(values or {})
            return diagnosis_html(diagnose(fiches, parcours, told, profile, lang), lang, root)
        except AdvisorError as error:
            return problem_html(error, lang)

    button.click(run, [kept, *answers.values()], [result], **QUIET)
