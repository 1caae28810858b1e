"""Suggestions, peers and diagnosis as HTML. Everything that comes from a document is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from advisor.answer.models import Citation, SuggestedItem, Suggestions
from advisor.errors import AdvisorError
from advisor.guidance.diagnosis import Diagnosis
from advisor.guidance.models import Peer, Peers, Suggested, Suggestion
from advisor.guidance.profile import Profile
from advisor.guidance.wording import figure_text, population_text
from advisor.i18n import format_date, format_percent, translate
from advisor.web.components import table_html
from advisor.web.render import link, source_html


def suggested_html(found: Suggested, lang: str) -> str:
    """Return the dispositifs to look at, then those out of reach."""
    parts = [f"<h3>{_t('programmes', lang)}</h3>"]
    parts += [suggestion_html(one, lang) for one in found.suggestions]
    if not found.suggestions:
        parts.append(f"<p>{_t('no_programme', lang)}</p>")
    if found.excluded:
        parts.append(f"<h4>{_t('out_of_reach', lang)}</h4><ul>")
        for one in found.excluded:
            decision = _decision(one.decision, lang)
            reason = escape(one.reasons[0])
            parts.append(f"<li><strong>{escape(one.name)}</strong> ({decision}) – {reason}</li>")
        parts.append("</ul>")
    return f'<div class="guidance">{"".join(parts)}</div>'


def suggestion_html(one: Suggestion, lang: str) -> str:
    decision = _decision(one.decision, lang)
    facts = [escape(one.holder)]
    if one.deadline:
        facts.append(_t("until", lang, date=format_date(one.deadline, lang)))
    facts.append(_t("checked", lang, date=format_date(one.checked, lang)))
    body = [
        f'<p class="facts">{" · ".join(facts)}</p>',
        f"<p>{escape(one.offer)}</p>",
        list_html(one.reasons),
        *(quote_html(citation, lang) for citation in one.citations),
    ]
    if one.sources:
        named = " · ".join(source_html(source, lang) for source in one.sources)
        body.append(f'<p class="facts">{_t("fiche_sources", lang, sources=named)}</p>')
    if one.url:
        body.append(f'<p class="links">{link(one.url, translate("web.open_link", lang))}</p>')
    return (
        f'<details class="source"><summary>{escape(one.name)} '
        f'<span class="decision is-{one.decision}">{decision}</span></summary>'
        f"{''.join(body)}</details>"
    )


def peers_html(found: Peers, profile: Profile, lang: str, root: str) -> str:
    """Return the map, the table of peers, then what each did."""
    if not found.peers:
        return f'<div class="guidance"><p>{_t("no_peer", lang)}</p></div>'
    parts = [f"<h3>{_t('peers', lang)}</h3>"]
    marks = ",".join(f"{quote(one.slug)}:{one.similarity:.2f}" for one in found.peers)
    own = f"&amp;own={profile.latitude},{profile.longitude}" if profile.latitude else ""
    alt = escape(_t("map_alt", lang))
    parts.append(f'<img class="chart" src="{root}/chart/map.svg?places={marks}{own}" alt="{alt}">')
    names = ("number", "territory", "kind", "population", "similarity")
    rows = (_row(number, one, lang) for number, one in enumerate(found.peers, start=1))
    parts.append(table_html(_columns(names, lang), rows, "peers"))
    parts += [_peer(one, lang) for one in found.peers]
    return f'<div class="guidance">{"".join(parts)}</div>'


def _row(number: int, one: Peer, lang: str) -> tuple[str, ...]:
    population = "–"
    if one.population:
        shown = figure_text(one.population, lang, approximate=one.population_approximate)
        year = f" ({one.population_year})" if one.population_year else ""
        population = f'<a href="#source-peer-{quote(one.slug)}">{shown}</a>{year}'
    return (
        str(number),
        escape(one.name),
        translate(f"territory_types.{one.kind}", lang),
        population,
        format_percent(one.similarity, lang),
    )


def _peer(one: Peer, lang: str) -> str:
    body = []
    if one.population:
        size = population_text(
            one.population, one.population_year, lang, approximate=one.population_approximate
        )
        facts = [escape(size)]
        if one.population_source:
            facts.append(source_html(one.population_source, lang))
        facts.append(_t("fiche_of", lang, date=format_date(one.updated, lang)))
        body.append(f'<p class="facts">{" · ".join(facts)}</p>')
    body += [list_html(one.reasons), *(quote_html(citation, lang) for citation in one.citations)]
    if one.differences:
        body.append(f"<p><strong>{_t('differs', lang)}</strong></p>{list_html(one.differences)}")
    shares = ", ".join(
        f"{translate(f'features.{name}', lang)} {format_percent(share, lang)}"
        for name, share in one.shares.items()
    )
    body.append(f'<p class="facts">{_t("shares", lang, shares=shares)}</p>')
    return (
        f'<details class="source" id="source-peer-{quote(one.slug)}">'
        f"<summary>{escape(one.name)} "
        f'<span class="place">{format_percent(one.similarity, lang)}</span></summary>'
        f"{''.join(body)}</details>"
    )


def diagnosis_html(found: Diagnosis, lang: str, root: str) -> str:
    """Return the radar with its table, the strengths, the next steps."""
    shares = ",".join("" if one.score is None else f"{one.score:.2f}" for one in found.scores)
    alt = escape(_t("radar_alt", lang))
    rows = [
        (
            escape(one.title),
            "–" if one.score is None else format_percent(one.score, lang),
            f"{one.answered} / {one.statements}",
        )
        for one in found.scores
    ]
    parts = [
        f'<img class="chart" src="{root}/chart/radar.svg?scores={shares}" alt="{alt}">',
        table_html(_columns(("fundamental", "score", "answered"), lang), rows),
    ]
    if found.strengths:
        names = escape(", ".join(found.strengths))
        parts.append(f"<p>{translate('cli.strengths', lang, names=names)}</p>")
    if found.steps:
        parts.append(f"<h3>{escape(translate('cli.next_steps', lang))}</h3>")
    for step in found.steps:
        parts.append(f"<h4>{escape(step.step)}</h4><p>{escape(step.text)}</p>")
        if step.source:
            parts.append(quote_html(step.source, lang))
        if step.examples:
            parts.append(f"<p><strong>{_t('how_others', lang)}</strong></p>")
            parts += [quote_html(citation, lang) for citation in step.examples]
        if step.programmes:
            parts.append(f"<p><strong>{_t('programmes', lang)}</strong></p>")
            parts += [suggestion_html(one, lang) for one in step.programmes]
    parts.append(_replies(found, lang))
    return f'<div class="guidance">{"".join(parts)}</div>'


def _replies(found: Diagnosis, lang: str) -> str:
    rows = [
        (
            escape(one.text),
            "–" if one.level is None else _t(f"level_{one.level}", lang),
            escape(one.comment),
        )
        for one in found.replies
    ]
    table = table_html(_columns(("statement", "level", "comment"), lang), rows)
    title = escape(_t("your_answers", lang))
    return f'<details class="source"><summary>{title}</summary>{table}</details>'


def beside_html(found: Suggestions, lang: str) -> str:
    """Return what stands beside an answer; empty when nothing does."""
    parts = []
    if found.diagnosis:
        text = escape(_t("begin", lang))
        parts.append(f'<p><a class="to-diagnosis" href="#self-diagnosis">{text}</a></p>')
    for key, items in (("programmes", found.dispositifs), ("peers", found.peers)):
        if items:
            parts.append(f"<h3>{_t(key, lang)}</h3>")
            parts += [_item(one, lang) for one in items]
    return f'<section class="beside">{"".join(parts)}</section>' if parts else ""


def problem_html(error: AdvisorError, lang: str) -> str:
    """Return the sentence that says what is wrong and what to do."""
    return f'<p class="notice">{escape(error.message(lang))}</p>'


def _item(one: SuggestedItem, lang: str) -> str:
    badge = ""
    if one.decision:
        decision = _decision(one.decision, lang)
        badge = f' <span class="decision is-{one.decision}">{decision}</span>'
    body = [list_html(one.reasons), *(quote_html(citation, lang) for citation in one.citations)]
    if one.url:
        body.append(f'<p class="links">{link(one.url, translate("web.open_link", lang))}</p>')
    return (
        f'<details class="source"><summary>{escape(one.name)}{badge}</summary>'
        f"{''.join(body)}</details>"
    )


def quote_html(citation: Citation, lang: str) -> str:
    """Return a quote with its document, its primary sources, their dates and its verdict."""
    verdict = escape(translate(f"answer.{citation.verdict.value}", lang))
    facts = [escape(citation.title)]
    facts += [source_html(source, lang) for source in citation.sources]
    if citation.date:
        facts.append(_t("fiche_of", lang, date=format_date(citation.date, lang)))
    return (
        f'<blockquote lang="{citation.lang}">{escape(citation.quote)}'
        f'<footer lang="{lang}">{" · ".join(facts)} · '
        f'<span class="verdict {citation.verdict.value}">✓ {verdict}</span></footer></blockquote>'
    )


def list_html(texts: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def _columns(names: Sequence[str], lang: str) -> list[str]:
    return [_t(f"column_{name}", lang) for name in names]


def _decision(decision: str, lang: str) -> str:
    return translate(f"decisions.{decision}", lang)


def _t(key: str, lang: str, **params: object) -> str:
    return translate(f"territory.{key}", lang, **params)
