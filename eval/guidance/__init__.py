"""Are the suggestions good? Profiles and needs whose right answers are known.

    advisor eval guidance CASES.jsonl [...] [--report FILE.md]

Each line of CASES holds ``task`` (``dispositifs`` or ``peers``), ``profile``, ``need``,
``expected`` (slugs of which one should be among the first three), ``never`` (slugs that must not
be recommended) and ``date`` (the day the question is asked). The starter corpus is imported into
a fresh home. ``build.jsonl`` was looked at while building, ``held.jsonl`` was not.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from advisor.answer.answerer import Answerer
from advisor.guidance.dispositifs import suggest
from advisor.guidance.eligibility import Decision, decide
from advisor.guidance.fiches import Fiches
from advisor.guidance.peers import peers
from advisor.guidance.profile import Profile, make_profile
from advisor.settings import Settings
from eval.lines import read_lines
from ingest.pipeline import Importer

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
_AMONG = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A profile and a need with the slugs expected, and those that must not come."""

    key: str
    task: str
    profile: Profile
    need: str
    expected: frozenset[str]
    never: frozenset[str]
    date: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The slugs recommended, best first; whether each has a reason and a verified citation."""

    slugs: tuple[str, ...]
    explained: tuple[bool, ...] = ()
    seconds: float = 0.0


System = Callable[[Case], Reply]


def read_cases(path: Path) -> list[Case]:
    """Read a file of cases.

    Raises:
        UsageError: it is missing, or a line cannot be read.
    """
    return read_lines(path, _case)


def _case(_number: int, one: dict[str, Any]) -> Case:
    profile = make_profile({k: v for k, v in one["profile"].items() if v is not None})
    expected, never = frozenset(one["expected"]), frozenset(one.get("never", ()))
    return Case(one["id"], one["task"], profile, one["need"], expected, never, one["date"])


def advisor_system(fiches: Fiches) -> System:
    """The advisor itself."""

    def ask(case: Case) -> Reply:
        started = time.perf_counter()
        found: Sequence[Any]
        if case.task == "peers":
            found = peers(fiches, case.profile, case.need, k=_AMONG).peers
        else:
            found = suggest(fiches, case.need, case.profile, k=_AMONG, today=case.date).suggestions
        seconds = time.perf_counter() - started
        explained = [
            bool(one.reasons and one.citations)
            and all(citation.verdict == "verified" for citation in one.citations)
            for one in found
        ]
        return Reply(tuple(one.slug for one in found), tuple(explained), seconds)

    return ask


def by_retrieval(fiches: Fiches) -> System:
    """Retrieval alone: the fiches of the best passages, whoever asks."""

    def ask(case: Case) -> Reply:
        kind = "territoire" if case.task == "peers" else "dispositif"
        slugs = {record.document_id: record.slug for record in fiches.of_kind(kind)}
        found = [slugs[hit.document.id] for hit in fiches.hits(case.need, (kind,))]
        return Reply(tuple(dict.fromkeys(found))[:_AMONG])

    return ask


def by_filters(fiches: Fiches) -> System:
    """Filters alone: what the profile may ask for, most shared themes first."""

    def ask(case: Case) -> Reply:
        kind = "territoire" if case.task == "peers" else "dispositif"
        allowed = (Decision.ELIGIBLE, Decision.CHECK)
        kept = [
            record
            for record in fiches.of_kind(kind)
            if kind == "territoire"
            or decide(case.profile, record.dispositif, case.date)[0] in allowed
        ]
        wished = set(case.profile.themes)
        kept.sort(key=lambda one: (-len(wished & set(one.front.themes)), one.slug))
        return Reply(tuple(one.slug for one in kept[:_AMONG]))

    return ask


def by_chance(fiches: Fiches) -> System:
    """Any three fiches of the kind."""
    draw = random.Random(0)

    def ask(case: Case) -> Reply:
        kind = "territoire" if case.task == "peers" else "dispositif"
        records = fiches.of_kind(kind)
        return Reply(tuple(one.slug for one in draw.sample(records, min(_AMONG, len(records)))))

    return ask


def evaluate(paths: Sequence[Path]) -> dict[str, dict[str, list[tuple[Case, Reply]]]]:
    """Return the replies by file, then by system.

    Raises:
        UsageError: a file cannot be read.
    """
    files = {path.stem: read_cases(path) for path in paths}
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), llm=None)
        Importer(settings).run([CORPUS])
        fiches = Fiches(Answerer(settings))
        systems = {
            "advisor": advisor_system(fiches),
            "retrieval only": by_retrieval(fiches),
            "filters only": by_filters(fiches),
            "random": by_chance(fiches),
        }
        return {
            name: {system: [(case, ask(case)) for case in cases] for system, ask in systems.items()}
            for name, cases in files.items()
        }


def figures(replies: Sequence[tuple[Case, Reply]]) -> dict[str, float]:
    """Return hit@3, the recommendations that must not come, the explained ones, the time.

    ``hit`` and ``explained`` in percent, ``wrong`` a count, ``ms`` the median.
    """
    shown = [flag for _, reply in replies for flag in reply.explained]
    return {
        "n": len(replies),
        "hit": 100
        * float(np.mean([bool(case.expected & {*reply.slugs}) for case, reply in replies])),
        "wrong": sum(len(case.never & {*reply.slugs}) for case, reply in replies),
        "explained": 100 * float(np.mean(shown)) if shown else float("nan"),
        "ms": float(np.median([1000 * reply.seconds for _, reply in replies])),
    }


def report(results: dict[str, dict[str, list[tuple[Case, Reply]]]]) -> str:
    """Return the figures as Markdown, and the misses of the files looked at while building."""
    lines = [
        "## Suggestions",
        "",
        "| cases | task | system | n | hit@3 | must not come | explained | ms |",
    ]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name, systems in results.items():
        for task in ("dispositifs", "peers"):
            for system, replies in systems.items():
                group = [(case, reply) for case, reply in replies if case.task == task]
                if group:
                    f = figures(group)
                    explained = "–" if np.isnan(f["explained"]) else f"{f['explained']:.0f} %"
                    lines.append(
                        f"| {name} | {task} | {system} | {f['n']:.0f} | {f['hit']:.1f} % "
                        f"| {f['wrong']:.0f} | {explained} | {f['ms']:.1f} |"
                    )
    lines.append("")
    for name, systems in results.items():
        if name == "held":
            continue
        for case, reply in systems["advisor"]:
            if not case.expected & {*reply.slugs} or case.never & {*reply.slugs}:
                lines.append(
                    f"- {case.key} ({case.task}): expected {', '.join(sorted(case.expected))}; "
                    f"got {', '.join(reply.slugs)}"
                )
    return "\n".join(lines)
