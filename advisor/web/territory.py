"""The page «Mon territoire»: profile, self-diagnosis, dispositifs, peers."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from advisor.errors import AdvisorError, UsageError
from advisor.guidance.complete import completed
from advisor.guidance.diagnosis import Parcours
from advisor.guidance.dispositifs import suggest
from advisor.guidance.fiches import Fiches
from advisor.guidance.peers import WEIGHTS, peers
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
from advisor.web.components import QUIET, file_link, show_html
from advisor.web.convergences import build_convergences
from advisor.web.diagnosis import build_diagnosis
from advisor.web.guidance_render import peers_html, problem_html, suggested_html
from advisor.web.trajectory import build_trajectory

_FIELDS = (
    "name", "kind", "country", "population", "departement", "region", "contexts", "themes",
    "stage", "projects", "means",
)  # fmt: skip
# What a fiche does not know of a territory.
_OWN = frozenset({"name", "themes", "stage", "projects", "means"})


def build_territory(
    page: gr.Blocks, tab: gr.Tab, fiches: Fiches, parcours: Parcours, lang: Language, root: str
) -> gr.BrowserState:
    """Add the page's components; return the state that keeps the profile in the browser.

    Args:
        page: the page being built.
        tab: where the components stand.
        fiches: of the home.
        parcours: the self-diagnosis.
        lang: language of the interface.
        root: path prefix behind a reverse proxy.
    """

    def t(key: str, **params: object) -> str:
        return translate(f"territory.{key}", lang, **params)

    def choices(table: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(translate(f"{table}.{name}", lang), name) for name in names]

    # What the form holds from the start, chosen by nobody.
    german = lang == "de"
    usual = {"kind": "stadt" if german else "commune", "country": "DE" if german else "FR"}
    kept = gr.BrowserState({}, storage_key="profil")
    restored = gr.State(False)
    show_html(f"<p>{escape(t('privacy'))}</p>")
    with gr.Row():
        name = gr.Textbox(label=t("name"), max_length=200, elem_id="territory-name", scale=3)
        fill = gr.Button(t("fill"), min_width=120, scale=1)
    unknown = show_html("", elem_id="territory-unknown")
    with gr.Row():
        kind = gr.Dropdown(choices("profile_kinds", KINDS), label=t("kind"), value=usual["kind"])
        country = gr.Radio(
            [("France", "FR"), (t("germany"), "DE"), (t("united_kingdom"), "GB")],
            label=t("country"),
            value=usual["country"],
        )
        population = gr.Textbox(label=t("population"), max_length=40)
    with gr.Row():
        departement = gr.Textbox(label=t("departement"), max_length=40)
        region = gr.Textbox(label=t("region"), max_length=100)
        stage = gr.Radio(choices("stages", STAGES), label=t("stage"), value=None)
    contexts = gr.CheckboxGroup(choices("contexts", CONTEXTS), label=t("contexts"))
    themes = gr.CheckboxGroup(choices("themes", THEMES), label=t("themes"))
    projects = gr.Textbox(label=t("projects"), lines=3, max_length=300_000)
    means = gr.Textbox(label=t("means"), max_length=2000)
    need = gr.Textbox(label=t("need"), placeholder=t("need_example"), max_length=1000)
    with gr.Accordion(t("weights"), open=False):
        show_html(f"<p>{escape(t('weights_hint'))}</p>")
        with gr.Row():
            weights = [
                gr.Slider(
                    0,
                    1,
                    weight,
                    step=0.05,
                    min_width=160,
                    label=translate(f"features.{name}", lang),
                )
                for name, weight in WEIGHTS.items()
            ]
    with gr.Row():
        search = gr.Button(t("search"), variant="primary", elem_id="guide")
        save = gr.Button(t("save"))
        load = gr.UploadButton(t("load"), file_types=[".json"], file_count="single")
    problem = show_html("", elem_id="territory-problem")
    results = show_html("", elem_id="territory-results")
    alike = show_html("", elem_id="territory-peers")
    form: list[Any] = [
        name, kind, country, population, departement, region, contexts, themes, stage, projects,
        means,
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

    def to_keep(profile: Profile) -> dict[str, Any]:
        return profile.model_dump(mode="json", exclude_none=True, exclude_defaults=True)

    def guide(need: str, *given: Any) -> tuple[Any, ...]:
        values, sliders = given[: len(form)], given[len(form) :]
        try:
            profile = profile_from(values)
            chosen = {
                field
                for field in profile.model_fields_set
                if getattr(profile, field) != usual.get(field)
            }
            known = completed(fiches, profile, chosen)
            programmes = suggest(fiches, need or "", known, lang)
            own = dict(zip(WEIGHTS, sliders, strict=True))
            near = peers(fiches, known, need or "", lang, weights=own)
        except AdvisorError as error:
            return problem_html(error, lang), gr.skip(), gr.skip(), gr.skip()
        return (
            "",
            suggested_html(programmes, lang),
            peers_html(near, known, lang, root),
            to_keep(profile),
        )

    def complete(*values: Any) -> tuple[Any, ...]:
        unchanged = [gr.skip() for _ in (kept, restored, *form)]
        try:
            profile = profile_from(values)
            # What another territory filled in says nothing of this one.
            bare = Profile(**{field: getattr(profile, field) for field in _OWN})
            try:
                found = completed(fiches, bare, _OWN)
            except UsageError:  # of namesakes, the département given decides
                found = completed(fiches, profile, _OWN)
        except AdvisorError as error:
            return (problem_html(error, lang), *unchanged)
        if found == bare:
            return (f'<p class="notice">{escape(t("unknown_name"))}</p>', *unchanged)
        return ("", to_keep(found), True, *shown(found))

    def keep(*values: Any) -> Any:
        try:
            return to_keep(profile_from(values)), True
        except AdvisorError:  # said when the profile is used
            return gr.skip(), gr.skip()

    def restore(values: dict[str, Any] | None) -> list[Any]:
        try:
            profile = make_profile(values or {})
        except AdvisorError:  # kept by an older version of the page
            return [gr.skip() for _ in form]
        # What is not kept may have been typed since.
        known = zip(_FIELDS, shown(profile), strict=True)
        return [value if field in profile.model_fields_set else gr.skip() for field, value in known]

    def restore_once(values: dict[str, Any] | None, known: bool) -> list[Any]:
        if known or not values:
            return [gr.skip() for _ in ("restored", *form)]
        return [True, *restore(values)]

    def export(*values: Any) -> str:
        try:
            profile = profile_from(values)
        except AdvisorError as error:
            return problem_html(error, lang)
        content = json.dumps(profile.model_dump(mode="json"), ensure_ascii=False)
        return file_link("profil.json", t("download"), content)

    def read(file: str | None) -> tuple[Any, ...]:
        path = Path(file or "")
        try:
            return ("", *shown(read_profile(path)))
        except AdvisorError as error:
            error.params |= {"path": path.name}  # where the server put it tells nothing
            return (problem_html(error, lang), *[gr.skip() for _ in form])
        finally:
            path.unlink(missing_ok=True)  # nothing of it stays on the server

    search.click(guide, [need, *form, *weights], [problem, results, alike, kept], **QUIET)
    need.submit(guide, [need, *form, *weights], [problem, results, alike, kept], **QUIET)
    for event in (fill.click, name.submit):
        event(complete, form, [unknown, kept, restored, *form], **QUIET)
    # One listener for all fields, so that what is kept last is what was typed last.
    gr.on(
        [field.blur if isinstance(field, gr.Textbox) else field.input for field in form],
        keep,
        form,
        [kept, restored],
        trigger_mode="always_last",
        **QUIET,
    )
    save.click(export, form, [problem], **QUIET)
    load.upload(read, [load], [problem, *form], **QUIET)
    tab.select(restore, [kept], form, **QUIET)
    # What the browser kept arrives after the page, once; what the form changes later is in it.
    for event in (page.load, kept.change):
        event(restore_once, [kept, restored], [restored, *form], **QUIET)
    build_convergences(fiches, lang, root, projects, form, profile_from)
    build_trajectory(fiches, lang, root, name)
    build_diagnosis(page, fiches, parcours, lang, root, kept)
    return kept
