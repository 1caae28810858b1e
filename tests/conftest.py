"""Shared fixtures: a home of its own for each test, files written by the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fpdf import FPDF

from advisor.answer.answerer import Answerer
from advisor.guidance.fiches import Fiches
from advisor.settings import Settings, get_settings
from ingest.pipeline import Importer
from ingest.report import ImportReport

ROOT = Path(__file__).resolve().parents[1]

LOOS = """Loos-en-Gohelle, ville pilote

La commune de Loos-en-Gohelle a fermé sa dernière fosse en 1986. Elle a ensuite engagé sa transition
écologique avec ses habitants.

Le fonds de participation des habitants a été multiplié par dix en 2001. Le nombre d'associations a
doublé depuis.

La méthode repose sur trois piliers :

- impliquer les habitants dans chaque projet ;
- entrer par le réel, en partant des besoins ;
- penser de façon systémique et transversale.

L'église porte des panneaux photovoltaïques qui rapportent 5000 € par an à la Ville.
"""
TRAMAYES = """Tramayes et son réseau de chaleur

Tramayes exploite un réseau de chaleur au bois depuis 2006. La chaufferie développe 1,2 MW et le
réseau mesure 1,4 km.

L'hôpital de Tramayes paie 60 000 € de chauffage par an au lieu de 80 000 €.
"""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting of the machine reaches a test; no test writes outside its folder."""
    for name in [name for name in os.environ if name.startswith("ADVISOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a fresh home."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two text documents."""
    path = tmp_path / "documents"
    path.mkdir()
    (path / "loos.txt").write_text(LOOS, encoding="utf-8")
    (path / "tramayes.txt").write_text(TRAMAYES, encoding="utf-8")
    return path


@pytest.fixture
def import_into() -> Callable[..., ImportReport]:
    """Import paths into a home and return the report."""

    def run(settings: Settings, *paths: Path, restore: bool = False) -> ImportReport:
        return Importer(settings).run(list(paths), restore=restore)

    return run


@pytest.fixture
def answerer_over(
    settings: Settings, tmp_path: Path, import_into: Callable[..., ImportReport]
) -> Callable[..., Answerer]:
    """An advisor whose home holds one text alone, given with the name of its file."""

    def run(text: str, name: str = "texte.md") -> Answerer:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        import_into(settings, path)
        return Answerer(settings)

    return run


@pytest.fixture
def imported(
    settings: Settings, folder: Path, import_into: Callable[..., ImportReport]
) -> Settings:
    """The settings of a home that holds the two documents."""
    import_into(settings, folder)
    return settings


@pytest.fixture(scope="session")
def fiches(tmp_path_factory: pytest.TempPathFactory) -> Fiches:
    """The fiches of the starter corpus."""
    settings = Settings(home=tmp_path_factory.mktemp("corpus"))
    Importer(settings).run([ROOT / "corpus"])
    return Fiches(Answerer(settings))


def write_pdf(path: Path, pages: list[list[str]], *, size: int = 11, header: str = "") -> Path:
    """Write a PDF with one list of printed lines per page, and page numbers at the bottom."""
    document = FPDF()
    document.set_auto_page_break(False)
    for number, lines in enumerate(pages, start=1):
        document.add_page()
        document.set_font("Helvetica", size=9)
        if header:
            document.text(20, 12, header)
        document.set_font("Helvetica", size=size)
        for index, line in enumerate(lines):
            document.text(20, 30 + 6 * index, line)
        document.set_font("Helvetica", size=9)
        document.text(100, 290, str(number))
    document.output(str(path))
    return path
