"""Greetings, thanks and «what can you do?»: answered in a word, from ``prompts/``."""

from __future__ import annotations

import re

from advisor.answer.prompts import prompt
from advisor.text.language import Language
from advisor.text.normalise import fold_typed

_PATTERNS: dict[str, dict[Language, str]] = {
    "greeting": {
        "fr": r"(bonjour|bonsoir|salut|coucou)( (a tous|tout le monde|madame|monsieur))?",
        "en": r"(hello|hi|hey|good (morning|evening))( there)?",
        "de": r"(hallo|guten (tag|morgen|abend))( zusammen)?",
    },
    "thanks": {
        "fr": r"((un )?(grand |super )?merci( (beaucoup|bien|a vous|pour tout))?|au revoir)",
        "en": r"(thanks?( you)?( very much| a lot)?|goodbye|bye)",
        "de": r"(danke( schon| sehr)?|vielen dank|tschuss|auf wiedersehen)",
    },
    "abilities": {
        "fr": r"((que|qu'est-ce que|quoi) (sais|peux|savez|pouvez)[- ]?(tu|vous)? ?(tu |vous )?"
        r"(faire|repondre)( pour moi)?|a quoi (sers|servez)[- ](tu|vous)|qui es[- ]tu"
        r"|qui etes[- ]vous|aide)",
        "en": r"(what can you do( for me)?|who are you|what are you|help)",
        "de": r"(was kannst du( tun)?|wer bist du|was konnen sie( tun)?|hilfe)",
    },
}


def small_talk(text: str) -> tuple[str, Language] | None:
    """Return what to say, and in which language, when a message is no question on the corpus."""
    plain = fold_typed(text).strip(" .!?,;:")
    for kind, patterns in _PATTERNS.items():
        for lang, pattern in patterns.items():
            if re.fullmatch(pattern, plain):
                return prompt(kind, lang).strip(), lang
    return None
