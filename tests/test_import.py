import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from advisor.catalogue.lease import writer_lease
from advisor.catalogue.originals import without_original
from advisor.catalogue.store import Catalogue
from advisor.errors import AdvisorError, StorageError, UsageError, WriterBusy
from advisor.index.embedding import load_embeddings
from advisor.index.generations import IndexStore
from advisor.retrieval.search import PassageSearch
from advisor.settings import Settings
from ingest.discover import discover
from ingest.pipeline import Importer, withdraw
from ingest.report import ImportReport, Outcome
from tests.conftest import LOOS, ROOT, write_pdf

ADVISOR = Path(sys.executable).parent / "advisor"


def outcomes(report: ImportReport) -> dict[str, str]:
    return {Path(file.path).name: file.outcome.value for file in report.documents}


def problems(settings: Settings) -> list[AdvisorError]:
    store = IndexStore(settings.index_path, Catalogue(settings.catalogue_path))
    return store.verify(load_embeddings(settings.embedding_model).model_id)


def content(settings: Settings) -> list[tuple[str, str]]:
    """What a user can find: title and text of every current passage."""
    catalogue = Catalogue(settings.catalogue_path)
    return sorted(
        (document.title, passage.text)
        for document in catalogue.documents()
        for passage in catalogue.passages_of(document.id)
    )


def found(settings: Settings, question: str) -> str:
    return PassageSearch(settings).search(question, 1).hits[0].document.title


def test_every_file_ends_in_one_outcome_with_a_sentence_when_it_is_not_plain(
    settings, folder, import_into
) -> None:
    write_pdf(folder / "scan.pdf", [[], []])
    write_pdf(folder / "moitie.pdf", [["Une page de texte sur la transition écologique."], []])
    (folder / "vide.txt").write_bytes(b"")
    (folder / "copie.txt").write_text(LOOS, encoding="utf-8")
    (folder / "fiche.md").write_text("---\nkind: dispositif\ntitle: X\n---\nTexte.\n")
    (folder / ("n" * 251 + ".txt")).write_text("Un nom de fichier très long, mais permis.")
    (folder / "tab\tulation\x01.txt").write_text("Un nom avec des caractères de contrôle.")
    report = import_into(settings, folder)
    result = outcomes(report)
    assert result["loos.txt"] == "unchanged" or result["copie.txt"] == "unchanged"
    assert result["scan.pdf"] == result["vide.txt"] == result["fiche.md"] == "refused"
    assert result["moitie.pdf"] == "imported_with_warnings"
    assert report.totals.files == len(report.documents) == 9
    for file in report.documents:
        assert file.message or file.outcome is Outcome.IMPORTED
        assert "\x01" not in file.path
    warned = next(file for file in report.documents if file.outcome is Outcome.WARNED)
    assert warned.message == "Une page sur 2 sans texte, probablement numérisée."
    assert problems(settings) == []


def test_a_second_import_changes_nothing(imported, folder, import_into) -> None:
    before = Catalogue(imported.catalogue_path).generation()
    report = import_into(imported, folder)
    assert report.totals.unchanged == 2
    assert Catalogue(imported.catalogue_path).generation() == before


def test_a_corrected_file_replaces_its_predecessor_and_keeps_the_history(
    imported, folder, import_into
) -> None:
    (folder / "loos.txt").write_text(LOOS.replace("1986", "1987"), encoding="utf-8")
    report = import_into(imported, folder)
    assert outcomes(report)["loos.txt"] == "imported"
    catalogue = Catalogue(imported.catalogue_path)
    assert sum("1987" in text for _, text in content(imported)) == 1
    assert not any("1986" in text for _, text in content(imported))
    states = [one.state for one in catalogue.documents(every_state=True)]
    assert sorted(states) == ["current", "current", "replaced"]
    assert problems(imported) == []
    (folder / "loos.txt").write_text(LOOS, encoding="utf-8")
    import_into(imported, folder)
    assert any("1986" in text for _, text in content(imported))


