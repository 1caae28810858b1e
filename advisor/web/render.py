"""Answers and citations as HTML. Everything that comes from a document is escaped here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from advisor.answer.extractive import blocks, numbered
from advisor.answer.models import Answer, Citation, PrimarySource, Sentence
from advisor.i18n import format_date, french_spaces, translate

_CONTEXT, _PREVIEW = 400, 220


def answer_html(answer: Answer, turn: int, lang: str, *, complete: bool = False) -> str:
    """Return the answer as one HTML block without empty lines (Markdown leaves it alone).

    Args:
        answer: so far.
        turn: place in the conversation, from 0.
        lang: language of the interface.
        complete: nothing more comes: what can be done with the answer is offered.
    """
    parts = [f'<p class="notice">{_with_references(notice, turn)}</p>' for notice in answer.notices]
    if answer.resolved_question != answer.question.strip() and answer.citations:
        edit = escape(translate("web.edit", lang))
        label = escape(translate("answer.follow_up", lang))
        parts.append(
            f'<p class="resolved">{label} <span>{escape(answer.resolved_question)}</span> '
            f'<a class="edit" href="#question">{edit}</a></p>'
        )
    if answer.status == "insufficient":
        links = "".join(_reference(turn, citation) for citation in answer.citations)
        parts.append(f'<p class="insufficient">{escape(answer.answer_markdown)}{links}</p>')
    else:
        parts.append(_sentences_html(answer, turn))
    if complete and answer.citations:
        more, copy = (escape(translate(f"web.{key}", lang)) for key in ("more", "copy_answer"))
        done = escape(translate("web.copied", lang))
        actions = [f'<a class="copy" href="#conversation" title="{done}">{copy}</a>']
        if answer.status != "insufficient":
            actions.insert(0, f'<a class="more" href="#question">{more}</a>')
        parts.append(f'<p class="actions">{" ".join(actions)}</p>')
    return f'<div class="answer" id="answer-{turn}" lang="{answer.language}">{"".join(parts)}</div>'


def _sentences_html(answer: Answer, turn: int) -> str:
    cited = {citation.n: citation for citation in answer.citations}
    parts: list[str] = []
    for block in blocks(answer.sentences):
        if block.heading:
            parts.append(f"<h3>{escape(block.heading)}</h3>")
        texts = [_sentence(sentence, answer.language) for sentence in block.sentences]
        texts[-1] += "".join(_reference(turn, cited[one]) for one in block.numbers if one in cited)
        if block.item:
            classes = [' class="numbered"' if numbered(one.text) else "" for one in block.sentences]
            rows = (f"<li{name}>{text}</li>" for name, text in zip(classes, texts, strict=True))
            parts.append(f"<ul>{''.join(rows)}</ul>")
        else:
            parts.append(f"<p>{' '.join(texts)}</p>")
    return "".join(parts)


def _sentence(sentence: Sentence, lang: str) -> str:
    if sentence.supported:
        return _emphasised(sentence.text, sentence.values)
    label = escape(translate("answer.unsupported", lang))
    return f'<span class="unsupported">{escape(sentence.text)} ({label})</span>'


def _emphasised(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts: list[str] = []
    position = 0
    for start, end in spans:
        if start >= position:
            parts += [escape(text[position:start]), f"<strong>{escape(text[start:end])}</strong>"]
            position = end
    return "".join([*parts, escape(text[position:])])


def _reference(turn: int, citation: Citation) -> str:
    """Return the mark of a citation; hovering shows its place and the start of its quote."""
    anchor = f"source-{turn}-{citation.n}"
    preview = f"{citation.title} – {citation.quote}"
    title = escape(" ".join(_cut(preview).split()))
    kind = citation.verdict.value
    mark = f'<a class="reference {kind}" href="#{anchor}" title="{title}">[{citation.n}]</a>'
    # A mark does not stand alone at the start of a line.
    return f"&#8288;<sup>{mark}</sup>"


def _cut(text: str) -> str:
    """Return a text cut at a word, where it is long."""
    return text if len(text) <= _PREVIEW else text[:_PREVIEW].rsplit(" ", 1)[0] + " …"


def _with_references(notice: str, turn: int) -> str:
    """Return a notice whose [n] lead to their source."""
    link = rf'<a class="reference" href="#source-{turn}-\1">[\1]</a>'
    return re.sub(r"\[(\d+)\]", link, escape(notice))


def typed_html(text: str, lang: str) -> str:
    """Return text that shows as it was typed, neither HTML nor Markdown.

    In French, no line break parts a «?» from its word.
    """
    lines = (french_spaces(text) if lang == "fr" else text).splitlines()
    return f'<div class="plain">{"<br>".join(map(escape, lines))}</div>'


def sources_html(answer: Answer, turn: int, lang: str, root: str = "") -> str:
    """Return the cards of an answer's citations; the first one is open."""
    cards = "".join(
        card_html(citation, turn, lang, root, opened=citation.n == 1, asked=answer.language)
        for citation in answer.citations
    )
    if not answer.citations:
        return ""
    question = escape(_cut(answer.question))
    return f'<section class="turn" aria-label="{question}"><h3>{question}</h3>{cards}</section>'


