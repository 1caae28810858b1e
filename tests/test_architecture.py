"""The house rules that a machine can check."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.i18n import LANGUAGES, format_date, format_number, texts, translate
from tests.conftest import ROOT

# Tables of names, read by a value of the fiches, of the profile or of a rule.
NAMES = {"kinds", "themes", "contexts", "profile_kinds", "territory_types", "stages", "decisions"}
# Each package may import those to its right, never those to its left.
LAYERS = ["web", "cli", "guidance", "answer", "retrieval", "index", "catalogue", "text"]
SOURCES = sorted([*(ROOT / "advisor").rglob("*.py"), *(ROOT / "ingest").rglob("*.py")])


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def layer(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "advisor" and len(parts) > 1 else parts[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    here = layer(path)
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "gradio":
            assert here == "web"
        if here == "ingest" and parts[0] == "advisor" and len(parts) > 1:
            assert parts[1] not in {"web", "cli", "guidance", "answer", "retrieval"}, module
        if here in LAYERS and parts[0] == "advisor" and len(parts) > 1 and parts[1] in LAYERS:
            assert LAYERS.index(parts[1]) >= LAYERS.index(here) or (here, parts[1]) == (
                "cli",
                "web",
            )
        if here in LAYERS[2:] and parts[0] == "ingest":
            raise AssertionError(f"{here} must not import {module}")


def test_the_script_that_each_reading_process_runs_anew_loads_no_command() -> None:
    code = "import sys; import advisor.cli; print({'typer', 'rich', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_heavy_libraries_are_not_imported_to_answer(tmp_path) -> None:
    code = (
        "import sys; import advisor.cli.app, advisor.answer.answerer, advisor.retrieval.search\n"
        "heavy = {'torch', 'sentence_transformers', 'gradio', 'transformers', 'chromadb', 'langchain', 'faiss'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_three_languages_have_the_same_texts_with_the_same_parameters() -> None:
    fields = re.compile(r"(?<!\{)\{(\w+)\}")
    french = texts("fr")
    for lang in LANGUAGES:
        other = texts(lang)
        assert set(other) == set(french)
        for key, text in french.items():
            assert set(fields.findall(other[key])) == set(fields.findall(text)), (lang, key)
    for lang in ("en", "de"):
        same = [key for key, text in texts(lang).items() if text == french[key] and len(text) > 25]
        assert same == []


def test_every_text_is_used_and_every_error_has_its_text() -> None:
    speaking = [*SOURCES, *sorted((ROOT / "eval").glob("*.py"))]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in speaking)
    with (ROOT / "advisor/i18n/fr.toml").open("rb") as file:
        tables = tomllib.load(file)
    built = (
        "approximate", "ask_", "quoted_", "beside_", "level_", "column_", "outcome_", "journal_", "stage_",
        "state_", "example_", "header_",
    )  # fmt: skip
    for table, entries in tables.items():
        for name in entries:
            bare = name.removesuffix("_one")
            if table in NAMES or bare.startswith(built):
                continue
            assert re.search(rf"[\"'.:]{bare}[\"':]", sources), f"{table}.{name} is not used"
    raised = re.findall(
        r"(?:UsageError|ReadRefused|StorageError|IndexUnavailable|ModelUnavailable|LanguageModelFailed|WriterBusy)\(\s*\"(\w+)\"",
        sources,
    )
    assert set(raised) <= set(tables["errors"])


def test_numbers_and_dates_follow_the_language() -> None:
    assert format_number(1234.5, "fr") == "1\u202f234,5"
    assert format_number(1234.5, "de") == "1.234,5"
    assert format_date("2021-02-10", "fr") == "10 février 2021"
    assert format_date("2021", "fr") == "2021"
    assert translate("cli.documents_total", "fr", count=1) == "1 document."


def test_an_error_speaks_the_language_asked_for() -> None:
    error = AdvisorError("unknown_document", id="x")
    assert error.message("fr") != error.message("en")


def test_the_page_names_no_outside_address() -> None:
    for path in (ROOT / "advisor/web").rglob("*"):
        if path.suffix in (".css", ".js", ".py"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(
                r"(?:src|href)=[\"']https?:|url\(\s*[\"']?https?:|@import", text
            ), path