def test_an_identical_passage_stays_citable_in_both_documents(
    settings, folder, import_into
) -> None:
    (folder / "loos-bis.txt").write_text(
        LOOS + "\nUn paragraphe ajouté à la fin.\n", encoding="utf-8"
    )
    import_into(settings, folder)
    hits = PassageSearch(settings).search("panneaux photovoltaïques de l'église", 4).hits
    assert len({hit.document.id for hit in hits if "5000 €" in hit.passage.text}) == 2


def test_a_withdrawn_document_is_gone_at_once_and_comes_back_only_on_request(
    imported, folder, import_into
) -> None:
    search = PassageSearch(imported)
    hit = search.search("fosse fermée en 1986", 1).hits[0]
    # Without touching the indexes: the catalogue alone decides.
    search.catalogue.withdraw(hit.document.id)
    assert all(
        one.document.id != hit.document.id for one in search.search("fosse fermée en 1986", 5).hits
    )
    assert import_into(imported, folder).totals.imported == 0
    assert found(imported, "fosse fermée en 1986") != hit.document.title
    assert import_into(imported, folder, restore=True).totals.imported == 1
    assert found(imported, "fosse fermée en 1986") == hit.document.title
    withdraw(imported, hit.document.id[:6])
    assert problems(imported) == []


def test_a_running_reader_sees_a_finished_import(imported, tmp_path, import_into) -> None:
    search = PassageSearch(imported)
    assert search.search("monnaie locale le radis", 1).hits[0].document.title != "Ungersheim"
    (tmp_path / "ungersheim.txt").write_text(
        "Ungersheim\n\nLa commune a créé une monnaie locale, le radis.\n"
    )
    import_into(imported, tmp_path / "ungersheim.txt")
    assert search.search("monnaie locale le radis", 1).hits[0].document.title == "Ungersheim"