def card_html(
    citation: Citation,
    group: int | str,
    lang: str,
    root: str,
    *,
    opened: bool = False,
    asked: str = "",
) -> str:
    """Return the card of a citation; ``group`` and its number make its anchor.

    The language of the quote is named where it is not ``asked``, the question's.
    """
    verdict = escape(translate(f"answer.{citation.verdict.value}", lang))
    facts = [translate(f"kinds.{citation.kind}", lang)]
    if citation.lang != (asked or lang):
        facts.append(translate(f"answer.quoted_{citation.lang}", lang))
    if citation.date:
        facts.append(format_date(citation.date, lang))
    if citation.page_label:
        facts.append(translate("answer.page", lang, page=citation.page_label))
    if citation.section:
        facts.append(citation.section)
    section = citation.section.rsplit(" > ", 1)[-1]
    place = f' <span class="place">{escape(section)}</span>' if section else ""
    before, after = _context(citation.before, citation.after)
    body = [
        f'<p class="facts">{" · ".join(escape(fact) for fact in facts)}</p>',
        f'<blockquote lang="{citation.lang}">{_text(before)}<mark>{_text(citation.quote)}</mark>'
        f"{_text(after)}</blockquote>",
        f'<p class="verdict {citation.verdict.value}">✓ {verdict}</p>',
    ]
    if citation.sources:
        items = "".join(f"<li>{source_html(source, lang)}</li>" for source in citation.sources)
        title = escape(translate("answer.primary_source", lang))
        body.append(f'<p class="primary">{title}</p><ul class="primary">{items}</ul>')
    if citation.boxes:
        # One image per page the quote stands on; loaded by the browser when the card is open.
        for page in sorted({box.page for box in citation.boxes}):
            address = (
                f"{root}/source/{quote(citation.document_id)}/page/{page}.webp"
                f"?start={citation.start}&amp;end={citation.end}"
            )
            alt = escape(translate("web.page_image_alt", lang, page=page, title=citation.title))
            body.append(f'<img class="page" loading="lazy" src="{address}" alt="{alt}">')
    links = [
        f'<a href="{root}/source/{quote(citation.document_id)}/original" download>'
        f"{escape(translate('web.download', lang))}</a>",
    ]
    if isinstance(group, int):  # the turn of an answer
        back = escape(translate("web.back", lang))
        links.insert(0, f'<a class="back" href="#answer-{group}">{back}</a>')
    if citation.url:
        links.append(link(citation.url, translate("web.open_link", lang)))
    address = f"{root}/signal/{quote(citation.document_id)}/{citation.start}/{citation.end}"
    signal, done = (escape(translate(f"web.{key}", lang)) for key in ("signal", "signalled"))
    links.append(f'<a class="signal" href="{address}" title="{done}">{signal}</a>')
    body.append(f'<p class="links">{" ".join(links)}</p>')
    return (
        f'<details class="source" id="source-{group}-{citation.n}"{" open" if opened else ""}>'
        f'<summary><span class="number">{citation.n}</span> {escape(citation.title)}{place}'
        "</summary>"
        f"{''.join(body)}</details>"
    )


def _context(before: str, after: str) -> tuple[str, str]:
    """Shorten the text around the quote at a word."""
    if len(before) > _CONTEXT:
        before = "… " + before[-_CONTEXT:].split(" ", 1)[-1]
    if len(after) > _CONTEXT:
        after = after[:_CONTEXT].rsplit(" ", 1)[0] + " …"
    return before, after


def _text(text: str) -> str:
    return escape(text).replace("\n\n", "<br><br>").replace("\n", "<br>")


def source_html(source: PrimarySource, lang: str) -> str:
    """Return the name of a primary source with its date, a link where it has an address."""
    shown = f"{source.name}, {format_date(source.date, lang)}" if source.date else source.name
    return link(source.url, shown) if source.url else escape(shown)


def link(url: str, text: str) -> str:
    if not url.startswith(("http://", "https://")):
        return escape(text)
    attributes = 'target="_blank" rel="noopener noreferrer nofollow"'
    return f'<a href="{escape(url)}" {attributes}>{escape(text)}</a>'
