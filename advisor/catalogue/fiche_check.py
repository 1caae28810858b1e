"""What a valid fiche may still have wrong: its sources, its numbers, its links to other fiches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from advisor.catalogue.fiche import Fiche, FicheError, FicheProblem, parse_fiche
from advisor.catalogue.records import MARK_PATTERN
from advisor.text.mentions import numbers_in

TO_VERIFY = "(à vérifier)"


def check_body(fiche: Fiche) -> list[FicheProblem]:
    """List the faults of a fiche's body: unknown sources, paragraphs without a source.

    A paragraph or list item must carry at least one source mark, or say «(à vérifier)».
    """
    problems = []
    known = {source.id for source in fiche.front.sources}
    used: set[str] = set()
    for line, block in _blocks(fiche):
        marks = MARK_PATTERN.findall(block)
        used.update(marks)
        problems += [
            FicheProblem(line, f"la source « {mark} » n'est pas déclarée dans l'en-tête")
            for mark in marks
            if mark not in known
        ]
        if not marks and TO_VERIFY not in block:
            problems.append(FicheProblem(line, "ce paragraphe ne cite aucune source ([^id])"))
    population = fiche.front.territory.population if fiche.front.territory else None
    if population is not None:
        used.add(population.source)
    problems += [
        FicheProblem(2, f"la source « {name} » est déclarée mais jamais citée")
        for name in sorted(known - used)
    ]
    if not any(True for _ in _blocks(fiche)):
        problems.append(FicheProblem(fiche.body_line, "le corps de la fiche est vide"))
    return problems


def check_numbers(fiche: Fiche) -> list[FicheProblem]:
    """List the numbers of a dispositif's header that no paragraph says, where they are quoted."""
    if fiche.front.dispositif is None:
        return []
    unsaid = fiche.front.dispositif.stated_numbers() - numbers_in(fiche.body)
    return [
        FicheProblem(2, f"le nombre {number} de l'en-tête n'est dans aucun paragraphe")
        for number in sorted(unsaid)
    ]


def _blocks(fiche: Fiche) -> Iterator[tuple[int, str]]:
    """Yield (file line, text) of each paragraph and list item of the body."""
    block: list[str] = []
    start = fiche.body_line
    for number, line in enumerate([*fiche.body.splitlines(), ""], start=fiche.body_line):
        item = re.match(r"\s*([-*+]|\d+[.)])\s", line)
        if (not line.strip() or item or line.startswith("#")) and block:
            yield start, "\n".join(block)
            block = []
        if line.strip() and not line.startswith("#"):
            if not block:
                start = number
            block.append(line)


@dataclass(frozen=True, slots=True)
class CorpusProblem:
    """A problem in one file of a corpus folder."""

    path: Path
    problem: FicheProblem


_SUFFIXES = (".md", ".markdown")


def check_corpus(folder: Path) -> tuple[int, list[CorpusProblem]]:
    """Check every fiche below a folder; return (number of fiches, problems).

    ``README.md`` files are guides, not fiches. Ids (file stems) must be unique and every
    ``related`` or ``territories`` entry must name an existing fiche.
    """
    problems: list[CorpusProblem] = []
    fiches: dict[str, tuple[Path, Fiche]] = {}
    stems: dict[str, Path] = {}
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and path.name != "README.md" and not path.is_dir()
    )
    for path in paths:
        if path.stem in stems:
            twin = stems[path.stem].relative_to(folder)
            problems.append(CorpusProblem(path, FicheProblem(1, f"même nom que {twin}")))
        stems[path.stem] = path
        try:
            fiche = parse_fiche(path.read_text(encoding="utf-8"))
        except FicheError as error:
            problems += [CorpusProblem(path, problem) for problem in error.problems]
            continue
        except (UnicodeDecodeError, OSError) as error:
            unread = isinstance(error, OSError)
            reason = "le fichier ne peut pas être lu" if unread else "le fichier n'est pas en UTF-8"
            problems.append(CorpusProblem(path, FicheProblem(1, reason)))
            continue
        fiches[path.stem] = (path, fiche)
        faults = [*check_body(fiche), *check_numbers(fiche)]
        problems += [CorpusProblem(path, problem) for problem in faults]
    for path, fiche in fiches.values():
        for name in [*fiche.front.related, *fiche.front.territories]:
            if name not in stems:
                fault = FicheProblem(1, f"« {name} » ne désigne aucune fiche du corpus")
                problems.append(CorpusProblem(path, fault))
    return len(paths), problems
