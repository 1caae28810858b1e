"""Reversible normalisation: the form in which quotes are compared with their source.

The normal form levels what changes when a text is re-typed, re-wrapped or copied out of a
page (kinds of spaces, apostrophes, quotes and dashes, ligatures, hyphens cut or added
inside words, spaces before punctuation) and nothing else: letters, case, accents, digits
and punctuation stay. Each normal text keeps the map back to the original offsets.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

_CHARACTERS = {
    **dict.fromkeys("’‘‛ʼ´`′", "'"),
    **dict.fromkeys("“”„‟«»‹›″", '"'),
    **dict.fromkeys("–—‒―−‐‑", "-"),
    "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "…": "...",
    "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st",
    "•": "", "▪": "", "◦": "", "‣": "",
}  # fmt: skip
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\ufffe\uffff"
_HYPHEN = "-\u2010\u2011"
_SPACE = r"[\s\u2028\u2029]"

# Alternatives are tried in this order at each place; runs between matches are copied.
_IRREGULAR = re.compile(
    # a hyphen inside a word, with or without a line end after it
    rf"(?P<drop>(?<=[^\W\d_])[{_INVISIBLE}]*[{_HYPHEN}\u00ad\ufffe][{_INVISIBLE}]*{_SPACE}*(?=[^\W\d_])"
    rf"|[{_INVISIBLE}]+"
    # spaces around quotes and before high punctuation
    rf"|{_SPACE}+(?=[;:!?%»”›\"])|(?<=[«“‹\"„]){_SPACE}+"
    rf"|(?<=[»”›\"]){_SPACE}+|{_SPACE}+(?=[«“‹„]))"
    rf"|(?P<space>{_SPACE}+)"
    r"|(?P<compose>[^\W\d_][\u0300-\u036f]+)"
    rf"|(?P<map>[{re.escape(''.join(_CHARACTERS))}])"
)


@dataclass(frozen=True, slots=True)
class NormalText:
    """A normal form and its map back.

    ``anchors`` holds the normal offset of the start of each copied or replaced run,
    ``origins`` the original offset of the same place and ``copied`` whether the run is a
    plain copy (so that offsets inside it advance together).
    """

    text: str
    anchors: list[int]
    origins: list[int]
    copied: list[bool]
    length: int

    def original(self, offset: int) -> int:
        """Return the original offset of the character at a normal offset."""
        if offset >= len(self.text):
            return self.length
        run = bisect_right(self.anchors, offset) - 1
        inside = offset - self.anchors[run] if self.copied[run] else 0
        return self.origins[run] + inside

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original [start, end) of a non-empty normal [start, end)."""
        last = bisect_right(self.anchors, end - 1) - 1
        if self.copied[last]:
            stop = self.origins[last] + (end - self.anchors[last])
        else:
            stop = self.origins[last + 1] if last + 1 < len(self.origins) else self.length
        return self.original(start), stop


def normalise(text: str) -> NormalText:
    """Return the normal form of a text, in time linear in its length."""
    parts: list[str] = []
    anchors: list[int] = []
    origins: list[int] = []
    copied: list[bool] = []
    size = 0

    def add(piece: str, origin: int, is_copy: bool) -> None:
        nonlocal size
        if piece:
            parts.append(piece)
            anchors.append(size)
            origins.append(origin)
            copied.append(is_copy)
            size += len(piece)

    position = 0
    for match in _IRREGULAR.finditer(text):
        add(text[position : match.start()], position, True)
        if match.lastgroup == "space":
            add(" ", match.start(), False)
        elif match.lastgroup == "compose":
            add(unicodedata.normalize("NFC", match.group()), match.start(), False)
        elif match.lastgroup == "map":
            add(_CHARACTERS[match.group()], match.start(), False)
        position = match.end()
    add(text[position:], position, True)
    return NormalText("".join(parts), anchors, origins, copied, len(text))


def fold(text: str) -> str:
    """Return the text in lower case without accents, œ and æ written out."""
    lowered = text.lower().replace("œ", "oe").replace("æ", "ae").replace("ß", "ss")
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def encodable(text: str) -> str:
    """Return a text with a question mark for each half of a character that stands alone."""
    return text.encode("utf-8", "replace").decode()


def fold_typed(text: str) -> str:
    """Return ``fold(text)`` with straight apostrophes, for patterns over what people type."""
    return fold(text).replace("’", "'")
