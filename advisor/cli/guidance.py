"""Commands that guide: profile, dispositifs, peers, self-diagnosis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from advisor.cli.terminal import (
    Json,
    err,
    labelled,
    language,
    out,
    print_json,
    print_sources,
    source_text,
    text,
)
from advisor.errors import UsageError
from advisor.i18n import format_date, format_number, format_percent, translate
from advisor.settings import get_settings
from advisor.text.normalise import encodable

app = typer.Typer()

Strings = list[str] | None
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile", metavar=text("name_file"), help=text("profile_file_help")),
]
Count = Annotated[int, typer.Option("--k", min=1, max=50, help=text("k_help"))]


def _field(name: str, label: str, *, listed: bool = False) -> Any:
    """Return the option of a profile's field, described by its label on the page."""
    described = translate(f"territory.{label}", language())
    if listed:
        described = f"{described} ({text('listed_hint')})"
    return typer.Option(f"--{name}", help=described)


def fiches_of_home() -> Any:
    """Return the fiches of the home that the settings name."""
    from advisor.answer.answerer import Answerer
    from advisor.guidance.fiches import Fiches

    return Fiches(Answerer(get_settings()))


def profile_of(path: Path | None) -> Any:
    """Return the profile of a file, an empty one when there is none."""
    from advisor.guidance.profile import Profile, read_profile

    return read_profile(path) if path else Profile()


@app.command("profile", help=text("profile_help"))
def profile_command(
    name: Annotated[str | None, _field("name", "name")] = None,
    kind: Annotated[str | None, _field("kind", "kind", listed=True)] = None,
    country: Annotated[str | None, _field("country", "country")] = None,
    population: Annotated[str | None, _field("population", "population")] = None,
    departement: Annotated[str | None, _field("departement", "departement")] = None,
    region: Annotated[str | None, _field("region", "region")] = None,
    context: Annotated[Strings, _field("context", "contexts", listed=True)] = None,
    theme: Annotated[Strings, _field("theme", "themes", listed=True)] = None,
    stage: Annotated[str | None, _field("stage", "stage", listed=True)] = None,
    project: Annotated[Strings, typer.Option("--project", help=text("project_help"))] = None,
    means: Annotated[str | None, typer.Option("--means", help=text("means_help"))] = None,
    as_json: Json = False,
) -> None:
    from advisor.guidance.complete import completed
    from advisor.guidance.profile import make_profile

    given = {
        "name": name, "kind": kind, "country": country, "population": population,
        "departement": departement, "region": region, "contexts": context, "themes": theme,
        "stage": stage, "projects": project, "means": means,
    }  # fmt: skip
    values = {key: value for key, value in given.items() if value is not None}
    profile = make_profile(values)
    if profile.name and get_settings().catalogue_path.is_file():
        asked = profile.name
        found = completed(fiches_of_home(), profile, frozenset(values))
        if found == profile:
            err.print(text("profile_unknown", name=asked), style="yellow", markup=False)
        elif found.name != asked:
            err.print(text("profile_read_as", name=found.name), style="yellow", markup=False)
        profile = found
    if as_json:
        print_json(profile.model_dump(mode="json"))
        return
    for key, value in profile.model_dump(exclude_none=True).items():
        shown = format_number(value, language()) if key == "population" else value
        shown = ", ".join(shown) if isinstance(shown, list) else shown
        if shown:
            out.print(labelled(key, shown), markup=False)


@app.command(help=text("suggest_help"))
def suggest(
    need: Annotated[str, typer.Argument(metavar=text("name_need"), callback=encodable)] = "",
    profile: ProfileFile = None,
    k: Count = 5,
    as_json: Json = False,
) -> None:
    from advisor.guidance.dispositifs import suggest as run

    found = run(fiches_of_home(), need, profile_of(profile), language(), k)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for one in found.suggestions:
        _print_suggestion(one)
    if not found.suggestions:
        out.print(text("no_suggestion"), markup=False)
    if found.excluded:
        out.print(f"\n{text('excluded')}", style="bold", markup=False)
        for one in found.excluded:
            line = labelled(f"- {one.name} ({_decision(one)})", one.reasons[0])
            out.print(line, markup=False)


def _print_suggestion(one: Any) -> None:
    out.print(f"\n{one.name} — {_decision(one)}", style="bold", markup=False)
    date = format_date(one.checked, language())
    checked = translate("territory.checked", language(), date=date)
    out.print(f"  {one.holder} · {one.offer}", markup=False)
    _print_reasons(one)
    print_sources(one, language())
    out.print("  " + " · ".join(filter(None, (one.url, checked))), style="dim", markup=False)


def _decision(one: Any) -> str:
    return translate(f"decisions.{one.decision}", language())


def _print_reasons(one: Any) -> None:
    for reason in one.reasons:
        out.print(f"  · {reason}", markup=False)
    _print_quotes(one.citations)


def _print_quotes(citations: Any) -> None:
    for citation in citations:
        verdict = translate(f"answer.{citation.verdict.value}", language())
        quote = translate("typography.quoted", language(), text=citation.quote)
        out.print(f"  {quote} — {citation.title} ({verdict})", markup=False)
        print_sources(citation, language())


