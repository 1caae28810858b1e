"""One short question at a time about the territory, when suggestions would gain by its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from advisor.answer.models import Answer
from advisor.errors import AdvisorError
from advisor.guidance.complete import completed
from advisor.guidance.fiches import Fiches
from advisor.guidance.profile import CONTEXTS, KINDS, Profile, make_profile
from advisor.i18n import translate
from advisor.text.language import Language
from advisor.web.components import QUIET, show_html
from advisor.web.guidance_render import problem_html

# How each field is answered: in words, by one choice, by several.
# «Autre» would decide nothing: skipping says the same.
_CHOICES = {
    "kind": ("profile_kinds", tuple(kind for kind in KINDS if kind != "autre")),
    "contexts": ("contexts", CONTEXTS),
}
# The panel of an answer for a profile: its HTML, and the fields that would decide.
Aside = Callable[[Answer, int, Profile], tuple[str, list[str]]]


class ProfileQuestion:
    """The components of the question, and what brings it up.

    Args:
        fiches: of the home.
        lang: language of the interface.
        kept: state of the profile in the browser.
        last: state of the last answer.
        panels: state of the sources panels, the newest first.
        sources: shows them.
        aside: makes the panel of an answer.
        shown: makes the content of ``sources`` from the panels.
    """

    def __init__(
        self,
        fiches: Fiches,
        lang: Language,
        kept: Any,
        last: Any,
        panels: Any,
        sources: Any,
        aside: Aside,
        shown: Callable[[list[str]], str],
    ) -> None:
        self._fiches, self._lang, self._aside, self._shown = fiches, lang, aside, shown
        with gr.Row(visible=False, elem_id="profile-question") as row, gr.Column():
            wrong = show_html("")
            words = gr.Textbox(max_length=200, elem_id="profile-words")
            one = gr.Dropdown(
                _choices("kind", lang), label=self._t("ask_kind"), elem_id="profile-one"
            )
            several = gr.CheckboxGroup(_choices("contexts", lang), label=self._t("ask_contexts"))
            with gr.Row():
                give = gr.Button(self._t("give"), min_width=90, elem_id="profile-give")
                skip = gr.Button(self._t("skip"), min_width=90, elem_id="profile-skip")
        self.missing = gr.State([])
        skipped = gr.State([])
        #: What ``offer`` fills.
        self.outputs: list[Any] = [row, wrong, words, one, several]
        self.inputs: list[Any] = [self.missing, skipped]
        answered = [self.missing, skipped, kept, last, panels, words, one, several]
        outcome = [kept, panels, sources, self.missing, *self.outputs]
        give.click(self._answer, answered, outcome, **QUIET)
        words.submit(self._answer, answered, outcome, **QUIET)
        skip.click(self._skip, self.inputs, [skipped, *self.outputs], **QUIET)

    def offer(self, missing: list[str], skipped: list[str], problem: str = "") -> tuple[Any, ...]:
        """Return the updates of ``outputs``: the next question, or nothing left to ask."""
        field = _next(missing, skipped)
        if field is None:
            return (gr.update(visible=False), "", *[gr.update(visible=False, value=None)] * 3)
        return (
            gr.update(visible=True),
            problem,
            gr.update(visible=field not in _CHOICES, value="", label=self._t(f"ask_{field}")),
            gr.update(visible=field == "kind", value=None),
            gr.update(visible=field == "contexts", value=[]),
        )

    def _answer(
        self,
        missing: list[str],
        skipped: list[str],
        values: dict[str, Any] | None,
        last: tuple[Answer, int] | None,
        panels: list[str],
        words: str,
        one: str | None,
        several: list[str],
    ) -> tuple[Any, ...]:
        field = _next(missing, skipped)
        given: Any = {"kind": one, "contexts": several}.get(field or "", (words or "").strip())
        stay = [gr.skip()] * 4
        if field is None or last is None or not given:
            return (*stay, *self.offer(missing, skipped))
        try:
            known = make_profile(values or {}).model_dump(exclude_defaults=True)
            profile = make_profile({**known, field: given})
            if field == "name":
                profile = completed(self._fiches, profile, known.keys())
            panel, missing = self._aside(*last, profile)
        except AdvisorError as error:
            return (*stay, *self.offer(missing, skipped, problem_html(error, self._lang)))
        panels = [panel, *panels[1:]]
        kept = profile.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return kept, panels, self._shown(panels), missing, *self.offer(missing, skipped)

    def _skip(self, missing: list[str], skipped: list[str]) -> tuple[Any, ...]:
        field = _next(missing, skipped)
        skipped = [*skipped, field] if field else skipped
        return skipped, *self.offer(missing, skipped)

    def _t(self, key: str) -> str:
        return translate(f"profile_question.{key}", self._lang)


def _next(missing: Sequence[str], skipped: Sequence[str]) -> str | None:
    return next((field for field in missing if field not in skipped), None)


def _choices(field: str, lang: str) -> list[tuple[str, str]]:
    table, names = _CHOICES[field]
    return [(translate(f"{table}.{name}", lang), name) for name in names]
