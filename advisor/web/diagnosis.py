"""The self-diagnosis of the page «Mon territoire»."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from advisor.errors import AdvisorError
from advisor.guidance.diagnosis import (
    LEVELS,
    Fundamental,
    Parcours,
    Reply,
    diagnose,
    make_answers,
    origins,
    read_answers,
)
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import make_profile
from advisor.i18n import translate
from advisor.text.language import Language
from advisor.web.components import QUIET, file_link, show_html
from advisor.web.guidance_render import diagnosis_html, problem_html, quote_html


def build_diagnosis(
    page: gr.Blocks, fiches: Fiches, parcours: Parcours, lang: Language, root: str, profile: Any
) -> None:
    """Add the statements, the button and the place of the result.

    Args:
        page: the page being built.
        fiches: of the home.
        parcours: the self-diagnosis.
        lang: language of the interface.
        root: path prefix behind a reverse proxy.
        profile: state of the profile in the browser.
    """
    levels = [(translate(f"territory.level_{level}", lang), level) for level in LEVELS]
    names = list(parcours.statements())
    kept = gr.BrowserState({}, storage_key="diagnostic")
    begun = gr.State(False)
    choices: list[Any] = []
    comments: list[Any] = []
    sources: list[Any] = []
    show_html(
        f'<h2 id="self-diagnosis">{escape(parcours.title.in_language(lang))}</h2>'
        f"<p>{escape(_t('diagnosis_hint', lang))}</p>",
        elem_classes="section",
    )
    for place, group in enumerate(parcours.fundamentals):
        with gr.Accordion(group.title.in_language(lang), open=place == 0):
            show_html(f"<p>{escape(group.question.in_language(lang))}</p>")
            for statement in group.statements:
                choices.append(gr.Radio(levels, label=statement.text.in_language(lang), value=None))
                comments.append(
                    gr.Textbox(
                        label=_t("comment", lang),
                        show_label=False,
                        container=False,
                        placeholder=_t("comment", lang),
                        max_length=2000,
                        elem_classes="comment",
                    )
                )
            sources.append(show_html(""))
    with gr.Row():
        button = gr.Button(_t("diagnose", lang), variant="primary", elem_id="diagnose")
        save = gr.Button(_t("save_answers", lang), elem_id="save-answers")
        load = gr.UploadButton(
            _t("load_answers", lang), file_types=[".json"], elem_id="answers-file"
        )
        clear = gr.Button(_t("clear_answers", lang), elem_id="clear-answers")
    problem = show_html("", elem_id="diagnosis-problem")
    result = show_html("", elem_id="diagnosis")
    form = [*choices, *comments]

    def values_of(given: Sequence[Any]) -> dict[str, dict[str, Any]]:
        pairs = zip(names, given[: len(names)], given[len(names) :], strict=True)
        replies = {
            name: Reply(level=level, comment=(comment or "").strip())
            for name, level, comment in pairs
        }
        return {
            name: reply.model_dump(exclude_defaults=True)
            for name, reply in replies.items()
            if reply != Reply()
        }

    def shown(replies: dict[str, Reply]) -> list[Any]:
        known = [replies.get(name, Reply()) for name in names]
        return [*(one.level for one in known), *(one.comment for one in known)]

    def collect(*given: Any) -> tuple[dict[str, Any], bool]:
        return values_of(given), True

    def restore(values: dict[str, Any] | None, begun: bool) -> list[Any]:
        stay = [gr.skip() for _ in form]
        if begun or not values:  # what is being typed is not replaced
            return [gr.skip(), *stay]
        try:
            return [True, *shown(make_answers(parcours, values))]
        except AdvisorError:  # kept by an older version of the page
            return [True, *stay]

    def run(values: dict[str, Any] | None, *given: Any) -> tuple[str, Any]:
        replies = make_answers(parcours, values_of(given))
        if not any(reply.level is not None for reply in replies.values()):
            return f'<p class="notice">{escape(_t("no_answer", lang))}</p>', gr.skip()
        try:
            found = diagnose(fiches, parcours, replies, make_profile(values or {}), lang)
        except AdvisorError as error:
            return problem_html(error, lang), gr.skip()
        return "", diagnosis_html(found, lang, root)

    def export(*given: Any) -> str:
        content = json.dumps(values_of(given), ensure_ascii=False)
        return file_link("reponses.json", _t("download_answers", lang), content)

    def read(file: str | None) -> tuple[Any, ...]:
        path = Path(file or "")
        try:
            replies = read_answers(parcours, path)
        except AdvisorError as error:
            return problem_html(error, lang), gr.skip(), gr.skip(), *[gr.skip() for _ in form]
        finally:
            path.unlink(missing_ok=True)  # nothing of it stays on the server
        fields = shown(replies)
        return "", values_of(fields), True, *fields

    def quoted() -> list[str]:
        return [_origins_html(fiches, group, lang) for group in parcours.fundamentals]

    gr.on(
        [*(one.input for one in choices), *(one.blur for one in comments)],
        collect,
        form,
        [kept, begun],
        # What is answered while the last answer is being kept counts too.
        trigger_mode="always_last",
        **QUIET,
    )
    button.click(run, [profile, *form], [problem, result], **QUIET)
    save.click(export, form, [problem], **QUIET)
    load.upload(read, [load], [problem, kept, begun, *form], **QUIET)
    clear.click(lambda: ({}, "", "", *shown({})), None, [kept, problem, result, *form], **QUIET)
    page.load(restore, [kept, begun], [begun, *form], **QUIET)
    kept.change(restore, [kept, begun], [begun, *form], **QUIET)
    page.load(quoted, None, sources, **QUIET)


def _origins_html(fiches: Fiches, group: Fundamental, lang: Language) -> str:
    found = origins(fiches, group)
    if not found:
        return ""
    quotes = "".join(
        f"<p>{escape(statement.text.in_language(lang))}</p>{quote_html(citation, lang)}"
        for statement, citation in found
    )
    title = escape(_t("origins", lang))
    return f'<details class="source"><summary>{title}</summary>{quotes}</details>'


def _t(key: str, lang: Language) -> str:
    return translate(f"territory.{key}", lang)
