import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.catalogue.store import Catalogue
from advisor.cli.app import app
from tests.conftest import ROOT

ADVISOR = Path(sys.executable).parent / "advisor"


def advisor(
    *arguments: object, stdin: str = "", cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ADVISOR), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
    )


def test_import_report_accounts_for_every_file(folder) -> None:
    (folder / "vide.txt").touch()
    done = advisor("import", folder, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1  # one file was refused
    assert {entry["outcome"] for entry in report["documents"]} == {"imported", "refused"}
    assert set(report["documents"][0]) == {
        "path",
        "document_id",
        "outcome",
        "message",
        "pages",
        "passages",
    }
    assert report["totals"]["files"] == 3
    again = advisor("import", folder)
    assert "inchangés\u00a0: 2\u202f; refusés\u00a0: 1" in again.stdout
    assert "Ce fichier ne contient aucun texte" in again.stdout


def test_import_reads_a_list_of_paths_on_stdin(folder) -> None:
    done = advisor(
        "import", "-", "--json", stdin=f"{folder / 'loos.txt'}\n\n{folder / 'absent.txt'}\n"
    )
    outcomes = [entry["outcome"] for entry in json.loads(done.stdout)["documents"]]
    assert sorted(outcomes) == ["imported", "refused"]


def test_documents_show_remove_verify_rebuild(imported) -> None:
    listed = json.loads(advisor("documents", "--json").stdout)
    identifier = next(one["id"] for one in listed if "Tramayes" in one["title"])
    assert "1,2 MW" in advisor("show", identifier).stdout
    assert advisor("verify").returncode == 0
    assert "est retiré" in advisor("remove", identifier[:8]).stdout
    assert len(json.loads(advisor("documents", "--json").stdout)) == 1
    assert json.loads(advisor("rebuild", "--json").stdout)["passages"] > 0
    verified = json.loads(advisor("verify", "--json").stdout)
    assert verified["ok"] and verified["passages"] > 0 and verified["problems"] == []
    assert advisor("show", "0000").returncode == 2


def test_search_and_ask_have_the_documented_json(imported) -> None:
    found = json.loads(advisor("search", "réseau de chaleur", "--k", "2", "--json").stdout)
    assert set(found) == {"query", "passages"}
    assert set(found["passages"][0]) == {
        "document_id", "title", "kind", "page", "section", "text", "score", "why",
    }  # fmt: skip
    answer = json.loads(advisor("ask", "Depuis quand le réseau de chaleur ?", "--json").stdout)
    assert {
        "question", "language", "status", "answer_markdown", "sentences", "citations", "suggestions",
        "timings_ms",
    } <= set(answer)  # fmt: skip
    assert {
        "n", "document_id", "title", "kind", "page", "section", "quote", "verdict", "url",
    } <= set(answer["citations"][0])  # fmt: skip
    assert answer["citations"][0]["verdict"] == "verified"


def test_ask_takes_one_question_per_line(imported) -> None:
    lines = [
        json.dumps(
            {"id": "a", "question": "Depuis quand Tramayes a-t-elle un réseau de chaleur ?"}
        ),
        "",
        "pas du json",
        json.dumps(
            {
                "id": "b",
                "question": "et combien mesure-t-il ?",
                "history": [
                    {"role": "user", "content": "Parlez-moi du réseau de chaleur de Tramayes"},
                    {"role": "assistant", "content": "…"},
                ],
            }
        ),
    ]
    done = advisor("ask", "--jsonl", "-", stdin="\n".join(lines))
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["id"] for result in results] == ["a", None, "b"]
    assert "2006" in results[0]["answer_markdown"]
    assert "Ligne 3" in results[1]["error"]
    assert "1,4 km" in results[2]["answer_markdown"]
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ask", ""], "Posez une question"),
        (["ask", "x", "--kind", "magie"], "n'est pas une valeur connue"),
        (["ask", "--nimporte"], "n'existe pas"),
        (["search"], "Il manque"),
        (["inconnue"], "n'existe pas"),
        (["show", "zzzz"], "Aucun document"),
        (["ask", "--jsonl", "absent.jsonl"], "absent.jsonl"),
        (["corpus", "check", "absent"], "absent"),
        (["search", "x", "--k", "beaucoup"], "--k"),
    ],
)
def test_wrong_usage_gets_one_french_sentence(imported, arguments, sentence) -> None:
    done = advisor(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_wrong_setting_is_named(tmp_path) -> None:
    done = advisor("documents", ADVISOR_PORT="quatre")
    assert done.returncode == 2
    assert "ADVISOR_PORT" in done.stderr
    missing = advisor("import", tmp_path, ADVISOR_EMBEDDING_MODEL=str(tmp_path / "rien"))
    assert missing.returncode == 1
    assert "ADVISOR_EMBEDDING_MODEL" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_messages_follow_the_language_setting(imported) -> None:
    english = advisor("show", "zzzz", ADVISOR_LANG="en").stderr
    german = advisor("show", "zzzz", ADVISOR_LANG="de").stderr
    french = advisor("show", "zzzz").stderr
    assert len({english, german, french}) == 3


def test_corpus_check_names_file_and_line(tmp_path) -> None:
    (tmp_path / "a.md").write_text("---\nkind: dispositif\n---\nTexte.\n")
    done = advisor("corpus", "check", tmp_path)
    assert done.returncode == 1
    assert re.search(r"a\.md:\d+: ", done.stdout)


def test_a_torn_vector_index_is_repaired_after_the_answer(imported) -> None:
    for database in (imported.index_path).glob("*/vectors/chroma.sqlite3"):
        database.unlink()
    done = advisor("ask", "réseau de chaleur")
    assert done.returncode == 0
    assert "2006" in done.stdout
    assert "reconstruit" in done.stderr
    assert advisor("verify").returncode == 0


@pytest.mark.parametrize("command", ["ask", "search"])
def test_two_lost_indexes_are_rebuilt_before_the_answer(imported, command) -> None:
    shutil.rmtree(imported.index_path)
    done = advisor(command, "réseau de chaleur")
    assert done.returncode == 0
    assert "2006" in done.stdout
    assert advisor("verify").returncode == 0


def test_a_home_that_cannot_be_one_is_said(tmp_path) -> None:
    (tmp_path / "fichier").write_text("x")
    done = advisor("documents", ADVISOR_HOME=str(tmp_path / "fichier"))
    assert done.returncode == 1
    assert "Impossible d'écrire" in done.stderr
    nowhere = advisor("import", tmp_path, ADVISOR_HOME="/proc/nulle-part")
    assert nowhere.returncode == 1
    assert "Impossible d'écrire" in nowhere.stderr


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_advisor_command_of_the_readme_exists() -> None:
    commands = set(re.findall(r"(?:^|`|bin/)advisor (\w+)(?: (check))?", README, re.MULTILINE))
    assert commands
    for command, sub in commands:
        arguments = [command, *([sub] if sub else []), "--help"]
        assert CliRunner().invoke(app, arguments).exit_code == 0, command


def test_every_setting_of_the_readme_exists_and_is_documented() -> None:
    from advisor.settings import Settings

    known = {"ADVISOR_" + name.upper() for name in Settings.model_fields}
    assert set(re.findall(r"ADVISOR_[A-Z_]+", README)) == known


def test_the_starter_corpus_answers_the_readme_and_declines_what_is_outside_it(tmp_path) -> None:
    environment = {"ADVISOR_HOME": str(tmp_path / "home")}
    assert advisor("import", ROOT / "corpus", **environment).returncode == 0
    outside = [
        "Quel temps fera-t-il demain ?",
        "Comment apprendre le piano ?",
        "Comment soigner une angine ?",
    ]
    rennes = "Que fait la ville de Rennes pour son réseau de chaleur au bois ?"
    shown = re.findall(r'advisor ask "([^"]+)"', README)
    assert shown
    lines = "\n".join(json.dumps({"question": one}) for one in [*outside, rennes, *shown])
    done = advisor("ask", "--jsonl", "-", stdin=lines, **environment)
    answers = {one["question"]: one for one in map(json.loads, done.stdout.splitlines())}
    for question in outside:
        assert answers[question]["status"] == "insufficient", question
    assert answers[rennes]["status"] == "partial"
    assert any("Rennes" in notice for notice in answers[rennes]["notices"])
    for question in shown:
        answer = answers[question]
        assert answer["status"] == "answered", question
        assert all(citation["verdict"] == "verified" for citation in answer["citations"])


def test_an_empty_path_and_unreadable_settings_are_said_in_a_sentence(folder, tmp_path) -> None:
    empty = advisor("import", "")
    assert (empty.returncode, "vide" in empty.stderr) == (2, True)
    (tmp_path / ".env").write_bytes("# réglages\n".encode("latin-1"))
    unread = advisor("documents", cwd=tmp_path)
    assert (unread.returncode, ".env" in unread.stderr) == (2, True)
    assert "Traceback" not in unread.stderr


def test_a_check_of_what_holds_no_fiche_says_so(tmp_path) -> None:
    (tmp_path / "fiche.md").write_text("x", encoding="utf-8")
    (tmp_path / "vide").mkdir()
    for place, said in (("fiche.md", "est un fichier"), ("vide", "aucune fiche")):
        checked = advisor("corpus", "check", tmp_path / place)
        assert (checked.returncode, said in checked.stderr) == (2, True)


def test_questions_saved_with_a_byte_order_mark_are_read(imported, tmp_path) -> None:
    line = json.dumps({"id": "1", "question": "fosse fermée en 1986"})
    (tmp_path / "q.jsonl").write_text(line + "\n", encoding="utf-8-sig")
    asked = advisor("ask", "--jsonl", tmp_path / "q.jsonl", ADVISOR_HOME=str(imported.home))
    assert json.loads(asked.stdout.splitlines()[0])["id"] == "1"


def test_a_table_read_by_another_program_keeps_its_titles_whole(imported) -> None:
    listed = advisor("documents", ADVISOR_HOME=str(imported.home)).stdout
    titles = [one.title for one in Catalogue(imported.catalogue_path).documents()]
    assert all(title in listed for title in titles)


def test_an_evaluation_refuses_what_it_cannot_read_or_write_before_it_measures(tmp_path) -> None:
    (tmp_path / "utf16.jsonl").write_text('{"id": "1"}', encoding="utf-16")
    (tmp_path / "vide.jsonl").touch()
    for name in ("utf16.jsonl", "vide.jsonl"):
        asked = advisor("eval", "answers", tmp_path / name, tmp_path)
        assert (asked.returncode, name in asked.stderr) == (2, True)
    cases = advisor("eval", "guidance", tmp_path / "vide.jsonl", "--report", tmp_path)
    assert (cases.returncode, "est un dossier" in cases.stderr) == (2, True)


def test_half_a_character_costs_its_line_and_no_other(imported, folder) -> None:
    lines = '{"id": "a\\ud800", "question": "Cuire un oeuf \\ud800 ?"}\n{"question": "Qui ?"}\n'
    done = advisor("ask", "--jsonl", "-", stdin=lines)
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("ask", "--year", "9" * 20, "Quoi ?"), ("ask", "Quoi ?", "--jsonl", "-")],
)
def test_what_a_command_cannot_take_is_said_in_a_sentence(imported, arguments) -> None:
    done = advisor(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip().endswith(".")
    assert "Traceback" not in done.stderr


def test_details_count_for_questions_in_lines_too(imported, tmp_path, import_into) -> None:
    rooms = [
        "cuisine",
        "salle",
        "préau",
        "gymnase",
        "cave",
        "grenier",
        "cour",
        "jardin",
        "atelier",
        "bureau",
        "toit",
        "hall",
    ]
    said = " ".join(f"La chaufferie de l'école chauffe bien {room}." for room in rooms)
    (tmp_path / "ecole.txt").write_text(f"L'école\n\n{said}\n")
    import_into(imported, tmp_path / "ecole.txt")
    line = '{"question": "Comment la chaufferie chauffe-t-elle l\'école ?"}'
    short, long = (
        json.loads(advisor("ask", "--jsonl", "-", *more, stdin=line).stdout)
        for more in ((), ("--details",))
    )
    assert len(long["sentences"]) > len(short["sentences"])


def test_a_home_left_empty_is_not_the_current_folder(tmp_path) -> None:
    done = advisor("documents", cwd=tmp_path, ADVISOR_HOME="")
    assert done.returncode == 0
    assert [one.name for one in tmp_path.iterdir()] == [".advisor"]
