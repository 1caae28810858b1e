"""The projects of a territory, from a list of lines or a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import ReadRefused, UsageError
from advisor.guidance.profile import MOST_PROJECTS
from advisor.text.decoding import decode
from advisor.text.normalise import fold

_DELIMITERS = ";,\t|"
# What a column is called, folded; the first name that a column has is preferred.
_COLUMNS = {
    "name": ("projet", "intitule", "titre", "project", "title", "projekt", "titel", "nom", "name"),
    "description": (
        "description", "objet", "resume", "detail", "summary", "beschreibung", "kurzbeschreibung",
    ),
    "topic": ("theme", "thematique", "domaine", "topic", "thema"),
    "holder": (
        "porteur", "maitre d'ouvrage", "responsable", "pilote", "structure", "holder", "owner",
        "lead", "trager", "traeger",
    ),
}  # fmt: skip
_LONGEST = 2000
# «Intitulé du projet», folded.
_TITLED = re.compile(r"(?:nom|intitule|titre|name|title)s? (?:du|des|of|of the) proje[ck]?ts?$")
# Rows among which a table's header is looked for.
_ABOVE = 5
# Between the parts of a project written in one line.
_DASH = " — "


@dataclass(frozen=True, slots=True)
class Project:
    """A project under way: its name, what it is about, its theme in words, who carries it."""

    name: str
    description: str = ""
    topic: str = ""
    holder: str = ""

    @property
    def about(self) -> str:
        """What it is about, less who carries it."""
        return ". ".join(part for part in (self.name, self.description, self.topic) if part)

    @property
    def line(self) -> str:
        """The project in one line, as a profile keeps it: name — about — holder."""
        told = ". ".join(part for part in (self.description, self.topic) if part)
        parts = [self.name, told or "…", self.holder] if self.holder else [self.name, told]
        return _DASH.join(part for part in parts if part)


def projects_of(lines: Iterable[str]) -> list[Project]:
    """Return the projects of some lines (see ``Project.line``), each once."""
    return _checked(_of_line(line) for line in lines)


def _of_line(line: str) -> Project:
    name, *told = (part[:_LONGEST] for part in line.strip().split(_DASH))
    holder = told.pop() if len(told) > 1 else ""
    return Project(name=name, description=_DASH.join(told), holder=holder)


def read_projects(path: Path) -> list[Project]:
    """Read a table of projects: CSV of any usual separator and encoding, or one project a line.

    A header names the columns (projet, description, porteur; English and German names are
    known); without one, the first column is the project.

    Raises:
        UsageError: the file is missing, is no text, holds no project or too many.
    """
    try:
        text = decode(path.read_bytes())
    except OSError:
        raise UsageError("no_such_file", path=str(path)) from None
    except ReadRefused:
        raise UsageError("projects_no_text", path=path.name) from None
    try:
        rows = _rows(text)
    except csv.Error:
        raise UsageError("projects_none", path=path.name) from None
    # A title may stand above the header.
    head = next((place for place, row in enumerate(rows[:_ABOVE]) if _header(row)), None)
    if head is not None:
        columns, rows = _header(rows[head]), rows[head + 1 :]
    else:
        columns = dict(zip(("name", "description", "topic"), range(3), strict=True))
    found = _checked(
        Project(**{field: _cell(row, place) for field, place in columns.items()}) for row in rows
    )
    if not found:
        raise UsageError("projects_none", path=path.name)
    return found


def _checked(projects: Iterable[Project]) -> list[Project]:
    found = list(dict.fromkeys(one for one in projects if any(map(str.isalnum, one.name))))
    if len(found) > MOST_PROJECTS:
        raise UsageError("projects_many", count=len(found), limit=MOST_PROJECTS)
    return found


def _rows(text: str) -> list[list[str]]:
    """Return the cells of a table; of a list of lines, one cell each.

    Raises:
        csv.Error: a cell is longer than any table has.
    """
    lines = [[line.strip()] for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    # The first rows decide: sniffing takes the commas of a description for separators.
    first = "\n".join(line for (line,) in lines[:_ABOVE])
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows = [row for row in reader if any(cell.strip() for cell in row)]
    if not rows:
        return []
    # «Rénover l'école, tranche 1» is a line with a comma, not a row of two cells.
    sentences = delimiter == "," and not _header(rows[0]) and len({len(row) for row in rows}) > 1
    return lines if sentences else rows


def _header(row: Sequence[str]) -> dict[str, int]:
    """Return field → column when a row names the projects' column, else nothing."""
    names = [fold(cell).strip() for cell in row]
    found: dict[str, int] = {}
    # «Nom du porteur» is about the holder: the holder's column is found first, the name's last.
    for field, known in reversed(_COLUMNS.items()):
        places = [place for place in range(len(names)) if place not in found.values()]
        ranked = [(_named(names[place], known), place) for place in places]
        rank, place = min(ranked, default=(len(known), 0))
        if rank < len(known):
            found[field] = place
    # «Projet solaire» may start a list of lines: a header is one word or names several columns.
    if "name" not in found:
        return {}
    name = names[found["name"]]
    return found if len(found) > 1 or " " not in name or _TITLED.match(name) else {}


def _named(name: str, known: Sequence[str]) -> int:
    """Return the rank of the known name that a column's name holds, their count when none."""
    words = {word.rstrip("s") for word in name.split()}
    return next((rank for rank, one in enumerate(known) if one == name or one in words), len(known))


def _cell(row: Sequence[str], place: int) -> str:
    if place >= len(row):
        return ""
    # In one line, and without the dash that parts a project's line.
    return " ".join(row[place].split()).replace(_DASH, " - ")[:_LONGEST]
