"""The convergences of a territory's projects in the page «Mon territoire»."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from advisor.errors import AdvisorError
from advisor.guidance.convergences import Convergences, FoundProject, Group, Link, converge
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import Profile
from advisor.guidance.projects import projects_of, read_projects
from advisor.guidance.wording import theme_names
from advisor.i18n import format_percent, translate
from advisor.text.language import Language
from advisor.web.components import QUIET, show_html, table_html
from advisor.web.guidance_render import list_html, problem_html, quote_html, suggestion_html

# Points that a circle of this size keeps apart.
_MOST_POINTS = 40


def build_convergences(
    fiches: Fiches,
    lang: Language,
    root: str,
    projects: Any,
    form: list[Any],
    profile_from: Callable[[tuple[Any, ...]], Profile],
) -> None:
    """Add the button, the table's upload and the place of the result.

    Args:
        fiches: of the home.
        lang: language of the interface.
        root: path prefix behind a reverse proxy.
        projects: the field that holds one project a line.
        form: every field of the profile.
        profile_from: makes the profile of their values.
    """
    show_html(
        f"<h2>{escape(_t('title', lang))}</h2><p>{escape(_t('explanation', lang))}</p>",
        elem_classes="section",
    )
    with gr.Row():
        button = gr.Button(_t("button", lang), variant="primary", elem_id="converge")
        load = gr.UploadButton(
            _t("load", lang), file_types=[".csv", ".tsv", ".txt"], elem_id="projects-file"
        )
    result = show_html("", elem_id="convergences")

    def run(*values: Any) -> str:
        try:
            profile = profile_from(values)
            found = converge(fiches, projects_of(profile.projects), profile, lang)
        except AdvisorError as error:
            return problem_html(error, lang)
        return convergences_html(found, lang, root)

    def read(file: str | None, *values: Any) -> tuple[Any, str]:
        path = Path(file or "")
        try:
            lines = "\n".join(project.line for project in read_projects(path))
        except AdvisorError as error:
            return gr.skip(), problem_html(error, lang)
        finally:
            path.unlink(missing_ok=True)  # nothing of it stays on the server
        place = form.index(projects)
        return lines, run(*values[:place], lines, *values[place + 1 :])

    button.click(run, form, [result], **QUIET)
    load.upload(read, [load, *form], [projects, result], **QUIET)


def convergences_html(found: Convergences, lang: str, root: str) -> str:
    """Return the graph, the projects it numbers, then the common projects with their links."""
    if not found.links:
        return f'<div class="guidance"><p>{escape(translate("cli.no_link", lang))}</p></div>'
    projects = {one.number: one for one in found.projects}
    points = _around(found)
    links = [link for link in found.links if {link.source, link.target} <= set(points)]
    drawn = ",".join(f"{link.source}-{link.target}-{link.strength:.2f}" for link in links)
    order = ",".join(map(str, points))
    alt = escape(_t("graph_alt", lang))
    parts = [
        f'<img class="chart" src="{root}/chart/links.svg?points={order}&amp;links={drawn}" '
        f'alt="{alt}">',
        _table([projects[number] for number in sorted(points)], lang),
    ]
    parts += [
        _group(group, found.links, projects, lang, opened=place == 0)
        for place, group in enumerate(found.groups)
    ]
    if found.alone:
        names = ", ".join(projects[number].name for number in found.alone)
        parts.append(f"<p>{escape(translate('cli.alone', lang, names=names))}</p>")
    if found.untold:
        parts.append(f"<p>{escape(translate('cli.untold', lang, count=found.untold))}</p>")
    return f'<div class="guidance">{"".join(parts)}</div>'


def _around(found: Convergences) -> list[int]:
    """Return the numbers of the projects to draw, each beside the one it is linked to most."""
    near: dict[int, dict[int, float]] = defaultdict(dict)
    for link in found.links:
        near[link.source][link.target] = near[link.target][link.source] = link.strength
    shown: dict[int, None] = {}
    for group in found.groups:
        if len(shown) + len(group.projects) <= _MOST_POINTS or not shown:
            shown |= dict.fromkeys(group.projects[:_MOST_POINTS])
    order = list(shown)[:1]
    while len(order) < len(shown):
        rest = [number for number in shown if number not in order]
        order.append(max(rest, key=lambda one: (near[order[-1]].get(one, 0.0), -one)))
    return order


def _table(projects: Sequence[FoundProject], lang: str) -> str:
    heads = [
        translate("territory.column_number", lang),
        _t("column_project", lang),
        _t("column_themes", lang),
    ]
    rows = [
        (str(one.number), escape(one.name), escape(", ".join(theme_names(one.themes, lang))))
        for one in projects
    ]
    return table_html(heads, rows)


def _group(
    group: Group,
    links: Sequence[Link],
    projects: dict[int, FoundProject],
    lang: str,
    *,
    opened: bool,
) -> str:
    names = [f"{number}. {projects[number].name}" for number in group.projects]
    body = [list_html(names), f"<p>{escape(group.reason)}</p>"]
    body += [quote_html(citation, lang) for citation in group.citations]
    body.append(_links([links[place] for place in group.links], group, lang))
    if group.missing:
        missing = translate("cli.who_is_missing", lang, names=", ".join(group.missing))
        body.append(f"<p><strong>{escape(missing)}</strong></p>")
    if group.programmes:
        body.append(f"<p><strong>{escape(translate('territory.programmes', lang))}</strong></p>")
        body += [suggestion_html(one, lang) for one in group.programmes]
    return (
        f'<details class="source"{" open" if opened else ""}>'
        f"<summary>{escape(group.title)}</summary>{''.join(body)}</details>"
    )


def _links(links: Sequence[Link], group: Group, lang: str) -> str:
    """Return the table of a group's links; a quote that is the group's is not said again."""
    said = {citation.quote for citation in group.citations}
    rows = []
    for link in links:
        reasons = [reason for reason in link.reasons if reason != group.reason]
        reasons = reasons or [" + ".join(theme_names(link.themes, lang))]
        quotes = [quote_html(one, lang) for one in link.citations if one.quote not in said]
        share = format_percent(link.strength, lang)
        told = escape(" ".join(reasons)) + "".join(quotes)
        rows.append((f"{link.source} ↔ {link.target}", share, told))
    return table_html(
        [_t(f"column_{name}", lang) for name in ("link", "strength", "reasons")], rows
    )


def _t(key: str, lang: str) -> str:
    return translate(f"convergences.{key}", lang)