def test_staged_documents_are_invisible_until_published(imported, tmp_path, monkeypatch) -> None:
    (tmp_path / "nouveau.txt").write_text("Nouveau\n\nUn document sur la monnaie locale.\n")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(IndexStore, "build", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Importer(imported).run([tmp_path / "nouveau.txt"])
    assert len(Catalogue(imported.catalogue_path).documents()) == 2
    assert [problem.code for problem in problems(imported)] == ["staged_waiting"]
    report = Importer(imported).run([tmp_path / "nouveau.txt"])
    assert report.totals.imported == 1
    assert len(Catalogue(imported.catalogue_path).documents()) == 3
    assert problems(imported) == []


def test_a_second_writer_is_told_to_wait(imported) -> None:
    code = "import sys, time; from pathlib import Path; from advisor.catalogue.lease import writer_lease\nwith writer_lease(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, imported.home], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WriterBusy) as caught, writer_lease(imported.home):
            pass
        assert str(holder.pid) in caught.value.message()
        # Reading goes on meanwhile.
        assert found(imported, "fosse fermée en 1986")
    finally:
        holder.kill()
        holder.wait()
    with writer_lease(imported.home):
        pass


def _documents(path: Path, count: int) -> Path:
    path.mkdir()
    draw = random.Random(7)
    words = LOOS.split()
    for number in range(count):
        body = " ".join(draw.choices(words, k=400))
        (path / f"doc-{number:02}.txt").write_text(
            f"Document {number}\n\n{body}.\n", encoding="utf-8"
        )
    return path


def _advisor(home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ADVISOR_HOME": str(home)}
    command = [str(ADVISOR), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def _import_begun(home: Path, documents: Path) -> tuple[subprocess.Popen[bytes], float]:
    """An import that has made its home, and when: what it did before writes nothing."""
    process = subprocess.Popen(
        [str(ADVISOR), "import", str(documents)],
        env={**os.environ, "ADVISOR_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not home.exists():
        time.sleep(0.005)
    return process, time.monotonic()


def test_an_import_killed_at_any_moment_resumes_to_the_same_content(tmp_path) -> None:
    documents = _documents(tmp_path / "many", 25)
    whole, started = _import_begun(tmp_path / "whole", documents)
    assert whole.wait() == 0
    duration = time.monotonic() - started
    expected = content(Settings(home=tmp_path / "whole"))
    draw = random.Random()
    for attempt in range(12):
        home = tmp_path / f"home-{attempt}"
        process, _ = _import_begun(home, documents)
        delay = draw.uniform(0, duration)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        settings = Settings(home=home)
        Importer(settings).run([documents])
        assert problems(settings) == [], f"killed after {delay:.2f} s"
        assert content(settings) == expected, f"killed after {delay:.2f} s"
        shutil.rmtree(home)


def test_a_full_disk_is_said_and_the_import_resumes_afterwards(tmp_path, folder) -> None:
    # A limit on file size stands for the disk: the system refuses to write further either way.
    home = tmp_path / "small"
    limited = (
        "import resource, sys; from advisor.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); sys.argv[0] = 'advisor'; main()"
    )
    environment = {**os.environ, "ADVISOR_HOME": str(home)}
    process = subprocess.run(
        [sys.executable, "-c", limited, "import", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 1
    assert "disque est plein" in process.stderr
    assert "Traceback" not in process.stderr
    assert _advisor(home, "import", folder).returncode == 0
    assert problems(Settings(home=home)) == []


def test_a_symbolic_link_out_of_the_folder_is_not_followed(
    settings, folder, tmp_path, import_into
) -> None:
    (tmp_path / "secret.txt").write_text("Un fichier en dehors du dossier importé.")
    (folder / "lien.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "perdu.txt").symlink_to(tmp_path / "absent.txt")
    result = outcomes(import_into(settings, folder))
    assert result["lien.txt"] == result["perdu.txt"] == "refused"
    assert not any("en dehors" in text for _, text in content(settings))


def test_a_folder_without_read_permission_is_reported() -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o755)
        (root / "ouvert.txt").write_text("Un texte.")
        (root / "secret.txt").write_text("Un texte.")
        (root / "secret.txt").chmod(0)
        (root / "ferme").mkdir()
        (root / "ferme").chmod(0)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:  # an ordinary user: the superuser may read everything
            if os.geteuid() == 0:
                os.setuid(65534)
            found = [[one.path.name, one.refusal and one.refusal.code] for one in discover([root])]
            os.write(writer, json.dumps(found).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            found = json.load(pipe)
        os.waitpid(child, 0)
        (root / "ferme").chmod(0o755)
    assert found == [
        ["ferme", "read_forbidden_folder"],
        ["ouvert.txt", None],
        ["secret.txt", "read_forbidden"],
    ]


def test_a_reader_that_hangs_or_swallows_memory_costs_one_file(
    tmp_path, folder, import_into
) -> None:
    # 120 MB of operators on one page: more time than the limit allows.
    stream = b"q 1 0 0 1 0 0 cm Q\n" * 6_000_000
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R>>endobj\n"
    body += b"4 0 obj<</Length %d>>stream\n%sendstream endobj\ntrailer<</Root 1 0 R>>\n" % (
        len(stream),
        stream,
    )
    (folder / "lourd.pdf").write_bytes(body)
    settings = Settings(home=tmp_path / "home", read_timeout=4.0)
    report = import_into(settings, folder)
    heavy = next(file for file in report.documents if file.path.endswith("lourd.pdf"))
    assert heavy.outcome is Outcome.REFUSED
    assert "4 secondes" in heavy.message
    assert report.totals.imported == 2


def test_a_file_that_moved_and_was_then_corrected_leaves_one_version(
    settings, folder, tmp_path, import_into
) -> None:
    import_into(settings, folder)
    moved = tmp_path / "ailleurs"
    folder.rename(moved)
    import_into(settings, moved)
    path = next(moved.glob("*.txt"))
    before = len(Catalogue(settings.catalogue_path).documents())
    path.write_text(path.read_text(encoding="utf-8") + "\nUne ligne de plus.\n", encoding="utf-8")
    import_into(settings, moved)
    assert len(Catalogue(settings.catalogue_path).documents()) == before


def test_a_file_that_is_gone_is_named_with_the_way_to_withdraw_its_document(
    settings, folder, import_into
) -> None:
    import_into(settings, folder)
    path = next(folder.glob("*.txt"))
    path.unlink()
    told = [one for one in import_into(settings, folder).documents if one.path == str(path)]
    assert "advisor remove" in told[0].message
    assert Catalogue(settings.catalogue_path).summary(told[0].document_id).state == "current"
    withdraw(settings, told[0].document_id)
    assert not any(one.path == str(path) for one in import_into(settings, folder).documents)
    with pytest.raises(UsageError) as caught:
        withdraw(settings, told[0].document_id)
    assert caught.value.code == "document_withdrawn"


def test_a_new_version_of_what_was_withdrawn_says_that_it_is_cited(
    settings, folder, import_into
) -> None:
    report = import_into(settings, folder)
    path = next(folder.glob("*.txt"))
    withdraw(settings, next(one.document_id for one in report.documents if one.path == str(path)))
    path.write_text(path.read_text(encoding="utf-8") + "\nUne ligne de plus.\n", encoding="utf-8")
    told = next(one for one in import_into(settings, folder).documents if one.path == str(path))
    assert told.outcome is Outcome.WARNED
    assert "retiré" in told.message


def test_a_damaged_byte_does_not_change_the_encoding_of_a_text(
    settings, tmp_path, import_into
) -> None:
    (tmp_path / "foret.txt").write_bytes(
        "La forêt est replantée en été, à pied".encode().replace("à".encode(), b"\xc3")
    )
    told = import_into(settings, tmp_path / "foret.txt").documents[0]
    assert told.outcome is Outcome.WARNED
    assert "forêt" in Catalogue(settings.catalogue_path).documents()[0].title


def test_a_damaged_catalogue_is_said_in_a_sentence(imported) -> None:
    imported.catalogue_path.write_bytes(b"not a database at all" * 100)
    for suffix in ("-wal", "-shm"):
        imported.catalogue_path.with_name(imported.catalogue_path.name + suffix).unlink(
            missing_ok=True
        )
    with pytest.raises(StorageError) as caught:
        Catalogue(imported.catalogue_path).documents()
    assert caught.value.code == "catalogue_damaged"


def test_the_catalogue_is_in_wal_mode_so_that_readers_never_block(imported) -> None:
    with sqlite3.connect(imported.catalogue_path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_two_thousand_notes_filled_in_alike_are_imported(settings, tmp_path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(2000):
        note = f"Note {number} sur la transition du territoire."
        (folder / f"note-{number}.txt").write_text(note, encoding="utf-8")
    assert Importer(settings).run([folder]).totals.imported == 2000


def test_what_was_withdrawn_stays_so_when_files_are_read_otherwise(
    imported, folder, import_into, monkeypatch
) -> None:
    """A new version of the readers reads every file again, but for these."""
    catalogue = Catalogue(imported.catalogue_path)
    withdrawn = next(one for one in catalogue.documents() if "Tramayes" in one.title)
    withdraw(imported, withdrawn.id)
    for module in ("ingest.read", "ingest.pipeline"):
        monkeypatch.setattr(f"{module}.PIPELINE", 1_000)
    report = import_into(imported, folder)
    assert outcomes(report) == {"loos.txt": "imported", "tramayes.txt": "unchanged"}
    assert [one.title for one in catalogue.documents()] == ["Loos-en-Gohelle, ville pilote"]


def test_an_original_that_was_lost_is_told_and_kept_again(imported, folder, import_into) -> None:
    shutil.rmtree(imported.originals_path)
    current = [one.id for one in Catalogue(imported.catalogue_path).documents()]
    assert without_original(imported.originals_path, current) == set(current)
    assert outcomes(import_into(imported, folder)) == dict.fromkeys(
        ("loos.txt", "tramayes.txt"), "unchanged"
    )
    assert without_original(imported.originals_path, current) == set()


def test_a_catalogue_that_was_lost_is_told(imported) -> None:
    for path in imported.home.glob("catalogue.sqlite*"):
        path.unlink()
    assert [one.code for one in problems(imported)] == ["catalogue_lost"]


def test_a_fiche_renamed_and_given_alone_names_the_one_it_was(
    settings, tmp_path, import_into
) -> None:
    fiche = (ROOT / "corpus" / "territoires" / "malaunay.md").read_text(encoding="utf-8")
    old, new = tmp_path / "ancien.md", tmp_path / "nouveau.md"
    old.write_text(fiche, encoding="utf-8")
    import_into(settings, old)
    old.rename(new)
    report = import_into(settings, new)
    assert outcomes(report) == {"nouveau.md": "imported", "ancien.md": "unchanged"}
    assert any("advisor remove" in one.message for one in report.documents)
