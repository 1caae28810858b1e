"""The page «Conseiller»: conversation on one side, sources on the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from html import escape
from typing import Any

import gradio as gr

from advisor.answer.models import Answer
from advisor.catalogue.journal import Opinion
from advisor.errors import AdvisorError, UsageError
from advisor.guidance.beside import beside
from advisor.guidance.diagnosis import load_parcours
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import Profile, make_profile
from advisor.i18n import translate
from advisor.retrieval.conversation import Turn
from advisor.text.language import Language
from advisor.web.components import QUIET, show_html
from advisor.web.guidance_render import beside_html
from advisor.web.profile_question import ProfileQuestion
from advisor.web.render import answer_html, sources_html, typed_html
from advisor.web.territory import build_territory

_MAX_LENGTH = 10_000
# A profile or a list of projects that was read is gone half an hour later: every so many seconds,
# files older than so many.
_UPLOADS_KEPT = (1800, 1800)
_ANSWER = re.compile(r'id="answer-(\d+)"')
_UNCHANGED, _HIDDEN = gr.skip(), gr.update(visible=False)
_GREYED = gr.update(interactive=False)
Message = dict[str, str]
# A question and its answer, as the page remembers them.
Said = tuple[str, str]


def build_page(
    fiches: Fiches,
    lang: Language,
    root: str = "",
    after_answer: Callable[[], None] = lambda: None,
    addresses: Mapping[Language, str] | None = None,
) -> gr.Blocks:
    """Return the page.

    Args:
        fiches: of the home, with what answers the questions.
        lang: language of the interface.
        root: path prefix behind a reverse proxy.
        after_answer: called when an answer is complete (repairs an index, say).
        addresses: of the page in each language, this one included.
    """

    answerer = fiches.answerer

    def t(key: str, **params: object) -> str:
        return translate(f"web.{key}", lang, **params)

    def aside(answer: Answer, turn: int, profile: Profile) -> tuple[str, list[str]]:
        found = beside(fiches, answer, profile)
        return sources_html(answer, turn, lang, root) + beside_html(found, lang), found.missing

    def aside_kept(
        answer: Answer, turn: int, values: dict[str, Any] | None
    ) -> tuple[str, list[str]]:
        try:
            return aside(answer, turn, make_profile(values or {}))
        except AdvisorError:  # a profile of an older page: the answer stands without it
            return sources_html(answer, turn, lang, root), []

    def say(
        question: str,
        messages: list[Message],
        asked: list[Said],
        panels: list[str],
        profile: dict[str, Any] | None,
    ) -> Iterator[tuple[Any, ...]]:
        question = (question or "").strip()[:_MAX_LENGTH]
        if not question:
            gr.Info(UsageError("empty_question").message(lang))
            yield (_UNCHANGED,) * len(outputs)
            return
        shown = [*messages, {"role": "user", "content": typed_html(question, lang)}]
        turn = len(asked)
        last: Answer | None = None
        missing: list[str] = []

        def state() -> tuple[Any, ...]:
            # «Demander» is greyed in every part: where many arrive at once, what only the first
            # says is lost to the differences of the next.
            told = (last, turn) if last else None
            return shown, asked, panels, _panel(panels, t), told, missing, _GREYED

        yield state()
        try:
            for answer in _growing(answerer.stream(question, [Turn(*said) for said in asked])):
                last = answer
                content = {"role": "assistant", "content": answer_html(answer, turn, lang)}
                yield [*shown, content], *state()[1:]
            if last is not None:
                shown.append(
                    {"role": "assistant", "content": answer_html(last, turn, lang, complete=True)}
                )
                panel, missing = aside_kept(last, turn, profile)
                panels = [panel, *panels]
                asked = [*asked, (question, last.answer_markdown)]
        except AdvisorError as error:
            shown.append({"role": "assistant", "content": typed_html(error.message(lang), lang)})
        except Exception:
            shown.append({"role": "assistant", "content": typed_html(t("failed"), lang)})
            yield state()
            raise
        yield state()
        after_answer()

    def ask(question: str, *known: Any) -> Iterator[tuple[Any, ...]]:
        # Emptied once, as the question is taken: what is typed next waits there.
        emptied: Any = ""
        try:
            for outcome in say(question, *known):
                yield emptied, *outcome
                emptied = _UNCHANGED
        except Exception:  # to try again
            yield question, *(_UNCHANGED,) * len(outputs)
            raise

    def ask_example(chosen: gr.SelectData, *known: Any) -> Iterator[tuple[Any, ...]]:
        yield from say(chosen.value["text"], *known)

    def ready() -> dict[str, Any]:
        # A question is sent once the answer before it is complete.
        return gr.update(interactive=True)

    def judge(asked: list[Said], said: gr.LikeData) -> tuple[Any, ...]:
        # A sentence that says what went wrong is no answer.
        found = _ANSWER.search(str(said.value))
        if found is None or int(found.group(1)) >= len(asked):
            return ("", ""), _HIDDEN, ""
        question = asked[int(found.group(1))][0]
        kind: Opinion = "useful" if said.liked in (True, "Like") else "useless"
        with suppress(AdvisorError):  # an opinion lost is no reason to fail
            answerer.journal.opinion(kind, question)
        return (kind, question), gr.update(visible=kind == "useless"), ""

    def explain(said: tuple[Opinion, str], why: str) -> dict[str, Any]:
        if why.strip():
            with suppress(AdvisorError):
                answerer.journal.opinion(said[0], said[1], reason=why.strip())
        gr.Info(t("reason_thanks"))
        return _HIDDEN

    page: gr.Blocks
    with gr.Blocks(
        title=t("title"), fill_width=True, analytics_enabled=False, delete_cache=_UPLOADS_KEPT
    ) as page:
        show_html(
            f'<a class="skip" href="#question">{escape(t("skip"))}</a>'
            f'<header class="masthead"><h1>{escape(t("title"))}</h1>'
            f"<p>{escape(t('tagline'))}</p>{_languages(lang, addresses or {})}</header>",
        )
        asked = gr.State([])
        panels = gr.State([])
        last = gr.State(None)
        with gr.Tab(t("tab_advisor"), id="advisor"), gr.Row():
            with gr.Column(scale=3, min_width=340):
                chat = gr.Chatbot(
                    label=t("conversation"),
                    placeholder=_welcome(t),
                    examples=[{"text": t(f"example_{number}")} for number in range(1, 5)],
                    height="62vh",
                    min_height=380,
                    autoscroll=False,
                    latex_delimiters=[],
                    feedback_options=["Like", "Dislike"],  # the names that give thumbs
                    buttons=[],  # the link under an answer copies its text and its sources
                    allow_file_downloads=False,
                    elem_id="conversation",
                )
                with gr.Row(visible=False) as why:
                    reason = gr.Textbox(
                        label=t("reason_label"), max_length=1000, scale=4, elem_id="reason"
                    )
                    give = gr.Button(t("reason_send"), min_width=90)
                judged = gr.State(("", ""))
                box = gr.Textbox(
                    label=t("question_label"),
                    placeholder=t("question_placeholder"),
                    lines=1,  # with more, Enter would not send
                    max_lines=6,
                    max_length=_MAX_LENGTH,
                    elem_id="question",
                    submit_btn=False,
                )
                with gr.Row():
                    send = gr.Button(t("send"), variant="primary", elem_id="send", min_width=90)
                    stop = gr.Button(t("stop"), elem_id="stop", min_width=90)
                    new = gr.Button(t("new_chat"), elem_id="new", min_width=90)
                # Written by the page's script: what is being typed stays in the box.
                follow_up = gr.Textbox(visible="hidden", elem_id="follow-up")
                question_place = gr.Column()
            with gr.Column(scale=2, min_width=340):
                sources = show_html(_panel([], t), elem_classes="panel", elem_id="sources")
        with gr.Tab(t("tab_territory"), id="territory", elem_id="territory-tab") as tab:
            kept = build_territory(page, tab, fiches, load_parcours(), lang, root)
        count = len(answerer.search.catalogue.documents())
        show_html(
            f'<p class="foot">{escape(t("corpus_size", count=count))} · '
            f"{escape(t('history_notice'))}</p>",
        )

        with question_place:
            asking = ProfileQuestion(
                fiches, lang, kept, last, panels, sources, aside, lambda all_: _panel(all_, t)
            )
        known: list[Any] = [chat, asked, panels, kept]
        outputs: list[Any] = [chat, asked, panels, sources, last, asking.missing, send]
        options: dict[str, Any] = {
            "api_visibility": "private",
            "show_progress": "minimal",
            "concurrency_id": "ask",
            "concurrency_limit": 4,
        }
        typed = gr.on([box.submit, send.click], ask, [box, *known], [box, *outputs], **options)
        follow = follow_up.submit(say, [follow_up, *known], outputs, **options)
        example = chat.example_select(ask_example, known, outputs, **options)
        running: list[Any] = [typed, follow, example]
        for event in running:
            # What follows an event does not follow its failure.
            event.failure(ready, None, send, **QUIET)
            event.then(ready, None, send, **QUIET).then(
                asking.offer, asking.inputs, asking.outputs, **QUIET
            )
        chat.like(judge, [asked], [judged, why, reason], api_visibility="private")
        give.click(explain, [judged, reason], [why], api_visibility="private")
        stop.click(ready, None, send, cancels=running, api_visibility="private")
        for reset in (new.click, chat.clear):
            reset(
                lambda: ("", [], [], [], _panel([], t), None, [], ready(), _HIDDEN),
                None,
                [box, *outputs, why],
                cancels=running,
                api_visibility="private",
            ).then(asking.offer, asking.inputs, asking.outputs, **QUIET)
    return page


def _growing(answers: Iterator[Answer]) -> Iterator[Answer]:
    """Yield answers; an extractive one, complete at once, grows sentence by sentence."""
    for answer in answers:
        if answer.method == "extractive":
            for count in range(1, len(answer.sentences)):
                yield answer.model_copy(update={"sentences": answer.sentences[:count]})
        yield answer


def _welcome(t: Callable[..., str]) -> str:
    title, text = escape(t("welcome_title")), escape(t("welcome"))
    return f'<div class="welcome"><h2>{title}</h2><p>{text}</p></div>'


def _panel(sections: list[str], t: Callable[..., str]) -> str:
    content = "".join(sections) or f'<p class="empty">{escape(t("sources_empty"))}</p>'
    return f"<h2>{escape(t('sources_panel'))}</h2>{content}"


def _languages(own: Language, addresses: Mapping[Language, str]) -> str:
    """Return the links to the page in the other languages, each named in its own."""
    links = " · ".join(
        f'<a class="language" href="{escape(address)}" lang="{lang}" hreflang="{lang}">'
        f"{escape(translate('web.language_name', lang))}</a>"
        for lang, address in addresses.items()
        if lang != own
    )
    return f'<p class="languages">{links}</p>' if links else ""