@app.command(help=text("peers_help"))
def peers(
    topic: Annotated[str, typer.Argument(metavar=text("name_topic"), callback=encodable)] = "",
    profile: ProfileFile = None,
    k: Count = 5,
    weight: Annotated[Strings, typer.Option("--weight", help=text("weight_help"))] = None,
    as_json: Json = False,
) -> None:
    from advisor.guidance.peers import peers as run
    from advisor.guidance.wording import population_text

    weights = dict(_weight(one) for one in weight or ())
    found = run(fiches_of_home(), profile_of(profile), topic, language(), k, weights)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for one in found.peers:
        share = format_percent(one.similarity, language())
        out.print(f"\n{one.name} — {share}", style="bold", markup=False)
        if one.population:
            size = population_text(
                one.population,
                one.population_year,
                language(),
                approximate=one.population_approximate,
            )
            facts = [size]
            if one.population_source:
                facts.append(source_text(one.population_source, language()))
            out.print(f"  {' · '.join(facts)}", style="dim", markup=False)
        _print_reasons(one)
        if one.differences:
            out.print(f"  {text('differs', text=' '.join(one.differences))}", markup=False)
    if not found.peers:
        out.print(text("no_peer"), markup=False)


def _weight(option: str) -> tuple[str, float]:
    name, _, value = option.partition("=")
    try:
        return name, float(value.replace(",", "."))
    except ValueError:
        from advisor.guidance.peers import WEIGHTS

        known = ", ".join(WEIGHTS)
        raise UsageError("peer_weight", name=name, value=value, known=known) from None


@app.command(help=text("diagnose_help"))
def diagnose(
    answers: Annotated[Path, typer.Argument(metavar=text("name_answers"))],
    profile: ProfileFile = None,
    parcours: Annotated[Path | None, typer.Option("--parcours", help=text("parcours_help"))] = None,
    as_json: Json = False,
) -> None:
    from advisor.guidance.diagnosis import diagnose as run
    from advisor.guidance.diagnosis import load_parcours, read_answers

    statements = load_parcours(parcours)
    given = read_answers(statements, answers)
    lang = get_settings().lang
    found = run(fiches_of_home(), statements, given, profile_of(profile), lang)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for score in found.scores:
        value = "–" if score.score is None else format_percent(score.score, lang)
        told = text("answered_of", answered=score.answered, count=score.statements)
        out.print(labelled(score.title, f"{value} ({told})"), markup=False)
    if found.strengths:
        out.print(text("strengths", names=", ".join(found.strengths)), markup=False)
    if found.steps:
        out.print(f"\n{text('next_steps')}", style="bold", markup=False)
    for step in found.steps:
        out.print(f"\n{step.step}", markup=False)
        _print_quotes([*([step.source] if step.source else []), *step.examples])
        for one in step.programmes:
            out.print(f"  → {one.name} ({_decision(one)})", markup=False)


@app.command(help=text("convergences_help"))
def convergences(
    file: Annotated[Path | None, typer.Argument(metavar=text("name_projects"))] = None,
    profile: ProfileFile = None,
    k: Annotated[
        int, typer.Option("--k", min=1, max=50, help=text("convergences_groups_help"))
    ] = 8,
    as_json: Json = False,
) -> None:
    from advisor.guidance.convergences import converge
    from advisor.guidance.projects import projects_of, read_projects

    known = profile_of(profile)
    if file is None and not known.projects:
        raise UsageError("projects_missing")
    projects = read_projects(file) if file else projects_of(known.projects)
    found = converge(fiches_of_home(), projects, known, get_settings().lang, k)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    names = {one.number: one.name for one in found.projects}
    for group in found.groups:
        out.print(f"\n{text('common_project', title=group.title)}", style="bold", markup=False)
        for number in group.projects:
            out.print(f"  {number}. {names[number]}", markup=False)
        out.print(f"  · {group.reason}", markup=False)
        _print_quotes(group.citations)
        if group.missing:
            out.print(f"  {text('who_is_missing', names=', '.join(group.missing))}", markup=False)
        if group.programmes:
            helping = ", ".join(f"{one.name} ({_decision(one)})" for one in group.programmes)
            out.print(f"  {text('helped_by', names=helping)}", markup=False)
    quoted = [link for link in found.links if link.citations]
    if quoted:
        out.print(f"\n{text('links')}", style="bold", markup=False)
    for link in quoted:
        out.print(f"\n{names[link.source]} ↔ {names[link.target]}", markup=False)
        for reason in link.reasons:
            out.print(f"  · {reason}", markup=False)
        _print_quotes(link.citations)
    if not found.links:
        out.print(text("no_link"), markup=False)
    elif found.alone:
        alone = ", ".join(names[number] for number in found.alone)
        out.print(f"\n{text('alone', names=alone)}", markup=False)
    if found.untold:
        out.print(text("untold", count=found.untold), markup=False)


@app.command(help=text("trajectory_help"))
def trajectory(
    name: Annotated[str, typer.Argument(metavar=text("name_territory"), callback=encodable)],
    as_json: Json = False,
) -> None:
    from advisor.guidance.trajectory import trajectory as run

    found = run(fiches_of_home(), name)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for event in found.events:
        years = str(event.start) if event.start == event.end else f"{event.start}–{event.end}"
        mark = f" ({text('disagrees')})" if event.disagrees or event.contested else ""
        out.print(f"{years}{mark}", style="bold", markup=False)
        _print_quotes(event.citations)
