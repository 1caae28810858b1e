"""Is the evidence found, and is it quoted? Questions with evidence over a folder of documents.

    python -m eval.evidence QUESTIONS.jsonl FOLDER

Imports the folder alone into a fresh home, asks every question whose evidence lies in it, and
compares on letters and digits alone. «found» and «quoted» ask for every piece of evidence of a
question; the figures in brackets for one at least.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

from advisor.answer.answerer import Answerer
from advisor.settings import Settings
from ingest.pipeline import Importer

_AMONG = 5


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def main() -> int:
    """Print the two figures; return 1 when a folder is missing."""
    questions, folder = (Path(argument) for argument in sys.argv[1:3])
    if not questions.is_file() or not folder.exists():
        print(f"Il manque {questions if not questions.is_file() else folder} : rien à mesurer.")
        return 1
    entries = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        Importer(settings).run([folder])
        answerer = Answerer(settings)
        print(report(entries, answerer))
    return 0


def report(entries: list[dict], answerer: Answerer) -> str:
    """Return the table of figures, per language and in all."""
    rows: dict[str, list[tuple[bool, bool, bool, bool, bool]]] = {}
    refused_rightly = unanswerable = 0
    for entry in entries:
        turns = [turn["content"] for turn in entry.get("history", []) if turn["role"] == "user"]
        answer = answerer.answer(entry["question"], turns)
        if entry["answerable_from"] == "none":
            unanswerable += 1
            refused_rightly += answer.status == "insufficient"
        if entry["answerable_from"] != "seed":
            continue
        hits = answerer.search.search(entry["question"], _AMONG, history=turns).hits
        found = _held([hit.passage.text for hit in hits], entry["evidence"])
        quotes = " ".join(citation.quote for citation in answer.citations)
        answered = answer.status == "answered"
        quoted = _held([quotes], entry["evidence"]) if answered else [False]
        row = (all(found), any(found), all(quoted), any(quoted), not answered)
        rows.setdefault(entry["lang"], []).append(row)
    rows["all"] = [row for group in rows.values() for row in group]
    lines = [f"{'':4} {'n':>3}  found in {_AMONG} (any)   quoted (any)     refused"]
    for lang, group in rows.items():
        shares = [100 * sum(column) / len(group) for column in zip(*group, strict=True)]
        found, found_any, quoted, quoted_any, refused = shares
        lines.append(
            f"{lang:4} {len(group):>3}  {found:5.1f} % ({found_any:5.1f})   "
            f"{quoted:5.1f} % ({quoted_any:5.1f})   {refused:4.1f} %"
        )
    lines.append(f"unanswerable questions refused: {refused_rightly} of {unanswerable}")
    return "\n".join(lines)


def _held(texts: list[str], evidence: list[str]) -> list[bool]:
    bare = [_bare(text) for text in texts]
    return [any(_bare(piece) in text for text in bare) for piece in evidence]


if __name__ == "__main__":
    sys.exit(main())
