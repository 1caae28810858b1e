"""The page «Mon territoire»: profile, self-diagnosis, dispositifs, peers."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from advisor.errors import AdvisorError
from advisor.guidance.complete import completed
from advisor.guidance.diagnosis import LEVELS, Parcours, diagnose
from advisor.guidance.dispositifs import suggest
from advisor.guidance.fiches import Fiches
from advisor.guidance.peers import peers
from advisor.guidance.profile import (
    CONTEXTS,
    KINDS,
    STAGES,
    THEMES,
    Profile,
    make_profile,
    read_profile,
)
from advisor.i18n import translate
from advisor.text.language import Language
from advisor.web.guidance_render import diagnosis_html, peers_html, suggested_html

Html = Callable[..., gr.Markdown]
_FIELDS = (
    "name", "kind", "country", "population", "departement", "region", "contexts", "themes",
    "stage", "projects",
)  # fmt: skip


def build_territory(
    page: gr.Blocks, fiches: Fiches, parcours: Parcours, lang: Language, root: str, html: Html
) -> gr.BrowserState:
    """Add the page's components; return the state that keeps the profile in the browser.

    Args:
        page: the page being built.
        fiches: of the home.
        parcours: the self-diagnosis.
        lang: language of the interface.
        root: path prefix behind a reverse proxy.
        html: shows HTML of ours.
    """

    def t(key: str, **params: object) -> str:
        return translate(f"territory.{key}", lang, **params)

    def choices(table: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(translate(f"{table}.{name}", lang), name) for name in names]

    usual_kind, usual_country = ("stadt", "DE") if lang == "de" else ("commune", "FR")
    kept = gr.BrowserState({}, storage_key="profil")
    html(f"<p>{escape(t('privacy'))}</p>")
    with gr.Row():
        name = gr.Textbox(label=t("name"), max_length=200, elem_id="territory-name", scale=3)
        fill = gr.Button(t("fill"), min_width=120, scale=1)
    with gr.Row():
        kind = gr.Dropdown(choices("profile_kinds", KINDS), label=t("kind"), value=usual_kind)
        country = gr.Radio(
            [("France", "FR"), (t("germany"), "DE")], label=t("country"), value=usual_country
        )
        population = gr.Textbox(label=t("population"), max_length=40)
    with gr.Row():
        departement = gr.Textbox(label=t("departement"), max_length=3)
        region = gr.Textbox(label=t("region"), max_length=100)
        stage = gr.Radio(choices("stages", STAGES), label=t("stage"), value=None)
    contexts = gr.CheckboxGroup(choices("contexts", CONTEXTS), label=t("contexts"))
    themes = gr.CheckboxGroup(choices("themes", THEMES), label=t("themes"))
    projects = gr.Textbox(label=t("projects"), lines=3, max_length=20_000)
    need = gr.Textbox(label=t("need"), placeholder=t("need_example"), max_length=1000)
    with gr.Row():
        search = gr.Button(t("search"), variant="primary", elem_id="guide")
        save = gr.Button(t("save"))
        load = gr.UploadButton(t("load"), file_types=[".json"], file_count="single")
    problem = html("", elem_id="territory-problem")
    results = html("", elem_id="territory-results")
    alike = html("", elem_id="territory-peers")
    form: list[Any] = [
        name, kind, country, population, departement, region, contexts, themes, stage, projects,
    ]  # fmt: skip

    def profile_from(values: tuple[Any, ...]) -> Profile:
        given = dict(zip(_FIELDS, values, strict=True))
        given["projects"] = [
            line.strip() for line in (given["projects"] or "").splitlines() if line.strip()
        ]
        return make_profile({key: value for key, value in given.items() if value})

    def shown(profile: Profile) -> list[Any]:
        values = profile.model_dump()
        values["projects"] = "\n".join(profile.projects)
        values["population"] = str(profile.population or "")
        return [values[field] for field in _FIELDS]

    def guide(need: str, *values: Any) -> tuple[Any, ...]:
        try:
            profile = profile_from(values)
            known = completed(fiches, profile, profile.model_fields_set)
            programmes = suggest(fiches, need or "", known, lang)
            near = peers(fiches, known, need or "", lang)
        except AdvisorError as error:
            return _problem(error, lang), gr.skip(), gr.skip(), gr.skip()
        return (
            "",
            suggested_html(programmes, lang),
            peers_html(near, known, lang, root),
            profile.model_dump(mode="json", exclude_none=True),
        )

    def complete(*values: Any) -> tuple[Any, ...]:
        try:
            profile = profile_from(values)
            found = completed(fiches, profile, frozenset({"themes", "projects", "stage"}))
        except AdvisorError as error:
            return (_problem(error, lang), *[gr.skip() for _ in form])
        if found == profile:
            return (
                f'<p class="notice">{escape(t("unknown_name"))}</p>',
                *[gr.skip() for _ in form],
            )
        return ("", *shown(found))

    def restore(values: dict[str, Any] | None) -> list[Any]:
        try:
            return shown(make_profile(values)) if values else [gr.skip() for _ in form]
        except AdvisorError:  # kept by an older version of the page
            return [gr.skip() for _ in form]

    def export(*values: Any) -> str:
        try:
            profile = profile_from(values)
        except AdvisorError as error:
            return _problem(error, lang)
        # The page's script makes the file: the server keeps none.
        content = json.dumps(profile.model_dump(mode="json"), ensure_ascii=False)
        link = f'<a class="save" href="#profil.json">{escape(t("download"))}</a>'
        return f'<p class="profile-file">{link} <code hidden>{escape(content)}</code></p>'

    def read(file: str | None) -> tuple[Any, ...]:
        path = Path(file or "")
        try:
            return ("", *shown(read_profile(path)))
        except AdvisorError as error:
            return (_problem(error, lang), *[gr.skip() for _ in form])
        finally:
            path.unlink(missing_ok=True)  # nothing of it stays on the server

    options: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    search.click(guide, [need, *form], [problem, results, alike, kept], **options)
    need.submit(guide, [need, *form], [problem, results, alike, kept], **options)
    fill.click(complete, form, [problem, *form], **options)
    name.submit(complete, form, [problem, *form], **options)
    save.click(export, form, [problem], **options)
    load.upload(read, [load], [problem, *form], **options)
    page.load(restore, [kept], form, **options)
    _build_diagnosis(fiches, parcours, lang, root, html, kept)
    return kept


def _build_diagnosis(
    fiches: Fiches, parcours: Parcours, lang: Language, root: str, html: Html, kept: Any
) -> None:
    levels = [(translate(f"territory.level_{level}", lang), level) for level in LEVELS]
    answers: dict[str, Any] = {}
    html(f"<h2>{escape(parcours.title.in_language(lang))}</h2>")
    for place, group in enumerate(parcours.fundamentals):
        with gr.Accordion(group.title.in_language(lang), open=place == 0):
            html(f"<p>{escape(group.question.in_language(lang))}</p>")
            for statement in group.statements:
                answers[statement.id] = gr.Radio(
                    levels, label=statement.text.in_language(lang), value=None
                )
    button = gr.Button(translate("territory.diagnose", lang), variant="primary", elem_id="diagnose")
    result = html("", elem_id="diagnosis")

    def run(values: dict[str, Any] | None, *given: Any) -> str:
        told = {key: level for key, level in zip(answers, given, strict=True) if level is not None}
        if not told:
            return f'<p class="notice">{escape(translate("territory.no_answer", lang))}</p>'
        try:
            profile = make_profile(values or {})
            return diagnosis_html(diagnose(fiches, parcours, told, profile, lang), lang, root)
        except AdvisorError as error:
            return _problem(error, lang)

    button.click(
        run, [kept, *answers.values()], [result], api_visibility="private", show_progress="minimal"
    )


def _problem(error: AdvisorError, lang: str) -> str:
    return f'<p class="notice">{escape(error.message(lang))}</p>'
