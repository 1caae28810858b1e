"""Training texts and pairs: what the data files hold, less what may not be shipped.

Every line of a data file carries its licence. A model trained on a line is distributed with
the product, so a line is kept only if its licence allows redistribution of derived works.
"""

from __future__ import annotations

import json
import lzma
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.read import document_id, read_file

LANGUAGES = ("fr", "en", "de")
# Copyleft of programs, non-commercial clauses, licences nobody saw or that name no terms.
_REFUSED = re.compile(
    r"\b[AL]?GPL|\bNC\b|non vue|sans licence|licences d.origine|^\s*$", re.IGNORECASE
)
_MIN_LENGTH = 12
_GROUPED = re.compile(r" ?\(.*\)| ?\[.*\]| FRA\d+.*")


@dataclass(frozen=True, slots=True)
class Text:
    """A passage with its title (may be empty), from one source, in one language."""

    source: str
    lang: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that should lie close: a question and its passage, a sentence and a translation."""

    source: str
    left: str
    right: str
    left_lang: str
    right_lang: str


@dataclass(slots=True)
class Account:
    """How many lines of each source and licence were kept, and how many refused."""

    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)


def may_ship(licence: str) -> bool:
    """Tell whether a model trained on a line under this licence may be distributed."""
    return not _REFUSED.search(licence or "")


def read(folder: Path, account: Account) -> Iterator[Text | Pair]:
    """Yield every text and pair of the data files of a folder that may be used.

    Files: ``prose_*`` (title, text), ``pairs_*`` (query, positive), ``parallel*`` and
    ``glossary*`` (fr, en, de), ``synonyms_*`` (word, synonyms); one JSON object per line,
    ``.jsonl`` or ``.jsonl.xz``.

    Raises:
        FileNotFoundError: the folder holds no data file.
    """
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.xz")])
    if not files:
        raise FileNotFoundError(f"no *.jsonl or *.jsonl.xz in {folder}")
    for path in files:
        kind = path.name.split(".")[0]
        for entry in _lines(path):
            licence = entry.get("license", "")
            source = _GROUPED.sub("", entry.get("group") or entry.get("source") or kind).strip()
            key = (f"{kind}: {source}", licence)
            items = list(_items(kind, source, entry))
            if not items:
                continue
            if not may_ship(licence):
                account.refused[key] += 1
                continue
            account.kept[key] += 1
            yield from items


def read_fiches(corpus: Path) -> Iterator[Text]:
    """Yield the passages of the starter corpus, each titled by its fiche and headings."""
    for path in sorted(corpus.glob("*/*.md")):
        content = read_file(path, path.name, document_id(path.name), max_pages=1)
        for passage in content.passages:
            title = " ".join([content.document.title, *passage.headings])
            yield Text("fiches of the corpus", content.document.lang, title, passage.text)


def _lines(path: Path) -> Iterator[dict]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _items(kind: str, source: str, entry: dict) -> Iterator[Text | Pair]:
    name = kind.split("_")[0]
    if name == "prose":
        if len(entry["text"]) >= _MIN_LENGTH:
            title = entry.get("title") or ""
            yield Text(source, kind.split("_")[-1], title, entry["text"])
    elif name == "pairs":
        lang = kind.split("_")[-1]
        yield Pair(source, entry["query"], entry["positive"], lang, lang)
    elif name == "parallel":
        present = [lang for lang in LANGUAGES if entry.get(lang)]
        for place, lang in enumerate(present):
            for other in present[place + 1 :]:
                yield Pair(source, entry[lang], entry[other], lang, other)
    elif name == "glossary":
        yield from _entries({lang: entry.get(lang) or [] for lang in LANGUAGES})
        for lang in LANGUAGES:
            if entry.get(f"definition_{lang}") and entry.get(lang):
                yield Pair("definitions", entry[lang][0], entry[f"definition_{lang}"], lang, lang)
    elif name == "synonyms":
        for other in entry["synonyms"][:4]:
            yield Pair("synonyms", entry["word"], other, "fr", "fr")


def _entries(words: dict[str, list[str]]) -> Iterator[Pair]:
    for place, lang in enumerate(LANGUAGES):
        for other in LANGUAGES[place + 1 :]:
            for left in words[lang][:2]:
                for right in words[other][:2]:
                    yield Pair("glossary", left, right, lang, other)
