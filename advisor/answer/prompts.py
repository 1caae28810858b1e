"""The texts in ``prompts/``: what a language model is told, what small talk is answered."""

from __future__ import annotations

from pathlib import Path

from advisor.text.language import Language

PROMPTS = Path(__file__).resolve().parents[2] / "prompts"


def prompt(name: str, lang: Language) -> str:
    """Return a text in a language."""
    return (PROMPTS / f"{name}.{lang}.md").read_text(encoding="utf-8")
